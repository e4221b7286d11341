// The register workload: read, write and compare-and-set on many independent registers. Written
// values are unique within a key by default, which makes the check linear-logarithmic.

#include "workloads/register.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <memory>
#include <utility>

#include "harness/generators.h"

namespace assay {
namespace {

constexpr std::size_t remembered = 4;

struct RegisterMix {
  double write_share;
  double cas_share;
  bool unique;
  std::int64_t values;  ///< how many different values there are if they are not unique
};

/// Draws operations on one key. Compare-and-set guesses among the values seen last, so that a good
/// part of them succeeds although every value is written once.
class RegisterOperations final : public Generator {
 public:
  explicit RegisterOperations(const RegisterMix& mix) : mix_(mix) {}

  Next next(const Context& context) override {
    const double draw = context.random->unit();
    Invocation invocation;
    if (draw < mix_.write_share) {
      invocation = {"write", {}, fresh(*context.random)};
    } else if (draw < mix_.write_share + mix_.cas_share && !seen_.empty()) {
      Value expected = context.random->chance(0.7) ? seen_.back() : context.random->pick(seen_);
      invocation = {"cas", {}, Value::List{std::move(expected), fresh(*context.random)}};
    } else {
      invocation = {"read", {}, {}};
    }
    return Invoke{std::move(invocation), any_free(context)};
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
  void remember(const Value& value) {
    if (!seen_.empty() && seen_.back() == value) return;
    seen_.push_back(value);
    if (seen_.size() > remembered) seen_.pop_front();
  }

  RegisterMix mix_;
  std::int64_t next_value_ = 0;
  std::deque<Value> seen_;
};

constexpr std::array<WorkloadOption, 5> register_options{{
    {"threads-per-key", "0", "a number", "threads that share a key; 0: twice the nodes"},
    {"ops-per-key", "200", "a number", "operations before a group goes on to the next key"},
    {"write-share", "0.35", "0 to 1", "share of writes"},
    {"cas-share", "0.15", "0 to 1", "share of compare-and-set; the rest are reads"},
    {"values", "unique", "unique or a number", "written values: each once, or so many different"},
}};

template <class Number>
Result<Number> number_option(const WorkloadSettings& settings, const char* name, Number low,
                             Number high) {
  const std::string& text = settings.options.at(name);
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && end == text.data() + text.size() && number >= low &&
      number <= high) {
    return number;
  }
  return Error{ErrorKind::configuration, std::string("--") + name + ": '" + text +
                                             "' is not a number from " + std::to_string(low) +
                                             " to " + std::to_string(high)};
}

Result<RegisterMix> mix_of(const WorkloadSettings& settings) {
  auto write_share = number_option<double>(settings, "write-share", 0, 1);
  if (!write_share.ok()) return write_share.error();
  auto cas_share = number_option<double>(settings, "cas-share", 0, 1);
  if (!cas_share.ok()) return cas_share.error();
  if (*write_share + *cas_share > 1) {
    return Error{ErrorKind::configuration, "--write-share and --cas-share add up to more than 1"};
  }
  RegisterMix mix{*write_share, *cas_share, true, 0};
  if (settings.options.at("values") != "unique") {
    auto values = number_option<std::int64_t>(settings, "values", 1, 1'000'000'000);
    if (!values.ok()) return values.error();
    mix.unique = false;
    mix.values = *values;
  }
  return mix;
}

}  // namespace

Result<Workload> make_register_workload(const WorkloadSettings& settings) {
  auto mix = mix_of(settings);
  if (!mix.ok()) return mix.error();
  auto per_key = number_option<int>(settings, "threads-per-key", 0, 10'000);
  if (!per_key.ok()) return per_key.error();
  auto operations = number_option<std::int64_t>(settings, "ops-per-key", 1, 1'000'000'000'000);
  if (!operations.ok()) return operations.error();

  Workload workload;
  const int group = *per_key > 0 ? *per_key : std::min(2 * settings.nodes, settings.threads);
  workload.generator = concurrent_keys(
      group, 0, [mix = *mix, count = static_cast<std::uint64_t>(*operations)](KeyNumber) {
        return limit(count, std::make_unique<RegisterOperations>(mix));
      });
  workload.history.datatype = "register";
  workload.history.initial_declared = true;
  workload.history.real_time = RealTime::time;
  workload.check.models = {"linearizable"};
  workload.check.datatype = "register";
  return workload;
}

std::span<const WorkloadOption> register_workload_options() { return register_options; }

}  // namespace assay
