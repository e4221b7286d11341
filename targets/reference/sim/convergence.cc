#include "targets/reference/sim/convergence.h"

#include <map>
#include <optional>
#include <utility>

#include "targets/reference/operations.h"

namespace assay::reference {
namespace {

constexpr Nanos settling = std::chrono::seconds(20);
constexpr Nanos settling_max = std::chrono::minutes(20);
constexpr Nanos answering = std::chrono::seconds(5);
/// No client of a run has this identity.
constexpr std::uint64_t reader_identity = std::uint64_t{1} << 62;

std::string name_of(NodeId member) {
  return "n" + std::to_string(static_cast<std::uint32_t>(member));
}

std::string text_of(const std::optional<Datum>& datum) {
  return datum ? to_text(to_value(*datum)) : "no answer";
}

}  // namespace

std::vector<Divergence> find_divergence(World& world, const std::set<Datum>& keys) {
  // A slow disk may have fallen far behind; nobody agrees before it has caught up.
  const Nanos latest = world.now() + settling_max;
  do {
    world.run_until(world.now() + settling);
  } while (!world.disks_idle() && world.now() < latest && !world.is_flooded());
  std::map<RequestId, Datum> answers;
  const auto before = std::exchange(world.on_reply, [&answers](NodeId, const Reply& reply) {
    if (reply.outcome == Outcome::ok) answers[reply.id] = reply.value;
  });
  std::uint64_t sequence = 0;
  std::map<Datum, std::map<NodeId, RequestId>> asked;
  for (const Datum& key : keys) {
    for (const NodeId member : world.members()) {
      Command command;
      command.kind = CommandKind::read;
      command.id = {reader_identity + static_cast<std::uint64_t>(member), ++sequence};
      command.key = key;
      asked[key][member] = command.id;
      world.request(member, std::move(command));
    }
  }
  world.run_until(world.now() + answering);
  world.on_reply = before;

  std::vector<Divergence> found;
  for (const auto& [key, ids] : asked) {
    std::optional<Datum> first;
    bool differs = false;
    std::string what = to_text(to_value(key)) + ":";
    for (const auto& [member, id] : ids) {
      const auto answer = answers.find(id);
      const auto value =
          answer == answers.end() ? std::nullopt : std::optional<Datum>(answer->second);
      if (member == ids.begin()->first) first = value;
      differs = differs || !value || !first || !(*value == *first);
      what += " " + name_of(member) + " has " + text_of(value) + ",";
    }
    what.pop_back();
    if (differs) found.push_back({key, std::move(what)});
  }
  return found;
}

}  // namespace assay::reference
