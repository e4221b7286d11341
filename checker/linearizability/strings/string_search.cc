// The only place that instantiates the searches for strings: it is slow to compile.
#include "checker/linearizability/strings/string_search.h"

#include "checker/linearizability/portfolio.h"

namespace assay {

SearchResult search_string(std::span<const std::string_view> texts, std::string_view initial,
                           std::span<const StringCall> calls, const SearchLimits& limits,
                           bool want_order) {
  const StringModel model(texts, initial, calls);
  return search(model, calls, limits, want_order);
}

}  // namespace assay
