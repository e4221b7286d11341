#pragma once
// Banks as histories record them: `read` returns a map of accounts to balances, `transfer` takes
// {from, to, amount}. Accounts are named by numbers, text or keywords; 7 and "7" are the same,
// since JSON has no other keys than text.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/value.h"

namespace assay::bank {

/// By account, ascending; no balance: the account was read as nil.
using Balances = std::vector<std::pair<std::string, std::optional<std::int64_t>>>;

struct Transfer {
  std::string from;
  std::string to;
  std::int64_t amount;
};

/// Errors: bad_data, naming the event.
Result<Balances> balances_of(const Value& value, std::uint64_t event);
/// The same of a read's result, where nil is a bank without accounts.
Result<Balances> balances_read(const Value& result, std::uint64_t event);
Result<Transfer> transfer_of(const Value& value, std::uint64_t event);

/// Sums wrap around as 64-bit numbers do; an account without a balance counts as empty.
std::int64_t total_of(const Balances& balances);
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b);

}  // namespace assay::bank
