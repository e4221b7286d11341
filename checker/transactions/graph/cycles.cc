#include "checker/transactions/graph/cycles.h"

#include <algorithm>
#include <array>

#include "checker/transactions/graph/component.h"
#include "checker/transactions/graph/views.h"

namespace assay {
namespace {

bool is_suffix(Dependency kind, OrderBase base) {
  return (base == OrderBase::process && kind == Dependency::process) ||
         (base == OrderBase::realtime && kind == Dependency::realtime);
}

/// What a search remembers of its way, three bits: `extra` was used; and two that depend on the
/// class.
struct Way {
  static constexpr std::uint8_t extra = 1;      ///< an edge of the process or of real time
  static constexpr std::uint8_t last_anti = 2;  ///< the last edge was an anti-dependency
  static constexpr std::uint8_t goal = 4;       ///< wr seen; a second, or an adjacent, rw seen
};

/// Which edges a class's cycle may take and when it is complete.
class ClassRule {
 public:
  ClassRule(CycleClass wanted, OrderBase base) : wanted_(wanted), base_(base) {}

  bool is_pivot(Dependency kind) const {
    switch (wanted_) {
      case CycleClass::g0:
        return base_ == OrderBase::none ? kind == Dependency::ww : is_suffix(kind, base_);
      case CycleClass::g1c:
        return kind == Dependency::wr;
      default:
        return kind == Dependency::rw;
    }
  }
  std::uint8_t start(Dependency pivot) const {
    std::uint8_t state = 0;
    if (is_suffix(pivot, base_)) state |= Way::extra;
    if (pivot == Dependency::rw) state |= Way::last_anti;
    if (wanted_ == CycleClass::g0 || wanted_ == CycleClass::g1c ||
        wanted_ == CycleClass::g_single) {
      state |= Way::goal;
    }
    return state;
  }
  /// The state after an edge, or none if the class forbids it.
  std::optional<std::uint8_t> step(std::uint8_t state, Dependency kind) const {
    if (kind == Dependency::through) return state;
    if (is_suffix(kind, base_)) state |= Way::extra;
    if (wanted_ == CycleClass::g0 && kind == Dependency::wr) return std::nullopt;
    if (kind != Dependency::rw) return state & static_cast<std::uint8_t>(~Way::last_anti);
    if (wanted_ < CycleClass::g_nonadjacent) return std::nullopt;
    if (wanted_ == CycleClass::g_nonadjacent) {
      if ((state & Way::last_anti) != 0) return std::nullopt;
      state |= Way::goal;
    } else if ((state & Way::last_anti) != 0) {
      state |= Way::goal;
    }
    return state | Way::last_anti;
  }
  bool complete(std::uint8_t state) const {
    if (base_ != OrderBase::none && (state & Way::extra) == 0) return false;
    if (wanted_ == CycleClass::g_nonadjacent && (state & Way::last_anti) != 0) return false;
    // The pivot, an anti-dependency, follows the last edge.
    if (wanted_ == CycleClass::g2 && (state & Way::last_anti) != 0) return true;
    return (state & Way::goal) != 0;
  }

 private:
  CycleClass wanted_;
  OrderBase base_;
};

class ClassSearch {
 public:
  ClassSearch(const Component& component, const ClassRule& rule, std::size_t work)
      : component_(component), rule_(rule), work_(work), seen_(component.size() * 8, 0) {
    from_.resize(seen_.size());
  }

  /// The shortest cycle over the pivots that the allowed work reaches.
  std::optional<Cycle> run() {
    for (std::uint32_t node = 0; node < component_.size(); ++node) {
      if (component_.is_helper(node)) continue;
      for (const Component::Edge& edge : component_.edges(node)) {
        if (!rule_.is_pivot(edge.kind)) continue;
        search(node, edge);
        if (work_ == 0 || (best_ && best_->transactions.size() == 2)) return best_;
      }
    }
    return best_;
  }

 private:
  struct Visit {
    std::uint32_t slot;
    std::uint32_t depth;
  };

  void search(std::uint32_t source, const Component::Edge& pivot) {
    ++stamp_;
    queue_.clear();
    const std::uint32_t first = pivot.to * 8 + rule_.start(pivot.kind);
    seen_[first] = stamp_;
    from_[first] = {none, pivot.kind};
    queue_.push_back({first, 1});
    for (std::size_t at = 0; at < queue_.size(); ++at) {
      const auto [slot, depth] = queue_[at];
      const std::uint32_t node = slot / 8;
      if (node == source) {
        // Only complete ways get here; see below.
        keep(source, slot);
        return;
      }
      if (best_ && depth + 1 >= limit_) return;
      for (const Component::Edge& edge : component_.edges(node)) {
        if (work_ == 0) return;
        --work_;
        const auto state = rule_.step(static_cast<std::uint8_t>(slot % 8), edge.kind);
        if (!state || (edge.to == source && !rule_.complete(*state))) continue;
        const std::uint32_t next = edge.to * 8 + *state;
        if (seen_[next] == stamp_) continue;
        seen_[next] = stamp_;
        from_[next] = {slot, edge.kind};
        queue_.push_back({next, depth + 1});
      }
    }
  }

  void keep(std::uint32_t source, std::uint32_t slot) {
    std::vector<std::uint32_t> nodes;
    std::vector<Dependency> kinds;
    std::uint32_t length = 0;
    for (std::uint32_t at = slot; at != none; at = from_[at].slot, ++length) {
      nodes.push_back(at / 8);
      kinds.push_back(from_[at].kind);
    }
    nodes.push_back(source);
    std::reverse(nodes.begin(), nodes.end());
    std::reverse(kinds.begin(), kinds.end());
    nodes.pop_back();
    auto cycle = component_.cycle(nodes, kinds);
    if (!cycle || (best_ && best_->transactions.size() <= cycle->transactions.size())) return;
    limit_ = length;
    best_ = std::move(cycle);
  }

  static constexpr std::uint32_t none = 0xFFFFFFFF;
  struct From {
    std::uint32_t slot;
    Dependency kind;
  };

  const Component& component_;
  ClassRule rule_;
  std::size_t work_;
  std::vector<std::uint32_t> seen_;
  std::vector<From> from_;
  std::vector<Visit> queue_;
  std::uint32_t stamp_ = 0;
  std::uint32_t limit_ = 0;
  std::optional<Cycle> best_;
};

}  // namespace

CycleClass class_of(const Cycle& cycle) {
  const std::size_t n = cycle.kinds.size();
  std::size_t anti = 0;
  bool adjacent = false;
  bool only_writes = true;
  for (std::size_t i = 0; i < n; ++i) {
    if (cycle.kinds[i] == Dependency::wr) only_writes = false;
    if (cycle.kinds[i] != Dependency::rw) continue;
    ++anti;
    if (n > 1 && cycle.kinds[(i + 1) % n] == Dependency::rw) adjacent = true;
  }
  if (anti == 0) return only_writes ? CycleClass::g0 : CycleClass::g1c;
  if (anti == 1) return CycleClass::g_single;
  return adjacent ? CycleClass::g2 : CycleClass::g_nonadjacent;
}

std::string type_of(const Cycle& cycle) {
  static constexpr std::array<const char*, 5> names{"G0", "G1c", "G-single-item",
                                                    "G-nonadjacent-item", "G2-item"};
  std::string type = names.at(static_cast<std::size_t>(class_of(cycle)));
  const auto has = [&](Dependency kind) {
    return std::find(cycle.kinds.begin(), cycle.kinds.end(), kind) != cycle.kinds.end();
  };
  if (has(Dependency::realtime)) return type + "-realtime";
  return has(Dependency::process) ? type + "-process" : type;
}

std::vector<Cycle> find_cycles(const Dependencies& graph, OrderBase base, int max,
                               std::size_t work) {
  const SerialView view(graph, all_dependencies);
  const auto all = components(view, linear_order(view));
  std::vector<Cycle> result;
  for (const CycleClass wanted : {CycleClass::g0, CycleClass::g1c, CycleClass::g_single,
                                  CycleClass::g_nonadjacent, CycleClass::g2}) {
    int found = 0;
    for (const auto& nodes : all) {
      if (found == max) break;
      const Component component(graph, nodes);
      auto cycle = ClassSearch(component, ClassRule(wanted, base), work).run();
      if (!cycle || class_of(*cycle) != wanted) continue;
      result.push_back(std::move(*cycle));
      ++found;
    }
  }
  return result;
}

}  // namespace assay
