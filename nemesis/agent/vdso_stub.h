#pragma once
// The machine code that vdso.cc puts into a process, as position-independent bytes:
// 16 bytes of signature, the 64-bit offset in nanoseconds, then the three functions.

#include <cstddef>
#include <string>

namespace assay::agent {

struct VdsoStub {
  std::string bytes;              ///< empty on processors without a stub
  std::size_t clock_gettime = 0;  ///< entry points, from the start of `bytes`
  std::size_t gettimeofday = 0;
  std::size_t time = 0;
};

inline constexpr std::size_t stub_signature_size = 16;
inline constexpr std::size_t stub_offset_position = 16;

VdsoStub vdso_stub();

}  // namespace assay::agent
