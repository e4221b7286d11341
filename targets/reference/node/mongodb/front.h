#pragma once
// The front by which MongoDB's drivers take the cluster for a replica set: each member listens for
// them too, its documents are registers of the store, and what a driver asks for by concerns is
// what single-leader replication with asynchronous acknowledgement gives: w:1 is acknowledged from
// the primary's disk, w:majority waits until no later primary can lack it. docs/targets.md has the
// commands and what differs from MongoDB.

#include <memory>
#include <string_view>

#include "targets/reference/node/channel.h"
#include "targets/reference/node/listener.h"
#include "targets/reference/node/mongodb/commands.h"
#include "targets/reference/node/mongodb/member.h"

namespace assay::mongodb_front {

/// Used only on the loop's thread; lives as long as the loop runs.
class Front {
 public:
  Front(boost::asio::io_context& loop, const reference::NodeOptions& options,
        const reference::Protocol& protocol, Member::Ask ask);
  /// Error: unavailable.
  Status listen();
  void accept() { listener_.accept(); }
  /// The protocol may have gone on.
  void look() { member_.look(); }

 private:
  void greet(boost::asio::ip::tcp::socket socket);
  bool on_frame(const std::weak_ptr<reference::Channel>& channel, std::string_view frame);

  const reference::NodeOptions& options_;
  Member member_;
  Commands commands_;
  reference::Listener listener_;
};

}  // namespace assay::mongodb_front
