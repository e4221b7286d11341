// Value: the total order and the text a person reads.
#include "history/value.h"

#include <bit>
#include <cmath>
#include <compare>
#include <type_traits>

#include "history/text.h"
#include "history/word.h"

namespace assay {
namespace {

// Doubles are ordered by their value, then by their bits, so that -0.0 and 0.0 differ and every NaN
// is one thing: interning needs an equality that is reflexive.
std::strong_ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  if (a < b) return std::strong_ordering::less;
  if (a > b) return std::strong_ordering::greater;
  return std::bit_cast<std::int64_t>(a) <=> std::bit_cast<std::int64_t>(b);
}

std::strong_ordering compare(const Value& a, const Value& b);

std::strong_ordering compare_lists(const Value::List& a, const Value::List& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (auto order = compare(a[i], b[i]); order != 0) return order;
  }
  return a.size() <=> b.size();
}

std::strong_ordering compare_maps(const Value::Map& a, const Value::Map& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (auto order = compare(a[i].first, b[i].first); order != 0) return order;
    if (auto order = compare(a[i].second, b[i].second); order != 0) return order;
  }
  return a.size() <=> b.size();
}

std::strong_ordering compare(const Value& a, const Value& b) {
  if (a.data().index() != b.data().index()) return a.data().index() <=> b.data().index();
  return std::visit(
      [&b](const auto& left) -> std::strong_ordering {
        using T = std::decay_t<decltype(left)>;
        const T& right = *b.get_if<T>();
        if constexpr (std::is_same_v<T, double>) {
          return compare_doubles(left, right);
        } else if constexpr (std::is_same_v<T, Value::List>) {
          return compare_lists(left, right);
        } else if constexpr (std::is_same_v<T, Value::Map>) {
          return compare_maps(left, right);
        } else if constexpr (std::is_same_v<T, Value::Set>) {
          return compare_lists(left.elements, right.elements);
        } else {
          return left <=> right;
        }
      },
      a.data());
}

}  // namespace

bool operator==(const Value& a, const Value& b) { return compare(a, b) == 0; }
bool operator<(const Value& a, const Value& b) { return compare(a, b) < 0; }

std::string to_text(const Value& value) {
  std::string out;
  append_edn(value, out);
  return out;
}

const Value* find(const Value& map, std::string_view key) {
  const auto* entries = map.get_if<Value::Map>();
  if (entries == nullptr) return nullptr;
  for (const auto& [name, value] : *entries) {
    if (word_of(name) == key) return &value;
  }
  return nullptr;
}

}  // namespace assay
