#pragma once
// What is wrong with a container, in words.

#include <cstdint>
#include <vector>

#include "checker/linearizability/containers/decide.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

/// A value taken out that nobody put in, or taken out twice.
ExplainedAnomaly describe_flaw(const History& history, KeyId key, ContainerFlaw flaw,
                               const std::vector<std::uint64_t>& events);

/// `part` fits no order, which shows as `pattern`, and nothing can be left out of it if `minimal`.
ExplainedAnomaly describe_container_anomaly(const History& history, KeyId key,
                                            const Container& part, ContainerPattern pattern,
                                            bool minimal);

}  // namespace assay
