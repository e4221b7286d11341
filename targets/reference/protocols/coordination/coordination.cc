#include "targets/reference/protocols/coordination/coordination.h"

#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {

constexpr Nanos patience = std::chrono::milliseconds(800);
constexpr std::uint64_t member_bit = std::uint64_t{1} << 62;
constexpr std::uint64_t identity_stream = 7;

Nanos with_drift(Nanos timeout, int percent) { return timeout + timeout * percent / 100; }

}  // namespace

std::unique_ptr<CoordinationMachine> Coordination::make_machine(const CoordinationConfig& config) {
  return std::make_unique<CoordinationMachine>(config.history, config.bugs);
}

Coordination::Coordination(CoordinationConfig config, const Random& random)
    : config_(std::move(config)),
      identity_(random.fork(identity_stream).next() % member_bit + member_bit),
      machine_(nullptr),
      raft_(config_.raft, random,
            [this] {
              auto machine = make_machine(config_);
              machine_ = machine.get();
              return machine;
            }()),
      clock_(with_drift(config_.session_timeout, config_.clock_drift)),
      watches_(config_.bugs) {
  caught_up_ = has(CoordinationBug::read_before_catching_up);
}

void Coordination::start(Nanos now, Recovered recovered) {
  raft_.start(now, std::move(recovered));
  look_due_ = now;
}

void Coordination::receive(Nanos now, NodeId from, Message message) {
  raft_.receive(now, from, std::move(message));
}

void Coordination::written(Nanos now, WriteToken token) { raft_.written(now, token); }

bool Coordination::is_local(const Command& command) const {
  const CommandEntry* entry = entry_of(command.kind);
  if (entry == nullptr || mutates(command) || command.kind == CommandKind::hand_over) return false;
  return config_.local_reads || has(CoordinationBug::local_read_as_synced);
}

void Coordination::request(Nanos now, Command command) {
  if (command.kind == CommandKind::watch) {
    watches_.add(now, command, machine_->tree());
  } else if (is_local(command)) {
    reads_.push_back({std::move(command), now + patience});
  } else {
    raft_.request(now, std::move(command));
  }
}

void Coordination::tick(Nanos now) {
  raft_.tick(now);
  if (clock_.counts() && now >= look_due_) {
    look_due_ = now + clock_.interval();
    end_silent_sessions(now);
  }
}

RequestId Coordination::ask(Nanos now, CommandKind kind, Datum value) {
  const RequestId id{identity_, ++sequence_};
  raft_.request(now, {kind, id, {}, std::move(value), {}});
  return id;
}

/// What this member had shown before it stopped was committed, so it is older than what it asks for
/// now, and comes before it in the log.
void Coordination::catch_up(Nanos now) {
  const bool needed = config_.local_reads && !caught_up_ && !reads_.empty();
  if (needed && catching_up_.sequence == 0) catching_up_ = ask(now, CommandKind::sync, {});
}

void Coordination::end_silent_sessions(Nanos now) {
  if (has(CoordinationBug::expire_by_own_clock)) {
    machine_->expire(clock_.look(now, now, machine_->sessions()));
    return;
  }
  const bool leads = raft_.status().role == Role::leader;
  const bool elected = leads && !led_;
  if (!leads) clock_.reset();
  led_ = leads;
  if (!leads) return;
  const bool doubts = elected && has(CoordinationBug::expire_at_election);
  const auto silent = clock_.look(now, doubts ? Nanos::min() / 2 : now, machine_->sessions());
  if (silent.empty() || expiring_.sequence != 0) return;
  Datum::List list;
  for (const auto& [client, sequence] : silent) {
    list.emplace_back(
        Datum::List{static_cast<std::int64_t>(client), static_cast<std::int64_t>(sequence)});
  }
  expiring_ = ask(now, CommandKind::expire, std::move(list));
}

void Coordination::flush(Nanos now, Effects& out) {
  catch_up(now);
  raft_.flush(now, out);
  take_own(out);
  serve(now, out.replies);
}

/// The answers to this member's own requests are nobody else's business.
void Coordination::take_own(Effects& out) {
  std::erase_if(out.replies, [this](const Reply& reply) {
    if (reply.id.client != identity_) return false;
    if (reply.id == catching_up_) {
      catching_up_ = {};
      caught_up_ = caught_up_ || reply.outcome == Outcome::ok;
    }
    if (reply.id == expiring_) expiring_ = {};
    return true;
  });
}

void Coordination::serve(Nanos now, std::vector<Reply>& out) {
  while (!reads_.empty()) {
    const LocalRead& read = reads_.front();
    if (caught_up_ || !config_.local_reads) {
      out.push_back(machine_->query(read.command));
    } else if (now >= read.until) {
      out.push_back({read.command.id, Outcome::no_leader, {}});
    } else {
      break;
    }
    reads_.pop_front();
  }
  if (watches_.empty() || !has(CoordinationBug::watch_uncommitted)) {
    watches_.serve(now, machine_->tree(), out);
    return;
  }
  // What the log holds is taken for what will be.
  auto ahead = make_machine(config_);
  const bool decoded = ahead->decode(machine_->encode(true));
  for (LogIndex index = std::max(raft_.applied(), raft_.log().base()) + 1;
       decoded && index <= raft_.log().last(); ++index) {
    ahead->apply(raft_.log().at(index).command);
  }
  watches_.serve(now, ahead->tree(), out);
}

Nanos Coordination::deadline() const {
  Nanos due = std::min(raft_.deadline(), watches_.deadline());
  if (clock_.counts()) due = std::min(due, look_due_);
  if (!reads_.empty()) due = std::min(due, reads_.front().until);
  return due;
}

StatusReport Coordination::status() const {
  StatusReport report = raft_.status();
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
