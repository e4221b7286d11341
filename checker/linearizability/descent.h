#pragma once
// The descent: the same question as the frontier search, asked depth first. It follows one
// explanation as far as it goes and backs up where it ends, remembering every configuration that
// it has seen at each return, so that none is tried twice. It finds an order quickly where there
// are many, and the frontier would have to carry all of them; the frontier is better where there
// is none, because it drops dominated configurations earlier.
//
// Source: Wing and Gong, "Testing and verifying concurrent objects", 1993; Lowe 2017 (memory of
// configurations seen). Here on the frontier's configurations, whose size does not grow with the
// history, and with its reductions (open_calls.h).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/linearizability/antichain.h"
#include "checker/linearizability/configuration.h"
#include "checker/linearizability/limits.h"
#include "checker/linearizability/open_calls.h"
#include "checker/linearizability/schedule.h"
#include "checker/linearizability/search.h"
#include "checker/linearizability/trail.h"

namespace assay {

template <SequentialModel M, std::size_t W>
class Descent {
 public:
  using Op = typename M::Op;

  /// `calls` sorted by start; they and the schedule outlive the search.
  Descent(const M& model, std::span<const Call<Op>> calls, const Schedule& schedule,
          const SearchLimits& limits)
      : model_(model),
        calls_(calls),
        schedule_(schedule),
        limits_(limits),
        open_(model, calls, schedule),
        seen_(schedule.returns.size()) {
    for (std::uint32_t c = 0; c < schedule.classes.size(); ++c) retiring_.push_back(c);
    std::sort(retiring_.begin(), retiring_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(schedule.classes[a].useful_until, a) <
             std::pair(schedule.classes[b].useful_until, b);
    });
  }

  SearchResult run(std::vector<bool> overwrites, bool want_order) {
    SearchResult result;
    Entry first;
    first.state = model_.initial();
    if (schedule_.returns.empty() || descend(std::move(first))) {
      result.answer = SearchAnswer::linearizable;
      if (want_order) result.order = order(std::move(overwrites));
    } else if (reason_.empty()) {
      result.answer = SearchAnswer::not_linearizable;
    }
    result.failed_call = furthest_ < schedule_.returns.size() ? schedule_.returns[furthest_] : 0;
    result.calls_explained = furthest_;
    result.configurations = steps_;
    result.reason = reason_;
    return result;
  }

 private:
  using Entry = Configuration<typename M::State, W>;
  using Rule = ConfigurationRule<M, W>;
  using Set = Antichain<Entry, Rule>;

  /// What a configuration can do next: place the call of a slot or of a pending class, or let the
  /// returning overwrite vanish before the latest one placed.
  struct Move {
    enum class Kind : std::uint8_t { absorb, slot, pending } kind;
    std::uint32_t which;
  };
  /// A configuration on the path, and the moves from it that are left: moves_[first_move …].
  struct Frame {
    Entry entry;
    std::size_t first_move;
    std::size_t placed_before;  ///< length of placed_ before the move that led here
    std::size_t returned;       ///< how many calls that move let return
  };
  /// What entering the time before a return did, to undo it.
  struct Entrance {
    std::size_t first_start;
    std::size_t retired;
  };
  static constexpr std::uint32_t absorbed_bit = 0x8000'0000U;
  static constexpr std::uint32_t lent_bit = 0x4000'0000U;

  std::uint32_t returning() const { return schedule_.returns[now_]; }
  std::uint32_t returning_slot() const { return schedule_.place[returning()]; }

  /// Starts what starts before the return number now_.
  void enter() {
    Entrance entrance{next_start_, 0};
    const std::int64_t end = calls_[returning()].end;
    open_.set_time(end);
    for (; next_start_ < schedule_.starts.size(); ++next_start_) {
      const std::uint32_t starting = schedule_.starts[next_start_];
      if (calls_[starting].start > end) break;
      open_.start(starting);
    }
    for (; next_retiring_ < retiring_.size(); ++next_retiring_, ++entrance.retired) {
      if (schedule_.classes[retiring_[next_retiring_]].useful_until >= end) break;
      open_.deactivate(retiring_[next_retiring_]);
    }
    entrances_.push_back(entrance);
  }
  void leave() {
    const Entrance entrance = entrances_.back();
    entrances_.pop_back();
    for (std::size_t i = 0; i < entrance.retired; ++i) {
      open_.reactivate(retiring_[--next_retiring_]);
    }
    while (next_start_ > entrance.first_start) {
      open_.undo_start(schedule_.starts[--next_start_]);
    }
  }
  void advance() {
    open_.finish(returning());
    if (++now_ < schedule_.returns.size()) enter();
  }
  void retreat() {
    if (now_ < schedule_.returns.size()) leave();
    --now_;
    open_.set_time(calls_[returning()].end);
    open_.undo_finish(returning());
  }

  /// True if an order was found: placed_.
  bool descend(Entry first) {
    enter();
    place_reads(first);
    if (arrive(std::move(first), 0)) return true;
    while (!frames_.empty()) {
      if (moves_.size() == frames_.back().first_move) {
        placed_.resize(frames_.back().placed_before);
        for (std::size_t i = frames_.back().returned; i > 0; --i) retreat();
        frames_.pop_back();
        continue;
      }
      if (limit_reached()) return false;
      const Move move = moves_.back();
      moves_.pop_back();
      if (make(move)) return true;
    }
    return false;
  }

  bool make(const Move& move) {
    const Entry& from = frames_.back().entry;
    const std::size_t placed_before = placed_.size();
    std::optional<Entry> next;
    std::uint32_t call = 0;
    std::optional<std::size_t> relieved;
    switch (move.kind) {
      case Move::Kind::absorb:
        next = from;
        next->done.set(returning_slot());
        call = returning();
        if (!open_.is_hidden(from)) call |= absorbed_bit;
        break;
      case Move::Kind::slot:
        next = open_.after(from, move.which);
        call = open_.call_in(move.which);
        relieved = open_.relieved(from, move.which);
        break;
      case Move::Kind::pending:
        next = open_.after_pending(from, move.which, call);
        break;
    }
    if (!next.has_value()) return false;
    placed_.push_back(call);
    if (relieved.has_value()) placed_.push_back(open_.call_in(*relieved) | lent_bit);
    place_reads(*next);
    return arrive(*std::move(next), placed_before);
  }

  void place_reads(Entry& entry) {
    open_.place_reads(entry, [&](std::uint32_t call) { placed_.push_back(call); });
  }

  /// Lets return what can, then puts the configuration on the path unless it was seen before. True
  /// if nothing is left to return.
  bool arrive(Entry entry, std::size_t placed_before) {
    std::size_t returned = 0;
    bool fresh = true;
    while (fresh && entry.done.has(returning_slot())) {
      entry.done.clear(returning_slot());
      entry.free.clear(returning_slot());
      entry.state = model_.settled(entry.state, calls_[returning()].end);
      advance();
      ++returned;
      furthest_ = std::max(furthest_, now_);
      if (now_ == schedule_.returns.size()) return true;
      for (std::size_t i = 0; i < entrances_.back().retired; ++i) {
        const PendingClass& cls = schedule_.classes[retiring_[next_retiring_ - 1 - i]];
        entry.used[cls.field.word] &= ~cls.field.mask();
      }
      place_reads(entry);
      if (entry.done.has(returning_slot())) continue;
      fresh = is_new(entry);
    }
    if (returned == 0) fresh = is_new(entry);
    if (!fresh) {
      placed_.resize(placed_before);
      for (; returned > 0; --returned) retreat();
      return false;
    }
    frames_.push_back({std::move(entry), moves_.size(), placed_before, returned});
    list_moves(frames_.back().entry);
    return false;
  }

  bool is_new(const Entry& entry) {
    auto& seen = seen_[now_];
    if (seen == nullptr) seen = std::make_unique<Set>();
    const std::uint64_t before = seen->bytes();
    const bool added = seen->insert(entry, Rule{open_.reads(), open_.guards()});
    bytes_ += seen->bytes() - before;
    return added;
  }

  /// The best last: first what lets the call return without touching the state, then the call
  /// itself, then others in the order of their returns, then pending ones.
  void list_moves(const Entry& entry) {
    const std::size_t slot = returning_slot();
    if (open_.is_doomed(entry)) return;
    for (const std::uint32_t c : open_.classes()) moves_.push_back({Move::Kind::pending, c});
    const std::size_t first_slot = moves_.size();
    (open_.mutations() - entry.done).each([&](std::size_t other) {
      if (other == slot || open_.can_wait(entry, other) || !open_.leads(entry, other)) return;
      if (open_.overwrites().has(other) && !open_.is_visible(entry, open_.op_in(other))) return;
      moves_.push_back({Move::Kind::slot, static_cast<std::uint32_t>(other)});
    });
    std::sort(moves_.begin() + static_cast<std::ptrdiff_t>(first_slot), moves_.end(),
              [&](const Move& a, const Move& b) {
                const std::uint32_t x = open_.call_in(a.which);
                const std::uint32_t y = open_.call_in(b.which);
                return calls_[x].end != calls_[y].end ? calls_[x].end > calls_[y].end : x > y;
              });
    if (!open_.reads().has(slot) && open_.leads(entry, slot)) {
      moves_.push_back({Move::Kind::slot, static_cast<std::uint32_t>(slot)});
    }
    if (entry.free.has(slot)) moves_.push_back({Move::Kind::absorb, 0});
  }

  bool limit_reached() {
    ++steps_;
    if (limits_.steps != 0 && steps_ > limits_.steps) {
      reason_ = "the search took too many steps";
      return true;
    }
    if ((steps_ & 1023U) == 0) reason_ = limits_.exceeded(bytes_);
    return !reason_.empty();
  }

  std::vector<std::uint32_t> order(std::vector<bool> overwrites) const {
    Trail trail(std::move(overwrites));
    Trail::Node node = Trail::root;
    for (const std::uint32_t call : placed_) {
      node = (call & absorbed_bit) != 0 ? trail.absorb(node, call & ~absorbed_bit)
             : (call & lent_bit) != 0   ? trail.lend(node, call & ~lent_bit)
                                        : trail.place(node, call);
    }
    return trail.finish(node);
  }

  const M& model_;
  std::span<const Call<Op>> calls_;
  const Schedule& schedule_;
  SearchLimits limits_;
  OpenCalls<M, W> open_;

  std::size_t now_ = 0;  ///< the number of the return that is to be explained next
  std::size_t next_start_ = 0;
  std::vector<std::uint32_t> retiring_;  ///< classes by useful_until
  std::size_t next_retiring_ = 0;
  std::vector<Entrance> entrances_;

  std::vector<Frame> frames_;
  std::vector<Move> moves_;
  std::vector<std::uint32_t> placed_;       ///< calls in the order of the path
  std::vector<std::unique_ptr<Set>> seen_;  ///< by return
  std::uint64_t bytes_ = 0;
  std::size_t furthest_ = 0;
  std::uint64_t steps_ = 0;
  std::string reason_;
};

}  // namespace assay
