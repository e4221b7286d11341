// The tables of a report: which faults were in force, and what is known of the run.

#include <fmt/format.h>

#include <iterator>

#include "reports/cards.h"
#include "reports/effects.h"
#include "reports/escape.h"
#include "reports/faults.h"
#include "reports/tested.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t fault_rows_max = 500;
constexpr std::size_t value_limit = 2'000;

std::string value_html(std::string_view text) { return short_html(text, value_limit); }

std::string moment(const History& history, std::int64_t at) {
  return has_times(history) ? moment_text(Nanos(at), 3) : fmt::format("event {}", at);
}

void append_row(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out),
                 "<tr><th scope=\"row\"><bdi>{}</bdi></th><td><bdi>{}</bdi></td></tr>",
                 value_html(name), value_html(value));
}

bool is_option(std::string_view name) { return name.starts_with("--"); }

/// What the run store calls shortly, in words.
std::string_view fact_name(std::string_view name) {
  if (name == "assay") return "Run by Assay";
  if (name == "version") return "Target's version";
  return name;
}

/// Rows of <tr>: what is known of the run and of the check.
std::string fact_rows(const RunSummary& run, const History& history, const CheckResult& result) {
  std::string out;
  append_row(out, "Target", run.target);
  append_row(out, "Workload", run.workload);
  append_row(out, "Started", run.started);
  append_row(out, "Nodes", joined(run.nodes));
  if (run.has_seed) append_row(out, "Seed", fmt::format("{}", run.seed));
  append_row(out, "History", run.source);
  append_row(out, "Format", history.info().format);
  append_row(out, "Datatype", result.datatype);
  append_row(out, "Initial value", to_text(history.info().initial));
  append_row(out, "Digest", history.digest());
  append_row(out, "Checked by",
             fmt::format("{}, {}, {:.3f} s", result.statistics.algorithm,
                         counted(static_cast<std::uint64_t>(result.statistics.threads), "thread"),
                         result.statistics.elapsed_s));
  for (const auto& [name, value] : run.facts) {
    // What is told as an option is not told twice.
    const auto option = run.facts.find("--" + name);
    const bool again = option != run.facts.end() && option->second == value;
    if (!is_option(name) && !again) append_row(out, fact_name(name), value);
  }
  for (const std::string& note : history.info().notes) append_row(out, "Note", note);
  return out;
}

std::string option_rows(const RunSummary& run) {
  std::string out;
  for (const auto& [name, value] : run.facts) {
    if (is_option(name)) append_row(out, name, value);
  }
  return out;
}

}  // namespace

std::string fault_table(const History& history) {
  std::vector<FaultBand> bands = fault_bands(history);
  // That all is healed in the end goes without saying, unless it is not certain.
  std::erase_if(bands, [](const FaultBand& band) {
    return band.instant && band.kind == "heal" && band.certain && band.what.empty();
  });
  if (bands.empty()) return "<p class=\"note\">The history records no faults.</p>";
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\"><table><caption>Faults, in the order in which they "
      "came into force"
      "</caption><thead><tr><th scope=\"col\">Fault</th><th scope=\"col\">What was done</th>"
      "<th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">Certain</th>"
      "<th scope=\"col\">Measured effect</th></tr></thead><tbody>";
  const std::vector<FaultEffect> effects = fault_effects(history, bands);
  for (std::size_t i = 0; i < std::min(bands.size(), fault_rows_max); ++i) {
    const FaultBand& band = bands[i];
    std::string to = "until the end";
    if (band.to_event != no_event) to = moment(history, band.to);
    if (band.instant) to = "at once";
    std::string certain = band.certain ? "yes" : "no";
    if (!band.error.empty()) certain += ": " + band.error;
    fmt::format_to(std::back_inserter(out),
                   "<tr><td><bdi>{}</bdi></td><td class=\"long\"><bdi>{}</bdi></td><td class=\"n\">"
                   "{}</td><td class=\"n\">{}</td><td><bdi>{}</bdi></td><td class=\"long\">{}"
                   "</td></tr>",
                   value_html(band.kind), value_html(band.what), moment(history, band.from), to,
                   value_html(certain), band.instant ? "" : effect_text(effects[i]));
  }
  out += "</tbody></table></div>";
  if (bands.size() > fault_rows_max) {
    fmt::format_to(std::back_inserter(out), "<p class=\"note\">The first {} of {} faults.</p>",
                   fault_rows_max, bands.size());
  }
  return out;
}

std::string tested_table(const History& history) {
  std::string out = "<div class=\"scroll\" tabindex=\"0\"><table class=\"facts\"><tbody>";
  for (const TestedRow& row : tested_rows(history)) append_row(out, row.name, row.text);
  return out + "</tbody></table></div>";
}

std::string facts_tables(const RunSummary& run, const History& history, const CheckResult& result) {
  const auto table = [](const std::string& rows) {
    return "<div class=\"scroll\" tabindex=\"0\"><table class=\"facts\"><tbody>" + rows +
           "</tbody></table></div>";
  };
  const std::string options = option_rows(run);
  return table(fact_rows(run, history, result)) +
         (options.empty() ? std::string()
                          : "<details><summary>All options of the run</summary>" + table(options) +
                                "</details>");
}

}  // namespace assay
