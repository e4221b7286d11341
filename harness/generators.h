#pragma once
// The combinators of generators. Each takes generators (or functions) and gives a generator; a
// run's plan is one such value. Example, the shape of most runs:
//
//   time_limit(60s, stagger(1ms, concurrent_keys(10, [](KeyNumber key) { return limit(200, …); })))
//
// All of them are driven by one scheduler thread and need no locks.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/generator.h"

namespace assay {

/// Endless: whatever `make` returns, on any free thread.
GeneratorPtr generate(std::function<Invocation(const Context&)> make);
/// These, one after another, then exhausted.
GeneratorPtr sequence(std::vector<Invocation> invocations);
/// One of the generators at random for each invocation, until all are exhausted.
GeneratorPtr mix(std::vector<GeneratorPtr> generators);
/// At most `count` invocations.
GeneratorPtr limit(std::uint64_t count, GeneratorPtr generator);
/// No invocation later than `duration` after the first time it was asked.
GeneratorPtr time_limit(Nanos duration, GeneratorPtr generator);
/// Waits between invocations: uniform in [0, 2 mean).
GeneratorPtr stagger(Nanos mean, GeneratorPtr generator);
/// Waits exactly this long before the first invocation it asks for.
GeneratorPtr delay(Nanos duration, GeneratorPtr generator);
/// One generator after the other; the next begins when the one before is exhausted and every
/// thread is free.
GeneratorPtr phases(std::vector<GeneratorPtr> generators);

/// So many threads for this generator.
struct Reserved {
  int threads;
  GeneratorPtr generator;
};
/// Threads 0 … a-1 to the first, the next b to the second, …; all others to `rest`.
GeneratorPtr reserve(std::vector<Reserved> reserved, GeneratorPtr rest);

/// Many independent objects at once: threads are split into groups of `threads_per_key` (the last
/// may be smaller), each group works on a key of its own, made by `make`, until that is
/// exhausted, and goes on with the next key number. Endless unless `key_count` > 0. Sets
/// Invocation::key.
using KeyNumber = std::int64_t;
GeneratorPtr concurrent_keys(int threads_per_key, KeyNumber key_count,
                             std::function<GeneratorPtr(KeyNumber)> make);

}  // namespace assay
