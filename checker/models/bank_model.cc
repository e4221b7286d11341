#include "checker/models/bank_model.h"

#include <fmt/format.h>

#include "checker/bank/operations.h"

namespace assay {

BankModel::BankModel(const History& history, const CheckOptions& options)
    : history_(history), negative_allowed_(options.negative_balances) {
  const auto add = [&](const std::string& name) {
    if (numbers_.emplace(name, static_cast<std::uint32_t>(names_.size())).second) {
      names_.push_back(name);
    }
  };
  // Whatever is no map here is found again, and refused, by decode.
  const auto declared = bank::balances_of(history.info().initial, 0);
  if (declared.ok()) {
    for (const auto& [name, balance] : *declared) add(name);
  }
  bool read_seen = false;
  for (OpIndex i = 0; i < history.size(); ++i) {
    const Operation operation = history[i];
    const bool reads = history.function_name(operation.function) == "read";
    if (!reads && operation.outcome != Outcome::fail) {
      const auto transfer =
          bank::transfer_of(history.value(operation.argument), operation.invoke_event);
      if (!transfer.ok()) continue;
      add(transfer->from);
      add(transfer->to);
    }
    // Reads that passed the check of accounts all name the same ones: one is enough.
    if (reads && operation.outcome == Outcome::ok && !read_seen) {
      const auto balances =
          bank::balances_read(history.value(operation.result), operation.invoke_event);
      if (!balances.ok()) continue;
      for (const auto& [name, balance] : *balances) add(name);
      read_seen = true;
    }
  }
  initial_.balances.assign(names_.size(), 0);
  if (!declared.ok()) return;
  initial_.known = true;
  for (const auto& [name, balance] : *declared) {
    initial_.balances[numbers_.at(name)] = balance.value_or(0);
  }
}

std::optional<std::uint32_t> BankModel::account(const std::string& name) const {
  const auto at = numbers_.find(name);
  return at == numbers_.end() ? std::nullopt : std::optional(at->second);
}

Result<std::optional<BankOp>> BankModel::decode(const Operation& operation) const {
  const auto name = history_.function_name(operation.function);
  Op op;
  op.reads = name == "read";
  if (!op.reads) {
    const auto transfer =
        bank::transfer_of(history_.value(operation.argument), operation.invoke_event);
    if (!transfer.ok()) return transfer.error();
    op.from = account(transfer->from).value_or(0);
    op.to = account(transfer->to).value_or(0);
    op.amount = transfer->amount;
    return std::optional(op);
  }
  if (operation.outcome != Outcome::ok) return std::optional<Op>();
  const auto balances =
      bank::balances_read(history_.value(operation.result), operation.invoke_event);
  if (!balances.ok()) return balances.error();
  op.first_read_decides = !initial_.known;
  op.balances.assign(names_.size(), 0);
  for (const auto& [account_name, balance] : *balances) {
    if (const auto number = account(account_name)) op.balances[*number] = balance.value_or(0);
  }
  return std::optional(op);
}

std::optional<BankState> BankModel::step(const State& state, const Op& op) const {
  if (!op.reads) {
    if (state.known && !negative_allowed_ && op.amount > 0 && state.balances[op.from] < op.amount) {
      return std::nullopt;
    }
    State next = state;
    next.balances[op.from] =
        bank::wrapping_sum(next.balances[op.from],
                           static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(op.amount)));
    next.balances[op.to] = bank::wrapping_sum(next.balances[op.to], op.amount);
    return next;
  }
  if (state.known) return op.balances == state.balances ? std::optional(state) : std::nullopt;
  return State{op.balances, true};
}

std::uint64_t BankModel::hash(const State& state) {
  std::uint64_t hash = state.known ? 1 : 0;
  for (const std::int64_t balance : state.balances) {
    hash = mix_hash(hash, static_cast<std::uint64_t>(balance));
  }
  return hash;
}

std::uint64_t BankModel::hash_of(const Op& op) {
  std::uint64_t hash = mix_hash(op.reads ? 1 : 0, static_cast<std::uint64_t>(op.amount));
  hash = mix_hash(hash, (std::uint64_t{op.from} << 32U) | op.to);
  for (const std::int64_t balance : op.balances) {
    hash = mix_hash(hash, static_cast<std::uint64_t>(balance));
  }
  return hash;
}

std::string BankModel::words(const Op& op) const {
  if (!op.reads) {
    return fmt::format("transferred {} from {} to {}", op.amount, names_[op.from], names_[op.to]);
  }
  std::string out = "read";
  for (std::size_t i = 0; i < op.balances.size(); ++i) {
    out += fmt::format(" {}={}", names_[i], op.balances[i]);
  }
  return out;
}

}  // namespace assay
