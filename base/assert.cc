#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace assay::detail {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "assay: bug: %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace assay::detail
