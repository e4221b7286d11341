// assay serve: the run store as a local page.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/command.h"
#include "cli/interruption.h"
#include "cli/store_server.h"

namespace assay::cli {
namespace {

/// 128 bits from the kernel, hexadecimal.
Result<std::string> fresh_token() {
  std::ifstream random("/dev/urandom", std::ios::binary);
  std::array<char, 16> bytes{};
  if (!random.read(bytes.data(), bytes.size())) {
    return Error{ErrorKind::no_input, "/dev/urandom cannot be read; give a --token"};
  }
  std::string token;
  for (const char byte : bytes) token += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return token;
}

/// It stands in an address and in a cookie as it is.
Status check_token(const std::string& token) {
  constexpr std::size_t shortest = 8;
  constexpr std::size_t longest = 128;
  const bool plain = std::all_of(token.begin(), token.end(), [](unsigned char c) {
    return c < 128 && (std::isalnum(c) != 0 || c == '-' || c == '_');
  });
  if (plain && token.size() >= shortest && token.size() <= longest) return {};
  return Error{ErrorKind::usage, fmt::format("--token: expected {} to {} letters, digits, - and _",
                                             shortest, longest)};
}

Result<int> serve(ServerSettings settings) {
  std::error_code failure;
  if (!std::filesystem::is_directory(settings.store, failure)) {
    return Error{ErrorKind::no_input,
                 fmt::format("no store of runs at '{}'; `assay run` makes one", settings.store)};
  }
  const bool beyond = !is_loopback(settings.address);
  if (beyond && settings.token.empty()) {
    auto token = fresh_token();
    if (!token.ok()) return token.error();
    settings.token = *std::move(token);
  } else if (!settings.token.empty()) {
    if (auto status = check_token(settings.token); !status.ok()) return status.error();
  }
  const Interruption interruption;
  const auto ready = [&](const std::string& address) {
    fmt::print("{}\n", address);
    std::fflush(stdout);
    if (beyond) {
      fmt::print(stderr,
                 "assay: note: {} can be reached from other machines, and what is sent is not "
                 "encrypted; an SSH tunnel to the default address is\n",
                 settings.address);
    }
    fmt::print(stderr, "assay: serving '{}', only to read; Ctrl-C ends it\n", settings.store);
  };
  const auto status = serve_store(settings, ready, [&] { return interruption.requested().load(); });
  if (!status.ok()) return status.error();
  return interruption.exit_code();
}

}  // namespace

Action define_serve(CLI::App& app) {
  auto settings = std::make_shared<ServerSettings>();
  app.add_option("--store", settings->store, "folder of the runs")->capture_default_str();
  app.add_option("--address", settings->address,
                 "address to listen on; another one than loopback asks for a token")
      ->capture_default_str();
  app.add_option("--port", settings->port, "port to listen on; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option(
      "--token", settings->token,
      "secret to ask for; beyond loopback by default a fresh one. Others on this machine "
      "can read command lines: ASSAY_SERVE_TOKEN in the environment is better kept");
  return [settings] { return serve(*settings); };
}

}  // namespace assay::cli
