#pragma once
// Histories of registers for the benchmarks: what real stores record, with every way to make them
// hard switched on by itself.

#include <cstddef>
#include <cstdint>
#include <string>

#include "history/history.h"

namespace assay::bench {

struct RegisterLoad {
  std::string name;
  std::size_t processes = 10;
  std::int64_t keys = 1'000;
  std::int64_t values = 0;  ///< 0: every write has its own value
  double cas = 0;           ///< share of operations that are a cas
  double reads = 0.5;       ///< share of the others that are reads
  double pending = 0;       ///< share of mutations that never return; half of them take effect
  bool stale_read = false;  ///< one, near the end
  double wrong_reads = 0;   ///< share of reads that return any of the values
  std::size_t largest = 100'000'000;  ///< not with more operations than these
};

/// A correct register per key under many clients, each effect at an instant inside its operation,
/// except for what the load asks to be wrong. Deterministic.
History make_registers(const RegisterLoad& load, std::size_t operations, std::uint64_t seed);

}  // namespace assay::bench
