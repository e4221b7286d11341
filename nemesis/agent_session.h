#pragma once
// AgentSession: the controller's end of the agent on one node. Uploads and starts it, keeps its
// lease, and starts a new one when it was lost. A lost agent has healed its node, so faults end
// early then: `take_notice` says so.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "harness/control/node.h"

namespace assay {

struct AgentOptions {
  Nanos lease = std::chrono::seconds(5);
  std::string local_program;                              ///< empty: beside the running program
  std::string remote_program = "/opt/assay/assay-agent";  ///< where it is put on the node
  std::string folder = "/run/assay";                      ///< its ledger, on the node
};

/// Thread-safe; requests are carried out one after the other. A thread of its own pings four times
/// a lease. Destroying it closes the connection: the agent heals its node and ends.
class AgentSession {
 public:
  /// Error: no_input (no such program here), unavailable, not_permitted. `node` is borrowed.
  static Result<std::unique_ptr<AgentSession>> open(Node& node, const AgentOptions& options);
  AgentSession(const AgentSession&) = delete;
  AgentSession& operator=(const AgentSession&) = delete;
  ~AgentSession();

  /// Sends a verb and its words (see agent/wire.h); the answer's text. Pings while it waits. Error:
  /// unavailable (no agent, no answer within `timeout`, or the agent says why it could not).
  Result<std::string> request(const std::vector<std::string>& words, Nanos timeout);

  /// Requests that every agent on the node begins with, this one and those that come after it was
  /// lost. Error: as of request.
  Status stand(std::vector<std::vector<std::string>> requests);

  Node& node() const { return node_; }
  /// What went wrong with the connection since the last call; empty if nothing.
  std::string take_notice();

 private:
  AgentSession(Node& node, AgentOptions options) : node_(node), options_(std::move(options)) {}
  Status start();
  Status carry_out_standing();
  Result<std::string> exchange(const std::vector<std::string>& words, Nanos timeout);
  void lose(const std::string& why);
  void keep_lease();

  Node& node_;
  const AgentOptions options_;
  std::timed_mutex exchange_mutex_;  ///< guards process_, last_id_, standing_
  std::unique_ptr<RemoteProcess> process_;
  std::uint64_t last_id_ = 0;
  std::vector<std::vector<std::string>> standing_;

  std::mutex mutex_;  ///< guards notice_, ending_
  std::string notice_;
  bool ending_ = false;
  std::condition_variable wake_;
  std::thread keeper_;
};

/// Puts the agent's program on the node. Error: no_input (no such program here), unavailable,
/// cannot_write.
Status install_agent(Node& node, const AgentOptions& options);

}  // namespace assay
