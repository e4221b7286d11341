// The only place that instantiates the searches for registers: it is slow to compile.
#include "checker/linearizability/register_search.h"

#include "checker/linearizability/portfolio.h"

namespace assay {

SearchResult search_register(std::span<const RegisterCall> calls, std::size_t value_count,
                             const SearchLimits& limits, bool want_order) {
  const RegisterModel model(calls, value_count);
  return search<RegisterModel>(model, calls, limits, want_order);
}

}  // namespace assay
