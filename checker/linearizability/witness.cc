#include "checker/linearizability/witness.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "checker/linearizability/register_search.h"
#include "checker/linearizability/shrink.h"

namespace assay {
namespace {

using Calls = Subset;

/// The writers of one value, by start.
struct Writers {
  Calls returned;
  std::vector<std::int64_t> latest_end;  ///< by position in returned: the largest end up to there
  Calls pending;
  std::size_t count() const { return returned.size() + pending.size(); }
};

/// What stays of a set of calls under the rules of witness.h.
struct Restriction {
  Calls members;
  std::vector<RegisterCall> calls;
};

class WitnessSearch {
 public:
  WitnessSearch(std::span<const RegisterCall> calls, std::size_t value_count,
                const SearchLimits& limits)
      : calls_(calls),
        value_count_(value_count),
        limits_(limits),
        writers_(value_count),
        chosen_(calls.size(), false) {
    for (std::uint32_t i = 0; i < calls.size(); ++i) {
      if (!calls[i].op.mutates()) continue;
      Writers& writers = writers_[calls[i].op.value];
      if (calls[i].pending()) {
        writers.pending.push_back(i);
        continue;
      }
      const std::int64_t before =
          writers.latest_end.empty() ? calls[i].end : writers.latest_end.back();
      writers.returned.push_back(i);
      writers.latest_end.push_back(std::max(before, calls[i].end));
    }
  }

  /// Nothing if they do not suffice.
  std::optional<CallWitness> among(const Calls& suspects) {
    Calls members;
    if (!refutes(suspects, members)) return std::nullopt;
    return shrunk(std::move(members));
  }

  /// The calls up to the failed return, latest first, until they suffice.
  CallWitness from_failed_return(std::uint32_t failed_call) {
    const std::int64_t now = calls_[failed_call].end;
    std::size_t started = 0;
    while (started < calls_.size() && calls_[started].start <= now) ++started;
    for (std::size_t window = 16;; window *= 2) {
      const std::size_t begin = window < started ? started - window : 0;
      Calls candidates;
      for (std::size_t i = begin; i < started; ++i) {
        candidates.push_back(static_cast<std::uint32_t>(i));
      }
      add_writers(candidates);
      Calls members;
      if (refutes(candidates, members)) return shrunk(std::move(members));
      if (begin == 0 || interrupted_) return from_all();
    }
  }

  CallWitness from_all() {
    Calls all(calls_.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    return shrunk(std::move(all));
  }

 private:
  CallWitness shrunk(Calls calls) {
    uncertain_ = false;
    Shrunk smallest = shrink(
        std::move(calls),
        [this](const Subset& candidate, Subset& failing) { return refutes(candidate, failing); },
        [this] { return interrupted_; });
    Restriction rest = restrict_to(smallest.subset);
    return {std::move(rest.members), std::move(rest.calls), smallest.minimal && !uncertain_};
  }

  bool refutes(const Calls& candidates, Calls& members) {
    Restriction rest = restrict_to(candidates);
    const SearchResult result =
        search_register(rest.calls, value_count_, limits_, /*want_order=*/false);
    if (limits_.time_is_up()) interrupted_ = true;
    if (result.answer == SearchAnswer::undecided) uncertain_ = true;
    members = std::move(rest.members);
    return result.answer == SearchAnswer::not_linearizable;
  }

  /// By start of an observer: the latest start of a chosen mutation that returned before it.
  class LatestBefore {
   public:
    void add(const RegisterCall& call) { by_end_.emplace_back(call.end, call.start); }
    void finish() {
      std::sort(by_end_.begin(), by_end_.end());
      for (std::size_t i = 1; i < by_end_.size(); ++i) {
        by_end_[i].second = std::max(by_end_[i].second, by_end_[i - 1].second);
      }
    }
    std::int64_t before(std::int64_t start) const {
      const auto at = std::lower_bound(by_end_.begin(), by_end_.end(),
                                       std::pair(start, std::numeric_limits<std::int64_t>::min()));
      return at == by_end_.begin() ? std::numeric_limits<std::int64_t>::min()
                                   : std::prev(at)->second;
    }

   private:
    std::vector<std::pair<std::int64_t, std::int64_t>> by_end_;
  };

  LatestBefore latest_before(const Calls& candidates) const {
    LatestBefore latest;
    for (const std::uint32_t i : candidates) {
      if (calls_[i].op.mutates() && !calls_[i].pending()) latest.add(calls_[i]);
    }
    latest.finish();
    return latest;
  }

  /// Visits the writers that `reader` could have read from, given what certainly was overwritten
  /// before `overwritten_before`, newest first, until `visit` returns false.
  template <class Visit>
  bool each_source(const RegisterCall& reader, std::int64_t overwritten_before, Visit visit) const {
    const Writers& writers = writers_[reader.op.observed()];
    const auto after = [&](std::int64_t end, std::uint32_t w) { return end < calls_[w].start; };
    const auto last =
        std::upper_bound(writers.returned.begin(), writers.returned.end(), reader.end, after);
    for (auto i = last - writers.returned.begin(); i-- > 0;) {
      const auto at = static_cast<std::size_t>(i);
      if (writers.latest_end[at] < overwritten_before) break;
      if (calls_[writers.returned[at]].end < overwritten_before) continue;
      if (!visit(writers.returned[at])) return false;
    }
    for (const std::uint32_t w : writers.pending) {
      if (calls_[w].start > reader.end) break;
      if (!visit(w)) return false;
    }
    return true;
  }

  bool has_its_writer(const RegisterCall& reader) const {
    const std::uint32_t value = reader.op.observed();
    const Writers& writers = writers_[value];
    const auto chosen = [&](std::uint32_t w) { return chosen_[w]; };
    return value == 0 || writers.count() == 0 ||
           std::any_of(writers.returned.begin(), writers.returned.end(), chosen) ||
           std::any_of(writers.pending.begin(), writers.pending.end(), chosen);
  }

  Restriction restrict_to(const Calls& candidates) {
    for (const std::uint32_t i : candidates) chosen_[i] = true;
    const LatestBefore latest = latest_before(candidates);
    Restriction rest;
    for (const std::uint32_t i : candidates) {
      RegisterCall call = calls_[i];
      if (call.op.observes()) {
        const bool closed =
            each_source(call, latest.before(call.start),
                        [&](std::uint32_t w) { return static_cast<bool>(chosen_[w]); }) &&
            has_its_writer(call);
        if (!closed && !call.op.mutates()) continue;
        if (!closed) call.op = {call.op.value, 0, RegisterFunction::write};
      }
      rest.members.push_back(i);
      rest.calls.push_back(call);
    }
    for (const std::uint32_t i : candidates) chosen_[i] = false;
    return rest;
  }

  /// Adds for each observer the writers it needs.
  void add_writers(Calls& candidates) {
    const LatestBefore latest = latest_before(candidates);
    Calls added;
    for (const std::uint32_t i : candidates) {
      const RegisterCall& call = calls_[i];
      if (!call.op.observes()) continue;
      each_source(call, latest.before(call.start), [&](std::uint32_t w) {
        added.push_back(w);
        return added.size() < 16 * candidates.size();
      });
      const Writers& writers = writers_[call.op.observed()];
      const auto after = [&](std::int64_t end, std::uint32_t w) { return end < calls_[w].start; };
      const auto last =
          std::upper_bound(writers.returned.begin(), writers.returned.end(), call.end, after);
      if (last != writers.returned.begin()) {
        added.push_back(*std::prev(last));
      } else if (!writers.returned.empty()) {
        added.push_back(writers.returned.front());
      } else if (!writers.pending.empty()) {
        added.push_back(writers.pending.front());
      }
    }
    candidates.insert(candidates.end(), added.begin(), added.end());
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  }

  std::span<const RegisterCall> calls_;
  std::size_t value_count_;
  SearchLimits limits_;
  std::vector<Writers> writers_;  ///< by value
  std::vector<bool> chosen_;      ///< by call: in the set restrict_to looks at
  bool interrupted_ = false;
  bool uncertain_ = false;  ///< some search did not come to an end
};

}  // namespace

std::optional<CallWitness> find_witness_among(std::span<const RegisterCall> calls,
                                              std::size_t value_count,
                                              const std::vector<std::uint32_t>& suspects,
                                              const SearchLimits& limits) {
  return WitnessSearch(calls, value_count, limits).among(suspects);
}

CallWitness find_witness(std::span<const RegisterCall> calls, std::size_t value_count,
                         const SearchResult& failure, const SearchLimits& limits) {
  WitnessSearch search(calls, value_count, limits);
  if (failure.suspects.empty()) return search.from_failed_return(failure.failed_call);
  const auto among = search.among(failure.suspects);
  return among.has_value() ? *among : search.from_all();
}

}  // namespace assay
