#pragma once
// Locks and elections of etcd: a key that a lease holds has one owner until it is deleted or the
// lease ends. Its revision of creation is the token, or the term.

#include <map>
#include <string>

#include "harness/client.h"
#include "targets/etcd/gateway.h"

namespace assay::etcd {

/// Of one client. Used by one thread at a time; the gateway outlives it.
class LeasedKeys {
 public:
  LeasedKeys(Gateway& gateway, int lease_seconds)
      : gateway_(gateway), lease_seconds_(lease_seconds) {}

  /// The token, or unmet: somebody else has it.
  Completion acquire(const std::string& key, Nanos deadline);
  /// Makes the lease last as long as a new one; unmet: it is over.
  Completion renew(const std::string& key, Nanos deadline);
  Completion release(const std::string& key, Nanos deadline);
  /// Writes to what the lock guards, in whose key the largest token is kept. Unmet: it has a larger
  /// one.
  Completion use(const std::string& key, const Value& token, Nanos deadline);
  /// [term leader], after standing for election, or after looking; a leader is named by its lease.
  Completion elect(const std::string& key, Nanos deadline);
  Completion leader(const std::string& key, bool serializable, Nanos deadline);

 private:
  struct Attempt {
    Reply reply;
    bool has_effect;      ///< what failed may have changed something
    std::int64_t term;    ///< ok: of whoever has the key
    std::string owner{};  ///< its lease
    bool own;
  };
  /// Takes the key unless somebody has it.
  Attempt take(const std::string& key, Nanos deadline);
  /// Makes sure that there is a lease with all its time left.
  Reply lease(const std::string& key, Nanos deadline);
  Reply keep_alive(const std::string& key, Nanos deadline);

  Gateway& gateway_;
  int lease_seconds_;
  std::map<std::string, std::string> leases_;  ///< by key, their numbers
};

}  // namespace assay::etcd
