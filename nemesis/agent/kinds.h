#pragma once
// Kinds: what the agent can do to its node, one row each. A row says what has to be undone before
// it does anything, so that the ledger knows first.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nemesis/agent/helper.h"
#include "nemesis/agent/ledger.h"
#include "nemesis/agent/packet_relay.h"
#include "nemesis/agent/wire.h"

namespace assay::agent {

/// What the kinds work with. Not thread-safe.
struct Host {
  std::string folder;                  ///< of the ledger; files beside it are the kinds' own
  std::function<bool()> keep_waiting;  ///< asked while something that injects takes its time
  std::span<const Record> in_force;    ///< the ledger, with the record that is being injected
  bool heals_all = false;              ///< nobody asks for one fault's end: no further harm is done
  PacketRelay relay;
  std::optional<Helper> waiting;  ///< from `arm` to `inject`
};

/// What will have to be undone. Nothing, with a remark: there was nothing to hit.
struct Armed {
  Words undo;
  std::string remark;
};

struct Kind {
  std::string_view name;
  std::string_view expected;  ///< its words, told to whoever gave others
  bool heals_at_once;         ///< such are healed before those that run commands
  /// Reads the words. Changes nothing on the node, except that a process which will carry the
  /// fault may wait for `inject`; it ends with the agent.
  Result<Armed> (*arm)(Host& host, const Words& words);
  /// The record is in the ledger. Gives a remark for people, mostly empty.
  Result<std::string> (*inject)(Host& host, const Record& record, const Words& words);
  /// Undoes it; fine if it is undone already. Gives the effect that was measured, in a few words:
  /// "412 packets dropped"; "no effect: …"; empty if this kind measures none. `host.in_force`
  /// does not hold the record any more.
  Result<std::string> (*undo)(Host& host, const Record& record);
};

std::span<const Kind> kinds();

// The rows, one file a noun.
Kind command_kind();
Kind membership_kind();
Kind replace_kind();
Kind kill_kind();
Kind stop_kind();
Kind restart_kind();
Kind pause_kind();
Kind pause_threads_kind();
Kind cpu_kind();
Kind memory_kind();
Kind clock_kind();
Kind partition_kind();
Kind packets_kind();
Kind disk_layer_kind();
Kind disk_kind();
Kind disk_lose_kind();
Kind disk_truncate_kind();
Kind disk_restore_kind();

/// The processes of the server whose id the file holds, as words to undo. Error: bad_data.
Result<Armed> arm_server(const std::string& pid_file);
/// The processes that a record names.
std::vector<Process> processes_of(const Record& record);
/// A whole number. Error: usage.
Result<std::int64_t> parse_number(const std::string& text, std::int64_t least, std::int64_t most);

}  // namespace assay::agent
