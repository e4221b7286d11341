#pragma once
// Listener: accepts connections for as long as the loop runs.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>  // Boost 1.74's Asio needs it and does not include it

#include "base/result.h"

namespace assay::reference {

/// Used only on the loop's thread; lives as long as the loop runs.
class Listener {
 public:
  using OnSocket = std::function<void(boost::asio::ip::tcp::socket socket)>;
  Listener(boost::asio::io_context& loop, OnSocket on_socket);
  /// Error: unavailable.
  Status listen(const std::string& address, std::uint16_t port);
  void accept();

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  OnSocket on_socket_;
};

}  // namespace assay::reference
