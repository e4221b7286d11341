#pragma once
// A long-lived remote command on an SSH session of its own.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "harness/control/node.h"

namespace assay {

/// Thread-safe: one thread may write while another waits in read_line. Errors as connect_ssh.
Result<std::unique_ptr<RemoteProcess>> start_ssh_process(const NodeAddress& address,
                                                         const std::string& command, Nanos timeout);

}  // namespace assay
