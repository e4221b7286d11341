// Single-leader replication's row in the table of protocols, its options and its bugs.
#include <array>
#include <charconv>
#include <optional>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/primary_backup/bugs.h"
#include "targets/reference/protocols/primary_backup/primary_backup.h"

namespace assay::reference {
namespace {

constexpr std::array primary_backup_options{
    ProtocolOption{"replication", "async", "async|semi-sync:K|majority|sync",
                   "backups that must have a write before it is acknowledged"},
    ProtocolOption{
        "read-from", "leader", "leader|any|replica|read-your-writes|monotonic",
        "who answers reads: the primary, the client's own member, or one drawn each time "
        "(that has the session's writes; that has what the session has written and read)"},
    ProtocolOption{"failover", "off", "off|on", "whether a backup takes over from a lost primary"},
    ProtocolOption{
        "row-locks", "off", "off|on",
        "whether a write that waits for backups blocks who reads or writes the same key"},
};

constexpr std::string_view durable_failover = "failover=on,replication=majority";

constexpr std::array primary_backup_bug_table{
    BugEntry{
        "read-unacknowledged", "reads see writes that the primary's disk does not hold yet",
        "Bernstein, Hadzilacos and Goodman, Concurrency control and recovery, 1987: dirty read"},
    BugEntry{"read-before-recovery",
             "a restarted primary answers reads before it has applied its log again",
             "Gray and Reuter, Transaction processing, 1993: restart", "replication=majority"},
    BugEntry{"acknowledge-before-sync", "the primary confirms writes that are not on its disk yet",
             "PostgreSQL, synchronous_commit=off"},
    BugEntry{"apply-retry-twice", "a request that was repeated is applied once more",
             "Ongaro 2014, 6.3: sessions filter duplicates"},
    BugEntry{"promote-lagging", "a backup takes over although others have acknowledged more",
             "Oki and Liskov, Viewstamped replication, 1988: the latest viewstamp takes over",
             durable_failover},
    BugEntry{"split-brain", "an old primary goes on, and backups that hear it follow it again",
             "Bailis and Kingsbury, The network is reliable, 2014: two primaries",
             durable_failover},
    BugEntry{"apply-out-of-order",
             "a backup appends what comes, whether or not something is missing",
             "Lamport 1978: replicas run the same commands in the same order", "read-from=any"},
    BugEntry{
        "epoch-not-raised", "a new primary numbers its entries as the old one did",
        "GitHub, 14 September 2012: a promoted replica that lagged gave out the same ids again",
        "failover=on,replication=majority,read-from=any"},
    BugEntry{"session-forgotten", "a replica answers a session without regard to its past",
             "Terry et al., Session guarantees, 1994", "read-from=read-your-writes"},
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
  if (text == "majority") return (backups + 1) / 2;
  const bool counted = text.starts_with(prefix);
  if (text == "semi-sync" || counted) {
    const auto number = counted
                            ? number_in(std::string_view(text).substr(prefix.size()), 1, backups)
                            : std::optional<std::size_t>(1);
    if (number && *number <= backups) return *number;
  }
  return Error{
      ErrorKind::usage,
      "--replication: expected async, sync, majority, semi-sync or semi-sync:K with K from 1 to " +
          std::to_string(backups) + " backups, got '" + text + "'"};
}

std::optional<ReadFrom> read_from_named(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"leader", "any", "replica", "read-your-writes",
                                                  "monotonic"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<ReadFrom>(i);
  }
  return std::nullopt;
}

Result<bool> is_on(const std::map<std::string, std::string>& options, const std::string& name) {
  const std::string& value = options.at(name);
  if (value == "on" || value == "off") return value == "on";
  return Error{ErrorKind::usage, "--" + name + ": expected on or off, got '" + value + "'"};
}

Result<std::unique_ptr<Protocol>> make_primary_backup(
    const std::map<std::string, std::string>& options, const std::vector<std::string>& bugs,
    const Membership& membership, const Random& random) {
  const auto switches = Bugs<PrimaryBackupBug>::named(bugs, primary_backup_bug_table);
  if (!switches) return switches.error();
  const auto count = acknowledgements_of(options.at("replication"), membership.members.size() - 1);
  if (!count) return count.error();
  const auto read_from = read_from_named(options.at("read-from"));
  if (!read_from) {
    return Error{
        ErrorKind::usage,
        "--read-from: expected leader, any, replica, read-your-writes or monotonic, got '" +
            options.at("read-from") + "'"};
  }
  const auto failover = is_on(options, "failover");
  if (!failover) return failover.error();
  const auto row_locks = is_on(options, "row-locks");
  if (!row_locks) return row_locks.error();
  PrimaryBackupConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.primary = membership.members.front();
  config.failover = *failover;
  config.acknowledgements = *count;
  config.read_from = *read_from;
  config.row_locks = *row_locks;
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<PrimaryBackup>(std::move(config), random));
}

/// The primary answers only what has its acknowledgements, so that is linearizable however late the
/// backups are; if another one may take over, only as long as what was acknowledged is on a
/// majority, which with a fixed number of backups depends on how many there are.
std::vector<std::string_view> primary_backup_promises(
    const std::map<std::string, std::string>& options) {
  const std::string& read_from = options.at("read-from");
  const std::string& replication = options.at("replication");
  const bool failover = options.at("failover") == "on";
  const bool survives = !failover || replication == "sync" || replication == "majority";
  if (read_from == "leader" && survives) return {"linearizable", convergence};
  if (failover || read_from == "replica") return {convergence};
  if (read_from == "read-your-writes") return {"read-your-writes", convergence};
  if (read_from == "monotonic") return {"monotonic-reads", "read-your-writes", convergence};
  // Reads of a client's own member do not go back, but the primary answers what is not only a read.
  return {convergence};
}

}  // namespace

ProtocolEntry primary_backup_entry() {
  return {
      "primary-backup",       "a primary ships its log to backups",
      primary_backup_options, primary_backup_bug_table,
      make_primary_backup,    primary_backup_promises,
      store_commands(),
  };
}

}  // namespace assay::reference
