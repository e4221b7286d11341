#pragma once
// PeerLink: the connection on which this member speaks to one other. It connects, and connects
// again with a growing pause; what is sent while there is no connection is dropped.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <utility>  // Boost 1.74's Asio needs it and does not include it

#include "base/clock.h"
#include "targets/reference/node/channel.h"
#include "targets/reference/node/options.h"
#include "targets/reference/protocols/message.h"

namespace assay::reference {

/// Lives as long as the loop runs. Used only on the loop's thread.
class PeerLink {
 public:
  PeerLink(boost::asio::io_context& loop, NodeId self, NodeId peer, Endpoint endpoint);
  void start() { connect(); }
  void send(const Message& message);

 private:
  void connect();
  void connect_to(const boost::asio::ip::tcp::endpoint& address);
  void connected();
  void retry(const std::string& why);

  boost::asio::io_context& loop_;
  NodeId self_;
  NodeId peer_;
  Endpoint endpoint_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Channel> channel_;
  Nanos pause_;
  std::string encoded_;
};

}  // namespace assay::reference
