#include "harness/generators.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace assay {
namespace {

/// One answer for several children of which none has an invocation: the earliest wake-up wins.
struct Earliest {
  bool any_pending = false;
  Nanos at = Nanos::max();

  void take(const Pending& pending) {
    any_pending = true;
    at = std::min(at, pending.at);
  }
  Next result() const { return any_pending ? Next{Pending{at}} : Next{Exhausted{}}; }
};

class Generate final : public Generator {
 public:
  explicit Generate(std::function<Invocation(const Context&)> make) : make_(std::move(make)) {}
  Next next(const Context& context) override { return Invoke{make_(context), any_free(context)}; }

 private:
  std::function<Invocation(const Context&)> make_;
};

class Sequence final : public Generator {
 public:
  explicit Sequence(std::vector<Invocation> invocations) : invocations_(std::move(invocations)) {}
  Next next(const Context& context) override {
    if (position_ == invocations_.size()) return Exhausted{};
    return Invoke{invocations_[position_++], any_free(context)};
  }

 private:
  std::vector<Invocation> invocations_;
  std::size_t position_ = 0;
};

/// A generator around others: passes events on to all of them.
class Composite : public Generator {
 public:
  explicit Composite(std::vector<GeneratorPtr> children) : children_(std::move(children)) {}
  void observe(const Context& context, int thread, const Event& event) override {
    for (auto& child : children_) child->observe(context, thread, event);
  }

 protected:
  std::vector<GeneratorPtr> children_;
};

class Mix final : public Composite {
 public:
  using Composite::Composite;
  Next next(const Context& context) override {
    // A child that has to wait must not hold up the others: go round from a random start.
    while (!children_.empty()) {
      const auto start = static_cast<std::size_t>(context.random->below(children_.size()));
      Earliest earliest;
      bool exhausted = false;
      for (std::size_t i = 0; i < children_.size() && !exhausted; ++i) {
        const std::size_t at = (start + i) % children_.size();
        Next next = children_[at]->next(context);
        if (std::holds_alternative<Invoke>(next)) return next;
        if (const auto* pending = std::get_if<Pending>(&next)) {
          earliest.take(*pending);
        } else {
          children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(at));
          exhausted = true;
        }
      }
      if (!exhausted) return earliest.result();
    }
    return Exhausted{};
  }
};

/// A generator around one other.
class Wrapper : public Generator {
 public:
  explicit Wrapper(GeneratorPtr child) : child_(std::move(child)) {}
  void observe(const Context& context, int thread, const Event& event) override {
    child_->observe(context, thread, event);
  }

 protected:
  GeneratorPtr child_;
};

class Limit final : public Wrapper {
 public:
  Limit(std::uint64_t count, GeneratorPtr child) : Wrapper(std::move(child)), left_(count) {}
  Next next(const Context& context) override {
    if (left_ == 0) return Exhausted{};
    Next next = child_->next(context);
    if (std::holds_alternative<Invoke>(next)) --left_;
    return next;
  }

 private:
  std::uint64_t left_;
};

class TimeLimit final : public Wrapper {
 public:
  TimeLimit(Nanos duration, GeneratorPtr child) : Wrapper(std::move(child)), duration_(duration) {}
  Next next(const Context& context) override {
    if (end_ == Nanos::max()) end_ = context.now + duration_;
    if (context.now >= end_) return Exhausted{};
    Next next = child_->next(context);
    if (auto* pending = std::get_if<Pending>(&next)) pending->at = std::min(pending->at, end_);
    return next;
  }

 private:
  Nanos duration_;
  Nanos end_ = Nanos::max();
};

class Stagger final : public Wrapper {
 public:
  Stagger(Nanos mean, GeneratorPtr child) : Wrapper(std::move(child)), mean_(mean) {}
  Next next(const Context& context) override {
    if (context.now < next_at_) return Pending{next_at_};
    Next next = child_->next(context);
    if (std::holds_alternative<Invoke>(next)) {
      // From the planned time, not from now, so that the rate holds; but no burst after a stall.
      const Nanos from = std::max(next_at_, context.now - mean_);
      next_at_ = from + Nanos(context.random->between(0, 2 * mean_.count()));
    }
    return next;
  }

 private:
  Nanos mean_;
  Nanos next_at_{0};
};

class Delay final : public Wrapper {
 public:
  Delay(Nanos duration, GeneratorPtr child) : Wrapper(std::move(child)), duration_(duration) {}
  Next next(const Context& context) override {
    if (begin_ == Nanos::max()) begin_ = context.now + duration_;
    if (context.now < begin_) return Pending{begin_};
    return child_->next(context);
  }

 private:
  Nanos duration_;
  Nanos begin_ = Nanos::max();
};

class Phases final : public Composite {
 public:
  using Composite::Composite;
  Next next(const Context& context) override {
    const bool all_free = std::cmp_equal(context.free.size(), context.threads);
    while (position_ < children_.size()) {
      if (waiting_ && !all_free) return Pending{};
      waiting_ = false;
      Next next = children_[position_]->next(context);
      if (!std::holds_alternative<Exhausted>(next)) return next;
      ++position_;
      waiting_ = true;
    }
    return Exhausted{};
  }

 private:
  std::size_t position_ = 0;
  bool waiting_ = false;
};

class Reserve final : public Generator {
 public:
  Reserve(std::vector<Reserved> reserved, GeneratorPtr rest) : reserved_(std::move(reserved)) {
    reserved_.push_back({0, std::move(rest)});
  }

  Next next(const Context& context) override {
    // A random first range, so that no range starves the others when all have work.
    const auto start = static_cast<std::size_t>(context.random->below(reserved_.size()));
    Earliest earliest;
    for (std::size_t i = 0; i < reserved_.size(); ++i) {
      const std::size_t at = (start + i) % reserved_.size();
      if (first(at) == last(at, context.threads)) continue;
      const std::vector<int> free = free_in(at, context);
      if (free.empty()) {
        earliest.take(Pending{});
        continue;
      }
      Context part = context;
      part.free = free;
      part.threads = last(at, context.threads) - first(at);
      Next next = reserved_[at].generator->next(part);
      if (std::holds_alternative<Invoke>(next)) return next;
      if (const auto* pending = std::get_if<Pending>(&next)) earliest.take(*pending);
    }
    return earliest.result();
  }

  void observe(const Context& context, int thread, const Event& event) override {
    for (std::size_t at = 0; at < reserved_.size(); ++at) {
      if (thread >= first(at) && thread < last(at, context.threads)) {
        reserved_[at].generator->observe(context, thread, event);
      }
    }
  }

 private:
  int first(std::size_t at) const {
    int sum = 0;
    for (std::size_t i = 0; i < at; ++i) sum += reserved_[i].threads;
    return sum;
  }
  int last(std::size_t at, int threads) const {
    return at + 1 == reserved_.size() ? threads : first(at) + reserved_[at].threads;
  }
  std::vector<int> free_in(std::size_t at, const Context& context) const {
    std::vector<int> free;
    for (const int thread : context.free) {
      if (thread >= first(at) && thread < last(at, context.threads)) free.push_back(thread);
    }
    return free;
  }

  std::vector<Reserved> reserved_;
};

class ConcurrentKeys final : public Generator {
 public:
  ConcurrentKeys(int threads_per_key, KeyNumber key_count,
                 std::function<GeneratorPtr(KeyNumber)> make)
      : threads_per_key_(threads_per_key), key_count_(key_count), make_(std::move(make)) {
    ASSAY_ASSERT(threads_per_key > 0);
  }

  Next next(const Context& context) override {
    const auto group_count =
        static_cast<std::size_t>((context.threads + threads_per_key_ - 1) / threads_per_key_);
    groups_.resize(group_count);
    const auto start = static_cast<std::size_t>(context.random->below(group_count));
    Earliest earliest;
    for (std::size_t i = 0; i < group_count; ++i) {
      const std::size_t at = (start + i) % group_count;
      Next next = next_of(at, context);
      if (std::holds_alternative<Invoke>(next)) return next;
      if (const auto* pending = std::get_if<Pending>(&next)) earliest.take(*pending);
    }
    return earliest.result();
  }

  void observe(const Context& context, int thread, const Event& event) override {
    const auto at = static_cast<std::size_t>(thread / threads_per_key_);
    if (at >= groups_.size() || !groups_[at].generator) return;
    // A completion of the key before this one must not reach the new key's generator.
    if (event.key != Value(groups_[at].key)) return;
    groups_[at].generator->observe(context, thread, event);
  }

 private:
  struct Group {
    KeyNumber key = -1;
    GeneratorPtr generator;
  };

  Next next_of(std::size_t at, const Context& context) {
    const int begin = static_cast<int>(at) * threads_per_key_;
    const int end = std::min(begin + threads_per_key_, context.threads);
    std::vector<int> free;
    for (const int thread : context.free) {
      if (thread >= begin && thread < end) free.push_back(thread);
    }
    if (free.empty()) return Pending{};
    Context part = context;
    part.free = free;
    part.threads = end - begin;
    Group& group = groups_[at];
    for (;;) {
      if (!group.generator) {
        if (key_count_ > 0 && next_key_ == key_count_) return Exhausted{};
        group.key = next_key_++;
        group.generator = make_(group.key);
      }
      Next next = group.generator->next(part);
      if (std::holds_alternative<Exhausted>(next)) {
        group.generator.reset();
        continue;
      }
      if (auto* invoke = std::get_if<Invoke>(&next)) invoke->invocation.key = Value(group.key);
      return next;
    }
  }

  int threads_per_key_;
  KeyNumber key_count_;
  std::function<GeneratorPtr(KeyNumber)> make_;
  KeyNumber next_key_ = 0;
  std::vector<Group> groups_;
};

}  // namespace

GeneratorPtr generate(std::function<Invocation(const Context&)> make) {
  return std::make_unique<Generate>(std::move(make));
}
GeneratorPtr sequence(std::vector<Invocation> invocations) {
  return std::make_unique<Sequence>(std::move(invocations));
}
GeneratorPtr mix(std::vector<GeneratorPtr> generators) {
  return std::make_unique<Mix>(std::move(generators));
}
GeneratorPtr limit(std::uint64_t count, GeneratorPtr generator) {
  return std::make_unique<Limit>(count, std::move(generator));
}
GeneratorPtr time_limit(Nanos duration, GeneratorPtr generator) {
  return std::make_unique<TimeLimit>(duration, std::move(generator));
}
GeneratorPtr stagger(Nanos mean, GeneratorPtr generator) {
  return std::make_unique<Stagger>(mean, std::move(generator));
}
GeneratorPtr delay(Nanos duration, GeneratorPtr generator) {
  return std::make_unique<Delay>(duration, std::move(generator));
}
GeneratorPtr phases(std::vector<GeneratorPtr> generators) {
  return std::make_unique<Phases>(std::move(generators));
}
GeneratorPtr reserve(std::vector<Reserved> reserved, GeneratorPtr rest) {
  return std::make_unique<Reserve>(std::move(reserved), std::move(rest));
}
GeneratorPtr concurrent_keys(int threads_per_key, KeyNumber key_count,
                             std::function<GeneratorPtr(KeyNumber)> make) {
  return std::make_unique<ConcurrentKeys>(threads_per_key, key_count, std::move(make));
}

}  // namespace assay
