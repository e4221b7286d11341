#pragma once
// What the reference cluster stores and sends: nil, a truth, an integer, a short text, or a list or
// map of such. Its order is total, so that a map of data is the same on every member.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace assay::reference {

class Datum {
 public:
  using List = std::vector<Datum>;
  /// In the order given.
  using Map = std::vector<std::pair<Datum, Datum>>;

  Datum() = default;  ///< nil: what nobody wrote
  // NOLINTBEGIN(google-explicit-constructor): literals.
  Datum(bool truth) : data_(truth) {}
  Datum(std::int64_t number) : data_(number) {}
  Datum(std::string text) : data_(std::move(text)) {}
  Datum(List list) : data_(std::move(list)) {}
  Datum(Map map) : data_(std::move(map)) {}
  // NOLINTEND(google-explicit-constructor)

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* get_if() {
    return std::get_if<T>(&data_);
  }
  bool is_nil() const { return data_.index() == 0; }
  /// Which kind it is: nil, truth, integer, text, list, map, counted from 0.
  std::size_t index() const { return data_.index(); }

  friend bool operator==(const Datum& a, const Datum& b);
  /// By kind, then by content. O(the shorter).
  friend bool operator<(const Datum& a, const Datum& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, std::string, List, Map> data_;
};

inline bool is_nil(const Datum& datum) { return datum.is_nil(); }

/// A text may be this long.
inline constexpr std::size_t datum_bytes_max = 64 * 1024;
/// How deep lists and maps may lie within each other: a transaction's reads of lists need four.
inline constexpr int datum_depth_max = 8;

/// What each datum costs by itself, about.
inline constexpr std::size_t datum_weight = 9;
/// What a datum costs in memory and on the wire, about: its own, its parts' and its texts'. O(n).
std::size_t weight_of(const Datum& datum);
/// What a request may carry in each of its arguments.
inline constexpr std::size_t argument_weight_max = 2 * datum_bytes_max;
/// What a reply may carry, and the heaviest that a decoder accepts.
inline constexpr std::size_t datum_weight_max = 4 * 1024 * 1024;

/// O(its size).
std::size_t hash_of(const Datum& datum);

}  // namespace assay::reference

template <>
struct std::hash<assay::reference::Datum> {
  std::size_t operator()(const assay::reference::Datum& datum) const {
    return assay::reference::hash_of(datum);
  }
};
