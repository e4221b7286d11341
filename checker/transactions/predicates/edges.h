#pragma once
// The dependencies of a closed world, each with its reason.

#include <map>
#include <string>
#include <vector>

#include "checker/transactions/graph/dependencies.h"
#include "checker/transactions/predicates/versions.h"

namespace assay::predicates {

struct Reason {
  Key key = 0;
  bool by_predicate = false;
  std::string because;
};

/// By (from, to, kind); of several reasons one that needs no predicate.
class Edges {
 public:
  Edges(const ClosedWorld& world, const Versions& versions);

  const Reason* find(std::uint32_t from, std::uint32_t to, Dependency kind) const;
  /// With the edges of processes and of real time, as the base says; without the anti-dependencies
  /// of predicates, unless they are wanted.
  Dependencies graph(OrderBase base, bool predicates) const;

 private:
  void add_orders(Key key);
  void add_sight(const Sight& sight);
  void add_replaced(const Sight& sight);
  void add(std::uint32_t from, std::uint32_t to, Dependency kind, Reason reason);
  void add_rw(const Sight& sight, std::uint32_t version);
  std::string version_text(Key key, std::uint32_t version) const;
  void add_processes(std::vector<DependencyEdge>& edges) const;
  void add_real_time(std::vector<DependencyEdge>& edges) const;

  const ClosedWorld& world_;
  const Versions& versions_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, Dependency>, Reason> reasons_;
};

/// The versions with every order completed: where it is unknown, by the position of the writers.
Versions completed(const ClosedWorld& world, Versions versions,
                   const std::vector<std::uint32_t>& position);

}  // namespace assay::predicates
