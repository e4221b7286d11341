#include "cli/gate_policy.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "cli/toml_table.h"

namespace assay::cli {
namespace {

constexpr std::uint64_t count_max = 1'000'000'000'000;

void read_safety(const toml::table& node, gate::Policy& policy) {
  static constexpr std::array<std::string_view, 2> known{"fail-on-known", "unknown"};
  const TomlTable table(node, known);
  table.read("fail-on-known", policy.fail_on_known);
  table.read_share("unknown", policy.unknown_share);
}

void read_vacuity(const toml::table& node, gate::Policy& policy) {
  static constexpr std::array<std::string_view, 6> known{
      "operations", "acknowledged", "every-function", "in-flight", "contention", "canaries"};
  const TomlTable table(node, known);
  table.read_number<std::uint64_t>("operations", 0, count_max, policy.operations);
  table.read_share("acknowledged", policy.acknowledged);
  table.read("every-function", policy.every_function);
  table.read_share("contention", policy.contention);
  table.read_number<std::uint64_t>("canaries", 0, 1000, policy.canaries);
  const toml::table* faults = table.table_at("in-flight");
  if (faults == nullptr) return;
  for (const auto& [fault, count] : *faults) {
    const auto number = count.value_exact<std::int64_t>();
    if (!number || *number < 0) {
      throw Wrong{TomlTable::line_of(count),
                  fmt::format("{}: expected a number of operations", fault.str())};
    }
    policy.in_flight[std::string(fault.str())] = static_cast<std::uint64_t>(*number);
  }
}

void read_liveness(const toml::table& node, gate::Policy& policy) {
  static constexpr std::array<std::string_view, 2> known{"recovery", "availability"};
  const TomlTable table(node, known);
  std::optional<Nanos> recovery;
  table.read("recovery", recovery);
  if (recovery) policy.recovery_s = static_cast<double>(recovery->count()) / 1e9;
  table.read_share("availability", policy.availability);
}

std::optional<gate::PerformanceLimit> read_limit(const TomlTable& parent, std::string_view key,
                                                 std::string_view worse) {
  const toml::table* node = parent.table_at(key);
  if (node == nullptr) return std::nullopt;
  const std::array<std::string_view, 2> known{worse, "runs"};
  const TomlTable table(*node, known);
  gate::PerformanceLimit limit;
  if (table.find(worse) == nullptr) {
    throw Wrong{TomlTable::line_of(*node), fmt::format("{}: expected {} = \"10%\"", key, worse)};
  }
  table.read_share(worse, limit.worse);
  // With fewer than three runs on each side no test can decide at 5%.
  table.read_number<std::uint64_t>("runs", 3, 60, limit.runs);
  return limit;
}

void read_performance(const toml::table& node, gate::Policy& policy) {
  static constexpr std::array<std::string_view, 2> known{"throughput", "p99"};
  const TomlTable table(node, known);
  policy.throughput = read_limit(table, "throughput", "drop");
  policy.p99 = read_limit(table, "p99", "rise");
}

void read_infrastructure(const toml::table& node, gate::Policy& policy) {
  static constexpr std::array<std::string_view, 1> known{"errors"};
  const TomlTable table(node, known);
  table.read_number<std::uint64_t>("errors", 0, count_max, policy.errors);
}

}  // namespace

Result<gate::Policy> read_policy(const std::string& path) {
  gate::Policy policy;
  policy.file = path;
  auto status = read_toml(path, [&](const toml::table& root) {
    static constexpr std::array<std::string_view, 6> known{
        "schema", "safety", "vacuity", "liveness", "performance", "infrastructure"};
    const TomlTable table(root, known);
    std::string schema;
    table.read("schema", schema);
    if (schema != "assay.gate/1") {
      throw Wrong{1, "expected schema = \"assay.gate/1\", got \"" + schema + "\""};
    }
    struct Section {
      std::string_view name;
      void (*read)(const toml::table& node, gate::Policy& policy);
    };
    for (const Section& section :
         {Section{"safety", read_safety}, Section{"vacuity", read_vacuity},
          Section{"liveness", read_liveness}, Section{"performance", read_performance},
          Section{"infrastructure", read_infrastructure}}) {
      if (const toml::table* node = table.table_at(section.name)) section.read(*node, policy);
    }
  });
  if (!status.ok()) return status.error();
  return policy;
}

}  // namespace assay::cli
