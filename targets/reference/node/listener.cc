#include "targets/reference/node/listener.h"

#include <boost/asio/ip/address.hpp>

#include "targets/reference/node/logging.h"

namespace assay::reference {
using boost::asio::ip::tcp;

Listener::Listener(boost::asio::io_context& loop, OnSocket on_socket)
    : acceptor_(loop), pause_(loop), on_socket_(std::move(on_socket)) {}

Status Listener::listen(const std::string& address, std::uint16_t port) {
  const std::string where = address + ":" + std::to_string(port);
  boost::system::error_code error;
  const tcp::endpoint endpoint(boost::asio::ip::make_address(address, error), port);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return Error{ErrorKind::unavailable, "cannot listen on " + where + ": " + error.message()};
  }
  log_message(LogLevel::info, "listening on " + where);
  return {};
}

void Listener::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (!error) {
      on_socket_(std::move(socket));
      accept();
      return;
    }
    // Most likely out of descriptors: accepting again at once would spin.
    log_message(LogLevel::warning, "accept: " + error.message());
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](boost::system::error_code stopped) {
      if (!stopped) accept();
    });
  });
}

}  // namespace assay::reference
