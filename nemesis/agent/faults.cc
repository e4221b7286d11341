#include "nemesis/agent/faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace assay::agent {
namespace {

const Kind* kind_named(const std::string& name) {
  const auto table = kinds();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Kind& kind) { return kind.name == name; });
  return found == table.end() ? nullptr : &*found;
}

Error unknown_kind(const std::string& name) {
  std::string known;
  for (const Kind& kind : kinds()) {
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return {ErrorKind::usage, "unknown kind of fault " + name + ", expected one of " + known};
}

/// Ids stand in firewall rules and in names of files.
bool is_id(const std::string& text) {
  constexpr std::size_t length_max = 64;
  return !text.empty() && text.size() <= length_max &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
             std::string::npos;
}

}  // namespace

std::span<const Kind> kinds() {
  static const std::array table{command_kind(),   membership_kind(),    replace_kind(),
                                kill_kind(),      stop_kind(),          restart_kind(),
                                pause_kind(),     cpu_kind(),           pause_threads_kind(),
                                memory_kind(),    clock_kind(),         partition_kind(),
                                packets_kind(),   disk_layer_kind(),    disk_kind(),
                                disk_lose_kind(), disk_truncate_kind(), disk_restore_kind()};
  return table;
}

Result<std::int64_t> parse_number(const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size() && number >= least &&
      number <= most) {
    return number;
  }
  return Error{ErrorKind::usage, "\"" + text + "\": expected a number from " +
                                     std::to_string(least) + " to " + std::to_string(most)};
}

Faults::Faults(Ledger ledger, std::string folder, std::function<bool()> keep_waiting)
    : ledger_(std::move(ledger)) {
  host_.folder = std::move(folder);
  host_.keep_waiting = std::move(keep_waiting);
}

Result<std::string> Faults::inject(const std::string& id, const std::string& kind,
                                   const Words& words) {
  if (!is_id(id)) return Error{ErrorKind::usage, "\"" + id + "\" is no name of a fault"};
  if (ledger_.find(id) != nullptr) {
    return Error{ErrorKind::usage, "fault " + id + " is in force already"};
  }
  const Kind* row = kind_named(kind);
  if (row == nullptr) return unknown_kind(kind);
  host_.in_force = ledger_.records();
  const auto armed = row->arm(host_, words);
  if (!armed) {
    return armed.error().in("inject " + kind + " (" + std::string(row->expected) + ")");
  }
  if (armed->undo.empty()) return armed->remark;
  const Record record{id, kind, armed->undo};
  const Status put = ledger_.put(record);
  host_.in_force = ledger_.records();
  auto remark = put.ok() ? row->inject(host_, record, words) : put.error();
  host_.waiting.reset();
  if (remark.ok()) return remark;
  // A command that failed may have done half its work: it stays until it was healed as asked.
  if (!row->heals_at_once) return remark;
  const auto healed = heal(id);
  return healed.ok() ? remark.error() : healed.error();
}

Result<std::string> Faults::heal(const std::string& id) {
  const Record* found = ledger_.find(id);
  if (found == nullptr) return std::string();
  const Record record = *found;
  const Kind* row = kind_named(record.kind);
  if (row == nullptr) return unknown_kind(record.kind);
  std::vector<Record> others = ledger_.records();
  std::erase_if(others, [&](const Record& other) { return other.id == id; });
  host_.in_force = others;
  auto effect = row->undo(host_, record);
  if (!effect.ok()) return effect.error().in("cannot heal " + id);
  if (const Status removed = ledger_.remove(id); !removed.ok()) return removed.error();
  return effect;
}

Result<Words> Faults::heal_all() {
  std::vector<Record> records = ledger_.records();
  std::stable_partition(records.begin(), records.end(), [](const Record& record) {
    const Kind* row = kind_named(record.kind);
    return row != nullptr && row->heals_at_once;
  });
  Words effects;
  std::string failures;
  host_.heals_all = true;
  for (const Record& record : records) {
    const auto done = heal(record.id);
    if (!done.ok()) {
      failures += (failures.empty() ? "" : "; ") + done.error().message;
      continue;
    }
    effects.push_back(record.id);
    effects.push_back(*done);
  }
  host_.heals_all = false;
  if (failures.empty()) return effects;
  return Error{ErrorKind::unavailable, failures};
}

}  // namespace assay::agent
