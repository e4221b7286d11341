#pragma once
// Captures: the packets of every node, recorded there while a run goes.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "harness/control/node.h"
#include "harness/target.h"
#include "nemesis/agent_session.h"

namespace assay {

/// Not thread-safe. Destroying it ends the recording; the files stay on the nodes, which the next
/// recording overwrites. Nodes are borrowed.
class Captures {
 public:
  /// Error: no_input (no agent beside this program), unavailable, not_permitted.
  static Result<Captures> start(Nodes& nodes, const AgentOptions& options);

  /// Ends the recording on a node (by position) and brings its file, pcap, to `path`; gives what it
  /// says: "412 packets, 0 more when the file was full, 0 missed", or why it ended before. The file
  /// there is removed. Different nodes may be collected at once. Error: unavailable, cannot_write.
  Result<std::string> collect(std::size_t node, const std::string& path);

 private:
  explicit Captures(Nodes& nodes) : nodes_(&nodes) {}

  Nodes* nodes_;
  std::vector<std::unique_ptr<RemoteProcess>> processes_;  ///< one a node
};

}  // namespace assay
