#pragma once
// Rootless labs: an ordinary user gets a user namespace in which they are root, with mounts and a
// network of its own. A process, the keeper, holds these three while a lab is up; whoever works
// with the lab enters them. Needs what rootless containers need: newuidmap (package uidmap), and a
// range of ids for the user in /etc/subuid and /etc/subgid. Nothing here is for threads: a process
// enters before it makes any.

#include <string>

#include "base/result.h"
#include "harness/lab/site.h"

namespace assay {

/// Whether this process is root in a user namespace only.
bool is_rootless();

/// lab_site() for a process that is going to use the lab. One of an ordinary user enters the user
/// and mount namespaces, still in the network of the machine, if that is possible; else
/// `why_not_rootless` says why, and the lab's functions that they need root. Errors: of lab_site.
Result<LabSite> enter_lab_site();
/// Empty if nothing was tried or nothing went wrong.
const std::string& why_not_rootless();

/// Enters the lab's network, for good: the machine's is out of reach from then on. Nothing to do
/// for root, whose labs are in the machine's network. Error: unavailable.
Status join_lab_network(const LabSite& site);

/// Ends the keeper if no lab of this state folder is left and nobody else is at work there. Error:
/// unavailable.
Status end_rootless(const LabSite& site);

}  // namespace assay
