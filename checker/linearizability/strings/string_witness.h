#pragma once
// Witness: from a string that is not linearizable, a few of its operations that are not
// linearizable by themselves, whatever else happened, and of which none can be left out.
//
// Where strings have only one way to be made of tokens, a witness may leave tokens out: its gets
// are restricted to some tokens, and it has the puts and appends of these tokens only. A get keeps
// the token that it begins with if a put wrote that, because puts hide what was before them. What
// certainly lies before such a put need not be in either. docs/certificates.md argues why such a
// witness refutes the whole string; the verifier applies the same rules.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/shrink.h"
#include "checker/linearizability/strings/chains.h"
#include "checker/linearizability/strings/string_object.h"
#include "checker/linearizability/strings/tokens.h"

namespace assay {

struct StringWitness {
  std::vector<std::uint32_t> calls;  ///< ascending
  std::vector<std::uint32_t>
      tokens;                      ///< texts that the gets are restricted to; empty: they are not
  std::vector<Precedence> timing;  ///< by position in calls
  bool refuted = false;            ///< if not, a limit was reached, and `calls` are all there are
  bool minimal = false;            ///< if refuted, false only if a limit was reached
  bool unmakeable = false;  ///< one get of what no put and appends before its return could make
};

class StringWitnessFinder {
 public:
  /// `object` is not linearizable; it and `tokens` outlive the finder.
  StringWitnessFinder(const StringObject& object, const TokenTable& tokens,
                      const SearchLimits& limits);

  /// No order explains what happened up to the return of `failed_call` and of the gets open then,
  /// perhaps for the reason that `suspects` names. Deterministic.
  StringWitness find(std::uint32_t failed_call, const StringSuspects& suspects);

 private:
  using Numbers = std::vector<std::uint32_t>;

  /// What a witness consists of; follows from the gets and tokens that it is about.
  struct Parts {
    bool restricts = false;   ///< the gets, to the tokens of `keeps`
    std::vector<bool> keeps;  ///< by text: its puts and appends are in; unrestricted: by call
    Numbers calls;            ///< ascending
  };

  const Numbers* made_of(std::uint32_t get);
  bool is_unmakeable(std::uint32_t get, StringWitness& witness);
  StringSuspects window(std::uint32_t failed_call, std::size_t gets);
  Parts parts_of(const StringSuspects& subject);
  bool concerns(std::uint32_t change, std::uint32_t get, const Parts& parts) const;
  std::string restricted(std::uint32_t get, const Parts& parts);
  bool has_legal_order(const Parts& parts, std::span<const Span> spans);
  bool is_refuted(const StringSuspects& subject);
  StringWitness shrunk(const StringSuspects& subject);
  std::vector<Span> spans_of(const Numbers& calls) const;

  const StringObject& object_;
  const TokenTable& tokens_;
  SearchLimits limits_;
  std::vector<bool> begins_;                         ///< by text: a put, or the initial text
  std::unordered_map<std::uint32_t, Numbers> made_;  ///< by text that a get returned: its tokens
  Numbers changes_;                                  ///< puts and appends that parts may have
};

}  // namespace assay
