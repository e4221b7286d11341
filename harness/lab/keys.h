#pragma once
// The SSH keys of a lab: one for the client, one for each node. They live as long as the lab.

#include <filesystem>
#include <string>

#include "base/result.h"

namespace assay {

/// Makes an ed25519 key pair, writes the private half to `private_file` (mode 600) and gives the
/// public half as "ssh-ed25519 BASE64". Error: cannot_write, internal.
Result<std::string> make_key(const std::filesystem::path& private_file);

}  // namespace assay
