// Checking histories that are never whole in memory: operations a second and peak memory, which
// must stay flat as the history grows tenfold.
//
//   bench_streaming [OPERATIONS]                 the table; by default 1000000 and ten times as
//   many bench_streaming write FILE OPERATIONS [KEYS] a history, as .jsonl or as a binary journal,
//   to try
//                                                `assay check FILE --memory 512MiB` with

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "checker/streaming/streamed_check.h"
#include "history/journal_codec.h"

namespace assay {
namespace {

struct Load {
  const char* name;
  std::int64_t keys = 1'000;
  std::int64_t values = 0;  ///< 0: every write has its own value
  double cas = 0;
  std::string datatype = "register";
  std::size_t processes = 10;
};

/// Events of correct registers, counters, sets or locks, each effect inside its operation, one
/// after the other.
class EventSource {
 public:
  EventSource(const Load& load, std::uint64_t operations)
      : load_(load), left_(operations), state_(static_cast<std::size_t>(load.keys), 0) {
    clients_.resize(load.processes);
  }

  void each(const std::function<bool(const Event&)>& visit) {
    std::size_t busy = 0;
    while (left_ > 0 || busy > 0) {
      const auto number = static_cast<std::size_t>(random_.below(clients_.size()));
      Event& event = clients_[number].event;
      if (!clients_[number].open) {
        if (left_ == 0) continue;
        --left_;
        ++busy;
        event.process = static_cast<ProcessId>(static_cast<std::int32_t>(number));
        begin(event);
        clients_[number].open = true;
      } else {
        --busy;
        end(event);
        clients_[number].open = false;
      }
      event.index = index_++;
      event.time = Nanos(static_cast<std::int64_t>(index_) * 500);
      if (!visit(event)) return;
    }
  }

 private:
  struct Client {
    Event event;
    bool open = false;
  };

  void begin(Event& event) {
    event.type = EventType::invoke;
    event.key = random_.between(0, load_.keys - 1);
    event.value = Value();
    const std::int64_t next = load_.values == 0 ? ++unique_ : random_.between(1, load_.values);
    if (load_.datatype == "counter") {
      event.f = random_.chance(0.5) ? "add" : "read";
      if (event.f == "add") event.value = std::int64_t{1};
    } else if (load_.datatype == "set") {
      event.f = random_.chance(0.5) ? "add" : "contains";
      event.value = event.f == "add" ? next : random_.between(0, next);
    } else if (load_.datatype == "mutex") {
      // The holder releases, everybody else tries to acquire.
      const auto self = static_cast<std::int64_t>(event.process) + 1;
      event.key = std::int64_t{0};
      event.f = state_of(event) == self ? "release" : "acquire";
    } else if (random_.chance(load_.cas)) {
      event.f = "cas";
      event.value = Value::List{state_of(event), next};
    } else if (random_.chance(0.5)) {
      event.f = "write";
      event.value = next;
    } else {
      event.f = "read";
    }
  }
  /// Everything takes effect right before it returns.
  void end(Event& event) {
    std::int64_t& state = state_of(event);
    event.type = EventType::ok;
    if (event.f == "add" && load_.datatype == "counter") {
      ++state;
    } else if (event.f == "add") {
      elements_.insert({*event.key->get_if<std::int64_t>(), *event.value.get_if<std::int64_t>()});
    } else if (event.f == "contains") {
      event.value = elements_.contains(
          {*event.key->get_if<std::int64_t>(), *event.value.get_if<std::int64_t>()});
    } else if (event.f == "acquire" && state == 0) {
      state = static_cast<std::int64_t>(event.process) + 1;
    } else if (event.f == "acquire") {
      event.type = EventType::fail;
    } else if (event.f == "release") {
      state = 0;
    } else if (event.f == "read") {
      event.value = state;
    } else if (event.f == "write") {
      state = *event.value.get_if<std::int64_t>();
    } else {
      const auto& pair = *event.value.get_if<Value::List>();
      if (pair[0] == Value(state)) {
        state = *Value(pair[1]).get_if<std::int64_t>();
      } else {
        event.type = EventType::fail;
      }
    }
  }
  std::int64_t& state_of(const Event& event) {
    return state_[static_cast<std::size_t>(*event.key->get_if<std::int64_t>())];
  }

  const Load& load_;
  std::uint64_t left_;
  std::vector<std::int64_t> state_;
  std::set<std::pair<std::int64_t, std::int64_t>> elements_;  ///< of sets, by key
  std::vector<Client> clients_;
  Random random_{11};
  std::uint64_t index_ = 0;
  std::int64_t unique_ = 0;
};

HistoryInfo info_of(const Load& load) {
  HistoryInfo info;
  info.datatype = load.datatype;
  info.initial = Value(0);
  info.initial_declared = true;
  info.real_time = RealTime::time;
  return info;
}

double user_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
}

void measure(const Load& load, std::uint64_t operations) {
  const double begin = user_seconds();
  EventSource(load, operations).each([](const Event&) { return true; });
  const double making = user_seconds() - begin;
  StreamedOptions options;
  options.reread = [](EventSink&) { return Status(); };  // nothing is kept
  StreamedCheck check(options);
  check.info() = info_of(load);
  const double start = user_seconds();
  EventSource(load, operations).each([&](const Event& event) { return check.add(event).ok(); });
  const double seconds = user_seconds() - start - making;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const char* const verdict = check.violated()                        ? "VIOLATION"
                              : !check.not_followed_because().empty() ? "NOT FOLLOWED"
                                                                      : "";
  fmt::print("{:<34}{:>11}  {:>6.2f} s  {:>6.2f} M operations/s  {:>7.1f} MB peak  {}\n", load.name,
             operations, seconds, static_cast<double>(operations) / seconds / 1e6,
             static_cast<double>(usage.ru_maxrss) / 1024, verdict);
}

/// Each row in a process of its own, because the peak of a process never falls.
void measure_apart(const Load& load, std::uint64_t operations) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    measure(load, operations);
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
}

void append_json(const Event& event, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"index":{},"time":{},"process":{},"type":"{}","f":"{}","key":{},"value":{}}})"
                 "\n",
                 event.index, event.time.count(), static_cast<std::int32_t>(event.process),
                 name_of(event.type), event.f, *event.key->get_if<std::int64_t>(),
                 event.value.is_nil() ? "null" : to_text(event.value));
}

int write_file(const std::string& path, std::uint64_t operations, std::int64_t keys) {
  std::ofstream file(path, std::ios::binary);
  const Load load{"", keys};
  constexpr std::size_t block_bytes = std::size_t{256} << 10U;
  std::string text;
  JournalEncoder journal;
  const bool json = path.ends_with(".jsonl");
  if (json) {
    text = "{\"assay\":\"history/1\",\"datatype\":\"register\",\"initial\":0}\n";
  } else {
    file << JournalEncoder::header(info_of(load));
  }
  EventSource(load, operations).each([&](const Event& event) {
    if (json) {
      append_json(event, text);
      if (text.size() >= block_bytes) file << std::exchange(text, {});
    } else {
      journal.add(event);
      if (journal.pending_bytes() >= block_bytes) file << journal.take_block();
    }
    return file.good();
  });
  file << text;
  if (!json) file << journal.take_block() << journal.end_mark();
  file.close();
  return file.good() ? 0 : 1;
}

void print_table(std::uint64_t operations) {
  const std::vector<Load> loads{
      {"unique values, 1,000 keys"},
      {"unique values, 100,000 keys", 100'000},
      {"unique values, one hot key", 1},
      {"unique values, cas, 1,000 keys", 1'000, 0, 0.3},
      {"5 values, 1,000 keys", 1'000, 5},
      {"5 values, one hot key", 1, 5},
      {"counter, 1,000 keys", 1'000, 0, 0, "counter"},
      {"counter, one hot key", 1, 0, 0, "counter"},
      {"set, 1,000 keys of 10 elements", 1'000, 10, 0, "set"},
      {"mutex", 1, 0, 0, "mutex"},

  };
  for (const Load& load : loads) {
    for (const std::uint64_t count : {operations, 10 * operations}) measure_apart(load, count);
  }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 3 && words[0] == "write") {
    const std::int64_t keys = words.size() > 3 ? std::atoll(words[3].c_str()) : 1'000;
    return assay::write_file(words[1], std::strtoull(words[2].c_str(), nullptr, 10), keys);
  }
  assay::print_table(words.empty() ? 1'000'000 : std::strtoull(words[0].c_str(), nullptr, 10));
  return 0;
}
