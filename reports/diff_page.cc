// The page of a comparison: the same tables as the text, and latencies laid over each other.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>

#include "reports/diff.h"
#include "reports/escape.h"
#include "reports/page.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr double left = 70;
constexpr double width = 1100;
constexpr double plot_top = 34;
constexpr double height = 190;

std::string cell_html(std::string_view text) { return text.empty() ? "–" : short_html(text); }

/// Offsets to x, milliseconds to y (logarithmic).
struct Scales {
  double from_s = 0;
  double to_s = 1;
  double low = -1;  ///< powers of ten
  double high = 1;
  double x(double s) const { return left + (s - from_s) / (to_s - from_s) * (width - left - 20); }
  double y(double ms) const {
    return plot_top + height * (1 - (std::log10(ms) - low) / (high - low));
  }
};

Scales scales_of(const std::vector<const AlignedLatency*>& sides) {
  Scales scales;
  double least = HUGE_VAL;
  double most = 0;
  scales.from_s = HUGE_VAL;
  scales.to_s = -HUGE_VAL;
  for (const AlignedLatency* side : sides) {
    for (const AlignedBin& bin : side->bins) {
      scales.from_s = std::min(scales.from_s, bin.from_s);
      scales.to_s = std::max(scales.to_s, bin.from_s + side->bin_s);
      if (bin.acknowledged == 0) continue;
      least = std::min(least, std::max(bin.p50_ms, 1e-4));
      most = std::max(most, std::max(bin.p99_ms, 1e-4));
    }
  }
  if (most > 0) {
    scales.low = std::floor(std::log10(least));
    scales.high = std::max(scales.low + 1, std::ceil(std::log10(most)));
  }
  return scales;
}

std::string_view unit_text(double power) {
  constexpr std::array<std::string_view, 10> names{"100 ns", "1 µs",   "10 µs", "100 µs", "1 ms",
                                                   "10 ms",  "100 ms", "1 s",   "10 s",   "100 s"};
  const auto at = static_cast<std::ptrdiff_t>(power) + 4;
  if (at < 0 || at >= static_cast<std::ptrdiff_t>(names.size())) return "";
  return names.at(static_cast<std::size_t>(at));
}

/// From the median to p99 as a ribbon, and the median as a curve. A bin without acknowledged
/// operations interrupts both.
std::string ribbon(const AlignedLatency& side, const Scales& scales, char letter) {
  std::string out;
  std::string upper;
  std::string lower;
  std::string curve;
  const auto flush = [&] {
    if (!curve.empty()) {
      fmt::format_to(std::back_inserter(out),
                     "<path class=\"ribbon\" d=\"M{}{}Z\"/><path class=\"curve\" d=\"M{}\"/>",
                     upper, lower, curve);
    }
    upper.clear();
    lower.clear();
    curve.clear();
  };
  for (const AlignedBin& bin : side.bins) {
    if (bin.acknowledged == 0) {
      flush();
      continue;
    }
    const double x = scales.x(bin.from_s + side.bin_s / 2);
    const double p50 = scales.y(std::max(bin.p50_ms, 1e-4));
    const double p99 = scales.y(std::max(bin.p99_ms, 1e-4));
    upper += fmt::format("{}{:.1f} {:.1f}", upper.empty() ? "" : "L", x, p99);
    lower = fmt::format("L{:.1f} {:.1f}", x, p50) + lower;
    curve += fmt::format("{}{:.1f} {:.1f}", curve.empty() ? "" : "L", x, p50);
  }
  flush();
  return fmt::format("<g class=\"{}\">{}</g>", letter, out);
}

std::string plot(const std::string& kind, const AlignedLatency* a, const AlignedLatency* b) {
  std::vector<const AlignedLatency*> sides;
  for (const AlignedLatency* side : {a, b}) {
    if (side != nullptr) sides.push_back(side);
  }
  const Scales scales = scales_of(sides);
  const std::string what = kind.empty() ? std::string("the whole run") : cell_html(kind);
  std::string out = fmt::format(
      "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" aria-label=\"Latency around {2}: median and 99th percentile of A and "
      "B\">",
      width, plot_top + height + 34, what);
  for (double power = scales.low; power <= scales.high; ++power) {
    const double y = scales.y(std::pow(10, power));
    fmt::format_to(std::back_inserter(out),
                   "<line class=\"grid\" x1=\"{:.0f}\" x2=\"{:.0f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
                   "<text x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                   left, width - 20, y, y, left - 8, y + 4, unit_text(power));
  }
  const double span = scales.to_s - scales.from_s;
  const double step = std::max(1e-9, std::pow(10, std::floor(std::log10(span / 4))));
  for (double at = std::ceil(scales.from_s / step) * step; at <= scales.to_s + step / 1e3;
       at += step * std::max(1.0, std::ceil(span / step / 16))) {
    fmt::format_to(std::back_inserter(out),
                   "<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\">{:g} s</text>",
                   scales.x(at), plot_top + height + 20, std::round(at / step) * step);
  }
  if (!kind.empty()) {
    fmt::format_to(std::back_inserter(out),
                   "<line class=\"zero\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.0f}\" "
                   "y2=\"{2:.0f}\"/>",
                   scales.x(0), plot_top - 6, plot_top + height);
  }
  double name_x = left + 6;
  for (const auto& [letter, side] : {std::pair('a', a), std::pair('b', b)}) {
    if (side == nullptr) continue;
    out += ribbon(*side, scales, letter);
    fmt::format_to(std::back_inserter(out),
                   "<g class=\"{}\"><text class=\"name\" x=\"{:.0f}\" y=\"20\">{}: {}</text></g>",
                   letter, name_x, letter == 'a' ? 'A' : 'B',
                   kind.empty() ? "from its start" : counted(side->starts, "start"));
    name_x += 180;
  }
  return out + "</svg>";
}

std::string latency_section(const RunDiff& diff) {
  std::set<std::string> kinds;
  for (const DiffSide* side : {&diff.a, &diff.b}) {
    for (const AlignedLatency& each : side->latencies) kinds.insert(each.kind);
  }
  if (kinds.empty()) return {};
  std::string out =
      "<section aria-labelledby=\"latency-title\"><h2 id=\"latency-title\">Latency around faults"
      "</h2><p class=\"note\">The runs are laid over each other at the moment when a fault of the "
      "kind came into force (the upright line). A curve is the median of the operations that were "
      "invoked then and acknowledged; the ribbon reaches to the 99th percentile.</p>";
  const auto of = [](const DiffSide& side, const std::string& kind) -> const AlignedLatency* {
    for (const AlignedLatency& each : side.latencies) {
      if (each.kind == kind) return &each;
    }
    return nullptr;
  };
  for (const std::string& kind : kinds) {
    fmt::format_to(std::back_inserter(out),
                   "<h3><bdi>{}</bdi></h3><div class=\"scroll\" tabindex=\"0\">{}</div>",
                   kind.empty() ? "Without faults" : cell_html(kind),
                   plot(kind, of(diff.a, kind), of(diff.b, kind)));
  }
  return out + "</section>";
}

std::string change_table(std::string_view id, std::string_view title, std::string_view first,
                         const std::vector<TextChange>& changes, std::string_view none) {
  std::string out = fmt::format("<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2>", id,
                                escape_html(title));
  if (changes.empty()) return out + fmt::format("<p class=\"note\">{}</p></section>", none);
  fmt::format_to(
      std::back_inserter(out),
      "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">{}</th><th "
      "scope=\"col\">A</th><th scope=\"col\">B</th></tr></thead><tbody>",
      first);
  for (const TextChange& each : changes) {
    const std::string_view mark = each.before == each.after ? "" : " class=\"change\"";
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\"><bdi>{}</bdi></th><td{}><bdi>{}</bdi></td><td{}><bdi>{}"
                   "</bdi></td></tr>",
                   cell_html(each.name), mark, cell_html(each.before), mark, cell_html(each.after));
  }
  return out + "</tbody></table></div></section>";
}

std::string findings_section(const RunDiff& diff) {
  std::string out =
      "<section aria-labelledby=\"findings-title\"><h2 id=\"findings-title\">Findings</h2>";
  if (diff.findings.empty()) {
    return out + "<p class=\"note\">Neither run shows any.</p></section>";
  }
  out +=
      "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Change</th><th "
      "scope=\"col\">"
      "Finding</th><th scope=\"col\">Model</th><th scope=\"col\">Claim</th><th "
      "scope=\"col\" class=\"count\">In A</th><th "
      "scope=\"col\" class=\"count\">In B</th></tr></thead><tbody>";
  for (const FindingChange& each : diff.findings) {
    fmt::format_to(
        std::back_inserter(out),
        "<tr><td class=\"change {}\">{}</td><th scope=\"row\"><bdi>{}</bdi> <code>{}"
        "</code></th><td>violates <bdi>{}</bdi></td><td class=\"long\"><bdi>{}</bdi></td><td "
        "class=\"n count\">{}</td><td class=\"n count\">{}"
        "</td></tr>",
        each.change == Change::still ? "still" : name_of(each.change), name_of(each.change),
        cell_html(each.finding.type), cell_html(each.finding.fingerprint),
        cell_html(each.finding.model), cell_html(each.finding.claim), each.before, each.after);
  }
  return out +
         "</tbody></table></div><p class=\"note\">The last columns count anomalies. A finding that "
         "one run does not show may be gone, or rare: `assay runs findings` says how many clean "
         "runs it takes to believe it.</p></section>";
}

std::string headline_of(const RunDiff& diff) {
  if (diff.findings.empty()) return "none in either";
  const auto count = [&](Change change) {
    return std::count_if(diff.findings.begin(), diff.findings.end(),
                         [&](const FindingChange& each) { return each.change == change; });
  };
  return fmt::format("{} new, {} gone, {} still there", count(Change::fresh), count(Change::gone),
                     count(Change::still));
}

}  // namespace

std::string render_diff_html(const RunDiff& diff) {
  const bool fresh = std::any_of(diff.findings.begin(), diff.findings.end(),
                                 [](const auto& each) { return each.change == Change::fresh; });
  std::string body = fmt::format(
      "<section class=\"banner {}\"><div class=\"mark\" "
      "aria-hidden=\"true\">Δ</div><div><h1>Findings: {}"
      "</h1>",
      fresh ? "violation" : "plain", headline_of(diff));
  for (const auto& [letter, side] : {std::pair('A', &diff.a), std::pair('B', &diff.b)}) {
    fmt::format_to(std::back_inserter(body),
                   "<p><strong>{}</strong> <bdi>{}</bdi>: {} (<bdi>{}</bdi>), {}</p>", letter,
                   cell_html(side->name), cell_html(side->verdict), cell_html(side->model),
                   counted(side->operations, "operation"));
  }
  body += "</div></section>" + findings_section(diff) +
          change_table("models-title", "Models", "Model", diff.models, "No model was checked.") +
          change_table("settings-title", "Differences in configuration", "Setting", diff.settings,
                       "None is known.") +
          latency_section(diff);
  return fill_template(plain_template(),
                       {{"title", "Two runs: " + headline_of(diff)}, {"body", body}});
}

}  // namespace assay
