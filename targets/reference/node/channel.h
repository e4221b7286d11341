#pragma once
// Channel: frames over one TCP connection. Used only on the loop's thread. What is sent while the
// socket is busy gathers in a bounded buffer; a frame that does not fit is dropped, because
// protocols repeat what matters and memory must not grow while a peer is cut off.

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>  // Boost 1.74's Asio needs it and does not include it

#include "targets/reference/protocols/frame.h"

namespace assay::reference {

/// How the payloads lie on the wire.
struct Framing {
  ParsedFrame (*parse)(std::string_view input) = nullptr;
  void (*append)(std::string& out, std::string_view payload) = nullptr;
};
/// That of the cluster's own messages.
inline constexpr Framing own_framing{parse_frame, append_frame};

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  /// False closes the channel.
  using OnFrame = std::function<bool(std::string_view payload)>;
  using OnClose = std::function<void(const std::string& why)>;

  static std::shared_ptr<Channel> create(boost::asio::ip::tcp::socket socket, OnFrame on_frame,
                                         OnClose on_close, Framing framing = own_framing);

  void start();  ///< begins to read
  /// False if the frame was dropped.
  bool send(std::string_view payload);
  /// Idempotent; on_close is called once, later, from the loop.
  void close(const std::string& why);
  bool is_open() const { return open_; }

 private:
  Channel(boost::asio::ip::tcp::socket socket, OnFrame on_frame, OnClose on_close, Framing framing);
  void read();
  bool take_frames();
  void write();

  boost::asio::ip::tcp::socket socket_;
  OnFrame on_frame_;
  OnClose on_close_;
  Framing framing_;
  std::string input_;
  std::size_t input_bytes_ = 0;
  std::string gathered_;
  std::string writing_;
  bool open_ = true;
};

/// No delay; and a connection whose peer has gone silent ends within seconds instead of minutes,
/// so that a healed partition is not kept apart by TCP's growing retransmission timeout.
void set_socket_options(boost::asio::ip::tcp::socket& socket);

}  // namespace assay::reference
