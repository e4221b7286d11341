#include "targets/reference/sim/clients.h"

#include <algorithm>
#include <utility>

#include "targets/completions.h"
#include "targets/reference/errors.h"
#include "targets/reference/operations.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {

constexpr Nanos fault_takes = std::chrono::milliseconds(1);
constexpr std::uint64_t client_stream = 1'000'000;  // above those of members
constexpr std::int64_t way_ns_min = 50'000;
constexpr std::int64_t way_ns_max = 500'000;

}  // namespace

SimulatedClients::SimulatedClients(World& world, const SimulatedClientOptions& options)
    : world_(world),
      options_(options),
      nemesis_(world),
      sequences_(static_cast<std::size_t>(options.threads), 0),
      identities_(static_cast<std::size_t>(options.threads), 0) {
  for (int thread = 0; thread < options.threads; ++thread) {
    chances_.push_back(world.random().fork(client_stream + static_cast<std::uint64_t>(thread)));
  }
  world_.on_reply = [this](NodeId /*member*/, const Reply& reply) {
    const auto found = waiting_.find(reply.id);
    if (found == waiting_.end()) return;
    const Waiting& waiting = found->second;
    answer(reply.id, to_completion(waiting.invocation, waiting.command, reply),
           way(waiting.thread));
  };
  world_.on_crash = [this](NodeId member) {
    std::vector<RequestId> lost;
    for (const auto& [id, waiting] : waiting_) {
      if (waiting.member == member) lost.push_back(id);
    }
    // Not in the order of a hash table, which is nobody's promise.
    std::sort(lost.begin(), lost.end());
    for (const RequestId& id : lost) {
      const bool has_effect = mutates(waiting_.at(id).command);
      answer(id, classify(ClientError::connection_lost, has_effect), failure_pause);
    }
  };
}

NodeId SimulatedClients::member_of(int thread) const {
  const auto& members = world_.members();
  return members[static_cast<std::size_t>(thread) % members.size()];
}

std::string SimulatedClients::node(int thread) const {
  if (thread == nemesis_thread) return "";
  return "n" + std::to_string(static_cast<std::uint32_t>(member_of(thread)));
}

/// How long a message takes between a client and its member.
Nanos SimulatedClients::way(int thread) {
  return Nanos(chances_[static_cast<std::size_t>(thread)].between(way_ns_min, way_ns_max));
}

void SimulatedClients::start(int thread, ProcessId process, const Invocation& invocation) {
  if (thread == nemesis_thread) {
    finish(thread, nemesis_.invoke(invocation));
    return;
  }
  auto command = to_command(invocation);
  if (!command) {
    finish(thread, classify(ClientError::unsupported, false));
    return;
  }
  const auto at = static_cast<std::size_t>(thread);
  const auto identity = static_cast<std::uint64_t>(process) + 1;
  if (identities_[at] != identity) {
    identities_[at] = identity;
    sequences_[at] = 0;
  }
  const RequestId id{identity, ++sequences_[at]};
  command->id = id;
  keys_.insert(command->key);
  waiting_[id] = {thread, member_of(thread), invocation, std::move(*command)};
  world_.at(world_.now() + way(thread), [this, id] { arrive(id); });
  world_.at(world_.now() + options_.operation_timeout, [this, id] {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    const bool has_effect = mutates(found->second.command);
    answer(id, classify(ClientError::timed_out, has_effect), Nanos::zero());
  });
}

void SimulatedClients::arrive(const RequestId& id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  const NodeId member = found->second.member;
  if (!world_.is_up(member)) {
    answer(id, classify(ClientError::connect_refused, true), failure_pause);
    return;
  }
  world_.request(member, found->second.command);
}

void SimulatedClients::answer(const RequestId& id, Completion completion, Nanos after) {
  const auto waiting = waiting_.extract(id);
  const int thread = waiting.mapped().thread;
  if (after == Nanos::zero()) {
    finish(thread, std::move(completion));
    return;
  }
  world_.at(world_.now() + after, [this, thread, completion = std::move(completion)]() mutable {
    finish(thread, std::move(completion));
  });
}

void SimulatedClients::finish(int thread, Completion completion) {
  if (thread == nemesis_thread) {
    world_.at(world_.now() + fault_takes, [this, completion = std::move(completion)]() mutable {
      finished_.push_back({nemesis_thread, std::move(completion)});
    });
    return;
  }
  finished_.push_back({thread, std::move(completion)});
}

std::optional<Finished> SimulatedClients::wait(Nanos until) {
  while (finished_.empty() && world_.step(std::max(until, world_.now()))) {
  }
  if (finished_.empty()) return std::nullopt;
  Finished finished = std::move(finished_.front());
  finished_.pop_front();
  return finished;
}

Result<std::vector<StoppedFault>> SimulatedClients::heal_all() { return nemesis_.heal_all(); }

}  // namespace assay::reference
