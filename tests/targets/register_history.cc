#include "tests/targets/register_history.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/assert.h"

namespace assay::reference {
namespace {

constexpr std::size_t searchable_max = 64;

/// Depth-first over (which operations are done, the register's value).
class Search {
 public:
  explicit Search(std::vector<const RegisterOperation*> operations)
      : operations_(std::move(operations)) {
    ASSAY_ASSERT(operations_.size() <= searchable_max);
  }
  bool explain(std::uint64_t done, const Datum& value) {
    if (!seen_.emplace(done, value).second) return false;
    Nanos first_end = Nanos::max();
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if ((done >> i & 1) == 0) first_end = std::min(first_end, operations_[i]->end);
    }
    if (first_end == Nanos::max()) return true;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const auto& operation = *operations_[i];
      if ((done >> i & 1) != 0 || operation.start > first_end) continue;
      Datum after = value;
      if (!step(operation, after)) continue;
      if (explain(done | std::uint64_t{1} << i, after)) return true;
    }
    return false;
  }

 private:
  static bool step(const RegisterOperation& operation, Datum& value) {
    const Command& command = operation.command;
    const bool doubtful = operation.end == Nanos::max();
    if (command.kind == CommandKind::read) return operation.result == value;
    if (command.kind == CommandKind::cas) {
      const bool matches = value == command.expected;
      if (!doubtful && matches != (operation.outcome == Outcome::ok)) return false;
      if (!matches) return true;
    }
    value = command.value;
    return true;
  }

  std::vector<const RegisterOperation*> operations_;
  std::set<std::pair<std::uint64_t, Datum>> seen_;
};

}  // namespace

RegisterClients::RegisterClients(World& cluster, int count, int keys, Nanos until)
    : cluster_(cluster), keys_(keys), until_(until) {
  cluster_.on_reply = [this](NodeId, const Reply& reply) {
    const auto found = open_.find(reply.id);
    if (found == open_.end()) return;
    const auto [client, operation] = found->second;
    finish(client, operation, &reply);
  };
  for (int client = 0; client < count; ++client) {
    identities_.push_back({next_identity_++, 0});
    next(client);
  }
}

void RegisterClients::next(int client) {
  Random& random = cluster_.random();
  const Nanos when = cluster_.now() + Nanos(random.between(0, milliseconds(120).count()));
  if (when >= until_) return;
  cluster_.at(when, [this, client] {
    Random& chance = cluster_.random();
    auto& id = identities_[static_cast<std::size_t>(client)];
    ++id.sequence;
    RegisterOperation operation;
    operation.command.id = id;
    operation.command.key = chance.between(1, keys_);
    operation.start = cluster_.now();
    const auto kind = chance.below(5);
    operation.command.kind = kind < 2   ? CommandKind::read
                             : kind < 4 ? CommandKind::write
                                        : CommandKind::cas;
    operation.command.value = next_value_++;
    operation.command.expected =
        chance.between(std::max<std::int64_t>(1, next_value_ - 8), next_value_);
    const std::size_t index = operations_.size();
    operations_.push_back(operation);
    open_[id] = {client, index};
    cluster_.at(cluster_.now() + milliseconds(700), [this, client, index] {
      if (open_.contains(operations_[index].command.id)) finish(client, index, nullptr);
    });
    const auto members = cluster_.members();
    cluster_.request(members[static_cast<std::size_t>(client) % members.size()], operation.command);
  });
}

void RegisterClients::finish(int client, std::size_t index, const Reply* reply) {
  auto& operation = operations_[index];
  open_.erase(operation.command.id);
  if (reply != nullptr && reply->outcome != Outcome::in_doubt) {
    operation.end = cluster_.now();
    operation.outcome = reply->outcome;
    operation.result = reply->value;
    const bool answered = reply->outcome == Outcome::ok || reply->outcome == Outcome::mismatch;
    operation.happened = answered;
    if (answered) ++acknowledged_;
  } else {
    operation.happened = operation.command.kind != CommandKind::read;
    identities_[static_cast<std::size_t>(client)] = {next_identity_++, 0};
  }
  next(client);
}

bool RegisterClients::linearizable() const {
  std::map<Datum, std::vector<const RegisterOperation*>> by_key;
  for (const auto& operation : operations_) {
    // One that is still open is in doubt; an open read says nothing.
    const bool open = operation.end == Nanos::max();
    if (open && operation.command.kind == CommandKind::read) continue;
    if (operation.happened) by_key[operation.command.key].push_back(&operation);
  }
  for (auto& [key, operations] : by_key) {
    if (!Search(operations).explain(0, Datum{})) return false;
  }
  return true;
}

}  // namespace assay::reference
