#include "targets/reference/node/peer_link.h"

#include <algorithm>

#include "targets/reference/node/logging.h"
#include "targets/reference/protocols/client_message.h"

namespace assay::reference {
namespace {
constexpr Nanos pause_min = std::chrono::milliseconds(50);
constexpr Nanos pause_max = std::chrono::milliseconds(400);
constexpr Nanos connect_timeout = std::chrono::milliseconds(800);
using boost::asio::ip::tcp;
}  // namespace

PeerLink::PeerLink(boost::asio::io_context& loop, NodeId self, NodeId peer, Endpoint endpoint)
    : loop_(loop),
      self_(self),
      peer_(peer),
      endpoint_(std::move(endpoint)),
      resolver_(loop),
      socket_(loop),
      timer_(loop),
      pause_(pause_min) {}

void PeerLink::send(const Message& message) {
  if (!channel_) return;
  encoded_.clear();
  encode(message, encoded_);
  channel_->send(encoded_);
}

void PeerLink::connect() {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint_.host, error);
  if (!error) {
    connect_to({address, endpoint_.port});
    return;
  }
  resolver_.async_resolve(
      endpoint_.host, std::to_string(endpoint_.port),
      [this](boost::system::error_code failure, const tcp::resolver::results_type& results) {
        if (failure || results.empty()) {
          retry("cannot resolve " + endpoint_.host);
        } else {
          connect_to(*results.begin());
        }
      });
}

void PeerLink::connect_to(const tcp::endpoint& address) {
  socket_ = tcp::socket(loop_);
  timer_.expires_after(connect_timeout);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    boost::system::error_code ignored;
    socket_.close(ignored);
  });
  socket_.async_connect(address, [this](boost::system::error_code error) {
    timer_.cancel();
    if (error || !socket_.is_open()) {
      retry(error ? error.message() : "timed out");
    } else {
      connected();
    }
  });
}

void PeerLink::connected() {
  pause_ = pause_min;
  log_message(LogLevel::info,
              "connected to member " + std::to_string(static_cast<std::uint32_t>(peer_)));
  channel_ = Channel::create(
      std::move(socket_), [](std::string_view /*payload*/) { return false; },
      [this](const std::string& why) {
        channel_.reset();
        retry(why);
      });
  std::string hello;
  encode(ClientMessage(PeerHello{self_}), hello);
  channel_->send(hello);
  channel_->start();
}

void PeerLink::retry(const std::string& why) {
  log_message(LogLevel::debug, "no connection to member " +
                                   std::to_string(static_cast<std::uint32_t>(peer_)) + ": " + why);
  timer_.expires_after(pause_);
  pause_ = std::min(pause_ * 2, pause_max);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) connect();
  });
}

}  // namespace assay::reference
