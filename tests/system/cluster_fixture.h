#pragma once
// A lab with a target that is set up, for tests of faults.

#include <doctest/doctest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/lab/lab.h"
#include "nemesis/registry.h"

namespace assay {

using namespace std::chrono_literals;

inline bool may_run() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: a lab needs root");
  return false;
}

/// Looks until it sees what is wanted, at most for `limit`; gives what it saw last.
template <class Look, class Wanted>
auto await(const Look& look, const Wanted& wanted, Nanos limit = 10s) {
  const Nanos deadline = monotonic_now() + limit;
  auto seen = look();
  while (!(seen == wanted) && monotonic_now() < deadline) seen = look();
  return seen;
}

/// A lab for one test with a target that is set up, or the words why there is none.
template <class TargetType>
class RunningCluster {
 public:
  explicit RunningCluster(int size, std::vector<std::string> packages = {}) {
    LabSite site;
    site.number = 8;
    if (const auto chosen = lab_site(); chosen.ok() && chosen->number != 0) site = *chosen;
    site.packages = std::move(packages);
    auto lab = Lab::lock(site);
    REQUIRE_MESSAGE(lab.ok(), lab.error().message);
    lab_.emplace(std::move(*lab));
    const Status removed = lab_->down();
    REQUIRE_MESSAGE(removed.ok(), removed.error().message);
    const Status up = lab_->up(size, [](const std::string&) {});
    REQUIRE_MESSAGE(up.ok(), up.error().message);
    nodes = connect();
    const Status ready = target.set_up(nodes);
    REQUIRE_MESSAGE(ready.ok(), ready.error().message);
  }
  RunningCluster(const RunningCluster&) = delete;
  RunningCluster& operator=(const RunningCluster&) = delete;
  ~RunningCluster() {
    nodes.clear();
    const Status down = lab_->down();
    CHECK_MESSAGE(down.ok(), down.error().message);
  }

  Nodes connect() const {
    Nodes made;
    const auto addresses = lab_nodes(lab_->site());
    REQUIRE_MESSAGE(addresses.ok(), addresses.error().message);
    for (const NodeAddress& address : *addresses) {
      auto node = connect_ssh(address, 10s);
      REQUIRE_MESSAGE(node.ok(), node.error().message);
      made.push_back(std::move(*node));
    }
    return made;
  }

  Nodes nodes;
  TargetType target;
  Lab& lab() { return *lab_; }

 private:
  std::optional<Lab> lab_;
};

inline std::unique_ptr<Nemesis> nemesis_of(const std::vector<std::string>& names, Nodes& nodes,
                                           Target& target, Power* power = nullptr) {
  NemesisSettings settings;
  settings.power = power;
  settings.agent.local_program = ASSAY_BINARY_DIR "/assay-agent";
  auto nemesis = make_nemesis(names, nodes, target, settings);
  REQUIRE_MESSAGE(nemesis.ok(), nemesis.error().message);
  return std::move(*nemesis);
}

}  // namespace assay
