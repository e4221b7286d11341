#include "cli/online_shrink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay::cli {
namespace {

constexpr Nanos span_min = std::chrono::milliseconds(100);

std::string_view name_of(const FaultStep& step) {
  return std::string_view(step.f).substr(step.f.find('-') + 1);
}

class Shrinker {
 public:
  explicit Shrinker(const OnlineShrinkOptions& options)
      : options_(options), end_(monotonic_now() + options.budget) {}

  Result<OnlineShrink> shrink(std::vector<FaultSpan> spans) {
    OnlineShrink result;
    auto before = count(spans);
    if (!before.ok()) return before.error();
    result.before = *before;
    if (before->shown == 0) {
      return Error{ErrorKind::no_input,
                   fmt::format("the finding did not return in {} runs of the same schedule: there "
                               "is nothing to hold smaller ones against; try more --runs",
                               before->runs)};
    }
    if (Status left = leave_out(spans); !left.ok()) return left.error();
    result.finished = !is_over();
    if (Status shortened = shorten(spans); !shortened.ok()) return shortened.error();
    auto after = count(spans);
    if (!after.ok()) return after.error();
    result.after = *after;
    result.smallest = std::move(spans);
    result.runs = runs_;
    return result;
  }

 private:
  bool is_over() const { return monotonic_now() >= end_; }

  Result<bool> run_once(const std::vector<FaultSpan>& spans) {
    ++runs_;
    return options_.shows(steps_of(spans));
  }

  /// All runs that there may be.
  Result<Reproduction> count(const std::vector<FaultSpan>& spans) {
    Reproduction reproduction;
    while (reproduction.runs < options_.runs) {
      const auto shown = run_once(spans);
      if (!shown.ok()) return shown.error();
      ++reproduction.runs;
      reproduction.shown += *shown ? 1 : 0;
    }
    tell(spans, reproduction);
    return reproduction;
  }

  /// Until it shows once.
  Result<bool> shows(const std::vector<FaultSpan>& spans) {
    Reproduction reproduction;
    while (reproduction.shown == 0 && reproduction.runs < options_.runs && !is_over()) {
      const auto shown = run_once(spans);
      if (!shown.ok()) return shown.error();
      ++reproduction.runs;
      reproduction.shown += *shown ? 1 : 0;
    }
    tell(spans, reproduction);
    return reproduction.shown > 0;
  }

  /// Parts of half the size, a quarter, and so on; single ones until none can go.
  Status leave_out(std::vector<FaultSpan>& spans) {
    for (std::size_t part = std::max<std::size_t>(spans.size() / 2, 1); !is_over();) {
      bool smaller = false;
      for (std::size_t at = 0; at < spans.size() && !is_over();) {
        std::vector<FaultSpan> rest = spans;
        const auto begin = rest.begin() + static_cast<std::ptrdiff_t>(at);
        rest.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(part, rest.size() - at)));
        const auto shown = shows(rest);
        if (!shown.ok()) return shown.error();
        if (*shown) {
          spans = std::move(rest);
          smaller = true;
        } else {
          at += part;
        }
      }
      if (part == 1 && !smaller) return {};
      part = std::max<std::size_t>(part / 2, 1);
    }
    return {};
  }

  /// Halves how long each is in force, as long as it still shows.
  Status shorten(std::vector<FaultSpan>& spans) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
      while (!is_over() && !spans[i].stop.f.empty()) {
        const Nanos length = spans[i].stop.at - spans[i].start.at;
        if (length / 2 < span_min) break;
        std::vector<FaultSpan> shorter = spans;
        shorter[i].stop.at = spans[i].start.at + length / 2;
        const auto shown = shows(shorter);
        if (!shown.ok()) return shown.error();
        if (!*shown) break;
        spans = std::move(shorter);
      }
    }
    return {};
  }

  void tell(const std::vector<FaultSpan>& spans, const Reproduction& reproduction) const {
    if (!options_.progress) return;
    options_.progress(fmt::format("{} fault{}: shown in {} of {} runs", spans.size(),
                                  spans.size() == 1 ? "" : "s", reproduction.shown,
                                  reproduction.runs));
  }

  const OnlineShrinkOptions& options_;
  const Nanos end_;
  int runs_ = 0;
};

}  // namespace

Interval interval_of(const Reproduction& reproduction) {
  if (reproduction.runs == 0) return {};
  constexpr double z = 1.959964;
  const double n = reproduction.runs;
  const double rate = reproduction.shown / n;
  const double center = rate + z * z / (2 * n);
  const double spread = z * std::sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (center - spread) / scale), std::min(1.0, (center + spread) / scale)};
}

std::vector<FaultSpan> spans_of(const std::vector<FaultStep>& steps) {
  std::vector<FaultSpan> spans;
  for (const FaultStep& step : steps) {
    if (step.f.starts_with("start-")) {
      spans.push_back({step, {}});
      continue;
    }
    for (FaultSpan& span : spans) {
      if (name_of(span.start) != name_of(step) || !span.stop.f.empty()) continue;
      span.stop = step;
      break;
    }
  }
  return spans;
}

std::vector<FaultStep> steps_of(const std::vector<FaultSpan>& spans) {
  std::vector<FaultStep> steps;
  for (const FaultSpan& span : spans) {
    steps.push_back(span.start);
    if (!span.stop.f.empty()) steps.push_back(span.stop);
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const FaultStep& a, const FaultStep& b) { return a.at < b.at; });
  return steps;
}

Result<OnlineShrink> shrink_online(const std::vector<FaultStep>& steps,
                                   const OnlineShrinkOptions& options) {
  return Shrinker(options).shrink(spans_of(steps));
}

}  // namespace assay::cli
