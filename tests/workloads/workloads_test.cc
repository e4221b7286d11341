// The table of workloads: what each asks is what its datatype's checker reads, and against a store
// that is always right it passes; a target that cannot do what it asks is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "workloads/workload.h"

namespace assay {
namespace {

bool has_name(std::span<const NamedEntry> table, std::string_view name) {
  return std::any_of(table.begin(), table.end(),
                     [&](const NamedEntry& entry) { return entry.name == name; });
}

WorkloadSettings settings_of(const WorkloadEntry& entry) {
  WorkloadSettings settings{10, 5, {}};
  for (const auto& option : entry.options) {
    settings.options[std::string(option.name)] = std::string(option.fallback);
  }
  return settings;
}

TEST_CASE("workloads: each is judged by a datatype and models that the checkers have") {
  std::set<std::string_view> names;
  for (const auto& entry : workloads()) {
    CAPTURE(entry.name);
    CHECK(names.insert(entry.name).second);
    const auto workload = entry.make(settings_of(entry));
    REQUIRE(workload.ok());
    CHECK(has_name(datatypes(), workload->check.datatype));
    CHECK(workload->history.datatype == workload->check.datatype);
    CHECK_FALSE(workload->check.models.empty());
    for (const auto& model : workload->check.models) CHECK(has_name(models(), model));
    CHECK(workload->generator != nullptr);
  }
}

TEST_CASE("workloads: an option that is no number is refused with its name") {
  for (const auto& entry : workloads()) {
    for (const auto& option : entry.options) {
      CAPTURE(entry.name);
      CAPTURE(option.name);
      auto settings = settings_of(entry);
      settings.options[std::string(option.name)] = "-1x";
      const auto workload = entry.make(settings);
      REQUIRE_FALSE(workload.ok());
      CHECK(workload.error().kind == ErrorKind::configuration);
      CHECK(workload.error().message.find("--" + std::string(option.name)) != std::string::npos);
    }
  }
}

TEST_CASE("workloads: what a target cannot do is a usage error that names it") {
  for (const auto& entry : workloads()) {
    CAPTURE(entry.name);
    CHECK(check_functions(entry, "target t", [](std::string_view) { return true; }).ok());
    const auto refused = check_functions(
        entry, "target t", [&](std::string_view f) { return !entry.functions.ends_with(f); });
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::usage);
    CHECK(refused.error().message.find("target t") != std::string::npos);
    CHECK(refused.error().message.find(entry.name) != std::string::npos);
  }
}

}  // namespace
}  // namespace assay
