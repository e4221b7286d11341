#include "reports/cards.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "reports/escape.h"
#include "reports/graph.h"
#include "reports/models.h"
#include "reports/step_rules.h"
#include "reports/witness_svg.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t dot_nodes_max = 12;
constexpr std::size_t ring_nodes_max = 24;
constexpr std::size_t steps_max = 60;
constexpr std::size_t table_rows_max = 200;
constexpr Nanos dot_limit = std::chrono::seconds(2);

/// The operation's name in this card.
std::string badge(const History& history, const std::vector<OpIndex>& operations,
                  std::size_t number) {
  return fmt::format("<span class=\"badge\">{}</span>",
                     operation_name(history, history[operations[number]], number));
}

std::optional<std::size_t> number_of(const History& history, const std::vector<OpIndex>& operations,
                                     std::uint64_t event) {
  const auto index = operation_invoked_at(history, event);
  if (!index) return std::nullopt;
  const auto at = std::lower_bound(operations.begin(), operations.end(), *index);
  if (at == operations.end() || *at != *index) return std::nullopt;
  return static_cast<std::size_t>(at - operations.begin());
}

/// "Ⓐ write 7", or "T1", which a list before the steps explains.
std::string reference(const History& history, const std::vector<OpIndex>& operations,
                      std::uint64_t event) {
  const auto index = operation_invoked_at(history, event);
  if (!index) return fmt::format("<span class=\"op\">event {}</span>", event);
  const auto number = number_of(history, operations, event);
  if (number && is_transaction(history, history[*index])) {
    return badge(history, operations, *number);
  }
  const std::string label = short_html(operation_label(history, history[*index]));
  return fmt::format("<span class=\"op\">{}<bdi>{}</bdi></span>",
                     number ? badge(history, operations, *number) + " " : "", label);
}

/// "Let T1 = …": what the steps then call by name only.
std::string let_list(const History& history, const std::vector<OpIndex>& operations) {
  std::string out;
  for (std::size_t i = 0; i < std::min(operations.size(), steps_max); ++i) {
    const Operation operation = history[operations[i]];
    if (!is_transaction(history, operation)) continue;
    fmt::format_to(std::back_inserter(out),
                   "<li>Let {} = <span class=\"op\"><bdi>{}</bdi></span></li>",
                   badge(history, operations, i), short_html(operation_label(history, operation)));
  }
  return out.empty() ? out : "<ul class=\"let\">" + out + "</ul>";
}

/// A reason in which "the former" and "the latter" are called by their names.
std::string reason_html(const History& history, const std::vector<OpIndex>& operations,
                        const Step& step) {
  const auto name = [&](std::uint64_t event, const char* fallback) {
    const auto number = number_of(history, operations, event);
    if (!number) return std::string(fallback);
    return operation_name(history, history[operations[*number]], *number);
  };
  return short_html(
      with_names(step.because, name(step.before, "the former"), name(step.after, "the latter")));
}

/// Both operations of a step in full, and what its rule means.
std::string step_evidence(const History& history, const std::vector<OpIndex>& operations,
                          const Step& step) {
  const StepRule* rule = find_step_rule(step.rule);
  std::string out = rule != nullptr
                        ? fmt::format("<p class=\"note\">{}</p>", escape_html(rule->meaning))
                        : std::string();
  out +=
      "<table class=\"ops\"><thead><tr><th scope=\"col\">Order</th><th scope=\"col\">Event</th>"
      "<th scope=\"col\">Process</th><th scope=\"col\">Node</th><th scope=\"col\">Operation</th>"
      "<th scope=\"col\">Start</th><th scope=\"col\">End</th></tr></thead><tbody>";
  const bool times = has_times(history);
  const int decimals = decimals_for(history, operations);
  for (const bool first : {true, false}) {
    const std::uint64_t event = first ? step.before : step.after;
    const auto index = operation_invoked_at(history, event);
    if (!index) continue;
    const Operation operation = history[*index];
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\">{}</th><td class=\"n\"><a href=\"#op={}\">{}</a></td>"
                   "<td class=\"n\">{}</td><td><bdi>{}</bdi></td><td class=\"v\"><bdi>{}</bdi></td>"
                   "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                   first ? "first" : "second", event, event, static_cast<int>(operation.process),
                   short_html(history.node(*index)),
                   short_html(operation_label(history, operation)),
                   start_text(operation, times, decimals), end_text(operation, times, decimals));
  }
  return "<div class=\"scroll\" tabindex=\"0\">" + out + "</tbody></table></div>";
}

std::string step_list(const History& history, const Anomaly& anomaly,
                      const std::vector<OpIndex>& operations) {
  if (anomaly.steps.empty()) {
    return operations.size() < 2
               ? std::string()
               : "<p class=\"note\">There is no circle of reasons to show: whichever of these "
                 "operations is put first, a later one contradicts it.</p>";
  }
  std::string out = "<h4>Why no order explains it</h4>" + let_list(history, operations) +
                    "<ol class=\"steps\" aria-label=\"Steps of the contradiction\">";
  const std::size_t shown = std::min(anomaly.steps.size(), steps_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const Step& step = anomaly.steps[i];
    const bool last = i + 1 == anomaly.steps.size();
    fmt::format_to(
        std::back_inserter(out),
        "<li{}><details><summary class=\"step-evidence\">{}{} must come before {}, because "
        "<bdi>{}</bdi>{} <span class=\"rule\">{}</span></summary>{}</details></li>",
        last ? " class=\"contradiction\"" : "", last && anomaly.steps.size() > 1 ? "However, " : "",
        reference(history, operations, step.before), reference(history, operations, step.after),
        reason_html(history, operations, step), last ? ": <strong>a contradiction.</strong>" : ".",
        short_html(step.rule), step_evidence(history, operations, step));
  }
  out += "</ol>";
  if (shown < anomaly.steps.size()) {
    fmt::format_to(std::back_inserter(out), "<p class=\"note\">The first {} of {} steps.</p>",
                   shown, anomaly.steps.size());
  }
  return out;
}

std::string witness_table(const History& history, const std::vector<OpIndex>& operations) {
  const bool times = has_times(history);
  const int decimals = decimals_for(history, operations);
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\"><table class=\"ops\"><caption>The operations of the "
      "witness</caption>"
      "<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Event</th><th scope=\"col\">Process"
      "</th><th scope=\"col\">Node</th><th scope=\"col\">Operation</th><th scope=\"col\">Outcome"
      "</th><th scope=\"col\">Start</th><th scope=\"col\">End</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < std::min(operations.size(), table_rows_max); ++i) {
    const Operation operation = history[operations[i]];
    const std::string error(history.error(operations[i]));
    fmt::format_to(
        std::back_inserter(out),
        "<tr><td>{0}</td><td class=\"n\"><a href=\"#op={1}\">{1}</a></td><td class=\"n\">{2}</td>"
        "<td><bdi>{3}</bdi></td><td class=\"v\"><bdi>{4}</bdi></td><td class=\"{5}\">{6}{7}</td>"
        "<td class=\"n\">{8}</td><td class=\"n\">{9}</td></tr>",
        badge(history, operations, i), operation.invoke_event, static_cast<int>(operation.process),
        short_html(history.node(operations[i])), short_html(operation_label(history, operation)),
        name_of(operation.outcome), outcome_words(operation.outcome),
        error.empty() ? "" : ": <bdi>" + short_html(error) + "</bdi>",
        start_text(operation, times, decimals), end_text(operation, times, decimals));
  }
  return out + "</tbody></table></div>";
}

/// What matters of the timeline.
std::string timing_note(const Anomaly& anomaly, const History& history,
                        const std::vector<OpIndex>& operations) {
  if (anomaly.timing.empty()) return {};
  const auto name = [&](std::uint64_t event) {
    const auto number = number_of(history, operations, event);
    return number ? badge(history, operations, *number) : fmt::format("event {}", event);
  };
  std::string out = "<p class=\"note\">Of the timing, this alone matters:";
  for (std::size_t i = 0; i < anomaly.timing.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{} {} ended before {} began", i == 0 ? "" : ",",
                   name(anomaly.timing[i].before), name(anomaly.timing[i].after));
  }
  return out + ". The bars could be longer otherwise, and the contradiction would stay.</p>";
}

/// What the arrows of a graph of dependencies mean; of those that occur.
std::string arrow_legend(const Anomaly& anomaly) {
  std::string out;
  for (const StepRule& rule : step_rules()) {
    const bool occurs = std::any_of(anomaly.steps.begin(), anomaly.steps.end(),
                                    [&](const Step& step) { return step.rule == rule.name; });
    if (!occurs || rule.arrow.empty()) continue;
    fmt::format_to(std::back_inserter(out), "{}<span class=\"rule\">{}</span> {}",
                   out.empty() ? "" : "; ", rule.name, rule.arrow);
  }
  return out.empty() ? out : "<p class=\"note\">" + out + ".</p>";
}

}  // namespace

std::string Pictures::draw(const History& history, const Anomaly& anomaly,
                           const std::vector<OpIndex>& operations, const std::string& id) {
  const Graph graph = contradiction_graph(history, anomaly, operations);
  if (graph.edges.empty() || graph.nodes.size() > ring_nodes_max) return {};
  if (!dot_.empty() && graph.nodes.size() <= dot_nodes_max) {
    if (const auto layout = lay_out_with_dot(graph, dot_, dot_limit)) {
      return draw_graph(graph, *layout, id);
    }
    dot_.clear();
  }
  return draw_graph(graph, lay_out_in_ring(graph), id);
}

std::string anomaly_card(const History& history, const Anomaly& anomaly, std::size_t number,
                         Pictures& pictures) {
  const std::vector<OpIndex> operations = witness_operations(history, anomaly);
  std::string out = fmt::format(
      "<article class=\"card\" id=\"anomaly-{0}\" aria-labelledby=\"anomaly-{0}-title\"><header>"
      "<h3 id=\"anomaly-{0}-title\"><span class=\"kind\">Anomaly {0}</span> <bdi>{1}</bdi>",
      number, short_html(anomaly.type));
  if (anomaly.key) {
    fmt::format_to(std::back_inserter(out), " <span class=\"key\">on key <bdi>{}</bdi></span>",
                   short_html(to_text(*anomaly.key)));
  }
  fmt::format_to(
      std::back_inserter(out),
      "</h3><button type=\"button\" class=\"jump needs-script\" data-anomaly=\"{}\">Show "
      "in the timeline</button></header><p class=\"claim\"><bdi>{}</bdi></p>"
      "<details{}><summary>The evidence</summary>",
      number, short_html(claim_of(anomaly)), number == 1 ? " open" : "");
  if (!operations.empty()) {
    out +=
        "<div class=\"scroll picture\" tabindex=\"0\" role=\"group\" "
        "aria-label=\"Timeline of the witness\">" +
        draw_witness(history, operations) + "</div>" + timing_note(anomaly, history, operations);
  }
  out += step_list(history, anomaly, operations);
  if (const std::string picture =
          pictures.draw(history, anomaly, operations, fmt::format("arrow-{}", number));
      !picture.empty()) {
    out +=
        "<figure class=\"scroll picture\" tabindex=\"0\"><figcaption>The contradiction: follow the "
        "arrows, and "
        "every operation must come before itself.</figcaption>" +
        picture + arrow_legend(anomaly) + "</figure>";
  }
  if (!operations.empty()) out += witness_table(history, operations);
  fmt::format_to(
      std::back_inserter(out), "{}<p class=\"note\">{}</p></details></article>", ruled_out(anomaly),
      anomaly.minimal ? "The witness is minimal: without any one of its operations there "
                        "would be no contradiction."
                      : "The witness may hold more operations than are needed.");
  return out;
}

}  // namespace assay
