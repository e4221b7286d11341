#include "reports/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "checker/lattice.h"
#include "reports/escape.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t reason_limit = 400;

std::string safe(std::string_view text) { return clip(visible(text), reason_limit); }

bool is_among(const std::string& model, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), model) != names.end();
}

/// Violated first, then what was not refuted, then what holds; each in the order of the lattice.
std::vector<const ModelVerdict*> ranked(const CheckResult& result) {
  std::vector<const ModelVerdict*> rows;
  for (const Verdict verdict : {Verdict::violation, Verdict::unknown, Verdict::pass}) {
    for (const ModelVerdict& each : result.models) {
      if (each.verdict == verdict) rows.push_back(&each);
    }
  }
  return rows;
}

std::string because(const CheckResult& result, const ModelVerdict& each) {
  if (each.verdict == Verdict::unknown) return each.unknown_because;
  if (each.anomaly && *each.anomaly < result.anomalies.size()) {
    return fmt::format("{} (anomaly {})", result.anomalies[*each.anomaly].type, *each.anomaly + 1);
  }
  if (each.implied_by.empty()) return {};
  return each.verdict == Verdict::pass ? "implied by " + each.implied_by
                                       : "it implies " + each.implied_by;
}

/// Models of one verdict, those that say the most first.
std::string names_of(const CheckResult& result, Verdict verdict,
                     const std::vector<std::string>& extremes) {
  std::vector<std::string> others;
  for (const ModelVerdict& each : result.models) {
    if (each.verdict == verdict && !is_among(each.model, extremes)) others.push_back(each.model);
  }
  if (others.empty()) return joined(extremes);
  return fmt::format("{} (and with {}: {})", joined(extremes), extremes.size() == 1 ? "it" : "them",
                     joined(others));
}

}  // namespace

std::string_view standing(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "holds";
    case Verdict::violation:
      return "violated";
    case Verdict::unknown:
      break;
  }
  return "not refuted";
}

std::string models_clause(const CheckResult& result) {
  std::string out;
  const auto add = [&](const std::vector<std::string>& names, std::string_view one,
                       std::string_view several) {
    if (names.empty()) return;
    fmt::format_to(std::back_inserter(out), "{}{} {}", out.empty() ? "" : "; ", joined(names),
                   names.size() == 1 ? one : several);
  };
  add(result.weakest_violated, "is violated", "are violated");
  add(result.strongest, "holds", "hold");
  std::vector<std::string> open;
  for (const ModelVerdict& each : result.models) {
    if (each.verdict == Verdict::unknown) open.push_back(each.model);
  }
  add(open, "was not refuted", "were not refuted");
  return out;
}

std::string models_text(const CheckResult& result) {
  if (result.models.size() < 2) return {};
  std::string out;
  const auto line = [&](Verdict verdict, const std::string& text) {
    fmt::format_to(std::back_inserter(out), "  {:12} {}\n", standing(verdict), text);
  };
  if (!result.strongest.empty()) {
    line(Verdict::pass, names_of(result, Verdict::pass, result.strongest));
  }
  if (!result.weakest_violated.empty()) {
    line(Verdict::violation, names_of(result, Verdict::violation, result.weakest_violated));
  }
  for (const ModelVerdict& each : result.models) {
    if (each.verdict != Verdict::unknown) continue;
    line(each.verdict, fmt::format("{}: {}", each.model, safe(each.unknown_because)));
  }
  return out;
}

std::string models_section(const CheckResult& result) {
  if (result.models.size() < 2) return {};
  std::string out =
      "<section aria-labelledby=\"models-title\"><h2 id=\"models-title\">The models</h2>"
      "<p class=\"note\">A model that holds is satisfied by this history. One that is not refuted "
      "was neither proved nor disproved. What a model implies holds with it; what implies a "
      "violated model is violated with it.</p><div class=\"scroll\" tabindex=\"0\"><table "
      "class=\"models\">"
      "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Verdict</th><th scope=\"col\">"
      "Because</th></tr></thead><tbody>";
  for (const ModelVerdict* each : ranked(result)) {
    const bool extreme =
        is_among(each->model, result.strongest) || is_among(each->model, result.weakest_violated);
    std::string reason = escape_html(safe(because(result, *each)));
    if (each->anomaly && *each->anomaly < result.anomalies.size()) {
      reason = fmt::format("<a href=\"#anomaly-{}\"><bdi>{}</bdi></a>", *each->anomaly + 1, reason);
    } else {
      reason = fmt::format("<bdi>{}</bdi>", reason);
    }
    fmt::format_to(std::back_inserter(out),
                   "<tr{}><th scope=\"row\"><bdi>{}</bdi>{}</th><td class=\"{}\">{}</td><td>{}</td>"
                   "</tr>",
                   extreme ? " class=\"extreme\"" : "", escape_html(safe(each->model)),
                   !extreme                         ? ""
                   : each->verdict == Verdict::pass ? " <span class=\"rule\">the strongest</span>"
                                                    : " <span class=\"rule\">the weakest</span>",
                   name_of(each->verdict), standing(each->verdict), reason);
  }
  return out + "</tbody></table></div></section>";
}

std::string ruled_out(const Anomaly& anomaly) {
  std::set<std::string_view> refuted;
  for (const std::string_view model : refuted_by(anomaly.type)) refuted.insert(model);
  for (const ModelInfo& model : model_lattice()) {
    if (implies(model.name, anomaly.model)) refuted.insert(model.name);
  }
  const ModelInfo* about = find_model(anomaly.model);
  if (about == nullptr) {
    return fmt::format("<p class=\"note\">Refutes the model <code>{}</code>.</p>",
                       escape_html(safe(anomaly.model)));
  }
  std::string weakest;
  std::string others;
  std::string allowing;
  const auto add = [](std::string& list, std::string_view name) {
    fmt::format_to(std::back_inserter(list), "{}<code>{}</code>", list.empty() ? "" : ", ", name);
  };
  for (const ModelInfo& model : model_lattice()) {
    if (model.family != about->family) continue;
    const bool is_refuted = refuted.contains(model.name);
    bool extreme = true;
    for (const ModelInfo& other : model_lattice()) {
      if (other.name == model.name || other.family != about->family) continue;
      if (refuted.contains(other.name) != is_refuted) continue;
      if (is_refuted ? implies(model.name, other.name) : implies(other.name, model.name)) {
        extreme = false;
      }
    }
    if (is_refuted) {
      add(extreme ? weakest : others, model.name);
    } else if (extreme) {
      add(allowing, model.name);
    }
  }
  return fmt::format(
      "<p class=\"note ruled-out\"><strong>Rules out</strong> {}{}.{}</p>", weakest,
      others.empty() ? "" : "; with that also " + others,
      allowing.empty()
          ? ""
          : fmt::format(" <strong>Is allowed by</strong> {} and what they imply.", allowing));
}

}  // namespace assay
