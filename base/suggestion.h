#pragma once
// "Did you mean …?": for whoever typed a name that is almost one of those there are.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// The name of `known` that `word` was most likely meant to be, or "" if none is near: case does
/// not matter, and of three letters at most one may be wrong, missing, superfluous or exchanged
/// with its neighbour. Of names equally near it is the first. O(total length of `known` × length of
/// `word`); thread-safe.
std::string_view closest_of(std::string_view word, std::span<const std::string_view> known);

/// " (did you mean 'raft'?)", to be put behind the wrong name, or "" if nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace assay
