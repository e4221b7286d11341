#pragma once
// A client of etcd: registers, sets (a key for each element), locks and elections that a lease
// holds, and watches.

#include <string>

#include "harness/client.h"
#include "targets/etcd/gateway.h"
#include "targets/etcd/leased_keys.h"
#include "targets/etcd/watches.h"
#include "targets/functions.h"

namespace assay::etcd {

struct ClientSettings {
  bool serializable_reads = false;  ///< answered by the member that is asked, without a quorum
  int lease_seconds = 2;            ///< of a lock, unless it is renewed
  WatchSettings watch;
  std::string datatype;
};

/// What the client performs.
Functions functions();

class EtcdClient final : public Client {
 public:
  EtcdClient(const Endpoint& endpoint, ClientSettings settings)
      : gateway_(endpoint),
        settings_(std::move(settings)),
        leased_(gateway_, settings_.lease_seconds) {}
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, Nanos deadline);
  Completion read(const std::string& key, Nanos deadline);
  Completion cas(const std::string& key, const Value& value, Nanos deadline);
  /// By etcd's lock service, which waits.
  Completion acquire(const std::string& name, Nanos deadline);
  Completion release(Nanos deadline);

  Gateway gateway_;
  ClientSettings settings_;
  LeasedKeys leased_;
  std::string held_;  ///< key of the lock of its lock service that is held, as etcd spells it
};

}  // namespace assay::etcd
