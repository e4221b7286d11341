// The clients: what they ask, whose turn it is, and what is recorded of it.

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "tests/simulated_store/locking_store.h"
#include "tests/simulated_store/site_store.h"
#include "tests/simulated_store/snapshot_store.h"

namespace assay::simulated {
namespace {

constexpr double quiet_failure = 0.06;  ///< a client rolls back on its own
constexpr double lost_answer = 0.04;    ///< a transaction commits, and nobody hears of it

struct Step {
  enum class Kind : std::uint8_t { read, write, select } kind;
  int key = 0;
  int value = 0;
  Item found{};
  std::map<int, int> selected{};
};

struct Client {
  int number;
  int process;
  std::optional<TxnNumber> txn{};
  std::vector<Step> steps{};
  std::size_t next = 0;
};

class Simulation {
 public:
  Simulation(const Run& run, std::uint64_t seed)
      : run_(run), random_(seed), store_(make_store(run)), builder_(info()) {
    for (int c = 0; c < run.clients; ++c) clients_.push_back({c, c});
    next_process_ = run.clients;
  }

  History history() {
    if (run_.data == Data::predicates) make_objects();
    int busy = 0;
    while (started_ < run_.transactions || busy > 0) {
      store_->tick(random_);
      Client& client = random_.pick(clients_);
      if (!client.txn) {
        if (started_ < run_.transactions) {
          start(client);
          ++busy;
        }
      } else if (advance(client)) {
        --busy;
      }
    }
    auto history = builder_.finish();
    REQUIRE(history.ok());
    return std::move(history).value();
  }

 private:
  HistoryInfo info() const {
    HistoryInfo info;
    info.datatype = run_.data == Data::lists       ? "list-append"
                    : run_.data == Data::registers ? "rw-register"
                                                   : "closed-predicate";
    info.real_time = RealTime::time;
    return info;
  }

  void record(const Client& client, EventType type, const char* f, Value value) {
    Event event;
    event.index = events_;
    event.time = Nanos(static_cast<std::int64_t>(++events_));
    event.process = ProcessId{client.process};
    event.type = type;
    event.f = f;
    event.value = std::move(value);
    REQUIRE(builder_.add(event).ok());
  }

  /// Odd values, which select does not return.
  void make_objects() {
    Value::Map objects;
    store_->begin(0, 0);
    for (int key = 0; key < run_.keys; ++key) {
      const int value = next_value_;
      next_value_ += 2;
      objects.emplace_back(Value(std::to_string(key)), Value(value));
      REQUIRE(store_->write(0, key, value) == Progress::done);
    }
    while (store_->commit(0) != Progress::done) continue;
    record(clients_[0], EventType::invoke, "init", Value(objects));
    record(clients_[0], EventType::ok, "init", Value(objects));
  }

  void start(Client& client) {
    client.txn = ++started_;
    client.steps.clear();
    client.next = 0;
    const auto size = random_.between(1, run_.steps_max);
    for (std::int64_t i = 0; i < size; ++i) client.steps.push_back(plan(client));
    record(client, EventType::invoke, "txn", value_of(client, false));
    store_->begin(*client.txn, client.number);
  }

  Step plan(const Client& client) {
    const int key = static_cast<int>(random_.below(static_cast<std::uint64_t>(run_.keys)));
    if (run_.data == Data::predicates && random_.chance(0.4)) return {Step::Kind::select};
    const bool written = std::any_of(
        client.steps.begin(), client.steps.end(),
        [&](const Step& step) { return step.kind == Step::Kind::write && step.key == key; });
    // Without a check of conflicts, what a transaction appended to is not what it finds there.
    const bool blind = run_.level == Level::prefix && run_.data == Data::lists && written;
    if (!blind && random_.chance(0.5)) return {Step::Kind::read, key};
    return {Step::Kind::write, key, next_value_++};
  }

  /// One step of the client; true: its transaction is over.
  bool advance(Client& client) {
    const TxnNumber txn = *client.txn;
    if (client.next == client.steps.size()) return finish(client);
    if (random_.chance(quiet_failure / run_.steps_max)) {
      store_->abort(txn);
      return end(client, EventType::fail);
    }
    Step& step = client.steps[client.next];
    Progress progress = Progress::done;
    switch (step.kind) {
      case Step::Kind::read:
        progress = store_->read(txn, step.key, step.found);
        break;
      case Step::Kind::write:
        progress = store_->write(txn, step.key, step.value);
        break;
      case Step::Kind::select:
        progress = store_->select(txn, step.selected);
        break;
    }
    if (progress == Progress::abort) {
      store_->abort(txn);
      return end(client, EventType::fail);
    }
    if (progress == Progress::done) ++client.next;
    return false;
  }

  bool finish(Client& client) {
    const Progress progress = store_->commit(*client.txn);
    if (progress == Progress::wait) return false;
    if (progress == Progress::abort) {
      store_->abort(*client.txn);
      return end(client, EventType::fail);
    }
    return end(client, random_.chance(lost_answer) ? EventType::info : EventType::ok);
  }

  bool end(Client& client, EventType type) {
    record(client, type, "txn", value_of(client, type == EventType::ok));
    if (type == EventType::info) client.process = next_process_++;
    client.txn.reset();
    return true;
  }

  Value value_of(const Client& client, bool returned) const {
    Value::List list;
    for (const Step& step : client.steps) list.push_back(value_of(step, returned));
    return list;
  }
  Value value_of(const Step& step, bool returned) const {
    if (step.kind == Step::Kind::select) {
      Value::Map map;
      for (const auto& [key, value] : step.selected) {
        map.emplace_back(Value(std::to_string(key)), Value(value));
      }
      return Value::List{"rp", Value::List{"mod", 2, 0}, returned ? Value(map) : Value()};
    }
    const Value key = std::to_string(step.key);
    if (step.kind == Step::Kind::write) {
      return Value::List{run_.data == Data::lists ? "append" : "w", key, step.value};
    }
    if (!returned) return Value::List{"r", key, Value()};
    if (run_.data != Data::lists) {
      return Value::List{"r", key, step.found.empty() ? Value() : Value(step.found.back())};
    }
    Value::List elements;
    for (const int value : step.found) elements.emplace_back(value);
    return Value::List{"r", key, elements};
  }

  Run run_;
  Random random_;
  std::unique_ptr<Store> store_;
  HistoryBuilder builder_;
  std::vector<Client> clients_;
  int next_process_ = 0;
  int next_value_ = 1;
  int started_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace

Progress Store::select(TxnNumber, std::map<int, int>&) {
  FAIL("this store has no predicates");
  return Progress::abort;
}

std::unique_ptr<Store> make_store(const Run& run) {
  const bool lists = run.data == Data::lists;
  if (run.level <= Level::locked_serializable) {
    return std::make_unique<LockingStore>(run.level, lists, run.keys);
  }
  if (run.level <= Level::strict_serializable) {
    return std::make_unique<SnapshotStore>(run.level, lists, run.keys);
  }
  return std::make_unique<SiteStore>(run.level, lists, run.keys);
}

std::string text_of(const History& history) {
  std::string text = "\n";
  for (const Event& event : history.events()) {
    text += std::to_string(static_cast<int>(event.process)) + " " +
            std::string(name_of(event.type)) + " " + to_text(event.value) + "\n";
  }
  return text;
}

History simulate(const Run& run, std::uint64_t seed) { return Simulation(run, seed).history(); }

}  // namespace assay::simulated
