#pragma once
// The options that every target with MongoDB's driver has: concerns, who is read, sessions.

#include <map>
#include <string>

#include "harness/target.h"
#include "targets/mongodb/driver.h"

namespace assay::mongodb {

inline constexpr TargetOption write_concern_option{
    "write-concern", "majority", "majority|1|journaled",
    "when a write is acknowledged: by most, by the primary, by the primary's journal"};
inline constexpr TargetOption read_concern_option{
    "read-concern", "majority", "majority|local|linearizable|snapshot",
    "what a read may see; transactions cannot be linearizable"};
inline constexpr TargetOption reads_option{"reads", "primary", "primary|secondary",
                                           "who answers what is read outside of transactions"};
inline constexpr TargetOption causal_option{
    "causal", "no", "no|yes", "whether each client has a causally consistent session"};

inline constexpr TargetOption retry_option{
    "retry-writes", "no", "no|yes", "whether the driver sends a write again that was not answered"};

/// Of these options; hosts and login are left open. Error: configuration.
Result<DriverSettings> driver_settings(const std::map<std::string, std::string>& given);

}  // namespace assay::mongodb
