#include "base/suggestion.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace assay {
namespace {

constexpr std::size_t word_length_max = 100;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// How many letters were put in, left out, replaced or exchanged with their neighbour.
/// Source: Damerau, "A technique for computer detection and correction of spelling errors", 1964,
/// in its restricted form: no letter is changed twice.
std::size_t distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return cost[i * width + j]; };
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    at(i, 0) = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t wrong = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + wrong});
      const bool exchanged = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                             lower(a[i - 2]) == lower(b[j - 1]);
      if (exchanged) at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.size(), b.size());
}

}  // namespace

std::string_view closest_of(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > word_length_max) return {};
  std::string_view closest;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view name : known) {
    if (name.size() > word_length_max) continue;
    const std::size_t wrong = distance(word, name);
    // A name of which nothing is right is none that was meant.
    if (wrong >= least || wrong >= name.size()) continue;
    least = wrong;
    closest = name;
  }
  return closest;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view closest = closest_of(word, known);
  return closest.empty() ? std::string() : " (did you mean '" + std::string(closest) + "'?)";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return did_you_mean(word, std::span(views));
}

}  // namespace assay
