#include "checker/transactions/predicates/edges.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

namespace assay::predicates {
namespace {

bool holds(const std::vector<std::uint32_t>& list, std::uint32_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

Edges::Edges(const ClosedWorld& world, const Versions& versions)
    : world_(world), versions_(versions) {
  for (Key key = 0; key < world.keys.size(); ++key) add_orders(key);
  for (const Sight& sight : versions.sights) add_sight(sight);
}

void Edges::add(std::uint32_t from, std::uint32_t to, Dependency kind, Reason reason) {
  if (from == to || from == nobody || to == nobody) return;
  if (!versions_.committed[from] || !versions_.committed[to]) return;
  const auto [at, fresh] = reasons_.try_emplace({from, to, kind}, reason);
  if (!fresh && at->second.by_predicate && !reason.by_predicate) at->second = std::move(reason);
}

std::string Edges::version_text(Key key, std::uint32_t version) const {
  const Version& v = versions_.of[key][version];
  const std::string name = to_text(world_.keys[key]);
  if (version == 0) return name + " before it existed";
  return v.value ? fmt::format("{} = {}", name, to_text(*v.value)) : name + " deleted";
}

void Edges::add_orders(Key key) {
  const auto& versions = versions_.of[key];
  const auto& order = versions_.order[key];
  const auto ww = [&](std::uint32_t before, std::uint32_t after) {
    add(versions[before].writer, versions[after].writer, Dependency::ww,
        {key, false,
         fmt::format("the former left {}, the latter later {}", version_text(key, before),
                     version_text(key, after))});
  };
  std::uint32_t last = 0;
  for (const std::uint32_t v : order) {
    if (v == 0 || !versions_.committed[versions[v].writer]) continue;
    if (last != 0) ww(last, v);
    last = v;
  }
  for (const auto& [before, after] : versions_.steps[key]) {
    if (before != 0) ww(before, after);
  }
  if (versions_.known[key]) return;
  for (std::uint32_t v = 1; v < versions.size(); ++v) {
    if (holds(order, v)) continue;
    for (const std::uint32_t known : order) {
      if (known == 0) continue;
      if (versions[known].value) {
        ww(known, v);
      } else {
        ww(v, known);
      }
    }
  }
}

void Edges::add_sight(const Sight& sight) {
  const auto& versions = versions_.of[sight.key];
  if (sight.candidates.size() == 1 && sight.candidates[0] != 0) {
    const std::uint32_t v = sight.candidates[0];
    add(versions[v].writer, sight.reader, Dependency::wr,
        {sight.key, sight.by_predicate,
         sight.by_predicate
             ? fmt::format("the latter's read by a predicate does not return {}, so it found {}, "
                           "as the former left it",
                           to_text(world_.keys[sight.key]), version_text(sight.key, v))
             : fmt::format("the latter found {}, as the former left it",
                           version_text(sight.key, v))});
  }
  add_replaced(sight);
}

void Edges::add_rw(const Sight& sight, std::uint32_t version) {
  const std::string found = sight.candidates.size() == 1
                                ? version_text(sight.key, sight.candidates[0])
                                : to_text(world_.keys[sight.key]) + " absent or not matching";
  add(sight.reader, versions_.of[sight.key][version].writer, Dependency::rw,
      {sight.key, sight.by_predicate,
       fmt::format("the former{} found {}, and not {}, which the latter made of it",
                   sight.by_predicate ? "'s read by a predicate" : "", found,
                   version_text(sight.key, version))});
}

/// The first version after all that the read may have seen.
void Edges::add_replaced(const Sight& sight) {
  const auto& versions = versions_.of[sight.key];
  const auto& order = versions_.order[sight.key];
  const auto counts = [&](std::uint32_t v) {
    const std::uint32_t writer = versions[v].writer;
    return v != 0 && versions_.committed[writer] && writer != sight.reader;
  };
  std::size_t last = 0;
  bool all_placed = true;
  for (const std::uint32_t v : sight.candidates) {
    const auto at = std::find(order.begin(), order.end(), v);
    all_placed = all_placed && at != order.end();
    if (at != order.end()) last = std::max(last, static_cast<std::size_t>(at - order.begin()));
  }
  const bool dead_is_next = !versions_.known[sight.key];
  if (all_placed && dead_is_next) {
    // Those of unknown place come before a deletion.
    bool any = false;
    const bool sees_dead = last > 0 && !versions[order[last]].value;
    for (std::uint32_t v = 1; v < versions.size() && !sees_dead; ++v) {
      if (holds(order, v) || !counts(v)) continue;
      add_rw(sight, v);
      any = true;
    }
    if (any) return;
  }
  if (all_placed) {
    for (std::size_t i = last + 1; i < order.size(); ++i) {
      if (!counts(order[i])) continue;
      add_rw(sight, order[i]);
      return;
    }
    return;
  }
  if (sight.candidates.size() == 1) {
    for (const auto& [before, after] : versions_.steps[sight.key]) {
      if (before == sight.candidates[0] && counts(after)) add_rw(sight, after);
    }
  }
  for (const std::uint32_t v : order) {
    const bool dead = v != 0 && !versions[v].value;
    if (dead && counts(v) && !holds(sight.candidates, v)) add_rw(sight, v);
  }
}

const Reason* Edges::find(std::uint32_t from, std::uint32_t to, Dependency kind) const {
  const auto at = reasons_.find({from, to, kind});
  return at == reasons_.end() ? nullptr : &at->second;
}

Dependencies Edges::graph(OrderBase base, bool predicates) const {
  std::vector<DependencyEdge> edges;
  for (const auto& [edge, reason] : reasons_) {
    const auto& [from, to, kind] = edge;
    if (!predicates && kind == Dependency::rw && reason.by_predicate) continue;
    edges.push_back({from, to, kind});
  }
  if (base != OrderBase::none) add_processes(edges);
  if (base == OrderBase::realtime && world_.real_time) add_real_time(edges);
  return dependencies_from(world_.transactions.size(), edges);
}

void Edges::add_processes(std::vector<DependencyEdge>& edges) const {
  std::map<std::int32_t, std::uint32_t> last;
  for (std::uint32_t t = 0; t < world_.transactions.size(); ++t) {
    if (!versions_.committed[t]) continue;
    const auto [at, fresh] = last.emplace(world_.transactions[t].process, t);
    if (!fresh) edges.push_back({at->second, t, Dependency::process});
    at->second = t;
  }
}

/// Of all that were over before a transaction began, those that no other one of them follows.
void Edges::add_real_time(std::vector<DependencyEdge>& edges) const {
  std::vector<std::uint32_t> by_end;
  for (std::uint32_t t = 0; t < world_.transactions.size(); ++t) {
    if (world_.transactions[t].outcome == Outcome::ok) by_end.push_back(t);
  }
  const auto end_of = [&](std::uint32_t t) { return world_.transactions[t].end; };
  std::sort(by_end.begin(), by_end.end(),
            [&](std::uint32_t a, std::uint32_t b) { return end_of(a) < end_of(b); });
  std::vector<std::int64_t> latest_start;
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (const std::uint32_t t : by_end) {
    latest = std::max(latest, world_.transactions[t].start);
    latest_start.push_back(latest);
  }
  for (std::uint32_t t = 0; t < world_.transactions.size(); ++t) {
    if (!versions_.committed[t]) continue;
    const std::int64_t start = world_.transactions[t].start;
    auto at =
        std::lower_bound(by_end.begin(), by_end.end(), start,
                         [&](std::uint32_t a, std::int64_t when) { return end_of(a) < when; });
    if (at == by_end.begin()) continue;
    const std::int64_t bound = latest_start[static_cast<std::size_t>(at - by_end.begin()) - 1];
    while (at != by_end.begin() && end_of(*--at) >= bound) {
      edges.push_back({*at, t, Dependency::realtime});
    }
  }
}

Versions completed(const ClosedWorld& world, Versions versions,
                   const std::vector<std::uint32_t>& position) {
  for (Key key = 0; key < world.keys.size(); ++key) {
    if (versions.known[key]) continue;
    auto& order = versions.order[key];
    const auto& all = versions.of[key];
    std::vector<std::uint32_t> tail;
    for (std::uint32_t v = 1; v < all.size(); ++v) {
      if (!holds(order, v)) tail.push_back(v);
    }
    std::sort(tail.begin(), tail.end(), [&](std::uint32_t a, std::uint32_t b) {
      return position[all[a].writer] < position[all[b].writer];
    });
    // A single deletion stays the last.
    const bool dies = order.size() > 1 && !all[order.back()].value;
    order.insert(dies ? order.end() - 1 : order.end(), tail.begin(), tail.end());
    versions.known[key] = true;
  }
  return versions;
}

}  // namespace assay::predicates
