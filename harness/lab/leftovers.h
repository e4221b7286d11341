#pragma once
// Leftovers: what a lab has on this machine, found by looking at the machine and not at a state
// file, so that a lab whose controller was killed half-way is cleaned all the same. A process
// belongs to a lab if the root of its mount namespace is an overlay on the lab's folder.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "harness/lab/node_process.h"
#include "harness/lab/site.h"

namespace assay {

/// Processes of the lab, first processes of nodes before all others.
std::vector<ProcessIdentity> lab_processes(const LabSite& site);

/// Whatever there still is: processes, interfaces, mounts, the folder. Empty: nothing.
std::vector<std::string> lab_leftovers(const LabSite& site);

/// Kills, unmounts, removes, and then looks again. Error: busy (the bridge belongs to a lab in
/// another state folder), unavailable (something stays; the message names it).
Status remove_lab(const LabSite& site);

/// Removes a folder and all in it without entering other file systems. Fine if there is none.
Status remove_tree(const std::filesystem::path& folder);

}  // namespace assay
