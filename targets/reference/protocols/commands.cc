#include "targets/reference/protocols/commands.h"

#include <algorithm>
#include <array>

namespace assay::reference {
namespace {

constexpr bool yes = true;
constexpr bool no = false;

using enum CommandKind;

// kind, name, step, argument, mutates, returns
constexpr std::array table{
    CommandEntry{read, "read", "r", Argument::none, no, yes, "the object; nil if nobody wrote it"},
    CommandEntry{write, "write", "w", Argument::value, yes, no, "sets a register"},
    CommandEntry{cas, "cas", "", Argument::pair, yes, no,
                 "sets a register if it holds what is expected"},
    CommandEntry{add, "add", "", Argument::value, yes, no, "puts an element into a set"},
    CommandEntry{increment, "increment", "", Argument::value, yes, no, "adds to a counter"},
    CommandEntry{append, "append", "append", Argument::value, yes, no,
                 "puts an element at the end of a list"},
    CommandEntry{enqueue, "enqueue", "", Argument::value, yes, no, "puts an element into a queue"},
    CommandEntry{dequeue, "dequeue", "", Argument::none, yes, yes,
                 "takes the oldest element of a queue; nil if it is empty"},
    CommandEntry{acquire, "acquire", "", Argument::none, yes, yes,
                 "takes a free lock; a token larger than all before"},
    CommandEntry{release, "release", "", Argument::none, yes, no,
                 "gives a lock back that one holds"},
    CommandEntry{send, "send", "", Argument::value, yes, yes,
                 "puts an element into a log; its offset"},
    CommandEntry{poll, "poll", "", Argument::value, no, yes, "a log from an offset on"},
    CommandEntry{transfer, "transfer", "", Argument::value, yes, no,
                 "moves money between two accounts if there is enough"},
    CommandEntry{txn, "txn", "", Argument::steps, yes, yes, "several steps at one instant"},
    CommandEntry{reconfigure, "reconfigure", "", Argument::value, yes, no,
                 "makes these members, a list of numbers, the cluster"},
    CommandEntry{hand_over, "hand-over", "", Argument::value, no, no,
                 "makes a member, by number, the leader"},
    CommandEntry{create, "create", "", Argument::value, yes, yes,
                 "makes a node {data ephemeral sequential}; its path"},
    CommandEntry{remove, "delete", "", Argument::value, yes, no,
                 "removes a node without children, of this version if one is given"},
    CommandEntry{set, "set", "", Argument::pair, yes, yes,
                 "sets a node's data if it has the version, or any (nil); its new version"},
    CommandEntry{get, "get", "", Argument::none, no, yes,
                 "a node {data version created modified owner}; nil if there is none"},
    CommandEntry{exists, "exists", "", Argument::none, no, yes, "whether there is a node"},
    CommandEntry{children, "children", "", Argument::none, no, yes,
                 "the names of a node's children, in order"},
    CommandEntry{compare, "compare", "", Argument::value, yes, yes,
                 "[conditions then else], one of two lists of changes; [held revision]"},
    CommandEntry{commit, "commit", "", Argument::value, yes, yes,
                 "[put path value] and [delete path] at one revision; the revision"},
    CommandEntry{watch, "watch", "", Argument::value, no, yes,
                 "what happened to {key prefix revision prev-kv} from that revision on"},
    CommandEntry{renew, "renew", "", Argument::none, yes, no, "goes on holding a lock"},
    CommandEntry{use, "use", "", Argument::value, yes, no,
                 "lets a resource act for a token, unless it has seen a larger one"},
    CommandEntry{elect, "elect", "", Argument::none, yes, yes,
                 "stands for election; [term leader]"},
    CommandEntry{leader, "leader", "", Argument::none, no, yes, "[term leader]; nil if none leads"},
    CommandEntry{sync, "sync", "", Argument::none, yes, no,
                 "returns once this member has what was committed before"},
    CommandEntry{close_session, "close-session", "", Argument::none, yes, no,
                 "ends one's session: what it holds is gone"},
    CommandEntry{expire, "expire", "", Argument::value, yes, no,
                 "ends sessions [client request] whose clients have asked nothing since"},
};

constexpr std::array registers{read, write};
constexpr std::array coordination{
    read,   write, cas,   acquire, release,  reconfigure,   hand_over, create,
    remove, set,   get,   exists,  children, compare,       commit,    watch,
    renew,  use,   elect, leader,  sync,     close_session,
};

/// The kinds of the rows up to this one.
template <CommandKind last>
constexpr auto kinds_to = [] {
  std::array<CommandKind, static_cast<std::size_t>(last)> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = table[i].kind;
  return kinds;
}();

const CommandEntry* find_step(std::string_view name) {
  const auto at = std::find_if(table.begin(), table.end(), [&](const CommandEntry& entry) {
    return !entry.step.empty() && (entry.step == name || entry.name == name);
  });
  return at == table.end() ? nullptr : &*at;
}

bool are_steps(const Datum& datum) {
  const auto* steps = datum.get_if<Datum::List>();
  return steps != nullptr && std::all_of(steps->begin(), steps->end(), [](const Datum& step) {
           return step_of(step).has_value();
         });
}

}  // namespace

std::span<const CommandEntry> command_table() { return table; }

const CommandEntry* find_command(std::string_view name) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const CommandEntry& entry) { return entry.name == name; });
  return at == table.end() ? nullptr : &*at;
}

const CommandEntry* entry_of(CommandKind kind) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const CommandEntry& entry) { return entry.kind == kind; });
  return at == table.end() ? nullptr : &*at;
}

std::optional<Step> step_of(const Datum& datum) {
  const auto* parts = datum.get_if<Datum::List>();
  if (parts == nullptr || parts->size() != 3) return std::nullopt;
  const auto* name = (*parts)[0].get_if<std::string>();
  const CommandEntry* entry = name == nullptr ? nullptr : find_step(*name);
  if (entry == nullptr) return std::nullopt;
  return Step{entry, &(*parts)[1], &(*parts)[2]};
}

bool mutates(const Command& command) {
  const CommandEntry* entry = entry_of(command.kind);
  if (entry == nullptr || !entry->mutates) return false;
  const auto* steps = command.value.get_if<Datum::List>();
  if (command.kind != txn || steps == nullptr) return true;
  return std::any_of(steps->begin(), steps->end(), [](const Datum& datum) {
    const auto step = step_of(datum);
    return !step || step->entry->mutates;
  });
}

bool is_well_formed(const Command& command) {
  const CommandEntry* entry = entry_of(command.kind);
  if (entry == nullptr || command.id.client == 0 || command.id.sequence == 0) return false;
  const auto bounded = [](const Datum& datum) { return weight_of(datum) <= argument_weight_max; };
  if (!bounded(command.key) || !bounded(command.value) || !bounded(command.expected)) return false;
  return entry->argument != Argument::steps || are_steps(command.value);
}

std::span<const CommandKind> register_commands() { return registers; }
std::span<const CommandKind> store_commands() { return kinds_to<txn>; }
std::span<const CommandKind> all_commands() { return kinds_to<hand_over>; }
std::span<const CommandKind> coordination_commands() { return coordination; }

}  // namespace assay::reference
