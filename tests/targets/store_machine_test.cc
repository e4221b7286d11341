// The replicated store: what each command does, what it refuses, and that a retry changes nothing.
#include "targets/reference/protocols/store_machine.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "targets/reference/operations.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {

/// Clients of one store, by number; each command as a history spells it.
class Store {
 public:
  Reply ask(const std::string& f, const Value& value = {}, std::uint64_t client = 1) {
    auto command = to_command({f, Value("k"), value});
    REQUIRE(command.has_value());
    command->id = {client, ++sequence_};
    last_ = *command;
    return reference::mutates(*command) ? machine_.apply(*command) : machine_.query(*command);
  }
  Value told(const std::string& f, const Value& value = {}, std::uint64_t client = 1) {
    const Reply reply = ask(f, value, client);
    CAPTURE(f);
    CHECK(reply.outcome == Outcome::ok);
    return to_value(reply.value);
  }
  Outcome outcome(const std::string& f, const Value& value = {}, std::uint64_t client = 1) {
    return ask(f, value, client).outcome;
  }
  Reply repeat() { return machine_.apply(last_); }

 private:
  StoreMachine machine_;
  std::uint64_t sequence_ = 0;
  Command last_;
};

Value list(std::initializer_list<Value> values) { return Value::List(values); }

TEST_CASE("store: sets, counters, lists, queues and logs") {
  Store set;
  for (const int element : {3, 1, 3, 2}) set.told("add", element);
  CHECK(set.told("read") == list({1, 2, 3}));
  CHECK(set.outcome("increment", 1) == Outcome::bad_request);

  Store counter;
  CHECK(counter.told("read") == Value());
  counter.told("increment", 5);
  counter.told("increment", -2);
  CHECK(counter.told("read") == Value(3));
  CHECK(counter.outcome("add", 1) == Outcome::bad_request);
  CHECK(counter.told("read") == Value(3));

  Store lists;
  lists.told("append", 2);
  lists.told("append", 1);
  CHECK(lists.told("read") == list({2, 1}));

  Store queue;
  CHECK(queue.told("dequeue") == Value());
  queue.told("enqueue", "a");
  queue.told("enqueue", "b");
  CHECK(queue.told("dequeue") == Value("a"));
  CHECK(queue.told("dequeue") == Value("b"));
  CHECK(queue.told("dequeue") == Value());

  Store log;
  CHECK(log.told("poll", 0) == list({}));
  CHECK(log.told("send", "x") == Value(0));
  CHECK(log.told("send", "y") == Value(1));
  CHECK(log.told("poll", 1) == list({"y"}));
  CHECK(log.told("poll", 9) == list({}));
  CHECK(log.outcome("poll", -1) == Outcome::bad_request);
}

TEST_CASE("store: a lock has one holder, and its tokens grow") {
  Store lock;
  CHECK(lock.outcome("release") == Outcome::mismatch);
  CHECK(lock.told("acquire", {}, 1) == Value(1));
  CHECK(lock.outcome("acquire", {}, 2) == Outcome::mismatch);
  CHECK(lock.outcome("acquire", {}, 1) == Outcome::mismatch);
  CHECK(lock.outcome("release", {}, 2) == Outcome::mismatch);
  lock.told("release", {}, 1);
  CHECK(lock.outcome("release", {}, 1) == Outcome::mismatch);
  CHECK(lock.told("acquire", {}, 2) == Value(2));
}

TEST_CASE("store: a transfer moves money that is there, or none") {
  const auto transfer = [](int from, int to, std::int64_t amount) {
    return Value::Map{{"from", from}, {"to", to}, {"amount", amount}};
  };
  Store bank;
  CHECK(bank.outcome("transfer", transfer(1, 2, 1)) == Outcome::mismatch);
  bank.told("write", Value::Map{{1, 10}, {2, 0}});
  bank.told("transfer", transfer(1, 2, 7));
  CHECK(bank.outcome("transfer", transfer(1, 2, 4)) == Outcome::mismatch);
  CHECK(bank.outcome("transfer", transfer(1, 3, 1)) == Outcome::mismatch);
  CHECK(bank.outcome("transfer", transfer(1, 2, -1)) == Outcome::bad_request);
  CHECK(bank.outcome("transfer", 5) == Outcome::bad_request);
  CHECK(bank.told("read") == Value(Value::Map{{1, 3}, {2, 7}}));
}

TEST_CASE("store: a transaction sees its own steps, and takes effect whole or not at all") {
  Store store;
  const auto steps = [](std::initializer_list<Value> all) { return Value(Value::List(all)); };
  const Value first = steps({list({"append", 1, 5}), list({"r", 1, {}}), list({"w", 2, 6})});
  CHECK(store.told("txn", first) ==
        steps({list({"append", 1, 5}), list({"r", 1, list({5})}), list({"w", 2, 6})}));
  // The second step does not fit, so the first must not stay.
  CHECK(store.outcome("txn", steps({list({"w", 3, 1}), list({"append", 2, 9})})) ==
        Outcome::bad_request);
  CHECK(store.told("txn", steps({list({"r", 2, {}}), list({"r", 3, {}})})) ==
        steps({list({"r", 2, 6}), list({"r", 3, {}})}));
}

TEST_CASE("store: a retry gets the first answer and changes nothing; an older one is in doubt") {
  Store store;
  store.told("enqueue", 1);
  store.told("enqueue", 2);
  CHECK(store.told("dequeue") == Value(1));
  CHECK(to_value(store.repeat().value) == Value(1));
  CHECK(store.told("dequeue") == Value(2));

  StoreMachine machine;
  machine.apply({CommandKind::write, {1, 2}, {}, std::int64_t{2}, {}});
  const Reply late = machine.apply({CommandKind::write, {1, 1}, {}, std::int64_t{1}, {}});
  CHECK(late.outcome == Outcome::in_doubt);
  CHECK(machine.read({}) == Datum(std::int64_t{2}));
}

TEST_CASE("store: what grows is bounded") {
  StoreMachine machine;
  std::uint64_t sequence = 0;
  const auto add = [&] {
    return machine.apply({CommandKind::append, {1, ++sequence}, {}, std::int64_t{1}, {}}).outcome;
  };
  for (std::size_t i = 0; i < object_elements_max; ++i) REQUIRE(add() == Outcome::ok);
  CHECK(add() == Outcome::bad_request);
  CHECK(machine.read({}).get_if<Datum::List>()->size() == object_elements_max);
}

TEST_CASE("commands: names and kinds are one to one, and what mutates is what has an effect") {
  for (const auto& entry : command_table()) {
    CAPTURE(entry.name);
    CHECK(find_command(entry.name) == &entry);
    CHECK(entry_of(entry.kind) == &entry);
  }
  CHECK(find_command("noop") == nullptr);
  const auto of = [](std::initializer_list<Value> steps) {
    return *to_command({"txn", {}, Value(Value::List(steps))});
  };
  CHECK_FALSE(reference::mutates(of({list({"r", 1, {}}), list({"read", 2, {}})})));
  CHECK(reference::mutates(of({list({"r", 1, {}}), list({"w", 2, 1})})));
}

}  // namespace
}  // namespace assay::reference
