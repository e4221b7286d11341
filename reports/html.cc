// The page: a template whose slots are filled with escaped text, inline pictures and the data that
// the page's script draws. The template's policy allows that one script and nothing else.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/duration_words.h"
#include "reports/cards.h"
#include "reports/escape.h"
#include "reports/models.h"
#include "reports/page.h"
#include "reports/report.h"
#include "reports/run_data.h"
#include "reports/words.h"

namespace assay {
namespace {

std::string number_box(std::string_view value, std::string_view name) {
  return fmt::format("<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>", escape_html(name),
                     escape_html(value));
}

std::string numbers(const RunSummary& run, const History& history, const CheckResult& result) {
  std::string out = number_box(result.model, "model");
  out += number_box(grouped(history.size()), "operations");
  out += number_box(grouped(history.key_count()), history.key_count() == 1 ? "key" : "keys");
  out += number_box(grouped(history.process_count()), "processes");
  if (has_times(history)) out += number_box(duration_words(history.duration()), "duration");
  if (run.has_seed) out += number_box(fmt::format("{}", run.seed), "seed");
  return out;
}

/// The first anomaly's claim, for the banner: what happened, in one sentence.
std::string first_claim(const CheckResult& result) {
  if (result.anomalies.empty()) return {};
  constexpr std::size_t limit = 400;
  return fmt::format("<p class=\"first-claim\"><bdi>{}</bdi></p>",
                     escape_html(clip(visible(claim_of(result.anomalies.front())), limit)));
}

std::string anomaly_section(const History& history, const CheckResult& result) {
  if (result.anomalies.empty()) return {};
  std::string out = fmt::format(
      "<section aria-labelledby=\"anomalies-title\"><h2 id=\"anomalies-title\">{}</h2>"
      "<p class=\"note\">How to read a timeline: a bar goes from the moment a client sent its "
      "request to the moment it had its answer; somewhere in between the operation took effect. "
      "Bars that do not overlap are ordered: the left one took effect first.</p>",
      result.anomalies.size() == 1 ? "The anomaly" : "The anomalies");
  Pictures pictures("dot");
  const auto card = [&](std::size_t i) {
    return anomaly_card(history, result.anomalies[i], i + 1, pictures);
  };
  // The first of each kind is told, the others of its kind can be unfolded.
  for (std::size_t i = 0; i < result.anomalies.size(); ++i) {
    const std::string& type = result.anomalies[i].type;
    const auto same = [&](const Anomaly& other) { return other.type == type; };
    const auto first = std::find_if(result.anomalies.begin(), result.anomalies.end(), same);
    if (first - result.anomalies.begin() != static_cast<std::ptrdiff_t>(i)) continue;
    out += card(i);
    std::string others;
    std::size_t count = 0;
    for (std::size_t j = i + 1; j < result.anomalies.size(); ++j) {
      if (!same(result.anomalies[j])) continue;
      others += card(j);
      ++count;
    }
    if (count == 0) continue;
    fmt::format_to(
        std::back_inserter(out),
        "<details class=\"more\"><summary>{} more of this kind: <bdi>{}</bdi></summary>{}"
        "</details>",
        count, escape_html(clip(visible(type), 80)), others);
  }
  return out + "</section>";
}

/// Lines of a command break between its words only: "--" at the end of one would look like an end.
std::string words_html(std::string_view command) {
  std::string out;
  for (bool more = true; more;) {
    const std::size_t end = std::min(command.find(' '), command.size());
    const std::string word = escape_html(command.substr(0, end));
    out += command.starts_with("--") ? "<span class=\"flag\">" + word + "</span>" : word;
    more = end < command.size();
    if (more) out += ' ';
    command.remove_prefix(more ? end + 1 : end);
  }
  return out;
}

std::string command_box(std::string_view title, std::string_view command) {
  if (command.empty()) return {};
  return fmt::format(
      "<div class=\"command\"><h3>{}</h3><pre tabindex=\"0\"><code>{}</code></pre><button "
      "type=\"button\" class=\"copy needs-script\">Copy</button></div>",
      escape_html(title), words_html(command));
}

std::string commands(const RunSummary& run) {
  const std::string boxes = command_box("Check this history again", run.check_command) +
                            command_box("Run it again", run.repeat_command);
  if (boxes.empty()) return {};
  std::string out =
      "<section aria-labelledby=\"commands-title\"><h2 id=\"commands-title\">Do it "
      "yourself</h2>" +
      boxes;
  if (!run.repeat_command.empty() && run.has_seed) {
    out +=
        "<p class=\"note\">The seed repeats the plan — which operations and faults, in which "
        "order — but not the timing of real processes, so a rare violation may need several "
        "runs to show again.</p>";
  }
  return out + "</section>";
}

std::string timeline_note(const History& history, const RunData& data) {
  std::string out;
  if (!has_times(history)) {
    out +=
        "This history has no times: the axis is the position of the event, and there is no "
        "throughput or latency to show. ";
  }
  if (data.drawn < history.size()) {
    fmt::format_to(std::back_inserter(out),
                   "Drawn are {} of {} operations: all of the witnesses and their neighbours, then "
                   "those that failed or whose outcome is unknown, then an even sample of the "
                   "others. Throughput and latency count all. ",
                   grouped(data.drawn), grouped(history.size()));
  }
  if (data.told < data.drawn) {
    fmt::format_to(std::back_inserter(out),
                   "To keep this page small, {} of those drawn stand here without their values "
                   "(“…”), far from the witnesses; the search does not find what is left out. ",
                   grouped(data.drawn - data.told));
  }
  if (has_times(history) && data.drawn > 200'000) out += "Times in it are told in microseconds. ";
  return out;
}

}  // namespace

std::string render_html(const RunSummary& run, const History& history, const CheckResult& result) {
  const RunData data = run_data(history, result, run.logs);
  const std::string title = run.title.empty() ? run.source : run.title;
  const std::string_view verdict = name_of(result.verdict);
  const std::string_view mark = result.verdict == Verdict::violation ? "✗"
                                : result.verdict == Verdict::pass    ? "✓"
                                                                     : "?";
  return fill_template(report_template(),
                       {{"title", escape_html(title)},
                        {"verdict", std::string(verdict)},
                        {"mark", std::string(mark)},
                        {"headline", escape_html(headline(result.verdict))},
                        {"sentence", escape_html(verdict_sentence(history, result))},
                        {"first-claim", first_claim(result)},
                        {"numbers", numbers(run, history, result)},
                        {"models", models_section(result)},
                        {"anomalies", anomaly_section(history, result)},
                        {"timeline-note", escape_html(timeline_note(history, data))},
                        {"faults", fault_table(history)},
                        {"tested", tested_table(history)},
                        {"facts", facts_tables(run, history, result)},
                        {"commands", commands(run)},
                        {"meta", data.meta},
                        {"columns", data.columns}});
}

}  // namespace assay
