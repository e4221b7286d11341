#include "checker/bank/operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::bank {
namespace {

std::optional<std::string> name_of(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return std::to_string(*number);
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* keyword = value.get_if<Value::Keyword>()) return keyword->name;
  return std::nullopt;
}

std::string short_text(const Value& value) {
  std::string text = to_text(value);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

}  // namespace

Result<Balances> balances_of(const Value& value, std::uint64_t event) {
  const auto wrong = [&] {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: a read of a bank must return a map of accounts to whole "
                             "numbers, got {}",
                             event, short_text(value))};
  };
  Balances balances;
  const auto* map = value.get_if<Value::Map>();
  if (map == nullptr) return wrong();
  balances.reserve(map->size());
  for (const auto& [key, amount] : *map) {
    const auto account = name_of(key);
    const auto* number = amount.get_if<std::int64_t>();
    if (!account || (number == nullptr && !amount.is_nil())) return wrong();
    balances.emplace_back(*account, number == nullptr ? std::nullopt : std::optional(*number));
  }
  std::sort(balances.begin(), balances.end());
  const auto twice =
      std::adjacent_find(balances.begin(), balances.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != balances.end()) return wrong();
  return balances;
}

Result<Balances> balances_read(const Value& result, std::uint64_t event) {
  if (result.is_nil()) return Balances{};
  return balances_of(result, event);
}

Result<Transfer> transfer_of(const Value& value, std::uint64_t event) {
  const auto wrong = [&] {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: a transfer must be a map of from, to and a whole amount, "
                             "got {}",
                             event, short_text(value))};
  };
  const Value* from = find(value, "from");
  const Value* to = find(value, "to");
  const Value* amount = find(value, "amount");
  if (from == nullptr || to == nullptr || amount == nullptr) return wrong();
  const auto from_name = name_of(*from);
  const auto to_name = name_of(*to);
  const auto* number = amount->get_if<std::int64_t>();
  if (!from_name || !to_name || number == nullptr) return wrong();
  return Transfer{*from_name, *to_name, *number};
}

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::int64_t total_of(const Balances& balances) {
  std::int64_t total = 0;
  for (const auto& [account, balance] : balances) total = wrapping_sum(total, balance.value_or(0));
  return total;
}

}  // namespace assay::bank
