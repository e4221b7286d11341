#pragma once
// What clients and members say to each other, and the greeting that opens every connection. A
// member answers requests of one connection in any order; the reply repeats the request's id.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

enum class Role : std::uint8_t { follower = 0, candidate = 1, leader = 2 };
constexpr Role last_of(Role) { return Role::leader; }
std::string_view name_of(Role role);

/// First frame of a member's connection; a connection that opens otherwise is a client's.
struct PeerHello {
  NodeId from = NodeId::none;
  static auto fields(auto& m) { return std::tie(m.from); }
  bool operator==(const PeerHello&) const = default;
};
struct StatusRequest {
  static auto fields(auto& /*m*/) { return std::tie(); }
  bool operator==(const StatusRequest&) const = default;
};
/// A member's view of the cluster.
struct StatusReport {
  NodeId self = NodeId::none;
  Role role = Role::follower;
  Term term = 0;
  NodeId leader = NodeId::none;  ///< none: not known
  LogIndex last = 0;
  LogIndex commit = 0;
  LogIndex applied = 0;
  std::vector<NodeId> members;  ///< of the cluster, as this member has it; empty: never changes
  std::string protocol;
  std::string version;
  static auto fields(auto& m) {
    return std::tie(m.self, m.role, m.term, m.leader, m.last, m.commit, m.applied, m.members,
                    m.protocol, m.version);
  }
  bool operator==(const StatusReport&) const = default;
};

using ClientMessage = std::variant<PeerHello, Command, Reply, StatusRequest, StatusReport>;

void encode(const ClientMessage& message, std::string& out);
/// Nothing if the bytes are not exactly one client message of this version.
std::optional<ClientMessage> decode_client_message(std::string_view bytes);

}  // namespace assay::reference
