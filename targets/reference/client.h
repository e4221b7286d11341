#pragma once
// The client of the reference cluster: the commands of its store, through one member.

#include <cstdint>

#include "harness/client.h"
#include "targets/reference/connection.h"
#include "targets/reference/protocols/client_message.h"

namespace assay::reference {

class ReferenceClient final : public Client {
 public:
  /// `identity`: unique among all clients of the cluster's life, not 0. Connects when first used.
  ReferenceClient(Address address, std::uint64_t identity);

  /// f, key and value: as the table of commands (protocols/commands.h) says. After a failure that
  /// took no time it waits a little, so that a dead member does not turn into a flood of failed
  /// operations.
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, const Command& command, Nanos deadline);

  Address address_;
  std::uint64_t identity_;
  std::uint64_t sequence_ = 0;
  Connection connection_;
};

/// Asks a member how it sees the cluster. Error: unavailable.
Result<StatusReport> query_status(const Address& address, Nanos timeout);

}  // namespace assay::reference
