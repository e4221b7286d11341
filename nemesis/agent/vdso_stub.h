#pragma once
// The machine code that vdso.cc puts into a process, as position-independent bytes:
// 16 bytes of signature, four 64-bit words that say how far the clock is off, then the functions.

#include <cstddef>
#include <cstdint>
#include <string>

namespace assay::agent {

struct VdsoStub {
  std::string bytes;              ///< empty on processors without a stub
  std::size_t clock_gettime = 0;  ///< entry points, from the start of `bytes`
  std::size_t gettimeofday = 0;
  std::size_t time = 0;
};

inline constexpr std::size_t stub_signature_size = 16;

/// The words behind the signature. A clock reads true + offset + ((true - base) * rate >> 32); with
/// a mask only while the true nanoseconds have its bit, and the truth otherwise.
struct StubWords {
  std::int64_t offset = 0;  ///< nanoseconds
  std::int64_t base = 0;    ///< nanoseconds of the true wall clock
  std::int64_t rate = 0;    ///< 2^32: twice as fast
  std::int64_t mask = 0;    ///< a power of two of nanoseconds, or 0
  bool operator==(const StubWords&) const = default;
};
inline constexpr std::size_t stub_words_position = stub_signature_size;

VdsoStub vdso_stub();

}  // namespace assay::agent
