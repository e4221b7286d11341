// assay-node: one member of the reference cluster.
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "targets/reference/node/host.h"
#include "targets/reference/node/logging.h"
#include "targets/reference/node/options.h"
#include "targets/reference/protocols/primary_backup/primary_backup.h"
#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {
namespace {

std::unique_ptr<Protocol> make_protocol(const NodeOptions& options) {
  std::vector<NodeId> members;
  for (const auto& [id, endpoint] : options.members) members.push_back(id);
  if (options.protocol == "primary-backup") {
    PrimaryBackupConfig config;
    config.self = options.id;
    config.members = std::move(members);
    config.acknowledgements = options.acknowledgements;
    config.read_from = options.read_from;
    return std::make_unique<PrimaryBackup>(std::move(config));
  }
  RaftConfig config;
  config.self = options.id;
  config.members = std::move(members);
  // Election timeouts must differ between members and lives, so no seed is shared here.
  return std::make_unique<Raft>(std::move(config), Random(random_seed()));
}

int fail(const Error& error) {
  log_message(LogLevel::error, error.message);
  return error.exit_code();
}

int run(const std::vector<std::string>& arguments) {
  auto options = parse_node_options(arguments);
  if (!options) {
    std::cerr << "assay-node: " << options.error().message << "\n";
    return options.error().exit_code();
  }
  if (options->show_help || options->show_version) {
    std::cout << (options->show_help ? node_usage() : "assay-node " ASSAY_VERSION "\n");
    return 0;
  }
  set_log_level(options->log_level);
  log_message(LogLevel::info, "assay-node " ASSAY_VERSION ", member " +
                                  std::to_string(static_cast<std::uint32_t>(options->id)) + " of " +
                                  std::to_string(options->members.size()) + ", protocol " +
                                  options->protocol);

  boost::asio::io_context loop(1);
  auto protocol = make_protocol(*options);
  Host host(loop, std::move(*options), std::move(protocol));
  if (auto status = host.start(); !status) return fail(status.error());
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code error, int /*signal*/) {
    if (!error) loop.stop();
  });
  loop.run();
  if (!host.failure()) return fail(host.failure().error());
  log_message(LogLevel::info, "stopped");
  return 0;
}

}  // namespace
}  // namespace assay::reference

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return assay::reference::run({argv + 1, argv + argc});
  } catch (const std::exception& exception) {
    std::cerr << "assay-node: " << exception.what() << "\n";
    return static_cast<int>(assay::ErrorKind::internal);
  }
}
