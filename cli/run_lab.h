#pragma once
// The nodes of a run: a lab, taken down at the end if the run brought it up, machines of the
// user's, or servers that run already.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/progress.h"
#include "harness/lab/lab.h"
#include "harness/power.h"
#include "harness/target.h"

namespace assay::cli {

class RunLab final : public Power {
 public:
  /// A lab of so many nodes with the target's packages from this suite of Debian, unless the target
  /// is something that runs already. Errors: those of Lab.
  static Result<RunLab> up(int nodes, const std::string& suite, const Target& target, bool keep,
                           Progress& progress);
  /// Machines that are reached by SSH.
  static RunLab of(std::vector<NodeAddress> hosts);
  /// Never an Error of the run: the verdict stands whatever remains; it is said, though.
  void down(Progress& progress);
  /// Error: unavailable, not_permitted.
  Result<Nodes> connect() const;
  /// Null: nobody has the nodes' switches.
  Power* power() { return lab_ ? this : nullptr; }
  /// Errors: those of Lab.
  Status off(std::size_t node) override;
  Status on(std::size_t node) override;

 private:
  RunLab(Lab lab, bool keep) : lab_(std::move(lab)), keep_(keep) {}
  explicit RunLab(std::vector<std::string> endpoints) : endpoints_(std::move(endpoints)) {}
  explicit RunLab(std::vector<NodeAddress> hosts) : hosts_(std::move(hosts)) {}

  std::optional<Lab> lab_;
  bool keep_ = true;
  std::vector<std::string> endpoints_;
  std::vector<NodeAddress> hosts_;
};

/// Whether this state folder's lab is there.
bool lab_is_up();
/// Errors: those of Lab.
Status take_lab_down();

}  // namespace assay::cli
