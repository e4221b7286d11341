#include "base/duration_words.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace assay {
namespace {

constexpr const char* space = "\u00a0";

std::string three_digits(double value, const char* unit) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f%s%s", decimals, value, space, unit);
  return text.data();
}

}  // namespace

std::string duration_words(Nanos duration) {
  const double size = std::abs(static_cast<double>(duration.count()));
  const std::string sign = duration.count() < 0 ? "-" : "";
  if (size < 1e3) return sign + std::to_string(std::llabs(duration.count())) + space + "ns";
  // What would be rounded to 1000 of a unit is 1 of the next.
  if (size < 999.5e3) return sign + three_digits(size / 1e3, "µs");
  if (size < 999.5e6) return sign + three_digits(size / 1e6, "ms");
  if (size < 119.5e9) return sign + three_digits(size / 1e9, "s");
  const long long seconds = std::llround(size / 1e9);
  return sign + std::to_string(seconds / 60) + space + "min" + space +
         std::to_string(seconds % 60) + space + "s";
}

}  // namespace assay
