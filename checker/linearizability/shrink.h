#pragma once
// What shrinking a violation needs whatever the datatype is: ever smaller subsets (delta
// debugging), and intervals as wide as they can be.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace assay {

using Subset = std::vector<std::uint32_t>;  ///< positions, ascending

/// Does this subset still fail? It gives back the one that does: without what may as well go, with
/// what it cannot do without.
using StillFails = std::function<bool(const Subset& candidate, Subset& failing)>;

struct Shrunk {
  Subset subset;
  bool minimal = false;  ///< no position can be left out
};

/// Removes ever smaller stretches of `failing`, oldest first, until no single position can go.
/// `give_up` ends it early.
/// Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002.
Shrunk shrink(Subset failing, const StillFails& still_fails, const std::function<bool()>& give_up);

struct Span {
  std::int64_t start;
  std::int64_t end;  ///< never (history/history.h): not returned
};

/// One call of a witness must return before another begins, or the witness fails no more.
struct Precedence {
  std::uint32_t before;
  std::uint32_t after;
  bool operator==(const Precedence&) const = default;
};

/// Widens the intervals, one end after the other, as far as `fails` still holds of all of them, and
/// names the precedences that remain, without those that follow from others. What a person must
/// know about the timing of the witness is these alone. A pending call stays pending.
/// O(n^2) calls of `fails`.
std::vector<Precedence> essential_precedences(
    std::vector<Span> spans, const std::function<bool(std::span<const Span>)>& fails);

}  // namespace assay
