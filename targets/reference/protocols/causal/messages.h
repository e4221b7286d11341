#pragma once
// What members of a causal store say to each other beside updates (updates/update.h): reads that
// another member answers.

#include <cstdint>
#include <tuple>

#include "targets/reference/protocols/clocks/version_vector.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// A read with what its session has seen: the answer must not be older.
struct CausalRead {
  RequestId id;
  Datum key;
  VersionVector context;
  static auto fields(auto& m) { return std::tie(m.id, m.key, m.context); }
  bool operator==(const CausalRead&) const = default;
};
struct CausalReadReply {
  RequestId id;
  Datum value;
  VersionVector context;  ///< the version that was read with all that it depends on
  static auto fields(auto& m) { return std::tie(m.id, m.value, m.context); }
  bool operator==(const CausalReadReply&) const = default;
};

}  // namespace assay::reference
