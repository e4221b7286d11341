#pragma once
// What a member says of itself: of which replica set it is, and whether it leads.

#include "targets/reference/node/mongodb/member.h"

namespace assay::mongodb_front {

/// Of hello, which drivers ask over and over.
reference::Datum greeting_of(const Member& member);
/// Of buildInfo: no version of MongoDB.
reference::Datum build_info();

}  // namespace assay::mongodb_front
