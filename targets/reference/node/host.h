#pragma once
// Host: gives a protocol its world. One loop, one thread: sockets and timers go in, and what the
// protocol wants done is carried out. Only the write-ahead log has a thread of its own.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>  // Boost 1.74's Asio needs it and does not include it

#include "base/result.h"
#include "targets/reference/node/channel.h"
#include "targets/reference/node/listener.h"
#include "targets/reference/node/mongodb/front.h"
#include "targets/reference/node/options.h"
#include "targets/reference/node/peer_link.h"
#include "targets/reference/node/wal_writer.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

class Host {
 public:
  Host(boost::asio::io_context& loop, NodeOptions options, std::unique_ptr<Protocol> protocol);

  /// Recovers, listens and connects. The loop then runs the member.
  /// Errors: those of WalFile::open; unavailable if it cannot listen.
  Status start();
  /// Set when the disk failed; the loop has then been stopped.
  const Status& failure() const { return failure_; }

 private:
  struct Session {
    std::shared_ptr<Channel> channel;
    NodeId peer = NodeId::none;  // none: a client, or nothing was said yet
  };
  void greet(boost::asio::ip::tcp::socket socket);
  bool on_frame(const std::shared_ptr<Session>& session, std::string_view payload);
  bool on_hello(const std::shared_ptr<Session>& session, NodeId from);
  void ask(Command command, mongodb_front::Member::OnReply done);
  void reply(const Reply& reply);
  void send_to(Channel& channel, const ClientMessage& message);
  void schedule_flush();
  void flush();
  void arm_timer();
  void log_changes();

  boost::asio::io_context& loop_;
  NodeOptions options_;
  std::unique_ptr<Protocol> protocol_;
  Listener listener_;
  boost::asio::steady_timer timer_;
  Nanos armed_for_ = Nanos::max();
  std::map<NodeId, std::unique_ptr<PeerLink>> peers_;
  std::unordered_map<RequestId, std::weak_ptr<Channel>, RequestIdHash> waiting_;
  std::unordered_map<RequestId, mongodb_front::Member::OnReply, RequestIdHash> asked_;
  std::unique_ptr<mongodb_front::Front> front_;
  Effects effects_;
  bool flush_scheduled_ = false;
  StatusReport last_status_;
  Status failure_;
  std::unique_ptr<WalWriter> wal_;  // last: its thread posts to the loop
};

}  // namespace assay::reference
