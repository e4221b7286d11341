// The terminal's form of a report: the verdict first, then at most five anomalies of at most six
// lines each, in the form Let … Then … However …: a contradiction.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/escape.h"
#include "reports/models.h"
#include "reports/report.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t anomalies_shown_max = 5;
constexpr std::size_t steps_shown_max = 4;
constexpr std::size_t line_limit = 240;
constexpr std::size_t named_operations_max = 6;
constexpr std::size_t operation_limit = 60;

class Paint {
 public:
  explicit Paint(bool color) : color_(color) {}
  std::string verdict(Verdict verdict, const std::string& text) const {
    const char* code = verdict == Verdict::violation ? "1;31"
                       : verdict == Verdict::pass    ? "1;32"
                                                     : "1;33";
    return wrap(code, text);
  }
  std::string strong(const std::string& text) const { return wrap("1", text); }
  std::string faint(const std::string& text) const { return wrap("2", text); }

 private:
  std::string wrap(const char* code, const std::string& text) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool color_;
};

std::string safe(std::string_view text, std::size_t limit = line_limit) {
  return clip(visible(text), limit);
}

/// Names the operations of a witness A, B, C, …
class Names {
 public:
  Names(const History& history, const Anomaly& anomaly)
      : history_(history), operations_(witness_operations(history, anomaly)) {}

  std::string of(std::uint64_t event) const {
    const auto index = operation_invoked_at(history_, event);
    const auto at = index ? std::lower_bound(operations_.begin(), operations_.end(), *index)
                          : operations_.end();
    if (at == operations_.end() || *at != *index) return fmt::format("event {}", event);
    return name(static_cast<std::size_t>(at - operations_.begin()));
  }

  std::string let() const {
    std::string out;
    const std::size_t shown = std::min(operations_.size(), named_operations_max);
    for (std::size_t i = 0; i < shown; ++i) {
      const Operation operation = history_[operations_[i]];
      fmt::format_to(std::back_inserter(out), "{}{} = {} (event {}, process {})", i > 0 ? ", " : "",
                     name(i), safe(operation_label(history_, operation), operation_limit),
                     operation.invoke_event, static_cast<int>(operation.process));
    }
    if (shown < operations_.size()) {
      fmt::format_to(std::back_inserter(out), " and {} more", operations_.size() - shown);
    }
    return out;
  }
  bool empty() const { return operations_.empty(); }

 private:
  std::string name(std::size_t number) const {
    return operation_name(history_, history_[operations_[number]], number);
  }
  const History& history_;
  std::vector<OpIndex> operations_;
};

void append_anomaly(std::string& out, const History& history, const Anomaly& anomaly,
                    std::size_t number, const Paint& paint) {
  const Names names(history, anomaly);
  const std::string key =
      anomaly.key ? fmt::format(" on key {}", safe(to_text(*anomaly.key), 40)) : std::string();
  fmt::format_to(std::back_inserter(out), "\n{} {}\n",
                 paint.strong(fmt::format("{}. {}{}:", number, safe(anomaly.type, 40), key)),
                 safe(claim_of(anomaly)));
  if (!names.empty()) fmt::format_to(std::back_inserter(out), "   Let {}\n", names.let());
  const std::size_t count = anomaly.steps.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    // Long circles lose their middle, never their end.
    if (count > steps_shown_max && i + 1 >= steps_shown_max && !last) continue;
    const Step& step = anomaly.steps[i];
    std::string gap;
    if (last && count > steps_shown_max) {
      gap = fmt::format("({} steps left out) ", count - steps_shown_max);
    }
    const std::string before = names.of(step.before);
    const std::string after = names.of(step.after);
    fmt::format_to(std::back_inserter(out), "   {}{} {} < {}, because {}{}\n", gap,
                   last && count > 1 ? "However," : "Then", before, after,
                   with_names(safe(step.because), before, after),
                   last ? ": a contradiction!" : ".");
  }
  for (std::size_t i = 0; i < anomaly.timing.size(); ++i) {
    const EssentialTiming& timing = anomaly.timing[i];
    fmt::format_to(std::back_inserter(out), "{}{} ended before {} began{}",
                   i == 0 ? "   Of the timing, this alone matters: " : ", ",
                   names.of(timing.before), names.of(timing.after),
                   i + 1 == anomaly.timing.size() ? ".\n" : "");
  }
}

std::string verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::violation:
      return "VIOLATION";
    case Verdict::unknown:
      break;
  }
  return "UNKNOWN";
}

std::string verdict_clause(const CheckResult& result) {
  if (result.models.size() > 1) return models_clause(result);
  const std::string model = safe(result.model, 60);
  switch (result.verdict) {
    case Verdict::pass:
      return fmt::format("{} holds on this history", model);
    case Verdict::violation:
      return fmt::format("{} is violated", model);
    case Verdict::unknown:
      break;
  }
  return fmt::format("{} was not decided: {}", model, safe(result.unknown_because));
}

}  // namespace

std::string render_text(const RunSummary& run, const History& history, const CheckResult& result,
                        bool color) {
  const Paint paint(color);
  const std::string title = run.title.empty() ? run.source : run.title;
  std::string out =
      fmt::format("{}  {}{}\n", paint.verdict(result.verdict, verdict_word(result.verdict)),
                  title.empty() ? std::string() : safe(title, 120) + ": ", verdict_clause(result));
  const RunSummary::Totals totals = run.totals_or(history);
  std::string facts = counted(totals.operations, "operation");
  if (history.keyed()) facts += " · " + counted(totals.keys, "key");
  facts += fmt::format(" · {} processes", totals.processes);
  if (run.has_seed) facts += fmt::format(" · seed {}", run.seed);
  facts += fmt::format(" · checked in {:.3f} s", result.statistics.elapsed_s);
  if (!result.statistics.algorithm.empty()) {
    facts += fmt::format(" ({})", safe(result.statistics.algorithm, 60));
  }
  out += paint.faint(facts) + "\n";
  out += models_text(result);
  for (const std::string& note : history.info().notes) out += "note: " + safe(note) + "\n";
  const std::size_t shown = std::min(result.anomalies.size(), anomalies_shown_max);
  for (std::size_t i = 0; i < shown; ++i) {
    append_anomaly(out, history, result.anomalies[i], i + 1, paint);
  }
  if (shown < result.anomalies.size()) {
    fmt::format_to(std::back_inserter(out), "\n… and {} more\n", result.anomalies.size() - shown);
  }
  return out;
}

}  // namespace assay
