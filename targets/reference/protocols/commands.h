#pragma once
// The table of commands: what clients may ask of the store, by name. Clients, the store, the codec
// and help read it; a new command is one row here and one case in the machine that carries it out.

#include <optional>
#include <span>
#include <string_view>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// How the argument of an invocation is laid into a command.
enum class Argument : std::uint8_t {
  none,
  value,  ///< Command::value
  pair,   ///< a list [expected value]: both of Command's
  steps,  ///< a list of [f key value]: a transaction's, in Command::value
};

struct CommandEntry {
  CommandKind kind = CommandKind::noop;
  std::string_view name;  ///< the function of a history
  std::string_view step;  ///< its name within a transaction; empty: it cannot be part of one
  Argument argument = Argument::none;
  bool mutates = false;
  bool returns = false;  ///< the reply's value is the result; else the result is the argument
  std::string_view summary;
};

/// All commands but noop, ascending by kind.
std::span<const CommandEntry> command_table();
/// Null: no such function.
const CommandEntry* find_command(std::string_view name);
/// Null: noop, or none of the table.
const CommandEntry* entry_of(CommandKind kind);

/// One step of a transaction, borrowed from its command.
struct Step {
  const CommandEntry* entry = nullptr;
  const Datum* key = nullptr;
  const Datum* value = nullptr;
};
/// Nothing: not a list [f key value] whose f is a step's name.
std::optional<Step> step_of(const Datum& datum);

/// Whether it can have an effect: a transaction that only reads has none. O(steps).
bool mutates(const Command& command);
/// Whether the store can carry it out, or at least say why not: its kind is known, it has an id and
/// bounded arguments, and a transaction's steps are steps.
bool is_well_formed(const Command& command);

/// Reads and writes of registers only: for protocols in which nobody decides one order of commands,
/// without which there is no compare-and-set (Herlihy, Wait-free synchronization, 1991).
std::span<const CommandKind> register_commands();
/// Every command that the replicated store (store_machine.h) carries out.
std::span<const CommandKind> store_commands();
/// And what changes the cluster itself.
std::span<const CommandKind> all_commands();
/// What the coordination service (coordination/machine.h) carries out.
std::span<const CommandKind> coordination_commands();

}  // namespace assay::reference
