#pragma once
// Units: the transactions of a history as the verifiers of isolation levels decode them. Written a
// second time on purpose: it shares nothing with the reader that the searches use.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "history/history.h"

namespace assay::certified {

/// A key or a value of the history; value 0 is the initial one of every register.
using Number = std::uint32_t;

struct Access {
  bool write;
  Number key;
  Number value;              ///< written, appended, or read from a register
  std::vector<Number> list;  ///< read from a list
};

struct Unit {
  std::uint64_t event;  ///< of the invocation
  Outcome outcome;
  std::int32_t process;
  std::int64_t start;
  std::int64_t end;
  std::vector<Access> accesses;  ///< of reads only those that say something
};

/// A read of what others left.
struct Seen {
  const Access* access;
  std::size_t place;             ///< in the unit's accesses
  std::span<const Number> list;  ///< lists: without the unit's own appends
};

/// What the transactions of a history are over. Single operations on registers: an indeterminate
/// cas counts as a read of what it expected. Sets: each element is a register that adding it
/// writes; a read of the set reads those of all its elements.
enum class UnitKind : std::uint8_t { registers, single_registers, lists, sets };
/// Of a datatype whose transactions this verifies; nothing for any other.
std::optional<UnitKind> unit_kind(std::string_view datatype);

/// Not thread-safe.
class Units {
 public:
  /// Error: an operation is no transaction of the kind.
  static Result<Units> decode(const History& history, UnitKind kind);

  bool lists() const { return lists_; }
  std::size_t size() const { return units_.size(); }
  const Unit& operator[](std::size_t u) const { return units_[u]; }
  /// By the event of the invocation.
  std::optional<std::size_t> find(std::uint64_t event) const;
  std::optional<Number> key(const Value& key) const { return keys_.find(key); }
  std::optional<Number> value(const Value& value) const;
  std::size_t key_count() const { return keys_.size(); }

  /// Every read of others by the unit, or only those of one key. Reads that the unit's own earlier
  /// operations exclude are left out.
  std::vector<Seen> reads(std::size_t u, std::optional<Number> key = {}) const;
  /// A read, of `key` if it is given, that the unit's own earlier operations exclude.
  bool contradicts_itself(std::size_t u, std::optional<Number> key = {}) const;
  bool writes(std::size_t u, Number key) const;
  /// The last write of the key, if it writes it.
  std::optional<Number> leaves(std::size_t u, Number key) const;

  struct Writers {
    std::size_t first = 0;      ///< of those that may have committed; if there are none, of all
    std::uint32_t certain = 0;  ///< writes by units that returned ok or may have committed
    std::uint32_t failed = 0;
  };
  /// Who wrote the value to the key; null: nobody.
  const Writers* writers(Number key, Number value) const;
  /// The unit that must have supplied the value, if there is exactly one that can have.
  std::optional<std::size_t> source(Number key, Number value) const;
  /// Did it commit: it returned ok, or only it can have supplied what a committed one read?
  bool committed(std::size_t u) const { return committed_[u]; }

 private:
  class Numbers {
   public:
    explicit Numbers(Number first) : next_(first) {}
    Number of(const Value& value);
    std::optional<Number> find(const Value& value) const;
    std::size_t size() const { return next_; }

   private:
    std::unordered_map<std::int64_t, Number> integers_;
    std::map<Value, Number> others_;
    Number next_;
  };

  Status add(const History& history, OpIndex index);
  Status add_list(const Value& whole, Unit& unit);
  void note_members(const Value& whole);
  Status add_elements(Unit& unit, const Value& set, const Value& elements);
  void add_write(Unit& unit, const Value& key, const Value& value);
  Status add_read(Unit& unit, const Value& key, const Value& value);
  void note_committed();
  Number number_of(const Value& value);

  bool lists_ = false;
  bool single_ = false;
  bool sets_ = false;
  bool nil_says_nothing_ = false;
  Value initial_;
  std::vector<Unit> units_;
  std::unordered_map<std::uint64_t, std::size_t> at_;
  std::unordered_map<std::uint64_t, Writers> writers_;
  std::map<Value, std::set<Value>> members_;  ///< of sets: what anybody adds
  std::vector<bool> committed_;
  Numbers keys_{0};
  Numbers values_{1};
};

}  // namespace assay::certified
