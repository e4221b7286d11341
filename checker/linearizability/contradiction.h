#pragma once
// Contradiction: from the few calls of a witness, a cycle of calls each of which must precede the
// next in every order. Edges come from real time, from who read whose value, and from the rule
// that nothing may be written between a write and a read of it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/models/register.h"

namespace assay {

/// Why one call must precede another. `third` is the call that the rule is about, if any.
enum class EdgeRule : std::uint8_t {
  real_time,       ///< it returned before the other began
  reads_from,      ///< it wrote what the other observed
  initial,         ///< it observed the initial value, so every write comes later
  before_source,   ///< else it would lie between `third`, the observer, and its source, the other
  after_observer,  ///< it observed `third`'s value, which the other overwrites
};

struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
  EdgeRule rule{};
  std::optional<std::size_t> third;
};

/// Which call of the witness an observer read from, if there is only one answer.
struct Source {
  enum class Kind : std::uint8_t { ambiguous, initial, call } kind = Kind::ambiguous;
  std::size_t call = 0;
};

class Contradiction {
 public:
  /// O(n^4) for n calls; nothing is derived for more than 64.
  explicit Contradiction(std::span<const RegisterCall> calls);

  const std::vector<Source>& sources() const { return sources_; }
  /// Must a precede b in every order, as far as the rules tell?
  bool precedes(std::size_t a, std::size_t b) const { return reach_[a * calls_.size() + b]; }
  /// A shortest cycle of edges, of those the easiest to follow; empty if the rules find none.
  std::vector<Edge> cycle() const;

 private:
  void find_sources();
  void add(const Edge& edge);
  void derive();
  bool derive_once();
  void close();

  std::span<const RegisterCall> calls_;
  std::vector<Source> sources_;
  std::vector<bool> certain_;  ///< by call: took effect in every order
  std::vector<Edge> edges_;
  std::vector<bool> has_edge_;  ///< n * n
  std::vector<bool> reach_;     ///< n * n
};

}  // namespace assay
