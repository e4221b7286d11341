#pragma once
// ASSAY_ASSERT: an invariant of ours. On in every build; one condition each.

namespace assay::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace assay::detail

#define ASSAY_ASSERT(condition)       \
  ((condition) ? static_cast<void>(0) \
               : ::assay::detail::assertion_failed(#condition, __FILE__, __LINE__))
