#include "checker/linearizability/register_frontier.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "checker/linearizability/register_moves.h"
#include "history/history.h"

namespace assay {
namespace {

template <std::size_t W>
class RegisterFrontier {
 public:
  RegisterFrontier(std::span<const RegisterCall> calls, std::size_t value_count,
                   const Schedule& schedule, const SearchLimits& limits, const Economy& economy,
                   bool want_order)
      : calls_(calls),
        schedule_(schedule),
        limits_(limits),
        want_order_(want_order && !economy.endless),
        model_(calls, value_count),
        trail_(want_order_ ? overwrites(calls) : std::vector<bool>{}),
        moves_(calls, value_count, schedule, economy, want_order_ ? &trail_ : nullptr) {}

  RegisterSearch run() {
    frontier_.insert(Branch<W>{}, moves_.rule());
    std::size_t next_start = 0;
    RegisterSearch found;
    SearchResult& result = found.result;
    for (std::size_t& done = result.calls_explained; done < schedule_.returns.size(); ++done) {
      const std::uint32_t returning = schedule_.returns[done];
      for (; next_start < schedule_.starts.size(); ++next_start) {
        const std::uint32_t starting = schedule_.starts[next_start];
        if (calls_[starting].start > calls_[returning].end) break;
        on_start(starting);
      }
      if (on_return(returning)) continue;
      result.failed_call = returning;
      result.answer = reason_.empty() ? SearchAnswer::not_linearizable : SearchAnswer::undecided;
      result.reason = reason_;
      break;
    }
    result.configurations = steps_;
    found.exact = moves_.exact();
    found.short_of = moves_.short_classes();
    if (result.calls_explained < schedule_.returns.size()) return found;
    result.answer = SearchAnswer::linearizable;
    if (want_order_) result.order = order();
    return found;
  }

 private:
  using Set = typename RegisterMoves<W>::Set;

  static std::vector<bool> overwrites(std::span<const RegisterCall> calls) {
    std::vector<bool> result(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      result[i] = calls[i].op.function == RegisterFunction::write;
    }
    return result;
  }

  void on_start(std::uint32_t call) {
    moves_.start(call);
    if (calls_[call].pending() || calls_[call].op.mutates()) return;
    for (Branch<W>& branch : frontier_.entries()) moves_.place_reads(branch);
  }

  /// False if no branch survives, or if a limit was reached (then reason_ says which).
  bool on_return(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    begin_return(call);
    for (const Branch<W>& branch : frontier_.entries()) queue(branch);
    came_in_.clear();
    for (const auto& level : levels_) came_in_.push_back(level.size());
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (std::size_t i = 0; i < levels_[level].size(); ++i) {
        if (limit_reached()) return false;
        const Branch<W> branch = levels_[level][i];
        if (branch.done.has(slot)) {
          settle(branch, slot);
          continue;
        }
        if (moves_.returns_at_will(branch)) {
          Branch<W> next = branch;
          next.done.set(slot);
          settle(next, slot);
          continue;
        }
        // What the closure reached could have had the excursion before.
        if (branch.free.has(slot) && level < came_in_.size() && i < came_in_[level]) {
          moves_.each_excursion(branch, [this](const Branch<W>& next) { queue(next); });
        }
        moves_.each_step(branch, [&](const Branch<W>& next) {
          if (next.done.has(slot) || explored_.insert(next, moves_.rule())) queue(next);
        });
      }
    }
    for (auto& level : levels_) level.clear();
    std::swap(frontier_, next_);
    moves_.finish(call);
    return !frontier_.empty();
  }

  /// The fewer pending calls a branch has used, the earlier its turn: it may dominate others.
  void queue(const Branch<W>& branch) {
    const std::size_t level = moves_.uses().total(branch.used);
    if (level >= levels_.size()) levels_.resize(level + 1);
    levels_[level].push_back(branch);
  }

  void begin_return(std::uint32_t call) {
    next_.clear();
    explored_.clear();
    now_ = calls_[call].end;
    std::vector<PendingUses::Id*> live;
    if (!moves_.classes().empty()) {
      for (Branch<W>& branch : frontier_.entries()) live.push_back(&branch.used);
      moves_.retire(now_, live);
    }
    moves_.aim(schedule_.place[call]);
    if (trail_.is_large()) {
      std::vector<Trail::Node*> tips;
      for (Branch<W>& branch : frontier_.entries()) tips.push_back(&branch.trail);
      trail_.collect(tips);
    }
  }

  /// The returning call is placed: the branch survives.
  void settle(Branch<W> branch, std::size_t slot) {
    branch.done.clear(slot);
    branch.free.clear(slot);
    branch.led = false;
    branch.value = model_.settled(branch.value, now_);
    next_.insert(branch, moves_.rule_without(slot));
  }

  bool limit_reached() {
    ++steps_;
    if (limits_.steps != 0 && steps_ > limits_.steps) {
      reason_ = "the search took too many steps";
      return true;
    }
    if ((steps_ & 255U) != 0) return false;
    std::uint64_t queued = 0;
    for (const auto& level : levels_) queued += level.capacity() * sizeof(Branch<W>);
    reason_ = limits_.exceeded(trail_.bytes() + moves_.bytes() + frontier_.bytes() + next_.bytes() +
                               explored_.bytes() + queued);
    return !reason_.empty();
  }

  /// The trail names a class of pending calls by any of them. The one that began first goes first:
  /// real time allows that if it allows anything.
  std::vector<std::uint32_t> order() {
    std::vector<std::uint32_t> order = trail_.finish(frontier_.entries().front().trail);
    std::vector<std::size_t> used(schedule_.classes.size(), 0);
    for (std::uint32_t& call : order) {
      if (!calls_[call].pending()) continue;
      const std::uint32_t c = schedule_.place[call];
      call = schedule_.classes[c].members[used[c]++];
    }
    return order;
  }

  std::span<const RegisterCall> calls_;
  const Schedule& schedule_;
  SearchLimits limits_;
  bool want_order_;
  RegisterModel model_;
  Trail trail_;
  RegisterMoves<W> moves_;

  Set frontier_;
  Set next_;
  Set explored_;
  std::vector<std::vector<Branch<W>>> levels_;  ///< branches to go on from, by pending calls used
  std::vector<std::size_t> came_in_;            ///< by level: how many of them are from frontier_
  std::int64_t now_ = 0;
  std::uint64_t steps_ = 0;
  std::string reason_;
};

}  // namespace

RegisterSearch search_register_frontier(std::span<const RegisterCall> calls,
                                        std::size_t value_count, const Schedule& schedule,
                                        const SearchLimits& limits, const Economy& economy,
                                        bool want_order) {
  const auto with = [&](auto words) {
    return RegisterFrontier<words>(calls, value_count, schedule, limits, economy, want_order).run();
  };
  if (schedule.slots <= 64) return with(std::integral_constant<std::size_t, 1>{});
  if (schedule.slots <= 256) return with(std::integral_constant<std::size_t, 4>{});
  if (schedule.slots <= 1024) return with(std::integral_constant<std::size_t, 16>{});
  RegisterSearch none;
  none.result.reason = "more operations are open at once than the search can follow (1024)";
  return none;
}

}  // namespace assay
