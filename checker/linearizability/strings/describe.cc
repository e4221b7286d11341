#include "checker/linearizability/strings/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/linearizability/narrator.h"
#include "checker/linearizability/strings/tokens.h"

namespace assay {
namespace {

/// The longest text that is printed whole.
constexpr std::size_t readable_text = 60;

std::string quoted(std::string_view text) {
  if (text.size() <= readable_text) return to_text(Value(std::string(text)));
  const std::string_view begin = text.substr(0, 20);
  const std::string_view end = text.substr(text.size() - 30);
  return fmt::format("{}…{} ({} bytes)", to_text(Value(std::string(begin))),
                     to_text(Value(std::string(end))), text.size());
}

class Describer {
 public:
  Describer(const History& history, KeyId key, const StringObject& object,
            const StringWitness& witness)
      : history_(history), narrator_(history, key), object_(object), witness_(witness) {}

  Anomaly describe() const {
    std::vector<std::uint64_t> events;
    for (const std::uint32_t call : witness_.calls) events.push_back(object_.calls[call].event);
    Anomaly anomaly =
        narrator_.anomaly("nonlinearizable", std::move(events), explanation(), witness_.minimal);
    for (const Precedence& p : witness_.timing) {
      anomaly.timing.push_back({object_.calls[witness_.calls[p.before]].event,
                                object_.calls[witness_.calls[p.after]].event});
    }
    return anomaly;
  }

 private:
  const StringCall& call(std::uint32_t i) const { return object_.calls[i]; }
  std::string_view text(std::uint32_t i) const { return object_.texts[call(i).op.text]; }
  bool is(std::uint32_t i, StringFunction function) const {
    return call(i).op.function == function;
  }
  bool before(std::uint32_t a, std::uint32_t b) const { return call(a).end < call(b).start; }
  std::string who(std::uint32_t i) const {
    return fmt::format("process {}",
                       static_cast<std::int32_t>(history_.process(object_.operations[i])));
  }

  /// `append "b" by process 3`
  std::string noun(std::uint32_t i) const {
    return fmt::format("{} {} by {}", is(i, StringFunction::put) ? "put" : "append",
                       quoted(text(i)), who(i));
  }
  std::string clause(std::uint32_t i) const {
    if (is(i, StringFunction::get)) return fmt::format("{} got {}", who(i), quoted(text(i)));
    return fmt::format("{} {} {}{}", who(i), is(i, StringFunction::put) ? "put" : "appended",
                       quoted(text(i)), call(i).pending() ? " (or not: it never returned)" : "");
  }
  std::string subject(std::uint32_t i) const {
    std::string result = clause(i);
    result.front() = 'P';
    return result;
  }

  std::string explanation() const {
    if (witness_.unmakeable) return unmakeable(witness_.calls.front());
    std::vector<std::uint32_t> gets;
    std::vector<std::uint32_t> changes;
    for (const std::uint32_t i : witness_.calls) {
      (is(i, StringFunction::get) ? gets : changes).push_back(i);
    }
    if (gets.size() == 1) {
      for (const std::uint32_t change : changes) {
        if (auto found = lost(gets.front(), change)) return *found;
      }
      for (const std::uint32_t a : changes) {
        for (const std::uint32_t b : changes) {
          if (auto found = swapped(gets.front(), a, b)) return *found;
        }
      }
      if (auto found = repeated(gets.front(), changes)) return *found;
    }
    if (gets.size() == 2) {
      if (auto found = went_back(gets[0], gets[1])) return *found;
      if (auto found = went_back(gets[1], gets[0])) return *found;
      if (auto found = diverged(gets[0], gets[1])) return *found;
    }
    std::string result = fmt::format("No order of these {} operations explains what they returned",
                                     witness_.calls.size());
    for (std::size_t i = 0; i < witness_.calls.size() && i < 8; ++i) {
      result += fmt::format("{}{}", i == 0 ? ": " : "; ", clause(witness_.calls[i]));
    }
    return result + (witness_.calls.size() > 8 ? "; …" : ".");
  }

  std::string unmakeable(std::uint32_t get) const {
    const std::size_t from = unmakeable_from(object_, text(get), call(get).end).value_or(0);
    const std::string_view rest = text(get).substr(from);
    for (std::uint32_t i = 0; i < object_.calls.size(); ++i) {
      if (is(i, StringFunction::get) || text(i).empty() || call(i).start <= call(get).end) continue;
      if (!rest.starts_with(text(i))) continue;
      return fmt::format("{}, but {} began only after this get had returned.", subject(get),
                         noun(i));
    }
    if (from == 0) {
      return fmt::format("{}, but nothing that was put or appended before it returned begins so.",
                         subject(get));
    }
    if (rest.empty()) return fmt::format("{}, which nothing ever wrote.", subject(get));
    return fmt::format("{}, of which nobody wrote what stands at byte {}: {}.", subject(get), from,
                       quoted(rest));
  }

  /// The puts of the witness that the get's string may begin with.
  bool may_be_hidden(std::uint32_t change, std::uint32_t get) const {
    return std::any_of(witness_.calls.begin(), witness_.calls.end(), [&](std::uint32_t put) {
      return put != change && is(put, StringFunction::put) && text(get).starts_with(text(put)) &&
             !before(put, change);
    });
  }

  std::optional<std::string> lost(std::uint32_t get, std::uint32_t change) const {
    if (!before(change, get) || text(change).empty() || may_be_hidden(change, get)) {
      return std::nullopt;
    }
    const bool put = is(change, StringFunction::put);
    if (put ? text(get).starts_with(text(change))
            : text(get).find(text(change)) != std::string_view::npos) {
      return std::nullopt;
    }
    return fmt::format("{} although {} had completed before it began.", subject(get), noun(change));
  }

  std::optional<std::string> swapped(std::uint32_t get, std::uint32_t a, std::uint32_t b) const {
    const std::size_t at_a = text(get).find(text(a));
    const std::size_t at_b = text(get).find(text(b));
    if (a == b || text(a) == text(b) || !before(a, b) || at_a == std::string_view::npos ||
        at_b == std::string_view::npos || at_a < at_b || text(get).rfind(text(b)) > at_a) {
      return std::nullopt;
    }
    return fmt::format(
        "{}, where {} stands behind {}, although it had completed before that began.", subject(get),
        noun(a), noun(b));
  }

  std::optional<std::string> repeated(std::uint32_t get,
                                      const std::vector<std::uint32_t>& changes) const {
    for (const std::uint32_t change : changes) {
      if (text(change).empty()) continue;
      std::size_t times = 0;
      for (std::size_t at = text(get).find(text(change)); at != std::string_view::npos;
           at = text(get).find(text(change), at + text(change).size())) {
        ++times;
      }
      const auto written = static_cast<std::size_t>(
          std::count_if(changes.begin(), changes.end(),
                        [&](std::uint32_t other) { return text(other) == text(change); }));
      if (times <= written) continue;
      return fmt::format("{}, with {} in it {} times, but it was written only {}.", subject(get),
                         quoted(text(change)), times,
                         written == 1 ? std::string("once") : fmt::format("{} times", written));
    }
    return std::nullopt;
  }

  std::optional<std::string> went_back(std::uint32_t first, std::uint32_t second) const {
    if (!before(first, second) || text(first).size() <= text(second).size() ||
        !text(first).starts_with(text(second))) {
      return std::nullopt;
    }
    return fmt::format(
        "The string went back in time: {}, after which {}, which is the beginning of it.",
        clause(first), clause(second));
  }

  std::optional<std::string> diverged(std::uint32_t a, std::uint32_t b) const {
    const std::string_view x = text(a);
    const std::string_view y = text(b);
    if (x.starts_with(y) || y.starts_with(x)) return std::nullopt;
    const auto shared = static_cast<std::size_t>(
        std::mismatch(x.begin(),
                      x.begin() + static_cast<std::ptrdiff_t>(std::min(x.size(), y.size())),
                      y.begin())
            .first -
        x.begin());
    if (shared == 0) return std::nullopt;
    return fmt::format(
        "{} and {} got strings that begin alike and go on differently from byte {} on: {} and {}. "
        "No order of the appends explains both.",
        subject_of(a), who(b), shared, quoted(x), quoted(y));
  }
  std::string subject_of(std::uint32_t i) const {
    std::string result = who(i);
    result.front() = 'P';
    return result;
  }

  const History& history_;
  Narrator narrator_;
  const StringObject& object_;
  const StringWitness& witness_;
};

}  // namespace

Anomaly describe_string_anomaly(const History& history, KeyId key, const StringObject& object,
                                const StringWitness& witness) {
  return Describer(history, key, object, witness).describe();
}

}  // namespace assay
