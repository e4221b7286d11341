#include "reports/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "checker/verdict.h"
#include "reports/escape.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t setting_limit = 200;

template <class Map>
std::set<std::string> names_in(const Map& a, const Map& b) {
  std::set<std::string> names;
  for (const auto& entry : a) names.insert(entry.first);
  for (const auto& entry : b) names.insert(entry.first);
  return names;
}

std::string text_in(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto at = texts.find(name);
  return at == texts.end() ? std::string() : at->second;
}

std::vector<FindingChange> findings_in(const DiffSide& a, const DiffSide& b) {
  std::map<std::tuple<std::string, std::string, std::string>, FindingChange> found;
  const auto place = [&](const Finding& finding) -> FindingChange& {
    FindingChange& each = found[{finding.type, finding.model, finding.shape}];
    each.finding = finding;
    return each;
  };
  for (const Finding& finding : a.findings) place(finding).before += finding.count;
  for (const Finding& finding : b.findings) place(finding).after += finding.count;
  std::vector<FindingChange> changes;
  for (auto& [identity, each] : found) {
    each.change = each.before == 0 ? Change::fresh : each.after == 0 ? Change::gone : Change::still;
    changes.push_back(std::move(each));
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& x, const auto& y) { return x.change < y.change; });
  return changes;
}

std::string shown(const std::string& text) {
  return text.empty() ? "–" : clip(visible(text), setting_limit);
}

/// The acknowledged operations of [from, to) and their slowest bin.
struct Phase {
  std::uint64_t acknowledged = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

Phase phase_of(const AlignedLatency& latency, double from_s, double to_s) {
  Phase phase;
  std::vector<double> medians;
  for (const AlignedBin& bin : latency.bins) {
    if (bin.from_s < from_s - 1e-9 || bin.from_s >= to_s - 1e-9 || bin.acknowledged == 0) continue;
    phase.acknowledged += bin.acknowledged;
    medians.push_back(bin.p50_ms);
    phase.p99_ms = std::max(phase.p99_ms, bin.p99_ms);
  }
  if (!medians.empty()) {
    const auto middle = medians.begin() + static_cast<std::ptrdiff_t>(medians.size() / 2);
    std::nth_element(medians.begin(), middle, medians.end());
    phase.p50_ms = *middle;
  }
  return phase;
}

std::string phase_text(const AlignedLatency* latency, double from_s, double to_s) {
  if (latency == nullptr) return "–";
  const Phase phase = phase_of(*latency, from_s, to_s);
  if (phase.acknowledged == 0) return "none acknowledged";
  const auto short_ms = [](double ms) {
    return ms < 100 ? fmt::format("{:.3g}", ms) : fmt::format("{:.0f}", ms);
  };
  return fmt::format("{} / {} / {} ms", grouped(phase.acknowledged), short_ms(phase.p50_ms),
                     short_ms(phase.p99_ms));
}

const AlignedLatency* latency_of(const DiffSide& side, const std::string& kind) {
  for (const AlignedLatency& each : side.latencies) {
    if (each.kind == kind) return &each;
  }
  return nullptr;
}

void append_latencies(std::string& out, const RunDiff& diff) {
  std::set<std::string> kinds;
  for (const DiffSide* side : {&diff.a, &diff.b}) {
    for (const AlignedLatency& each : side->latencies) kinds.insert(each.kind);
  }
  if (kinds.empty()) return;
  out += "latency: acknowledged / p50 / slowest p99, by time from the start of each fault\n";
  struct Span {
    std::string_view name;
    double from_s;
    double to_s;
  };
  constexpr std::array<Span, 3> spans{
      {{"3 s before", -3, 0}, {"first 3 s", 0, 3}, {"3 s to 12 s", 3, 12}}};
  for (const std::string& kind : kinds) {
    const AlignedLatency* a = latency_of(diff.a, kind);
    const AlignedLatency* b = latency_of(diff.b, kind);
    if (kind.empty()) {
      fmt::format_to(std::back_inserter(out), "  {:28} {} → {}\n", "without faults, all of it",
                     phase_text(a, 0, 1e18), phase_text(b, 0, 1e18));
      continue;
    }
    for (const Span& span : spans) {
      fmt::format_to(std::back_inserter(out), "  {:28} {} → {}\n",
                     fmt::format("{}, {}", shown(kind), span.name),
                     phase_text(a, span.from_s, span.to_s), phase_text(b, span.from_s, span.to_s));
    }
  }
}

nlohmann::ordered_json latencies_json(const DiffSide& side) {
  auto out = nlohmann::ordered_json::array();
  for (const AlignedLatency& each : side.latencies) {
    auto bins = nlohmann::ordered_json::array();
    for (const AlignedBin& bin : each.bins) {
      bins.push_back({{"from_s", bin.from_s},
                      {"acknowledged", bin.acknowledged},
                      {"p50_ms", bin.p50_ms},
                      {"p99_ms", bin.p99_ms}});
    }
    out.push_back({{"fault", each.kind}, {"starts", each.starts}, {"bins", std::move(bins)}});
  }
  return out;
}

nlohmann::ordered_json side_json(const DiffSide& side) {
  return {{"name", side.name},
          {"verdict", side.verdict},
          {"model", side.model},
          {"operations", side.operations},
          {"latency", latencies_json(side)}};
}

nlohmann::ordered_json changes_json(const std::vector<TextChange>& changes) {
  auto out = nlohmann::ordered_json::array();
  const auto text = [](const std::string& value) {
    return value.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
  };
  for (const TextChange& each : changes) {
    out.push_back({{"name", each.name}, {"a", text(each.before)}, {"b", text(each.after)}});
  }
  return out;
}

}  // namespace

std::string_view name_of(Change change) {
  switch (change) {
    case Change::fresh:
      return "new";
    case Change::gone:
      return "gone";
    case Change::still:
      break;
  }
  return "still there";
}

RunDiff compare_runs(DiffSide a, DiffSide b) {
  RunDiff diff;
  diff.findings = findings_in(a, b);
  for (const std::string& name : names_in(a.models, b.models)) {
    diff.models.push_back({name, text_in(a.models, name), text_in(b.models, name)});
  }
  for (const std::string& name : names_in(a.settings, b.settings)) {
    TextChange each{name, text_in(a.settings, name), text_in(b.settings, name)};
    if (each.before != each.after) diff.settings.push_back(std::move(each));
  }
  diff.a = std::move(a);
  diff.b = std::move(b);
  return diff;
}

std::string render_diff_text(const RunDiff& diff) {
  std::string out;
  for (const auto& [letter, side] : {std::pair('A', &diff.a), std::pair('B', &diff.b)}) {
    fmt::format_to(std::back_inserter(out), "{}  {}: {} ({}), {}\n", letter, shown(side->name),
                   shown(side->verdict), shown(side->model),
                   counted(side->operations, "operation"));
  }
  out += "findings\n";
  if (diff.findings.empty()) out += "  neither run shows any\n";
  for (const FindingChange& each : diff.findings) {
    fmt::format_to(std::back_inserter(out), "  {:11} {} {} violates {}: {} → {}; {}\n",
                   name_of(each.change), shown(each.finding.fingerprint), shown(each.finding.type),
                   shown(each.finding.model), each.before, each.after, shown(each.finding.claim));
  }
  const auto table = [&](std::string_view title, const std::vector<TextChange>& changes) {
    if (changes.empty()) return;
    fmt::format_to(std::back_inserter(out), "{}\n", title);
    for (const TextChange& each : changes) {
      fmt::format_to(std::back_inserter(out), "  {:28} {}{}\n", shown(each.name),
                     shown(each.before),
                     each.before == each.after ? "" : " → " + shown(each.after));
    }
  };
  table("models", diff.models);
  table("differences in configuration", diff.settings);
  append_latencies(out, diff);
  return out;
}

std::string render_diff_json(const RunDiff& diff) {
  auto findings = nlohmann::ordered_json::array();
  for (const FindingChange& each : diff.findings) {
    findings.push_back({{"change", name_of(each.change)},
                        {"fingerprint", each.finding.fingerprint},
                        {"type", each.finding.type},
                        {"model", each.finding.model},
                        {"claim", each.finding.claim},
                        {"a", each.before},
                        {"b", each.after}});
  }
  const nlohmann::ordered_json document = {{"schema", "assay.diff/1"},
                                           {"a", side_json(diff.a)},
                                           {"b", side_json(diff.b)},
                                           {"findings", std::move(findings)},
                                           {"models", changes_json(diff.models)},
                                           {"settings", changes_json(diff.settings)}};
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace assay
