#include "targets/reference/protocols/sharded/sharded.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {
constexpr Nanos check_interval = std::chrono::milliseconds(50);
}

Sharded::Sharded(ShardedConfig config) : config_(std::move(config)) {
  ASSAY_ASSERT(std::count(config_.members.begin(), config_.members.end(), config_.self) == 1);
}

void Sharded::start(Nanos now, Recovered recovered) {
  log_.recover(std::move(recovered));
  recover(now);
}

void Sharded::receive(Nanos now, NodeId from, Message message) {
  deliver(now, from, std::move(message));
}

void Sharded::deliver(Nanos now, NodeId from, Message message) {
  std::visit(
      [&](auto& m) {
        // Messages of other protocols are none of ours.
        if constexpr (requires { on(now, from, m); }) on(now, from, m);
      },
      message);
}

void Sharded::request(Nanos now, Command command) {
  if (!is_well_formed(command)) {
    replies_.push_back({command.id, Outcome::bad_request, {}});
  } else if (coordinated_.size() >= config_.waiting_max) {
    replies_.push_back({command.id, Outcome::busy, {}});
  } else if (!coordinated_.contains(command.id)) {
    coordinate(now, std::move(command));
  }
}

void Sharded::written(Nanos now, WriteToken token) {
  log_.written(token);
  settle(now);
}

void Sharded::tick(Nanos now) {
  if (now < next_check_) return;
  next_check_ = now + check_interval;
  repeat(now);
  wait_for_decisions(now);
}

/// Answers what has become durable and hands this member's messages to itself over, until nothing
/// is left to do without the disk or others.
void Sharded::settle(Nanos now) {
  for (bool busy = true; busy;) {
    answer_durable(now);
    announce_durable(now);
    const auto waits = [&](const Deferred& d) { return d.needs > log_.durable(); };
    std::vector<Deferred> ready;
    for (Deferred& deferred : std::exchange(deferred_, {})) {
      (waits(deferred) ? deferred_ : ready).push_back(std::move(deferred));
    }
    busy = !ready.empty();
    for (Deferred& deferred : ready) {
      if (deferred.to == config_.self) {
        deliver(now, config_.self, std::move(deferred.message));
      } else {
        outbox_.push_back({deferred.to, std::move(deferred.message)});
      }
    }
  }
}

void Sharded::flush(Nanos now, Effects& out) {
  settle(now);
  for (auto& send : outbox_) out.messages.push_back(std::move(send));
  outbox_.clear();
  for (auto& reply : replies_) out.replies.push_back(std::move(reply));
  replies_.clear();
  log_.flush(out);
}

void Sharded::post_after(LogIndex needs, NodeId to, Message message) {
  deferred_.push_back({needs, to, std::move(message)});
}

Nanos Sharded::deadline() const {
  return coordinated_.empty() && works_.empty() ? Nanos::max() : next_check_;
}

StatusReport Sharded::status() const {
  StatusReport report;
  report.self = config_.self;
  report.last = log_.last();
  report.commit = log_.durable();
  report.applied = log_.durable();
  report.protocol = name();
  return report;
}

std::size_t Sharded::in_doubt() const {
  return static_cast<std::size_t>(std::count_if(
      works_.begin(), works_.end(),
      [](const auto& entry) { return entry.second.answered && !entry.second.alone; }));
}

}  // namespace assay::reference
