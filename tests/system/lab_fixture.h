#pragma once
// A lab for the tests, apart from those of other users of the machine: number 9, unless
// ASSAY_LAB_NUMBER says otherwise.

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "harness/lab/lab.h"
#include "harness/lab/leftovers.h"

namespace assay {

/// False, after saying so in the words that CTest looks for, where there can be no lab.
inline bool can_have_lab() {
  if (::geteuid() == 0) return true;
  std::puts("skipped: needs root");
  return false;
}

inline LabSite test_site() {
  ::setenv("ASSAY_LAB_NUMBER", "9", 0);
  const Result<LabSite> site = lab_site();
  REQUIRE(site.ok());
  return site.value();
}

inline const Progress& quiet() {
  static const Progress progress = [](const std::string&) {};
  return progress;
}

/// A lab that is up, and gone with its object.
struct RunningLab {
  LabSite site = test_site();
  std::unique_ptr<Lab> lab;
  std::vector<NodeAddress> addresses;

  explicit RunningLab(int nodes) {
    Result<Lab> locked = Lab::lock(site);
    REQUIRE_MESSAGE(locked.ok(), (locked.ok() ? "" : locked.error().message));
    lab = std::make_unique<Lab>(std::move(*locked));
    const Status status = lab->up(nodes, quiet());
    REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
    const auto nodes_up = lab_nodes(site);
    REQUIRE(nodes_up.ok());
    addresses = nodes_up.value();
  }
  ~RunningLab() {
    const Status status = lab->down();
    CHECK_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  }

  /// `node` counts from 1, as names do.
  std::unique_ptr<Node> connect(int node) const {
    auto connected =
        connect_ssh(addresses.at(static_cast<std::size_t>(node - 1)), std::chrono::seconds(10));
    REQUIRE_MESSAGE(connected.ok(), (connected.ok() ? "" : connected.error().message));
    return std::move(*connected);
  }
};

/// Runs a command that must work; gives its output.
inline std::string output(Node& node, const std::string& command) {
  const Result<std::string> result = node.must_run(command);
  CHECK_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  return result.ok() ? result.value() : "";
}

}  // namespace assay
