#pragma once
// Strings whose observed tokens were each put or appended once: every get names the operations that
// made its string, in their order. So the string is a register: the state is the token at its end,
// an append is a cas from the token before it, and the zone test (zones.h) decides in O(n log n).
// Puts and appends that no get shows write values that nobody reads.

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/linearizability/strings/string_object.h"
#include "checker/linearizability/strings/tokens.h"
#include "checker/models/register.h"

namespace assay {

/// Gets that no order explains, and tokens of them that suffice to see that.
struct StringSuspects {
  std::vector<std::uint32_t> gets;    ///< calls
  std::vector<std::uint32_t> tokens;  ///< texts; puts and appends (calls) if texts are ambiguous
};

struct StringChains {
  /// If there are any, nothing else means anything.
  std::optional<StringSuspects> conflict;

  std::vector<RegisterCall> calls;      ///< sorted by start; for check_zones
  std::vector<std::uint32_t> call_of;   ///< by register call: the call on the string
  std::vector<std::uint32_t> proof_of;  ///< by text: a get that shows it; TokenTable::none
  std::size_t value_count = 0;
};

/// Nothing: some observed token was written more than once, or tokens begin with one another.
/// O(n log n + what the gets returned).
std::optional<StringChains> read_chains(const StringObject& object, const TokenTable& tokens);

}  // namespace assay
