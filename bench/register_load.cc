#include "bench/register_load.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/random.h"

namespace assay::bench {
namespace {

class Generator {
 public:
  Generator(const RegisterLoad& load, std::size_t operations, std::uint64_t seed)
      : load_(load), random_(seed), operations_(operations), state_(keys()), first_(keys()) {}

  History make() {
    HistoryInfo info;
    info.datatype = "register";
    info.initial = Value(0);
    info.initial_declared = true;
    info.real_time = RealTime::position;
    HistoryBuilder builder(std::move(info));
    std::vector<Open> open(load_.processes);
    for (Open& o : open) o.process = next_process_++;
    std::size_t busy = 0;
    while (started_ < operations_ || busy > 0) {
      Open& o = random_.pick(open);
      switch (o.stage) {
        case Stage::idle:
          if (started_ == operations_) break;
          ++started_;
          ++busy;
          start(o, builder);
          break;
        case Stage::invoked:
          o.lost = o.f != "read" && random_.chance(load_.pending);
          if (!o.lost || random_.chance(0.5)) take_effect(o);
          o.stage = Stage::in_effect;
          break;
        case Stage::in_effect:
          --busy;
          finish(o, builder);
          break;
      }
    }
    return std::move(builder.finish()).value();
  }

 private:
  enum class Stage : std::uint8_t { idle, invoked, in_effect };
  struct Open {
    std::int32_t process = 0;
    Stage stage = Stage::idle;
    std::int64_t key = 0;
    std::string f;
    std::int64_t old_value = 0;
    std::int64_t value = 0;
    bool fails = false;
    bool lost = false;  ///< never returns
  };

  std::size_t keys() const { return static_cast<std::size_t>(load_.keys); }
  std::int64_t fresh() {
    return load_.values == 0 ? ++next_value_ : random_.between(1, load_.values);
  }

  void start(Open& o, HistoryBuilder& builder) {
    o.stage = Stage::invoked;
    o.key = random_.between(0, load_.keys - 1);
    o.fails = false;
    if (random_.chance(load_.cas)) {
      o.f = "cas";
    } else {
      o.f = random_.chance(load_.reads) ? "read" : "write";
    }
    o.value = o.f == "read" ? 0 : fresh();
    o.old_value = state_[static_cast<std::size_t>(o.key)];
    emit(o, EventType::invoke, builder);
  }

  void take_effect(Open& o) {
    auto& state = state_[static_cast<std::size_t>(o.key)];
    auto& first = first_[static_cast<std::size_t>(o.key)];
    if (o.f == "read") {
      o.value = state;
      const bool late = started_ > operations_ - operations_ / 100;
      if (load_.stale_read && late && !planted_ && first != 0 && first != state) {
        o.value = load_.values == 0 ? first : 0;
        planted_ = true;
      }
      if (load_.wrong_reads != 0 && random_.chance(load_.wrong_reads)) {
        o.value = random_.between(0, load_.values == 0 ? next_value_ : load_.values);
      }
      return;
    }
    if (o.f == "cas" && state != o.old_value) {
      o.fails = true;
      return;
    }
    state = o.value;
    if (first == 0) first = state;
  }

  void finish(Open& o, HistoryBuilder& builder) {
    o.stage = Stage::idle;
    if (o.lost) {
      emit(o, EventType::info, builder);
      o.process = next_process_++;
    } else {
      emit(o, o.fails ? EventType::fail : EventType::ok, builder);
    }
  }

  void emit(const Open& o, EventType type, HistoryBuilder& builder) {
    Event event;
    event.index = index_++;
    event.process = static_cast<ProcessId>(o.process);
    event.type = type;
    event.f = o.f;
    event.key = Value(o.key);
    if (o.f == "cas") {
      event.value = Value::List{Value(o.old_value), Value(o.value)};
    } else if (o.f == "write" || type == EventType::ok) {
      event.value = Value(o.value);
    }
    if (const auto status = builder.add(event); !status) {
      fmt::print(stderr, "{}\n", status.error().message);
      std::exit(70);
    }
  }

  const RegisterLoad& load_;
  Random random_;
  std::size_t operations_;
  std::vector<std::int64_t> state_;  ///< by key
  std::vector<std::int64_t> first_;  ///< by key: the first value written
  std::int64_t next_value_ = 0;
  std::int32_t next_process_ = 0;
  std::size_t started_ = 0;
  std::uint64_t index_ = 0;
  bool planted_ = false;
};

}  // namespace

History make_registers(const RegisterLoad& load, std::size_t operations, std::uint64_t seed) {
  return Generator(load, operations, seed).make();
}

}  // namespace assay::bench
