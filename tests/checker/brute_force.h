#pragma once
// The oracle: linearizability by its definition, trying every order. Exponential; for few calls.
// It knows nothing of how the checker works, except for the type of a call.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "checker/models/register.h"

namespace assay::oracle {

/// The register by its definition: does `op` fit `state`, and what is the state afterwards?
inline bool apply(const RegisterOp& op, std::uint32_t& state) {
  if (op.function == RegisterFunction::read) return state == op.value;
  if (op.function == RegisterFunction::cas && state != op.expected) return false;
  state = op.value;
  return true;
}

/// Can `placed` (a set of calls already in the order, which left `state`) be completed?
inline bool can_complete(const std::vector<RegisterCall>& calls, std::vector<bool>& placed,
                         std::uint32_t state) {
  bool all_returned_placed = true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!placed[i] && !calls[i].pending()) all_returned_placed = false;
  }
  if (all_returned_placed) return true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (placed[i]) continue;
    bool first_in_time = true;
    for (std::size_t j = 0; j < calls.size(); ++j) {
      if (!placed[j] && calls[j].end < calls[i].start) first_in_time = false;
    }
    std::uint32_t next = state;
    if (!first_in_time || !apply(calls[i].op, next)) continue;
    placed[i] = true;
    const bool done = can_complete(calls, placed, next);
    placed[i] = false;
    if (done) return true;
  }
  return false;
}

/// Is there an order of all returned and some pending calls that fits the register and real time?
inline bool is_linearizable(const std::vector<RegisterCall>& calls) {
  std::vector<bool> placed(calls.size(), false);
  return can_complete(calls, placed, 0);
}

/// Is there one that keeps these pairs of positions in order, whatever the times are?
inline bool can_keep(const std::vector<RegisterCall>& calls,
                     const std::vector<std::pair<std::size_t, std::size_t>>& pairs,
                     std::vector<bool>& placed, std::uint32_t state) {
  bool all_returned_placed = true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!placed[i] && !calls[i].pending()) all_returned_placed = false;
  }
  if (all_returned_placed) return true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (placed[i]) continue;
    bool may_go = true;
    for (const auto& [before, after] : pairs) may_go = may_go && (after != i || placed[before]);
    std::uint32_t next = state;
    if (!may_go || !apply(calls[i].op, next)) continue;
    placed[i] = true;
    const bool done = can_keep(calls, pairs, placed, next);
    placed[i] = false;
    if (done) return true;
  }
  return false;
}

/// Is `order` such an order?
inline bool explains(const std::vector<RegisterCall>& calls,
                     const std::vector<std::uint32_t>& order) {
  std::vector<bool> placed(calls.size(), false);
  std::uint32_t state = 0;
  for (const std::uint32_t i : order) {
    if (i >= calls.size() || placed[i] || !apply(calls[i].op, state)) return false;
    placed[i] = true;
  }
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = a + 1; b < order.size(); ++b) {
      if (calls[order[b]].end < calls[order[a]].start) return false;
    }
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!placed[i] && !calls[i].pending()) return false;
  }
  return true;
}

/// What is left of a set of calls if it must stand by itself: reads without every write they
/// could have read from go, a cas without them becomes a write.
inline std::vector<RegisterCall> standing_alone(const std::vector<RegisterCall>& all,
                                                const std::vector<bool>& chosen) {
  std::vector<RegisterCall> result;
  for (std::size_t r = 0; r < all.size(); ++r) {
    if (!chosen[r]) continue;
    RegisterCall call = all[r];
    if (call.op.observes()) {
      bool closed = true;
      bool some_writer = call.op.observed() == 0;
      bool any_writer_at_all = false;
      for (std::size_t w = 0; w < all.size(); ++w) {
        if (!all[w].op.mutates() || all[w].op.value != call.op.observed()) continue;
        any_writer_at_all = true;
        if (chosen[w]) {
          some_writer = true;
          continue;
        }
        bool possible = call.end >= all[w].start;
        for (std::size_t m = 0; m < all.size(); ++m) {
          if (chosen[m] && all[m].op.mutates() && !all[m].pending() && all[w].end < all[m].start &&
              all[m].end < call.start) {
            possible = false;
          }
        }
        if (possible) closed = false;
      }
      const bool stays = closed && (some_writer || !any_writer_at_all);
      if (!stays && !call.op.mutates()) continue;
      if (!stays) call.op = {call.op.value, 0, RegisterFunction::write};
    }
    result.push_back(call);
  }
  return result;
}

/// Does a witness (positions in `all`) refute by itself, and does no smaller one of its calls?
inline bool is_minimal_witness(const std::vector<RegisterCall>& all,
                               const std::vector<std::uint32_t>& witness) {
  std::vector<bool> chosen(all.size(), false);
  for (const std::uint32_t i : witness) chosen[i] = true;
  const auto alone = standing_alone(all, chosen);
  if (alone.size() != witness.size() || is_linearizable(alone)) return false;
  for (const std::uint32_t i : witness) {
    chosen[i] = false;
    if (!is_linearizable(standing_alone(all, chosen))) return false;
    chosen[i] = true;
  }
  return true;
}

}  // namespace assay::oracle
