// Single rules of Raft, with one member driven by hand: those that random schedules reach too
// rarely to be sure of.
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "targets/reference/protocols/raft/raft.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

constexpr NodeId self{1};

/// One member of five; the test plays the others. Writes become durable at once.
struct Member {
  explicit Member(Recovered recovered, const RaftConfig& settings = config())
      : raft(settings, Random(1)) {
    raft.start(now, std::move(recovered));
  }
  static RaftConfig config() {
    RaftConfig config;
    config.self = self;
    config.members = {NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}, NodeId{5}};
    return config;
  }
  void receive(std::uint32_t from, Message message) {
    raft.receive(now, NodeId{from}, std::move(message));
    settle();
  }
  void settle() {
    sent.clear();
    for (int round = 0; round < 3; ++round) {
      Effects effects;
      raft.flush(now, effects);
      for (auto& send : effects.messages) sent.push_back(std::move(send));
      for (const auto& write : effects.writes) raft.written(now, write.token);
    }
  }
  void wait_for_deadline() {
    now = raft.deadline();
    raft.tick(now);
    settle();
  }
  void become_leader() {
    wait_for_deadline();
    const Term term = raft.status().term + 1;
    for (const std::uint32_t peer : {2U, 3U}) receive(peer, VoteReply{true, term, true});
    for (const std::uint32_t peer : {2U, 3U}) receive(peer, VoteReply{false, term, true});
    REQUIRE(raft.status().role == Role::leader);
  }
  template <class T>
  const T* answer() const {
    for (const auto& send : sent) {
      if (const auto* found = std::get_if<T>(&send.message)) return found;
    }
    return nullptr;
  }

  Nanos now{0};
  Raft raft;
  std::vector<Send> sent;
};

Entry entry_of(Term term, std::uint64_t sequence) {
  return {term, {CommandKind::write, {9, sequence}, std::int64_t{1}, std::int64_t{5}, {}}};
}

Recovered recovered_log() { return {{3, NodeId::none}, {entry_of(1, 1), entry_of(2, 2)}}; }

TEST_CASE("raft rule: an entry of an earlier term is not committed by counting (figure 8)") {
  Member member(recovered_log());
  member.become_leader();
  const Term term = member.raft.status().term;
  for (const std::uint32_t peer : {2U, 3U, 4U}) {
    member.receive(peer, AppendReply{term, true, 1, 2, 0, 0});
  }
  CHECK(member.raft.commit() == 0);
  for (const std::uint32_t peer : {2U, 3U}) {
    member.receive(peer, AppendReply{term, true, 2, 3, 0, 0});
  }
  CHECK(member.raft.commit() == 3);
}

TEST_CASE("raft rule: no vote for a candidate with an older log, and one vote a term") {
  struct Row {
    std::string name;
    LogIndex last_index;
    Term last_term;
    bool granted;
  };
  for (const Row& row :
       {Row{"same", 2, 2, true}, Row{"longer", 3, 2, true}, Row{"later term", 1, 3, true},
        Row{"shorter", 1, 2, false}, Row{"longer but earlier term", 9, 1, false}}) {
    CAPTURE(row.name);
    for (const bool pre : {true, false}) {
      CAPTURE(pre);
      Member member(recovered_log());
      member.receive(2, VoteRequest{pre, 4, row.last_index, row.last_term});
      const auto* reply = member.answer<VoteReply>();
      REQUIRE(reply != nullptr);
      CHECK(reply->granted == row.granted);
    }
  }
  Member member(recovered_log());
  member.receive(2, VoteRequest{false, 4, 2, 2});
  REQUIRE(member.answer<VoteReply>()->granted);
  member.receive(3, VoteRequest{false, 4, 2, 2});
  CHECK_FALSE(member.answer<VoteReply>()->granted);
  member.receive(2, VoteRequest{false, 4, 2, 2});
  CHECK(member.answer<VoteReply>()->granted);
}

TEST_CASE("raft rule: who hears a leader elects no other") {
  Member member(recovered_log());
  member.receive(2, Heartbeat{3, 0, 1});
  member.receive(3, VoteRequest{false, 9, 9, 9});
  CHECK_FALSE(member.answer<VoteReply>()->granted);
  CHECK(member.raft.status().term == 3);
}

TEST_CASE("raft rule: a forward is refused for certain only if no copy can have been appended") {
  const Command command{CommandKind::write, {5, 1}, std::int64_t{1}, std::int64_t{5}, {}};
  Member member(recovered_log());
  // Term 3 may belong to an earlier life, which may have appended a copy.
  member.receive(2, ForwardRequest{3, command});
  REQUIRE(member.answer<ForwardReply>() != nullptr);
  CHECK(member.answer<ForwardReply>()->rejected);
  CHECK(member.answer<ForwardReply>()->reply.outcome == Outcome::in_doubt);

  member.become_leader();
  const Term term = member.raft.status().term;
  member.receive(2, ForwardRequest{term, command});
  CHECK(member.answer<ForwardReply>() == nullptr);
  member.receive(3, Heartbeat{term + 1, 0, 1});
  member.receive(2, ForwardRequest{term, command});
  CHECK(member.answer<ForwardReply>()->reply.outcome == Outcome::in_doubt);
  auto other = command;
  other.id.client = 6;
  member.receive(2, ForwardRequest{term, other});
  CHECK(member.answer<ForwardReply>()->reply.outcome == Outcome::no_leader);
}

TEST_CASE("raft rule: a conflicting tail is replaced, and a refusal says where to go on") {
  Member member({{5, NodeId::none}, {entry_of(1, 1), entry_of(2, 2), entry_of(2, 3)}});
  member.receive(2, AppendRequest{6, 7, 5, 0, {}});
  REQUIRE(member.answer<AppendReply>() != nullptr);
  CHECK_FALSE(member.answer<AppendReply>()->success);
  CHECK(member.answer<AppendReply>()->conflict_index == 4);
  member.receive(2, AppendRequest{6, 3, 5, 0, {}});
  CHECK(member.answer<AppendReply>()->conflict_term == 2);
  CHECK(member.answer<AppendReply>()->conflict_index == 2);
  member.receive(2, AppendRequest{6, 1, 1, 2, {entry_of(5, 7)}});
  CHECK(member.answer<AppendReply>()->match == 2);
  CHECK(member.raft.log().entries() == std::vector<Entry>{entry_of(1, 1), entry_of(5, 7)});
  CHECK(member.raft.commit() == 2);
}

Command reconfigure_to(std::initializer_list<std::int64_t> numbers, std::uint64_t client) {
  Datum::List members;
  for (const auto number : numbers) members.emplace_back(number);
  return {CommandKind::reconfigure, {client, 1}, {}, members, {}};
}

TEST_CASE("raft rule: the membership changes only after an entry of this term, and one at a time") {
  Member member(recovered_log());
  member.become_leader();
  const Term term = member.raft.status().term;
  const auto outcome = [&](const Command& command) {
    member.receive(2, ForwardRequest{term, command});
    const auto* reply = member.answer<ForwardReply>();
    return reply == nullptr ? std::nullopt : std::optional(reply->reply.outcome);
  };
  CHECK(outcome(reconfigure_to({1, 2, 3, 4}, 1)) == Outcome::busy);
  for (const std::uint32_t peer : {2U, 3U}) {
    member.receive(peer, AppendReply{term, true, 2, 3, 0, 0});
  }
  REQUIRE(member.raft.commit() == 3);
  CHECK(outcome(reconfigure_to({1, 2, 3}, 2)) == Outcome::bad_request);
  CHECK_FALSE(outcome(reconfigure_to({1, 2, 3, 4}, 3)).has_value());
  CHECK(member.raft.voters().size() == 4);
  CHECK(outcome(reconfigure_to({1, 2, 3}, 4)) == Outcome::busy);
  // Of four members two are no majority.
  member.receive(2, AppendReply{term, true, 3, 4, 0, 0});
  CHECK(member.raft.commit() == 3);
  member.receive(5, AppendReply{term, true, 3, 4, 0, 0});
  CHECK(member.raft.commit() == 3);
  member.receive(3, AppendReply{term, true, 3, 4, 0, 0});
  CHECK(member.raft.commit() == 4);
  CHECK_FALSE(outcome(reconfigure_to({1, 2, 3}, 5)).has_value());
}

TEST_CASE("raft rule: a lease is as long as the shortest timeout on the fastest clock, no longer") {
  RaftConfig settings = Member::config();
  settings.lease_reads = true;
  settings.clock_drift = 50;
  Member member(recovered_log(), settings);
  member.now = settings.election_min;  // who has just started promised nothing and asks nobody
  member.become_leader();
  const Term term = member.raft.status().term;
  for (const std::uint32_t peer : {2U, 3U}) {
    member.receive(peer, AppendReply{term, true, 2, 3, 0, 0});
  }
  member.wait_for_deadline();
  const Nanos sent = member.now;
  const auto* heartbeat = member.answer<Heartbeat>();
  REQUIRE(heartbeat != nullptr);
  const std::uint64_t round = heartbeat->round;
  for (const std::uint32_t peer : {2U, 3U}) member.receive(peer, HeartbeatReply{term, round});
  const auto answered = [&](std::uint64_t client) {
    member.receive(4, ForwardRequest{term, {CommandKind::read, {client, 1}, {}, {}, {}}});
    return member.answer<ForwardReply>() != nullptr;
  };
  const Nanos length = settings.election_min * 100 / 150;
  member.now = sent + length - Nanos(1);
  CHECK(answered(1));
  member.now = sent + length;
  CHECK_FALSE(answered(2));
}

TEST_CASE("raft rule: with leases, who has just started votes for nobody") {
  RaftConfig settings = Member::config();
  settings.lease_reads = true;
  Member member(recovered_log(), settings);
  member.receive(2, VoteRequest{false, 9, 9, 9});
  CHECK_FALSE(member.answer<VoteReply>()->granted);
  member.receive(2, VoteRequest{false, 9, 9, 9, true});
  CHECK(member.answer<VoteReply>()->granted);
}

TEST_CASE("raft rule: replies that the network repeats let nothing more be under way") {
  DurableLog log;
  for (int i = 0; i < 100; ++i) log.append({1, {}});
  Progress progress;
  progress.reset(0);
  const auto sent = [&] {
    std::size_t count = 0;
    while (progress.next_request(log, log.last(), Nanos(0), 1)) ++count;
    return count;
  };
  CHECK(sent() == 1);
  const AppendReply first{1, true, 0, 1, 0, 0};
  progress.on_reply(first, log, Nanos(0));
  CHECK(sent() == 4);
  for (int i = 0; i < 10; ++i) {
    progress.on_reply(first, log, Nanos(0));
    CHECK(sent() == 0);
  }
  progress.on_reply({1, true, 1, 2, 0, 0}, log, Nanos(0));
  CHECK(sent() == 1);
}

}  // namespace
}  // namespace assay::reference
