#pragma once
// Sets that grow and are read as a whole. What the reads saw must form a chain of inclusion, and
// the chain fixes the order: between two reads stand the adds of the elements that only the later
// one saw. Linear in what was read, after sorting the reads by size.
//
// Source of the vocabulary of anomalies: Kingsbury, Jepsen's checker "set-full".

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/linearizability/extent.h"

namespace assay {

struct WholeRead {
  Extent span;
  std::vector<std::uint32_t> elements;  ///< by number
};

struct ElementAdd {
  Extent span;
  std::uint32_t element;
};

struct WholeReadsOutcome {
  bool linearizable = false;
  std::vector<std::uint64_t> order;  ///< if linearizable and asked for
  // Else: what does not fit, minimal.
  std::string_view type;
  std::string explanation;
  std::vector<std::uint64_t> reads;
  std::vector<std::uint32_t> elements;  ///< what matters of them
};

/// `adds` without result, in the order of their starts; an element may be added more than once.
/// `element_count`: elements are numbered below it.
WholeReadsOutcome decide_whole_reads(std::span<const WholeRead> reads,
                                     std::span<const ElementAdd> adds, std::size_t element_count,
                                     bool want_order);

}  // namespace assay
