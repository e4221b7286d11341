#pragma once
// A bank by its specification: accounts, transfers between them, reads of them all. A transaction
// is one operation on this one object, so its linearizability is strict serializability.

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

struct BankOp {
  bool reads = false;
  bool first_read_decides = false;  ///< a read fixes the balances that nobody declared
  std::uint32_t from = 0;           ///< accounts by number
  std::uint32_t to = 0;
  std::int64_t amount = 0;
  std::vector<std::int64_t> balances;  ///< of a read, by account
  bool operator==(const BankOp&) const = default;
};

struct BankState {
  /// Balances, or, before they are known, what the transfers changed of them.
  std::vector<std::int64_t> balances;
  bool known = false;
  bool operator==(const BankState&) const = default;
};

/// A DatatypeModel. The initial balances are the history's initial value, if it is a map; else what
/// the first read finds, less the transfers before it.
class BankModel : public ModelDefaults<BankState, BankOp> {
 public:
  BankModel(const History& history, const CheckOptions& options);

  /// Errors: bad_data (not a read or transfer of a bank; names the event).
  Result<std::optional<Op>> decode(const Operation& operation) const;

  State initial() const { return initial_; }
  std::optional<State> step(const State& state, const Op& op) const;
  static Effect effect(const Op& op) {
    return op.reads && !op.first_read_decides ? Effect::read : Effect::update;
  }
  static std::uint64_t hash(const State& state);
  static std::uint64_t hash_of(const Op& op);
  /// What is read, and whether an account holds enough, depends on everything before.
  static bool needs(const Op&, const Op&) { return true; }
  std::string words(const Op& op) const;

 private:
  std::optional<std::uint32_t> account(const std::string& name) const;

  const History& history_;
  bool negative_allowed_;
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;
  State initial_;
};

}  // namespace assay
