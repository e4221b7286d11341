#include "reports/witness_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "reports/escape.h"
#include "reports/graph.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr double lane_height = 66;
constexpr double bar_height = 30;
constexpr double top = 10;
constexpr double column_gap = 22;
constexpr double label_size = 13;
constexpr double time_size = 10.5;
constexpr std::size_t label_limit = 30;

struct Bar {
  Operation operation;
  std::string number;
  std::string label;
  std::string full_label;
  std::string times;
  std::size_t lane = 0;
  std::size_t first = 0;  // columns of the warped axis
  std::size_t last = 0;
  double width = 0;  // the least that its text needs
};

class Strip {
 public:
  Strip(const History& history, const std::vector<OpIndex>& operations) : history_(history) {
    const bool times = has_times(history);
    const int decimals = decimals_for(history, operations);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const Operation operation = history[operations[i]];
      Bar bar{operation, operation_name(history, operation, i), {}, {}, {}};
      bar.full_label = visible(operation_label(history, operation));
      bar.label = clip(bar.full_label, label_limit);
      bar.times = time_text(operation, times, decimals);
      bar.width =
          std::max(text_width(bar.label, label_size) + 42, text_width(bar.times, time_size) + 10);
      bars_.push_back(std::move(bar));
    }
    assign_lanes();
    warp();
  }

  std::string draw() const {
    std::string out = fmt::format(
        "<svg class=\"witness\" role=\"img\" aria-label=\"Timeline of the {} operations of the "
        "witness, one lane per process; the table below says the same\" viewBox=\"0 0 {:.0f} "
        "{:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\">",
        bars_.size(), width_, height(), width_, height());
    for (std::size_t lane = 0; lane < lane_names_.size(); ++lane) draw_lane(out, lane);
    for (const Bar& bar : bars_) draw_bar(out, bar);
    const double axis = height() - 12;
    fmt::format_to(std::back_inserter(out),
                   "<line class=\"axis\" x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" "
                   "y2=\"{1:.1f}\"/><path class=\"axis-head\" d=\"M{2:.1f} {3:.1f}l8 4l-8 4z\"/>"
                   "<text class=\"axis-name\" x=\"{4:.1f}\" y=\"{5:.1f}\">time, in order but not "
                   "to scale</text>",
                   left_, axis, width_ - 12, axis - 4, left_, axis - 7);
    out += "</svg>";
    return out;
  }

 private:
  static std::string time_text(const Operation& operation, bool times, int decimals) {
    std::string start = start_text(operation, times, decimals);
    std::string end = end_text(operation, times, decimals);
    if (operation.outcome == Outcome::info) end = "?";
    return start + " – " + end;
  }

  void assign_lanes() {
    std::map<std::int32_t, std::size_t> lanes;
    for (const Bar& bar : bars_) lanes[static_cast<std::int32_t>(bar.operation.process)] = 0;
    std::size_t next = 0;
    double widest = 0;
    for (auto& [process, lane] : lanes) {
      lane = next++;
      lane_names_.push_back(fmt::format("process {}", process));
      widest = std::max(widest, text_width(lane_names_.back(), label_size));
    }
    lane_nodes_.resize(lanes.size());
    for (Bar& bar : bars_) {
      bar.lane = lanes[static_cast<std::int32_t>(bar.operation.process)];
      const std::string_view node = history_.node(bar.operation.index);
      if (!node.empty()) lane_nodes_[bar.lane] = clip(visible(node), 18);
    }
    for (const std::string& node : lane_nodes_) {
      widest = std::max(widest, text_width(node, time_size + 1));
    }
    left_ = widest + 20;
  }

  /// Columns are the different ends of intervals. A column stands as far right as the texts of the
  /// bars that end there need, so the order of the history's real time is kept exactly.
  void warp() {
    std::map<std::int64_t, std::size_t> columns;
    for (const Bar& bar : bars_) {
      const History::Interval open = history_.interval(bar.operation.index);
      columns[open.start] = 0;
      columns[open.end] = 0;
    }
    std::size_t next = 0;
    for (auto& [tick, column] : columns) column = next++;
    for (Bar& bar : bars_) {
      const History::Interval open = history_.interval(bar.operation.index);
      bar.first = columns[open.start];
      bar.last = columns[open.end];
    }
    x_.assign(next, left_ + 8);
    for (std::size_t column = 0; column < next; ++column) {
      if (column > 0) x_[column] = x_[column - 1] + column_gap;
      for (const Bar& bar : bars_) {
        if (bar.last != column || bar.first == column) continue;
        x_[column] = std::max(x_[column], x_[bar.first] + bar.width);
      }
    }
    width_ = x_.empty() ? left_ + 100 : x_.back() + 36;
    for (const Bar& bar : bars_) width_ = std::max(width_, x_[bar.first] + bar.width + 24);
  }

  double height() const { return top + lane_height * static_cast<double>(lane_names_.size()) + 30; }
  static double lane_top(std::size_t lane) { return top + lane_height * static_cast<double>(lane); }

  void draw_lane(std::string& out, std::size_t lane) const {
    const double y = lane_top(lane);
    fmt::format_to(std::back_inserter(out),
                   "<rect class=\"lane{}\" x=\"0\" y=\"{:.1f}\" width=\"{:.1f}\" "
                   "height=\"{:.1f}\"/><text class=\"lane-name\" x=\"8\" y=\"{:.1f}\">{}</text>"
                   "<text class=\"lane-node\" x=\"8\" y=\"{:.1f}\">{}</text>",
                   lane % 2 == 0 ? "" : " odd", y, width_, lane_height, y + 28,
                   escape_html(lane_names_[lane]), y + 44, escape_html(lane_nodes_[lane]));
  }

  void draw_bar(std::string& out, const Bar& bar) const {
    const double x = x_[bar.first];
    const double y = lane_top(bar.lane) + 12;
    const double width = bar.last > bar.first ? x_[bar.last] - x : bar.width;
    const bool open = bar.operation.outcome == Outcome::info;
    fmt::format_to(std::back_inserter(out), "<g class=\"bar {}\"><title>{}. {}: {}, {}</title>",
                   name_of(bar.operation.outcome), bar.number, escape_html(bar.full_label),
                   outcome_words(bar.operation.outcome), escape_html(bar.times));
    if (open) {
      // No right edge: nobody knows when, or whether, it took effect.
      fmt::format_to(std::back_inserter(out),
                     "<path d=\"M{0:.1f} {1:.1f}H{2:.1f}a6 6 0 0 0 -6 6V{3:.1f}a6 6 0 0 0 6 "
                     "6H{0:.1f}\"/>",
                     x + width, y, x + 6, y + bar_height - 6);
    } else {
      fmt::format_to(std::back_inserter(out),
                     "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                     "rx=\"6\"/>",
                     x, y, width, bar_height);
    }
    fmt::format_to(std::back_inserter(out),
                   "<circle class=\"badge\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"10\"/><text "
                   "class=\"number\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text><text class=\"title\" "
                   "x=\"{:.1f}\" y=\"{:.1f}\">{}</text><text class=\"times\" x=\"{:.1f}\" "
                   "y=\"{:.1f}\">{}</text></g>",
                   x + 16, y + 15, x + 16, y + 19, bar.number, x + 31, y + 20,
                   escape_html(bar.label), x + 4, y + bar_height + 14, escape_html(bar.times));
  }

  const History& history_;
  std::vector<Bar> bars_;
  std::vector<std::string> lane_names_;
  std::vector<std::string> lane_nodes_;
  std::vector<double> x_;
  double left_ = 0;
  double width_ = 0;
};

}  // namespace

std::string draw_witness(const History& history, const std::vector<OpIndex>& operations,
                         std::size_t limit) {
  std::vector<OpIndex> drawn(
      operations.begin(),
      operations.begin() + static_cast<std::ptrdiff_t>(std::min(limit, operations.size())));
  return Strip(history, drawn).draw();
}

}  // namespace assay
