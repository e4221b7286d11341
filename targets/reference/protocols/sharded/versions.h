#pragma once
// The objects of one shard with their versions. Locking keeps one of each, with stamp 0; snapshots
// keep all, by the stamp of the commit that wrote them.
// Source: Bernstein and Goodman, "Multiversion concurrency control", 1983.

#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

class Versions {
 public:
  using Stamp = std::uint64_t;
  static constexpr Stamp newest = std::numeric_limits<Stamp>::max();

  /// The version that a snapshot of that stamp holds; nil if there is none. O(log).
  Datum read(const Datum& key, Stamp at) const {
    const auto object = objects_.find(key);
    if (object == objects_.end()) return {};
    const auto after = object->second.upper_bound(at);
    return after == object->second.begin() ? Datum{} : std::prev(after)->second;
  }
  /// The stamp of the newest version; 0 if there is none.
  Stamp written_at(const Datum& key) const {
    const auto object = objects_.find(key);
    return object == objects_.end() ? 0 : object->second.rbegin()->first;
  }
  void write(const Datum& key, Datum object, Stamp stamp) {
    objects_[key][stamp] = std::move(object);
  }

 private:
  std::map<Datum, std::map<Stamp, Datum>> objects_;
};

}  // namespace assay::reference
