// Single-leader replication's row in the table of protocols, its options and its bugs.
#include <array>
#include <charconv>
#include <optional>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/primary_backup/bugs.h"
#include "targets/reference/protocols/primary_backup/primary_backup.h"

namespace assay::reference {
namespace {

constexpr std::array option_table{
    ProtocolOption{"replication", "async", "async|semi-sync:K|sync",
                   "backups that must have a write before it is acknowledged"},
    ProtocolOption{"read-from", "leader", "leader|any", "who answers reads"},
};

constexpr std::array bug_table{
    BugEntry{
        "read-unacknowledged", "reads see writes that the primary's disk does not hold yet",
        "Bernstein, Hadzilacos and Goodman, Concurrency control and recovery, 1987: dirty read"},
    BugEntry{"read-before-recovery",
             "a restarted primary answers reads before it has applied its log again",
             "Gray and Reuter, Transaction processing, 1993: restart"},
    BugEntry{"acknowledge-before-sync", "the primary confirms writes that are not on its disk yet",
             "PostgreSQL, synchronous_commit=off"},
    BugEntry{"apply-retry-twice", "a request that was repeated is applied once more",
             "Ongaro 2014, 6.3: sessions filter duplicates"},
};

std::optional<std::size_t> number_in(std::string_view text, std::size_t low, std::size_t high) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number >= low && number <= high ? std::optional(number) : std::nullopt;
}

Result<std::size_t> acknowledgements_of(const std::string& text, std::size_t backups) {
  constexpr std::string_view prefix = "semi-sync:";
  if (text == "async") return std::size_t{0};
  if (text == "sync") return backups;
  const bool counted = text.starts_with(prefix);
  if (text == "semi-sync" || counted) {
    const auto number = counted
                            ? number_in(std::string_view(text).substr(prefix.size()), 1, backups)
                            : std::optional<std::size_t>(1);
    if (number && *number <= backups) return *number;
  }
  return Error{ErrorKind::usage,
               "--replication: expected async, sync, semi-sync or semi-sync:K with K from 1 to " +
                   std::to_string(backups) + " backups, got '" + text + "'"};
}

Result<std::unique_ptr<Protocol>> make(const std::map<std::string, std::string>& options,
                                       const std::vector<std::string>& bugs,
                                       const Membership& membership, const Random& /*random*/) {
  const auto switches = Bugs<PrimaryBackupBug>::named(bugs, bug_table);
  if (!switches) return switches.error();
  PrimaryBackupConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.primary = membership.members.front();
  config.bugs = *switches;
  const auto count = acknowledgements_of(options.at("replication"), membership.members.size() - 1);
  if (!count) return count.error();
  config.acknowledgements = *count;
  const std::string& read_from = options.at("read-from");
  if (read_from != "leader" && read_from != "any") {
    return Error{ErrorKind::usage, "--read-from: expected leader or any, got '" + read_from + "'"};
  }
  config.read_from = read_from == "any" ? ReadFrom::any : ReadFrom::leader;
  return std::unique_ptr<Protocol>(std::make_unique<PrimaryBackup>(std::move(config)));
}

/// The fixed primary acknowledges only what is on its disk, so what it answers is linearizable
/// however late the backups are.
std::vector<std::string_view> promises(const std::map<std::string, std::string>& options) {
  if (options.at("read-from") == "leader") return {"linearizable"};
  return {};
}

}  // namespace

ProtocolEntry primary_backup_entry() {
  return {"primary-backup",
          "one fixed primary ships its log to backups",
          option_table,
          bug_table,
          make,
          promises,
          store_commands()};
}

}  // namespace assay::reference
