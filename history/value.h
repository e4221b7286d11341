#pragma once
// Value: what an operation writes, reads or is asked. The readers of every format map to it.
// Keyword, symbol and string are kept apart so that a history can be written back as it was, but
// a vector and a list are one thing (`list`): they compare equal in EDN too.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assay {

class Value {
 public:
  struct Keyword {
    std::string name;  ///< without the colon
    auto operator<=>(const Keyword&) const = default;
  };
  /// A form that has no plain equivalent (an EDN tag, a ratio, a big integer), kept as its text.
  struct Tagged {
    std::string tag;
    std::string text;
    auto operator<=>(const Tagged&) const = default;
  };
  using List = std::vector<Value>;
  /// In the order read; keys of any type. Two maps are equal if their entries are, in order.
  using Map = std::vector<std::pair<Value, Value>>;
  struct Set {
    List elements;
    auto operator<=>(const Set&) const = default;
    bool operator==(const Set&) const = default;
  };
  struct Nil {
    auto operator<=>(const Nil&) const = default;
  };

  Value() = default;  ///< nil
  // NOLINTBEGIN(google-explicit-constructor): literals in tests and readers.
  Value(bool b) : data_(b) {}
  Value(std::int64_t i) : data_(i) {}
  Value(int i) : data_(std::int64_t{i}) {}
  Value(double d) : data_(d) {}
  Value(std::string s) : data_(std::move(s)) {}
  Value(std::string_view s) : data_(std::string(s)) {}
  Value(const char* s) : data_(std::string(s)) {}
  Value(Keyword k) : data_(std::move(k)) {}
  Value(Tagged t) : data_(std::move(t)) {}
  Value(List l) : data_(std::move(l)) {}
  Value(Map m) : data_(std::move(m)) {}
  Value(Set s) : data_(std::move(s)) {}
  // NOLINTEND(google-explicit-constructor)

  bool is_nil() const { return std::holds_alternative<Nil>(data_); }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* get_if() {
    return std::get_if<T>(&data_);
  }
  const auto& data() const { return data_; }
  /// A list, a map or a set.
  bool is_collection() const { return is<List>() || is<Map>() || is<Set>(); }

  /// Total order (by type, then by content): for canonical maps and stable output.
  friend bool operator==(const Value& a, const Value& b);
  friend bool operator<(const Value& a, const Value& b);

 private:
  std::variant<Nil, bool, std::int64_t, double, std::string, Keyword, Tagged, List, Map, Set> data_;
};

/// How a person reads it in a sentence: nil, 3, "x", [1 2], {:a 1}, #{1 2}. Text is escaped as in
/// JSON; the result is still untrusted text for HTML, shell and XML.
std::string to_text(const Value& value);

/// The entry of a Map under a string key, or null.
const Value* find(const Value& map, std::string_view key);

}  // namespace assay
