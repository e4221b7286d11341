#pragma once
// Firewall: which packets this node drops or refuses, in a table of the agent's own. The whole
// table is made anew from the ledger at each change, in one transaction, and no other table is
// ever read or changed.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nemesis/agent/ledger.h"

namespace assay::agent {

/// The table of nftables, and the chain where there is only iptables.
inline constexpr const char* firewall_table = "assay_nemesis";
inline constexpr const char* firewall_chain = "ASSAY-NEMESIS";

/// Begins a word of a record that restricts a partition to packets from and to a port.
inline constexpr std::string_view port_prefix = "port=";
inline constexpr std::string_view except_prefix = "except=";

/// Makes the firewall carry the records of kind `partition` and `packets`, and nothing else; keeps
/// what was counted for those that stay. By nftables, or by iptables where there is no nft. Error:
/// unavailable (neither is there, or it refuses).
Status apply_firewall(std::span<const Record> records);

/// Packets that the firewall stopped, by the fault's id.
Result<std::map<std::string, std::uint64_t>> stopped_packets();

}  // namespace assay::agent
