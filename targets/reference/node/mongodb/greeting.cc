#include "targets/reference/node/mongodb/greeting.h"

#include <string>
#include <utility>

#include "targets/reference/node/mongodb/answers.h"

namespace assay::mongodb_front {
namespace {

using reference::Role;

constexpr const char* set_name = "assay";
// Of MongoDB 6.0: the first that knows all that is answered here in the form of today.
constexpr int wire_version = 17;

}  // namespace

Datum greeting_of(const Member& member) {
  const auto status = member.status();
  const bool leads = status.role == Role::leader;
  Datum::List hosts;
  for (auto& host : member.hosts()) hosts.emplace_back(std::move(host));
  Datum reply = document({{"ismaster", leads},
                          {"isWritablePrimary", leads},
                          {"secondary", !leads},
                          {"setName", text(set_name)},
                          {"setVersion", number(1)},
                          {"hosts", hosts},
                          {"me", member.host_of(member.self())},
                          {"maxBsonObjectSize", number(1 << 20)},
                          {"maxMessageSizeBytes", number(1 << 22)},
                          {"maxWriteBatchSize", number(1000)},
                          {"logicalSessionTimeoutMinutes", number(30)},
                          {"minWireVersion", number(0)},
                          {"maxWireVersion", number(wire_version)},
                          {"readOnly", false},
                          {"ok", number(1)}});
  if (const std::string primary = member.host_of(status.leader); !primary.empty()) {
    add_field(reply, "primary", primary);
  }
  if (leads) {
    // Drivers that have heard of a later election ignore this primary.
    constexpr std::size_t oid_digits = 24;
    const std::string digits = std::to_string(status.term);
    add_field(reply, "electionId",
              document({{"$oid", std::string(oid_digits - digits.size(), '0') + digits}}));
  }
  return reply;
}

Datum build_info() {
  return document({{"version", text("assay-node " ASSAY_VERSION)}, {"ok", number(1)}});
}

}  // namespace assay::mongodb_front
