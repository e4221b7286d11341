#pragma once
// Versions of the objects of a closed world: who made each, which one each read saw or may have
// seen, what is known of their order, and what is wrong at first sight.

#include <cstdint>
#include <string>
#include <vector>

#include "checker/transactions/predicates/operations.h"

namespace assay::predicates {

inline constexpr std::uint32_t nobody = 0xFFFFFFFF;

/// Of one object. Number 0 is that it does not exist yet.
struct Version {
  std::uint32_t writer = nobody;
  std::optional<Value> value;  ///< none: it does not exist yet, or was deleted
};

/// Something read an object's version from another transaction; `candidates` are all that it may
/// have been, by number, ascending.
struct Sight {
  std::uint32_t reader;
  Key key;
  bool by_predicate;  ///< the read did not return the object
  std::vector<std::uint32_t> candidates;
};

struct Flaw {
  const char* type;
  Key key;
  std::vector<std::uint32_t> transactions;
  std::string because;
};

struct Versions {
  std::vector<std::vector<Version>> of;  ///< by key
  /// By key: the versions in their order, as far as it is known: all of them, or, if `known` is
  /// false, the ones before and after everything else.
  std::vector<std::vector<std::uint32_t>> order;
  std::vector<bool> known;
  /// By key: a version and one that a transaction put in its place after reading it.
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> steps;
  std::vector<Sight> sights;
  std::vector<Flaw> flaws;
  std::vector<bool> committed;  ///< by transaction: ok, or indeterminate and seen
  std::string ambiguous;        ///< why reads cannot be matched to versions; mostly empty
};

Versions find_versions(const ClosedWorld& world);

}  // namespace assay::predicates
