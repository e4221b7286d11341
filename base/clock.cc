#include "base/clock.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace assay {

std::string utc_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

Result<Nanos> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double nanos;
  };
  static constexpr std::array<Unit, 6> units{
      {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  double amount = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& known : units) {
    const double nanos = amount * known.nanos;
    if (failure == std::errc{} && unit == known.name && nanos >= 0 && nanos < 9e18) {
      return Nanos(static_cast<std::int64_t>(std::llround(nanos)));
    }
  }
  return Error{ErrorKind::usage, "'" + std::string(text) +
                                     "' is not a duration: expected a number and a unit "
                                     "(ns, us, ms, s, m, h), for example 60s"};
}

std::string exact_duration(Nanos duration) {
  struct Unit {
    const char* name;
    std::int64_t nanos;
  };
  for (const Unit unit : {Unit{"s", 1'000'000'000}, Unit{"ms", 1'000'000}, Unit{"us", 1'000}}) {
    if (duration.count() % unit.nanos == 0) {
      return std::to_string(duration.count() / unit.nanos) + unit.name;
    }
  }
  return std::to_string(duration.count()) + "ns";
}

std::string format_duration(Nanos duration) {
  const auto ns = static_cast<double>(duration.count());
  std::array<char, 48> text{};
  const double size = std::abs(ns);
  if (size < 1e3) {
    std::snprintf(text.data(), text.size(), "%.0fns", ns);
  } else if (size < 1e6) {
    std::snprintf(text.data(), text.size(), "%.3gus", ns / 1e3);
  } else if (size < 1e9) {
    std::snprintf(text.data(), text.size(), "%.3gms", ns / 1e6);
  } else if (size < 120e9) {
    std::snprintf(text.data(), text.size(), "%.3gs", ns / 1e9);
  } else {
    const auto seconds = static_cast<long long>(ns / 1e9);
    std::snprintf(text.data(), text.size(), "%lldm%llds", seconds / 60, std::llabs(seconds % 60));
  }
  return text.data();
}

}  // namespace assay
