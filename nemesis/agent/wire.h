#pragma once
// The line protocol between the controller and assay-agent, and the form of the agent's ledger:
// one line of words. A word may hold any bytes; those that would break a line are escaped.
//
//   agent:       hello 3 LEFTOVERS        first line; LEFTOVERS faults of a dead agent were healed
//   controller:  ID VERB WORD…            ID is chosen by the controller and returned
//   agent:       ID ok WORD…   |   ID error TEXT
//
// Every line from the controller renews the lease. Verbs are listed in server.cc.

#include <string>
#include <string_view>
#include <vector>

namespace assay::agent {

inline constexpr std::string_view protocol_version = "3";

/// Begins an effect, the answer to `heal`, that was none.
inline constexpr std::string_view no_effect = "no effect: ";

using Words = std::vector<std::string>;

/// Words joined by spaces, without a newline. Space, '%', control bytes become %XX; the empty word
/// becomes a lone %.
std::string encode_line(const Words& words);

/// The inverse. A malformed escape is kept as it stands: the verb's own checks refuse it.
Words decode_line(std::string_view line);

}  // namespace assay::agent
