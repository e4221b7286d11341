// The register workload: read, write and compare-and-set on many independent registers. Written
// values are unique within a key by default, which makes the check linear-logarithmic.

#include <array>
#include <cmath>
#include <deque>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::size_t remembered = 4;

struct RegisterMix {
  double write_share;
  double cas_share;
  bool unique;
  std::int64_t values;  ///< how many different values there are if they are not unique
  double readers;
  int nodes;
};

/// Draws operations on one key. Compare-and-set guesses among the values seen last, so that a good
/// part of them succeeds although every value is written once.
class RegisterOperations final : public Generator {
 public:
  explicit RegisterOperations(const RegisterMix& mix) : mix_(mix) {}

  Next next(const Context& context) override {
    const int thread = any_free(context);
    const double draw = context.random->unit();
    Invocation invocation;
    if (only_reads(thread)) {
      invocation = {"read", {}, {}};
    } else if (draw < mix_.write_share) {
      invocation = {"write", {}, fresh(*context.random)};
    } else if (draw < mix_.write_share + mix_.cas_share && !seen_.empty()) {
      Value expected = context.random->chance(0.7) ? seen_.back() : context.random->pick(seen_);
      invocation = {"cas", {}, Value::List{std::move(expected), fresh(*context.random)}};
    } else {
      invocation = {"read", {}, {}};
    }
    return Invoke{std::move(invocation), thread};
  }

  void observe(const Context& /*context*/, int /*thread*/, const Event& event) override {
    if (event.type != EventType::ok) return;
    if (event.f == "cas") {
      const auto* pair = event.value.get_if<Value::List>();
      if (pair != nullptr && pair->size() == 2) remember(pair->back());
    } else if (!event.value.is_nil()) {
      remember(event.value);
    }
  }

 private:
  Value fresh(Random& random) {
    return mix_.unique ? Value(next_value_++) : Value(random.between(0, mix_.values - 1));
  }
  /// Spread over the threads of a node: of every 1/readers one.
  bool only_reads(int thread) const {
    const int position = thread / mix_.nodes;
    return std::floor((position + 1) * mix_.readers) > std::floor(position * mix_.readers);
  }
  void remember(const Value& value) {
    if (!seen_.empty() && seen_.back() == value) return;
    seen_.push_back(value);
    if (seen_.size() > remembered) seen_.pop_front();
  }

  RegisterMix mix_;
  std::int64_t next_value_ = 0;
  std::deque<Value> seen_;
};

constexpr std::array<WorkloadOption, 6> register_options{{
    threads_per_key_option,
    ops_per_key_option("200"),
    {"write-share", "0.35", "0 to 1", "share of writes", "0.1|0.35|0.6"},
    {"cas-share", "0.15", "0 to 1", "share of compare-and-set; the rest are reads"},
    {"values", "unique", "unique or a number", "written values: each once, or so many different"},
    {"readers", "0", "0 to 1",
     "share of threads that only read: they go on asking a node whose writes hang", "0|0.5"},
}};

Result<RegisterMix> mix_of(const WorkloadSettings& settings) {
  auto write_share = number_option<double>(settings, "write-share", 0, 1);
  if (!write_share.ok()) return write_share.error();
  auto cas_share = number_option<double>(settings, "cas-share", 0, 1);
  if (!cas_share.ok()) return cas_share.error();
  if (*write_share + *cas_share > 1) {
    return Error{ErrorKind::configuration, "--write-share and --cas-share add up to more than 1"};
  }
  auto readers = number_option<double>(settings, "readers", 0, 1);
  if (!readers.ok()) return readers.error();
  RegisterMix mix{*write_share, *cas_share, true, 0, *readers, settings.nodes};
  if (settings.options.at("values") != "unique") {
    auto values = number_option<std::int64_t>(settings, "values", 1, 1'000'000'000);
    if (!values.ok()) return values.error();
    mix.unique = false;
    mix.values = *values;
  }
  return mix;
}

Result<Workload> make_register(const WorkloadSettings& settings) {
  auto mix = mix_of(settings);
  if (!mix.ok()) return mix.error();
  auto generator = over_keys(
      settings, [mix = *mix](KeyNumber) { return std::make_unique<RegisterOperations>(mix); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("register", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry register_workload() {
  return {"register", "read, write and compare-and-set over many registers; linearizable",
          "read write cas", register_options, make_register};
}

}  // namespace assay
