#include "targets/reference/node/host.h"

#include <boost/asio/post.hpp>
#include <optional>
#include <variant>

#include "targets/reference/node/logging.h"

namespace assay::reference {
namespace {
std::string text_of(NodeId id) { return std::to_string(static_cast<std::uint32_t>(id)); }
}  // namespace

Host::Host(boost::asio::io_context& loop, NodeOptions options, std::unique_ptr<Protocol> protocol)
    : loop_(loop),
      options_(std::move(options)),
      protocol_(std::move(protocol)),
      listener_(loop, [this](boost::asio::ip::tcp::socket socket) { greet(std::move(socket)); }),
      timer_(loop) {
  if (options_.mongodb_port != 0) {
    front_ = std::make_unique<mongodb_front::Front>(
        loop_, options_, *protocol_, [this](Command command, mongodb_front::Member::OnReply done) {
          ask(std::move(command), std::move(done));
        });
  }
}

Status Host::start() {
  auto opened = WalFile::open(options_.data_folder);
  if (!opened) return opened.error();
  log_message(LogLevel::info, "recovered " + std::to_string(opened->recovered.entries.size()) +
                                  " entries, term " +
                                  std::to_string(opened->recovered.hard_state.term));
  if (opened->cut_bytes > 0) {
    log_message(LogLevel::warning, "cut a torn tail of " + std::to_string(opened->cut_bytes) +
                                       " bytes from the write-ahead log");
  }
  const auto port = options_.members.at(options_.id).port;
  if (auto status = listener_.listen(options_.listen, port); !status) return status;
  if (front_ != nullptr) {
    if (auto status = front_->listen(); !status) return status;
  }
  wal_ = std::make_unique<WalWriter>(
      std::move(opened->file),
      [this](WriteToken token) {
        boost::asio::post(loop_, [this, token] {
          protocol_->written(monotonic_now(), token);
          schedule_flush();
        });
      },
      [this](const Error& error) {
        // After a failed sync the kernel may drop what was not written, so nothing can be retried.
        boost::asio::post(loop_, [this, error] {
          failure_ = error;
          loop_.stop();
        });
      });
  protocol_->start(monotonic_now(), std::move(opened->recovered));
  for (const auto& [id, endpoint] : options_.members) {
    if (id == options_.id) continue;
    peers_[id] = std::make_unique<PeerLink>(loop_, options_.id, id, endpoint);
    peers_[id]->start();
  }
  listener_.accept();
  if (front_ != nullptr) front_->accept();
  schedule_flush();
  return {};
}

void Host::greet(boost::asio::ip::tcp::socket socket) {
  auto session = std::make_shared<Session>();
  session->channel = Channel::create(
      std::move(socket),
      [this, session](std::string_view payload) { return on_frame(session, payload); },
      [session](const std::string& /*why*/) { session->channel.reset(); });
  session->channel->start();
}

bool Host::on_frame(const std::shared_ptr<Session>& session, std::string_view payload) {
  if (session->peer != NodeId::none) {
    auto message = decode_message(payload);
    if (!message) return false;
    protocol_->receive(monotonic_now(), session->peer, std::move(*message));
    schedule_flush();
    return true;
  }
  auto message = decode_client_message(payload);
  if (!message) return false;
  if (const auto* hello = std::get_if<PeerHello>(&*message)) return on_hello(session, hello->from);
  if (auto* command = std::get_if<Command>(&*message)) {
    waiting_[command->id] = session->channel;
    protocol_->request(monotonic_now(), std::move(*command));
    schedule_flush();
    return true;
  }
  if (std::holds_alternative<StatusRequest>(*message)) {
    auto report = protocol_->status();
    report.version = ASSAY_VERSION;
    send_to(*session->channel, report);
    return true;
  }
  return false;
}

bool Host::on_hello(const std::shared_ptr<Session>& session, NodeId from) {
  if (from == options_.id || !options_.members.contains(from)) {
    log_message(LogLevel::warning, "refused a connection from unknown member " + text_of(from));
    return false;
  }
  session->peer = from;
  return true;
}

void Host::send_to(Channel& channel, const ClientMessage& message) {
  std::string encoded;
  encode(message, encoded);
  // A client that does not read its replies is cut off rather than left without one.
  if (!channel.send(encoded)) channel.close("client does not read");
}

void Host::ask(Command command, mongodb_front::Member::OnReply done) {
  asked_[command.id] = std::move(done);
  protocol_->request(monotonic_now(), std::move(command));
  schedule_flush();
}

void Host::reply(const Reply& reply) {
  if (auto asked = asked_.extract(reply.id); !asked.empty()) {
    asked.mapped()(reply);
    return;
  }
  const auto found = waiting_.find(reply.id);
  if (found == waiting_.end()) return;
  if (const auto channel = found->second.lock()) send_to(*channel, reply);
  waiting_.erase(found);
}

void Host::schedule_flush() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  // Posted behind everything that is ready now: what came together goes out together.
  boost::asio::post(loop_, [this] { flush(); });
}

void Host::flush() {
  flush_scheduled_ = false;
  effects_.clear();
  protocol_->flush(monotonic_now(), effects_);
  for (const auto& write : effects_.writes) wal_->append(write);
  for (const auto& send : effects_.messages) {
    if (const auto peer = peers_.find(send.to); peer != peers_.end()) {
      peer->second->send(send.message);
    }
  }
  for (const auto& answer : effects_.replies) reply(answer);
  if (front_ != nullptr) front_->look();
  arm_timer();
  log_changes();
}

void Host::arm_timer() {
  const Nanos due = protocol_->deadline();
  if (due == armed_for_) return;
  armed_for_ = due;
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(due)));
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    armed_for_ = Nanos::max();
    protocol_->tick(monotonic_now());
    schedule_flush();
  });
}

void Host::log_changes() {
  const auto status = protocol_->status();
  const bool changed = status.role != last_status_.role || status.term != last_status_.term ||
                       status.leader != last_status_.leader;
  if (changed) {
    log_message(
        LogLevel::info,
        "term " + std::to_string(status.term) + ", " + std::string(name_of(status.role)) +
            ", leader " + (status.leader == NodeId::none ? "unknown" : text_of(status.leader)) +
            ", last " + std::to_string(status.last) + ", commit " + std::to_string(status.commit));
  }
  last_status_ = status;
}

}  // namespace assay::reference
