#include "checker/certificate/isolation.h"

#include <algorithm>
#include <array>

namespace assay::certified {
namespace {

using enum Forbidden;

constexpr std::array levels{
    Isolation{.model = "read-uncommitted",
              .process = false,
              .realtime = false,
              .forbidden = writes,
              .internal = false},
    Isolation{.model = "read-committed",
              .process = false,
              .realtime = false,
              .forbidden = information,
              .internal = false},
    Isolation{.model = "monotonic-atomic-view",
              .process = false,
              .realtime = false,
              .forbidden = information,
              .later_effects = true,
              .internal = false},
    Isolation{.model = "cursor-stability",
              .process = false,
              .realtime = false,
              .forbidden = information,
              .newest_replaced = true,
              .internal = false},
    Isolation{.model = "update-atomic",
              .process = false,
              .realtime = false,
              .forbidden = information,
              .all_effects = true,
              .newest_replaced = true},
    Isolation{.model = "consistent-view",
              .process = false,
              .realtime = false,
              .forbidden = single,
              .internal = false},
    Isolation{.model = "repeatable-read",
              .process = false,
              .realtime = false,
              .forbidden = any,
              .internal = false},
    Isolation{"snapshot-isolation", false, false, snapshot},
    Isolation{"serializable", false, false, any},
    Isolation{"parallel-snapshot-isolation", true, false, single},
    Isolation{"prefix", true, false, prefix},
    Isolation{"strong-session-snapshot-isolation", true, false, snapshot},
    Isolation{"strong-session-serializable", true, false, any},
    Isolation{"strong-snapshot-isolation", true, true, snapshot},
    Isolation{"strict-serializable", true, true, any},
};

bool has(std::span<const Rule> cycle, Rule rule) {
  return std::find(cycle.begin(), cycle.end(), rule) != cycle.end();
}

/// Does an anti-dependency follow one of these?
bool follows(std::span<const Rule> cycle, std::initializer_list<Rule> befores) {
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const Rule before = cycle[(i + cycle.size() - 1) % cycle.size()];
    if (cycle[i] == Rule::rw && std::find(befores.begin(), befores.end(), before) != befores.end())
      return true;
  }
  return false;
}

}  // namespace

const Isolation* isolation_named(std::string_view model) {
  const auto* at = std::find_if(levels.begin(), levels.end(),
                                [&](const Isolation& level) { return level.model == model; });
  return at == levels.end() ? nullptr : at;
}

bool forbids(const Isolation& level, std::span<const Rule> cycle) {
  if (cycle.size() < 2) return false;
  if (has(cycle, Rule::process) && !level.process) return false;
  if (has(cycle, Rule::realtime) && !level.realtime) return false;
  const auto anti = std::count(cycle.begin(), cycle.end(), Rule::rw);
  switch (level.forbidden) {
    case writes:
      return std::all_of(cycle.begin(), cycle.end(), [](Rule rule) { return rule == Rule::ww; });
    case information:
      return anti == 0;
    case single:
      return anti <= 1;
    case prefix:
      return !follows(cycle, {Rule::rw, Rule::ww});
    case snapshot:
      return !follows(cycle, {Rule::rw});
    case any:
      return true;
  }
  return false;
}

std::string type_of(std::span<const Rule> cycle) {
  const auto anti = std::count(cycle.begin(), cycle.end(), Rule::rw);
  std::string type = "G0";
  if (anti == 0) {
    if (has(cycle, Rule::wr)) type = "G1c";
  } else if (anti == 1) {
    type = "G-single-item";
  } else {
    type = follows(cycle, {Rule::rw}) ? "G2-item" : "G-nonadjacent-item";
  }
  if (has(cycle, Rule::realtime)) return type + "-realtime";
  return has(cycle, Rule::process) ? type + "-process" : type;
}

}  // namespace assay::certified
