#pragma once
// What each isolation level forbids, as the verifier reads it: a table of its own.
//
// Sources: Adya, "Weak Consistency", 1999; Cerone and Gotsman, "Analysing Snapshot Isolation",
// 2016; Bailis et al., "Highly Available Transactions", 2013 (monotonic atomic view).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay::certified {

enum class Rule : std::uint8_t { ww, wr, rw, process, realtime };

/// Cycles that the level forbids: of ww only; without rw; with at most one rw; in which every rw
/// comes after a wr or a process step; without two rw in a row; any.
enum class Forbidden : std::uint8_t { writes, information, single, prefix, snapshot, any };

struct Isolation {
  std::string_view model;
  bool process;   ///< steps of a process count
  bool realtime;  ///< and steps of real time
  Forbidden forbidden;
  bool later_effects = false;    ///< who saw one effect of a transaction sees all from then on
  bool all_effects = false;      ///< … in all its reads
  bool newest_replaced = false;  ///< who replaces a version it read replaces the newest
  bool internal = true;          ///< a transaction's own operations explain what they can
};

/// Null: not a level of dependency graphs.
const Isolation* isolation_named(std::string_view model);
/// Does the level forbid a cycle of these steps, in this order?
bool forbids(const Isolation& level, std::span<const Rule> cycle);
/// G0, …, G2-item, with -process or -realtime: the name of such a cycle.
std::string type_of(std::span<const Rule> cycle);

}  // namespace assay::certified
