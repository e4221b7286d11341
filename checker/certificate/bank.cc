#include "checker/certificate/bank.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "history/codec.h"
#include "history/word.h"

namespace assay {
namespace {

using Accounts = std::map<std::string, std::uint64_t>;  ///< balances modulo 2^64

std::optional<std::string> text_of(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return std::to_string(*number);
  const std::string_view name = word_of(value);
  return name.empty() ? std::nullopt : std::optional(std::string(name));
}

std::optional<Accounts> accounts_in(const Value& value) {
  const auto* map = value.get_if<Value::Map>();
  if (map == nullptr) return std::nullopt;
  Accounts accounts;
  for (const auto& [key, balance] : *map) {
    const auto name = text_of(key);
    const auto* number = balance.get_if<std::int64_t>();
    if (!name || (number == nullptr && !balance.is_nil())) return std::nullopt;
    const auto amount = number == nullptr ? std::uint64_t{0} : static_cast<std::uint64_t>(*number);
    if (!accounts.emplace(*name, amount).second) return std::nullopt;
  }
  return accounts;
}

/// What a read found: nil is a bank without accounts.
std::optional<Accounts> accounts_read(const Value& value) {
  return value.is_nil() ? std::optional(Accounts{}) : accounts_in(value);
}

std::uint64_t total_of(const Accounts& accounts) {
  std::uint64_t total = 0;
  for (const auto& [name, balance] : accounts) total += balance;
  return total;
}

bool differ(const Accounts& a, const Accounts& b) {
  const bool same_names = a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                                             [](const auto& x, const auto& y) {
                                                               return x.first == y.first;
                                                             });
  return !same_names || total_of(a) != total_of(b);
}

class Bank final : public Specification {
 public:
  explicit Bank(const HistoryInfo& info) {
    if (auto declared = accounts_in(info.initial)) {
      balances_ = std::move(*declared);
      known_ = true;
    }
  }
  std::unique_ptr<Specification> clone() const override { return std::make_unique<Bank>(*this); }

  bool apply(const Act& act) override {
    if (act.f == "read") return !act.tells() || read(act.result);
    const auto* map = act.argument.get_if<Value::Map>();
    if (act.f != "transfer" || map == nullptr) return false;
    std::optional<std::string> from;
    std::optional<std::string> to;
    const std::int64_t* amount = nullptr;
    for (const auto& [key, value] : *map) {
      const std::string_view part = word_of(key);
      if (part == "from") from = text_of(value);
      if (part == "to") to = text_of(value);
      if (part == "amount") amount = value.get_if<std::int64_t>();
    }
    if (!from || !to || amount == nullptr) return false;
    balances_[*from] -= static_cast<std::uint64_t>(*amount);
    balances_[*to] += static_cast<std::uint64_t>(*amount);
    return true;
  }
  std::string encode() const override {
    std::string text = known_ ? "known" : "changed";
    for (const auto& [name, balance] : balances_) {
      append_value(Value(name), text);
      append_value(Value(static_cast<std::int64_t>(balance)), text);
    }
    return text;
  }

 private:
  bool read(const Value& result) {
    auto found = accounts_read(result);
    if (!found) return false;
    if (known_) return *found == balances_;
    balances_ = std::move(*found);
    known_ = true;
    return true;
  }

  Accounts balances_;  ///< before they are known: what the transfers changed
  bool known_ = false;
};

}  // namespace

std::unique_ptr<Specification> make_bank(const HistoryInfo& info) {
  return std::make_unique<Bank>(info);
}

Status refute_totals(Evidence& evidence) {
  std::optional<Accounts> reference = accounts_in(evidence.info.initial);
  for (const Act& act : evidence.acts) {
    auto found = act.f == "read" && act.returned ? accounts_read(act.result) : std::nullopt;
    if (!found)
      return Error{ErrorKind::bad_data, "certificate: a witness of a bank that is no read"};
    if (reference && differ(*reference, *found)) evidence.refuted = true;
    if (!reference) reference = std::move(found);
  }
  if (evidence.refuted) return {};
  return Error{ErrorKind::bad_data,
               "certificate: the reads of the witness have the same accounts and the same total"};
}

bool needs_constant_total(std::string_view model) {
  static constexpr std::array<std::string_view, 8> levels{"consistent-view",
                                                          "parallel-snapshot-isolation",
                                                          "snapshot-isolation",
                                                          "strong-session-snapshot-isolation",
                                                          "strong-snapshot-isolation",
                                                          "serializable",
                                                          "strong-session-serializable",
                                                          "strict-serializable"};
  return std::find(levels.begin(), levels.end(), model) != levels.end();
}

}  // namespace assay
