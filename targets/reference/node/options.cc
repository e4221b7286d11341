#include "targets/reference/node/options.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace assay::reference {
namespace {

constexpr std::size_t members_max = 64;

Error usage(const std::string& message) {
  return {ErrorKind::usage, message + "; see assay-node --help"};
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

Status parse_member(std::string_view text, std::map<NodeId, Endpoint>& members) {
  const Error malformed =
      usage("--peers: expected ID=HOST[:PORT], got '" + std::string(text) + "'");
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return malformed;
  const auto id = parse_number(text.substr(0, equals), members_max);
  auto host = text.substr(equals + 1);
  std::uint64_t port = default_port;
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos) {
    const auto parsed = parse_number(host.substr(colon + 1), 65535);
    if (!parsed || *parsed == 0) return malformed;
    port = *parsed;
    host = host.substr(0, colon);
  }
  if (!id || *id == 0 || host.empty()) return malformed;
  const Endpoint endpoint{std::string(host), static_cast<std::uint16_t>(port)};
  if (!members.emplace(NodeId{static_cast<std::uint32_t>(*id)}, endpoint).second) {
    return usage("--peers: member " + std::to_string(*id) + " is named twice");
  }
  return {};
}

Status parse_members(std::string_view text, std::map<NodeId, Endpoint>& members) {
  while (true) {
    const auto comma = text.find(',');
    if (auto status = parse_member(text.substr(0, comma), members); !status) return status;
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

Result<std::size_t> parse_replication(const std::string& text, std::size_t members) {
  const std::size_t backups = members - 1;
  if (text == "async") return std::size_t{0};
  if (text == "sync") return backups;
  if (text == "semi-sync") return std::size_t{1};
  constexpr std::string_view prefix = "semi-sync:";
  if (text.starts_with(prefix)) {
    const auto count = parse_number(std::string_view(text).substr(prefix.size()), backups);
    if (count && *count > 0) return static_cast<std::size_t>(*count);
  }
  return usage("--replication: expected async, sync, semi-sync or semi-sync:K with K from 1 to " +
               std::to_string(backups) + ", got '" + text + "'");
}

Status finish(NodeOptions& options, const std::string& replication) {
  if (options.show_help || options.show_version) return {};
  if (options.members.empty()) return usage("--peers is missing");
  if (!options.members.contains(options.id)) {
    return usage("--id is missing or not among the members of --peers");
  }
  if (options.data_folder.empty()) return usage("--data is missing");
  if (options.protocol == "primary-backup") {
    if (!options.members.contains(NodeId{1})) {
      return usage("--protocol primary-backup needs a member 1: it is the primary");
    }
    auto acknowledgements = parse_replication(replication, options.members.size());
    if (!acknowledgements) return acknowledgements.error();
    options.acknowledgements = *acknowledgements;
  }
  return {};
}

Status set_option(NodeOptions& options, std::string& replication, const std::string& name,
                  const std::string& value) {
  if (name == "--id") {
    const auto id = parse_number(value, members_max);
    if (!id || *id == 0) return usage("--id: expected a number from 1, got '" + value + "'");
    options.id = NodeId{static_cast<std::uint32_t>(*id)};
  } else if (name == "--peers") {
    return parse_members(value, options.members);
  } else if (name == "--protocol") {
    if (value != "raft" && value != "primary-backup") {
      return usage("--protocol: expected raft or primary-backup, got '" + value + "'");
    }
    options.protocol = value;
  } else if (name == "--replication") {
    replication = value;
  } else if (name == "--read-from") {
    if (value != "leader" && value != "any") {
      return usage("--read-from: expected leader or any, got '" + value + "'");
    }
    options.read_from = value == "any" ? ReadFrom::any : ReadFrom::leader;
  } else if (name == "--data") {
    options.data_folder = value;
  } else if (name == "--listen") {
    options.listen = value;
  } else if (name == "--log-level") {
    const auto level = log_level_named(value);
    if (!level)
      return usage("--log-level: expected debug, info, warning or error, got '" + value + "'");
    options.log_level = *level;
  } else {
    return usage("unknown option '" + name + "'");
  }
  return {};
}

}  // namespace

std::string node_usage() {
  return "usage: assay-node --id N --peers 1=HOST[:PORT],2=... --data DIR [options]\n"
         "  --id N               this member's number\n"
         "  --peers LIST         all members, this one included; port 7000 if not given\n"
         "  --data DIR           folder of the write-ahead log\n"
         "  --protocol P         raft (default) or primary-backup (member 1 is the primary)\n"
         "  --replication R      primary-backup: async (default), semi-sync[:K] or sync\n"
         "  --read-from F        primary-backup: leader (default) or any\n"
         "  --listen ADDRESS     address to listen on (default 0.0.0.0)\n"
         "  --log-level L        debug, info (default), warning or error\n"
         "  --version, --help\n";
}

Result<NodeOptions> parse_node_options(const std::vector<std::string>& arguments) {
  NodeOptions options;
  std::string replication = "async";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "--version") {
      (name == "--help" ? options.show_help : options.show_version) = true;
      continue;
    }
    std::string value;
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return usage("option '" + name + "' needs a value");
    }
    if (auto status = set_option(options, replication, name, value); !status) {
      return status.error();
    }
  }
  if (auto status = finish(options, replication); !status) return status.error();
  return options;
}

}  // namespace assay::reference
