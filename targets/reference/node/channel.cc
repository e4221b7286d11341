#include "targets/reference/node/channel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace assay::reference {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t gathered_bytes_max = 16 * 1024 * 1024;
constexpr unsigned silence_ms_max = 1500;

void set_option(int socket, int level, int name, unsigned value) {
  // An option that cannot be set costs speed of recovery, not correctness.
  static_cast<void>(setsockopt(socket, level, name, &value, sizeof value));
}

}  // namespace

void set_socket_options(boost::asio::ip::tcp::socket& socket) {
  const int fd = socket.native_handle();
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, silence_ms_max);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 3);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

std::shared_ptr<Channel> Channel::create(boost::asio::ip::tcp::socket socket, OnFrame on_frame,
                                         OnClose on_close, Framing framing) {
  set_socket_options(socket);
  return std::shared_ptr<Channel>(
      new Channel(std::move(socket), std::move(on_frame), std::move(on_close), framing));
}

Channel::Channel(boost::asio::ip::tcp::socket socket, OnFrame on_frame, OnClose on_close,
                 Framing framing)
    : socket_(std::move(socket)),
      on_frame_(std::move(on_frame)),
      on_close_(std::move(on_close)),
      framing_(framing) {}

void Channel::start() { read(); }

void Channel::read() {
  if (input_.size() < input_bytes_ + read_bytes) input_.resize(input_bytes_ + read_bytes);
  auto buffer = boost::asio::buffer(input_.data() + input_bytes_, input_.size() - input_bytes_);
  socket_.async_read_some(
      buffer, [self = shared_from_this()](boost::system::error_code error, std::size_t bytes) {
        if (!self->open_) return;
        if (error) {
          self->close(error.message());
          return;
        }
        self->input_bytes_ += bytes;
        if (self->take_frames()) self->read();
      });
}

bool Channel::take_frames() {
  std::size_t taken = 0;
  while (open_) {
    const auto frame =
        framing_.parse(std::string_view(input_.data() + taken, input_bytes_ - taken));
    if (frame.state == FrameState::incomplete) break;
    if (frame.state == FrameState::corrupt || !on_frame_(frame.payload)) {
      close("malformed frame");
      return false;
    }
    taken += frame.bytes;
  }
  input_.erase(0, taken);
  input_bytes_ -= taken;
  return open_;
}

bool Channel::send(std::string_view payload) {
  if (!open_ || gathered_.size() + payload.size() > gathered_bytes_max) return false;
  framing_.append(gathered_, payload);
  if (writing_.empty()) write();
  return true;
}

void Channel::write() {
  writing_.swap(gathered_);
  boost::asio::async_write(
      socket_, boost::asio::buffer(writing_),
      [self = shared_from_this()](boost::system::error_code error, std::size_t /*bytes*/) {
        self->writing_.clear();
        if (!self->open_) return;
        if (error) {
          self->close(error.message());
        } else if (!self->gathered_.empty()) {
          self->write();
        }
      });
}

void Channel::close(const std::string& why) {
  if (!open_) return;
  open_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
  boost::asio::post(socket_.get_executor(), [self = shared_from_this(), why] {
    self->on_close_(why);
    self->on_frame_ = nullptr;
    self->on_close_ = nullptr;
  });
}

}  // namespace assay::reference
