#pragma once
// A client of etcd: registers, sets (a key for each element), and locks that a lease holds.

#include <string>

#include "harness/client.h"
#include "targets/etcd/gateway.h"
#include "targets/functions.h"

namespace assay::etcd {

struct ClientSettings {
  bool serializable_reads = false;  ///< answered by the member that is asked, without a quorum
  int lease_seconds = 2;            ///< of a lock, which nobody keeps alive
  std::string datatype;
};

/// What the client performs.
Functions functions();

class EtcdClient final : public Client {
 public:
  EtcdClient(const Endpoint& endpoint, ClientSettings settings)
      : gateway_(endpoint), settings_(std::move(settings)) {}
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, Nanos deadline);
  Completion read(const std::string& key, Nanos deadline);
  Completion cas(const std::string& key, const Value& value, Nanos deadline);
  Completion acquire(const std::string& name, Nanos deadline);
  Completion release(Nanos deadline);

  Gateway gateway_;
  ClientSettings settings_;
  std::string held_;  ///< key of the lock that is held, as etcd spells it
};

}  // namespace assay::etcd
