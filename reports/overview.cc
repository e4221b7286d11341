#include "reports/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "reports/escape.h"
#include "reports/findings.h"
#include "reports/page.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t markdown_limit = 400;
constexpr std::size_t marks_max = 80;
constexpr std::size_t rows_max = 2'000;
constexpr std::size_t markdown_rows_max = 200;

/// "stale-read, lost-update": each type once.
std::string types_of(const RunRecord& run) {
  std::string text;
  std::set<std::string> known;
  for (const Finding& finding : run.findings) {
    if (known.insert(finding.type).second) text += (text.empty() ? "" : ", ") + finding.type;
  }
  return text;
}

std::vector<bool> shown_in(const FindingOverRuns& finding) {
  std::vector<bool> shown;
  for (const FindingOverRuns::Occasion& each : finding.occasions) shown.push_back(each.shown);
  return shown;
}

/// A mark a run: a tall one showed the finding.
std::string marks(const std::vector<bool>& shown) {
  const std::size_t first = shown.size() > marks_max ? shown.size() - marks_max : 0;
  const auto seen = std::count(shown.begin(), shown.end(), true);
  std::string out = fmt::format(
      "<svg class=\"marks\" role=\"img\" width=\"{}\" height=\"16\" aria-label=\"Shown in {} of {} "
      "runs\">",
      9 * (shown.size() - first), seen, shown.size());
  for (std::size_t i = first; i < shown.size(); ++i) {
    fmt::format_to(
        std::back_inserter(out), "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"6\" height=\"{}\"/>",
        shown[i] ? "shown" : "clean", 9 * (i - first) + 1, shown[i] ? 1 : 6, shown[i] ? 14 : 4);
  }
  return out + "</svg>";
}

std::string findings_section(const std::vector<FindingOverRuns>& findings) {
  std::string out =
      "<section aria-labelledby=\"findings-title\"><h2 id=\"findings-title\">Findings over time"
      "</h2>";
  if (findings.empty()) {
    return out + "<p class=\"note\">No run shows any.</p></section>";
  }
  out +=
      "<p class=\"note\">A finding is an anomaly that is recognised in other runs by its shape. A "
      "tall mark is a run that showed it, the oldest first.</p><div class=\"scroll\" "
      "tabindex=\"0\"><table class=\"store\"><thead><tr><th scope=\"col\">Finding</th><th "
      "scope=\"col\">Where</th><th scope=\"col\">Claim</th><th scope=\"col\">Runs</th><th "
      "scope=\"col\">How often</th></tr></thead><tbody>";
  for (const FindingOverRuns& each : findings) {
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\"><bdi>{}</bdi><br><code>{}</code></th><td "
                   "class=\"where\"><bdi>{} / {}"
                   "</bdi></td><td class=\"claim\"><bdi>{}</bdi><small>violates <bdi>{}</bdi>"
                   "</small><small><code>{}</code></small></td><td>{}</td><td class=\"{}\">{}</td>"
                   "</tr>",
                   short_html(each.finding.type), short_html(each.finding.fingerprint),
                   short_html(system_of(each.newest)), short_html(each.newest.workload),
                   short_html(each.finding.claim), short_html(each.finding.model),
                   short_html(each.newest.command), marks(shown_in(each)),
                   each.trend.gone() ? "pass" : "fail", short_html(words_of(each.trend)));
  }
  return out + "</tbody></table></div></section>";
}

std::string runs_section(const Overview& overview) {
  std::string out =
      "<section aria-labelledby=\"runs-title\"><h2 id=\"runs-title\">Runs</h2><div "
      "class=\"scroll\" tabindex=\"0\"><table class=\"store\"><thead><tr><th scope=\"col\">Started"
      "</th><th scope=\"col\">Verdict</th><th scope=\"col\">Target</th><th scope=\"col\">Workload"
      "</th><th scope=\"col\">Findings</th><th scope=\"col\" class=\"count\">Operations</th><th "
      "scope=\"col\" class=\"count\">Seed"
      "</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < std::min(overview.runs.size(), rows_max); ++i) {
    const RunRecord& run = overview.runs[i];
    const std::string types = types_of(run);
    fmt::format_to(
        std::back_inserter(out),
        "<tr><td class=\"n\"><bdi>{}</bdi><small><bdi>{}</bdi></small></td><td><span "
        "class=\"verdict {}\">{}</span> <bdi>{}</bdi><small><bdi>{}</bdi></small></td>"
        "<td class=\"where\"><bdi>{}</bdi><small><bdi>{}</bdi></small></td><td><bdi>{}</bdi></td>"
        "<td><bdi>{}"
        "</bdi></td><td class=\"n count\">{}</td><td class=\"n count\">{}</td></tr>",
        short_html(run.started), short_html(run.folder),
        run.verdict == "pass" || run.verdict == "violation" ? run.verdict : "unknown",
        short_html(run.verdict), short_html(run.model), short_html(run.unknown_because),
        short_html(system_of(run)), short_html(run.experiment), short_html(run.workload),
        short_html(types), grouped(run.operations), run.seed);
  }
  out += "</tbody></table></div>";
  if (overview.runs.size() > rows_max) {
    fmt::format_to(std::back_inserter(out), "<p class=\"note\">The newest {} of {}.</p>", rows_max,
                   overview.runs.size());
  }
  return out + "</section>";
}

struct Totals {
  std::size_t pass = 0;
  std::size_t violation = 0;
  std::size_t other = 0;  ///< unknown, or without a verdict
};

Totals totals_of(const Overview& overview) {
  Totals totals;
  for (const RunRecord& run : overview.runs) {
    ++(run.verdict == "pass"        ? totals.pass
       : run.verdict == "violation" ? totals.violation
                                    : totals.other);
  }
  return totals;
}

std::string headline_of(const Totals& totals) {
  const std::size_t runs = totals.pass + totals.violation + totals.other;
  if (totals.violation == 0) return "No violation in " + counted(runs, "run");
  return fmt::format("A violation in {} of {}", totals.violation, counted(runs, "run"));
}

std::string sentence_of(std::size_t findings, const Totals& totals) {
  return fmt::format("{}; {} passed{}.", counted(findings, "finding"), totals.pass,
                     totals.other == 0 ? "" : fmt::format(", {} undecided", totals.other));
}

std::string escaped(std::string_view text) {
  return escape_markdown(clip(visible(text), markdown_limit));
}

/// "··●": a dot a run, a full one showed the finding.
std::string dots(const std::vector<bool>& shown) {
  std::string out;
  for (std::size_t i = shown.size() > marks_max ? shown.size() - marks_max : 0; i < shown.size();
       ++i) {
    out += shown[i] ? "●" : "·";
  }
  return out;
}

void append_findings(std::string& out, const std::vector<FindingOverRuns>& findings) {
  if (findings.empty()) return;
  out +=
      "\n## Findings over time\n\n| finding | where | claim | runs, the oldest first | how often "
      "|\n|---|---|---|---|---|\n";
  for (const FindingOverRuns& each : findings) {
    fmt::format_to(std::back_inserter(out), "| {} {} | {} / {} | {} Violates {}. | {} | {} |\n",
                   escaped(each.finding.type), escaped(each.finding.fingerprint),
                   escaped(system_of(each.newest)), escaped(each.newest.workload),
                   escaped(each.finding.claim), escaped(each.finding.model), dots(shown_in(each)),
                   escaped(words_of(each.trend)));
  }
  out += "\nTo see them again:\n\n";
  for (const FindingOverRuns& each : findings) {
    if (each.newest.command.empty()) continue;
    fmt::format_to(std::back_inserter(out), "- {}: {}\n", escaped(each.finding.fingerprint),
                   code_markdown(each.newest.command));
  }
}

void append_runs(std::string& out, const Overview& overview) {
  out +=
      "\n## Runs\n\n| started | verdict | model | target | workload | findings | operations | seed "
      "|\n|---|---|---|---|---|---|---:|---:|\n";
  const std::size_t shown = std::min(overview.runs.size(), markdown_rows_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const RunRecord& run = overview.runs[i];
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                   escaped(run.started), escaped(run.verdict), escaped(run.model),
                   escaped(system_of(run)), escaped(run.workload), escaped(types_of(run)),
                   grouped(run.operations), run.seed);
  }
  if (overview.runs.size() > shown) {
    fmt::format_to(std::back_inserter(out), "\nThe newest {} of {}.\n", shown,
                   overview.runs.size());
  }
}

}  // namespace

std::string render_overview_html(const Overview& overview) {
  const Totals totals = totals_of(overview);
  const std::vector<FindingOverRuns> findings = findings_over(overview.runs);
  const auto [state, mark] = totals.violation > 0 ? std::pair("violation", "✗")
                             : totals.other > 0   ? std::pair("unknown", "?")
                                                  : std::pair("pass", "✓");
  const std::string headline = headline_of(totals);
  const std::string body = fmt::format(
      "<section class=\"banner {}\"><div class=\"mark\" aria-hidden=\"true\">{}</div><div><h1>{}"
      "</h1><p><bdi>{}</bdi>: {}</p></div></section>{}{}",
      state, mark, headline, short_html(overview.title), sentence_of(findings.size(), totals),
      findings_section(findings), runs_section(overview));
  return fill_template(plain_template(),
                       {{"title", headline + ": " + short_html(overview.title)}, {"body", body}});
}

std::string render_overview_markdown(const Overview& overview) {
  const Totals totals = totals_of(overview);
  const std::vector<FindingOverRuns> findings = findings_over(overview.runs);
  std::string out = fmt::format("# {}\n\n{}: {}\n", headline_of(totals), escaped(overview.title),
                                sentence_of(findings.size(), totals));
  append_findings(out, findings);
  append_runs(out, overview);
  return out;
}

}  // namespace assay
