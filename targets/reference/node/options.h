#pragma once
// The command line of assay-node.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/reference/node/logging.h"
#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};
inline constexpr std::uint16_t default_port = 7000;

struct NodeOptions {
  NodeId id = NodeId::none;
  std::map<NodeId, Endpoint> members;
  ProtocolSettings protocol;
  std::string listen = "0.0.0.0";
  std::string data_folder;
  std::uint16_t mongodb_port = 0;  ///< of every member; 0: it does not speak MongoDB's protocol
  LogLevel log_level = LogLevel::info;
  bool leaves = false;  ///< only ask the members to let this one go,
  bool joins = false;   ///< or come
  bool show_version = false;
  bool show_help = false;
};

std::string node_usage();
/// Arguments without the program's name. Error: usage.
Result<NodeOptions> parse_node_options(const std::vector<std::string>& arguments);

}  // namespace assay::reference
