#pragma once
// Bugs as switches: every protocol can be made to repeat mistakes that real systems have made, so
// that a checker's verdicts can be held against a known truth. All are off unless named.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay::reference {

/// A row of a protocol's table of bugs.
struct BugEntry {
  std::string_view name;
  std::string_view summary;  ///< what the member does wrong
  std::string_view source;   ///< where the mistake, or the rule that it breaks, is described
  /// Options of the protocol and the workload under which it shows, and `nodes`: NAME=VALUE, comma
  /// separated.
  std::string_view settings = {};
  std::string_view model = {};     ///< that it breaks; empty: what the protocol promises
  std::string_view workload = {};  ///< that shows it; empty: the protocol's
  /// Of the simulated world, comma separated, that expose it; empty: any will do.
  std::string_view faults = {};
};

/// Which bugs of one protocol are on. Enum's values are the positions in its table.
template <class Enum>
class Bugs {
 public:
  Bugs() = default;
  explicit Bugs(Enum only) { set(only); }
  void set(Enum bug) { mask_ |= bit(bug); }
  bool any() const { return mask_ != 0; }
  bool on(Enum bug) const { return (mask_ & bit(bug)) != 0; }

  /// Error (usage): a name that the table has not; lists those it has.
  static Result<Bugs> named(const std::vector<std::string>& names,
                            std::span<const BugEntry> table) {
    Bugs bugs;
    for (const std::string& name : names) {
      std::size_t at = 0;
      while (at < table.size() && table[at].name != name) ++at;
      if (at == table.size()) return unknown_bug(name, table);
      bugs.set(static_cast<Enum>(at));
    }
    return bugs;
  }

 private:
  static Error unknown_bug(const std::string& name, std::span<const BugEntry> table) {
    std::string known;
    for (const BugEntry& entry : table) {
      known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    return {ErrorKind::usage, "no bug '" + name + "' in this protocol; it has " +
                                  (known.empty() ? std::string("none") : known)};
  }
  static std::uint64_t bit(Enum bug) { return std::uint64_t{1} << static_cast<unsigned>(bug); }
  std::uint64_t mask_ = 0;
};

}  // namespace assay::reference
