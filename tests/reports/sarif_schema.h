#pragma once
// What SARIF 2.1.0 and the common dialect of JUnit XML demand of what we write: the parts of their
// schemas that concern the elements we use, written from the specifications.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace assay::example {

/// Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", sections 3.13
/// to 3.51: required properties, types, enumerations, and no property that is not defined.
std::vector<std::string> sarif_faults(const nlohmann::json& log);

/// Elements, where they may stand, their attributes and the types of those, as Jenkins' xunit
/// plugin and GitLab read them.
std::vector<std::string> junit_faults(const std::string& xml);

}  // namespace assay::example
