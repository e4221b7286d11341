#include "targets/reference/node/mongodb/member.h"

#include <boost/asio/post.hpp>

#include "base/random.h"

namespace assay::mongodb_front {
namespace {
// How late the end of a deadline may be noticed where nothing else happens.
constexpr Nanos look_interval = std::chrono::milliseconds(50);
}  // namespace

Member::Member(boost::asio::io_context& loop, const reference::NodeOptions& options,
               const reference::Protocol& protocol, Ask ask)
    : loop_(loop),
      options_(options),
      protocol_(protocol),
      ask_(std::move(ask)),
      timer_(loop),
      next_client_(random_seed() | 1) {}

reference::Datum Member::read(const reference::Datum& key) const {
  reference::Command command;
  command.kind = reference::CommandKind::read;
  command.id = {1, 1};
  command.key = key;
  return copy().query(command).value;
}

std::string Member::host_of(reference::NodeId id) const {
  const auto member = options_.members.find(id);
  if (member == options_.members.end()) return {};
  return member->second.host + ":" + std::to_string(options_.mongodb_port);
}

std::vector<std::string> Member::hosts() const {
  std::vector<std::string> hosts;
  for (const auto& [id, endpoint] : options_.members) hosts.push_back(host_of(id));
  return hosts;
}

void Member::ask(reference::Command command, OnReply done) {
  if (idle_.empty()) idle_.push_back({next_client_++, 0});
  reference::RequestId id = idle_.back();
  idle_.pop_back();
  ++id.sequence;
  command.id = id;
  ask_(std::move(command), [this, id, done = std::move(done)](const reference::Reply& reply) {
    idle_.push_back(id);
    done(reply);
  });
}

void Member::wait(Nanos deadline, Step step) {
  if (step(monotonic_now() >= deadline)) return;
  waiting_.push_back({deadline, std::move(step)});
  arm();
}

void Member::look() {
  if (waiting_.empty()) return;
  const Nanos now = monotonic_now();
  // Steps may add others.
  for (auto& waiting : std::exchange(waiting_, {})) {
    if (!waiting.step(now >= waiting.deadline)) waiting_.push_back(std::move(waiting));
  }
  arm();
}

void Member::arm() {
  if (armed_ || waiting_.empty()) return;
  armed_ = true;
  timer_.expires_after(look_interval);
  timer_.async_wait([this](boost::system::error_code error) {
    armed_ = false;
    if (!error) look();
  });
}

void Member::later(std::function<void()> call) { boost::asio::post(loop_, std::move(call)); }

}  // namespace assay::mongodb_front
