#pragma once
// The multi-register: several registers read and written at once, by one operation `txn`
// [[r x 1] [w y 2] …], whose steps happen in turn. The whole history is one object, because an
// operation may touch any of the registers.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

struct MultiRegisterOp {
  struct Access {
    std::uint32_t reg;
    std::uint32_t value;
    bool operator==(const Access&) const = default;
  };
  std::vector<Access> reads;   ///< what was found before the operation's own writes
  std::vector<Access> writes;  ///< what it left, one a register, by register
  bool impossible = false;     ///< it did not read back what it wrote itself
  bool operator==(const MultiRegisterOp&) const = default;
};

/// A DatatypeModel. The state is the value of each register, by number; registers at the end that
/// nobody wrote are left out.
class MultiRegisterModel : public ModelDefaults<std::vector<std::uint32_t>, MultiRegisterOp> {
 public:
  MultiRegisterModel(const History& history, const CheckOptions& options);

  /// Errors: bad_data (not a list of [r register value] and [w register value]).
  Result<std::optional<Op>> decode(const Operation& operation);

  State initial() const { return initial_; }
  std::optional<State> step(const State& state, const Op& op) const;
  static Effect effect(const Op& op) { return op.writes.empty() ? Effect::read : Effect::update; }
  static std::uint64_t hash(const State& state);
  static std::uint64_t hash_of(const Op& op);
  /// The latest write of a register before a read left the value that was read.
  static bool needs(const Op& kept, const Op& other);
  std::string words(const Op& op) const;

 private:
  std::uint32_t register_number(const Value& name);
  std::uint32_t value_number(const Value& value);

  const History& history_;
  std::map<Value, std::uint32_t> registers_;
  std::map<Value, std::uint32_t> values_;
  std::vector<const Value*> register_names_;
  std::vector<const Value*> value_names_;
  State initial_;
};

}  // namespace assay
