#include "targets/reference/node/options.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

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

Status finish(const NodeOptions& options) {
  if (options.show_help || options.show_version) return {};
  if (options.members.empty()) return usage("--peers is missing");
  if (!options.members.contains(options.id)) {
    return usage("--id is missing or not among the members of --peers");
  }
  if (options.leaves && options.joins) return usage("--leave and --join exclude each other");
  if (options.data_folder.empty() && !options.leaves && !options.joins) {
    return usage("--data is missing");
  }
  auto status = check_settings(options.protocol, options.members.size());
  return status ? status : Status(usage(status.error().message));
}

bool is_protocol_option(std::string_view name) {
  for (const auto& entry : protocols()) {
    for (const auto& option : entry.options) {
      if (option.name == name) return true;
    }
  }
  return false;
}

/// What takes no value; null: another option.
bool* flag_named(NodeOptions& options, std::string_view name) {
  if (name == "--help") return &options.show_help;
  if (name == "--version") return &options.show_version;
  if (name == "--leave") return &options.leaves;
  return name == "--join" ? &options.joins : nullptr;
}

Status set_option(NodeOptions& options, const std::string& name, const std::string& value) {
  if (name == "--id") {
    const auto id = parse_number(value, members_max);
    if (!id || *id == 0) return usage("--id: expected a number from 1, got '" + value + "'");
    options.id = NodeId{static_cast<std::uint32_t>(*id)};
  } else if (name == "--peers") {
    return parse_members(value, options.members);
  } else if (name == "--protocol") {
    if (auto known = find_protocol(value); !known) return usage(known.error().message);
    options.protocol.protocol = value;
  } else if (name == "--bug") {
    for (auto& bug : names_in(value)) options.protocol.bugs.push_back(std::move(bug));
  } else if (name == "--data") {
    options.data_folder = value;
  } else if (name == "--listen") {
    options.listen = value;
  } else if (name == "--mongodb-port") {
    const auto port = parse_number(value, 65535);
    if (!port) return usage("--mongodb-port: expected a port or 0, got '" + value + "'");
    options.mongodb_port = static_cast<std::uint16_t>(*port);
  } else if (name == "--log-level") {
    const auto level = log_level_named(value);
    if (!level)
      return usage("--log-level: expected debug, info, warning or error, got '" + value + "'");
    options.log_level = *level;
  } else if (name.starts_with("--") && is_protocol_option(name.substr(2))) {
    options.protocol.options[name.substr(2)] = value;
  } else {
    return usage("unknown option '" + name + "'");
  }
  return {};
}

}  // namespace

std::string node_usage() {
  std::string text =
      "usage: assay-node --id N --peers 1=HOST[:PORT],2=... --data DIR [options]\n"
      "  --id N               this member's number\n"
      "  --peers LIST         all members, this one included; port 7000 if not given\n"
      "  --data DIR           folder of the write-ahead log\n"
      "  --listen ADDRESS     address to listen on (default 0.0.0.0)\n"
      "  --mongodb-port N     where every member answers MongoDB's drivers too (default 0: "
      "nowhere);\n"
      "                       only with primary-backup\n"
      "  --log-level L        debug, info (default), warning or error\n"
      "  --protocol P         raft (default) or another of these:\n";
  for (const auto& entry : protocols()) {
    text += "    " + std::string(entry.name) + ": " + std::string(entry.summary) + "\n";
    for (const auto& option : entry.options) {
      text += "      --" + std::string(option.name) + " " + std::string(option.values) + ": " +
              std::string(option.summary) + " (default " + std::string(option.fallback) + ")\n";
    }
  }
  return text +
         "  --bug NAME[,NAME]    a mistake to repeat on purpose; assay list bugs names them\n"
         "  --leave, --join      only asks the members to let this one go, or come back, and tells "
         "who\n"
         "                       the others are once they agree; does not run it\n"
         "  --version, --help\n";
}

Result<NodeOptions> parse_node_options(const std::vector<std::string>& arguments) {
  NodeOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (bool* flag = flag_named(options, name)) {
      *flag = true;
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
    if (auto status = set_option(options, name, value); !status) {
      return status.error();
    }
  }
  if (auto status = finish(options); !status) return status.error();
  return options;
}

}  // namespace assay::reference
