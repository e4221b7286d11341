#include "cli/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/toml_table.h"

namespace assay::cli {
namespace {

constexpr Nanos latency_max = std::chrono::seconds(10);

/// Stands among the nodes of a zone for where all clients are.
constexpr const char* clients = "clients";

/// The zone of each node, and the clients' behind them, which may be empty. Throws Wrong.
std::vector<std::string> read_zones(const toml::table& table, int nodes) {
  const auto count = static_cast<std::size_t>(nodes);
  std::vector<std::string> zones(count + 1);
  for (const auto& [key, node] : table) {
    const auto line = TomlTable::line_of(node);
    const std::string zone(key.str());
    if (zone.find('-') != std::string::npos) {
      throw Wrong{line, fmt::format("{}: a zone's name has no '-'", zone)};
    }
    const auto* members = node.as_array();
    if (members == nullptr) {
      throw Wrong{line,
                  fmt::format("{}: expected a list of nodes, such as [\"n1\", \"n2\"]", zone)};
    }
    for (const toml::node& member : *members) {
      const std::string name = toml_text(member);
      std::size_t at = 0;
      while (at < count && name != fmt::format("n{}", at + 1)) ++at;
      if (at == count && name != clients) {
        throw Wrong{line,
                    fmt::format("{}: expected nodes from n1 to n{}, got '{}'", zone, nodes, name)};
      }
      if (!zones[at].empty()) {
        throw Wrong{line, fmt::format("{} is in zone {} already", name, zones[at])};
      }
      zones[at] = zone;
    }
  }
  for (std::size_t at = 0; at < count; ++at) {
    if (zones[at].empty()) {
      throw Wrong{TomlTable::line_of(table), fmt::format("n{} is in no zone", at + 1)};
    }
  }
  return zones;
}

using Distances = std::map<std::pair<std::string, std::string>, Nanos>;

/// By the zones that a packet comes from and goes to. Throws Wrong.
Distances read_distances(const toml::table& table, const std::vector<std::string>& zones) {
  Distances distances;
  Distances returned;
  for (const auto& [key, node] : table) {
    const auto line = TomlTable::line_of(node);
    const std::string_view name = key.str();
    const std::size_t dash = name.find('-');
    const std::string from(name.substr(0, dash));
    const std::string to(dash == std::string_view::npos ? "" : name.substr(dash + 1));
    for (const std::string& zone : {from, to}) {
      if (!zone.empty() && std::find(zones.begin(), zones.end(), zone) != zones.end()) continue;
      throw Wrong{line,
                  fmt::format("{}: expected ZONE-ZONE, and there is no zone '{}'", name, zone)};
    }
    const auto latency = parse_duration(toml_text(node));
    if (!latency.ok()) throw Wrong{line, fmt::format("{}: {}", name, latency.error().message)};
    if (*latency > latency_max) {
      throw Wrong{line, fmt::format("{}: expected at most {}", name, format_duration(latency_max))};
    }
    distances[{from, to}] = *latency;
    returned[{to, from}] = *latency;
  }
  distances.insert(returned.begin(), returned.end());
  return distances;
}

}  // namespace

Result<Latencies> read_topology(const std::string& path, int nodes) {
  Latencies latencies;
  auto status = read_toml(path, [&](const toml::table& root) {
    static constexpr std::array<std::string_view, 2> known{"zones", "latency"};
    const TomlTable table(root, known);
    const toml::table* zone_table = table.table_at("zones");
    const toml::table* latency_table = table.table_at("latency");
    if (zone_table == nullptr || latency_table == nullptr) {
      throw Wrong{1, "expected the tables [zones] and [latency]"};
    }
    const auto zones = read_zones(*zone_table, nodes);
    const Distances distances = read_distances(*latency_table, zones);
    const auto between = [&](const std::string& from, const std::string& to) {
      const auto distance = distances.find({from, to});
      if (distance == distances.end() && from != to) {
        throw Wrong{TomlTable::line_of(*latency_table),
                    fmt::format("expected the latency of {}-{}", from, to)};
      }
      return distance == distances.end() ? Nanos{0} : distance->second;
    };
    for (std::size_t to = 0; to + 1 < zones.size(); ++to) {
      auto& row = latencies.emplace_back();
      for (std::size_t from = 0; from + 1 < zones.size(); ++from) {
        row.push_back(between(zones[from], zones[to]));
      }
      const std::string& own = zones.back();
      if (!own.empty()) row.push_back(between(own, zones[to]) + between(zones[to], own));
    }
  });
  if (!status.ok()) return status.error();
  return latencies;
}

}  // namespace assay::cli
