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
#include "targets/reference/node/operator.h"
#include "targets/reference/node/options.h"
#include "targets/reference/protocols/catalogue.h"

namespace assay::reference {
namespace {

Membership membership_of(const NodeOptions& options) {
  Membership membership{options.id, {}};
  for (const auto& [id, endpoint] : options.members) membership.members.push_back(id);
  return membership;
}

int fail(const Error& error) {
  log_message(LogLevel::error, error.message);
  return error.exit_code();
}

/// As long as whoever runs such commands waits for them.
constexpr Nanos change_patience = std::chrono::seconds(20);

int operate(const NodeOptions& options) {
  const auto others =
      change_members(options, options.leaves ? Change::leave : Change::join, change_patience);
  if (!others) {
    std::cerr << "assay-node: " << others.error().message << "\n";
    return others.error().exit_code();
  }
  for (const NodeId member : *others) {
    std::cout << (member == others->front() ? "" : " ") << static_cast<std::uint32_t>(member);
  }
  std::cout << "\n";
  return 0;
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
  if (options->leaves || options->joins) return operate(*options);
  set_log_level(options->log_level);
  log_message(LogLevel::info, "assay-node " ASSAY_VERSION ", member " +
                                  std::to_string(static_cast<std::uint32_t>(options->id)) + " of " +
                                  std::to_string(options->members.size()) + ", protocol " +
                                  options->protocol.protocol);
  for (const std::string& bug : options->protocol.bugs) {
    log_message(LogLevel::warning, "with the bug " + bug + ", on purpose");
  }

  boost::asio::io_context loop(1);
  // Election timeouts must differ between members and lives, so no seed is shared here.
  auto protocol = make_protocol(options->protocol, membership_of(*options), Random(random_seed()));
  if (!protocol) return fail(protocol.error());
  if (options->mongodb_port != 0 && (*protocol)->own_copy() == nullptr) {
    return fail({ErrorKind::usage, "--mongodb-port: members of " + options->protocol.protocol +
                                       " show nothing by themselves, which MongoDB's reads need"});
  }
  Host host(loop, std::move(*options), std::move(*protocol));
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
