#pragma once
// Generator: proposes what to do next. A composable value: combinators in generators.h take
// generators and give generators. One scheduler thread owns all of them: no locks. All chance
// comes from the context's Random.

#include <cstddef>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "harness/client.h"
#include "history/event.h"

namespace assay {

/// What a generator may look at when asked.
struct Context {
  Nanos now;                  ///< since the run's start
  std::span<const int> free;  ///< worker threads that wait for work, ascending; never empty
  int threads;                ///< worker threads in all (the nemesis is not one of them)
  Random* random;
};

/// Do this now, on this thread (an element of Context::free).
struct Invoke {
  Invocation invocation;
  int thread;
};
/// Nothing now. Ask again at `at`, or when any operation completes, whichever is first.
struct Pending {
  Nanos at = Nanos::max();
};
/// Nothing ever again.
struct Exhausted {};
using Next = std::variant<Invoke, Pending, Exhausted>;

/// A thread that waits for work, each as likely as any other: the first one would keep the last
/// ones idle for ever when operations are short.
inline int any_free(const Context& context) {
  return context.free[static_cast<std::size_t>(context.random->below(context.free.size()))];
}

class Generator {
 public:
  virtual ~Generator() = default;
  virtual Next next(const Context& context) = 0;
  /// Told of each event, invocations included, after it was recorded. `thread` is its worker.
  virtual void observe(const Context& /*context*/, int /*thread*/, const Event& /*event*/) {}
};
using GeneratorPtr = std::unique_ptr<Generator>;

}  // namespace assay
