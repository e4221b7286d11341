#include "reports/gate/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/assert.h"

namespace assay::gate {
namespace {

constexpr std::size_t values_max = 60;

void keep_last(std::vector<double>& values) {
  if (values.size() > values_max) {
    values.erase(values.begin(), values.end() - static_cast<std::ptrdiff_t>(values_max));
  }
}

double choices(double n, double k) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1));
}

}  // namespace

double chance_of_smaller(std::vector<double> values, std::vector<double> reference) {
  keep_last(values);
  keep_last(reference);
  const std::size_t m = values.size();
  const std::size_t n = reference.size();
  if (m == 0 || n == 0) return 1;
  // U: how often a value is larger than a reference. Halves are kept whole by doubling.
  std::size_t twice = 0;
  for (const double a : values) {
    for (const double b : reference) twice += a > b ? 2U : a == b ? 1U : 0U;
  }
  const std::size_t u = (twice + 1) / 2;  // a tie rounds up: away from a finding
  // ways[i][s]: how many orders of i values among the references so far have the statistic s.
  std::vector<std::vector<double>> ways(m + 1, std::vector<double>(m * n + 1, 0));
  for (std::size_t i = 0; i <= m; ++i) ways[i][0] = 1;
  for (std::size_t j = 1; j <= n; ++j) {
    std::vector<std::vector<double>> next(m + 1, std::vector<double>(m * n + 1, 0));
    next[0][0] = 1;
    for (std::size_t i = 1; i <= m; ++i) {
      for (std::size_t s = 0; s <= i * j; ++s) {
        // The largest of all is a value (larger than j references) or a reference.
        next[i][s] = (s >= j ? next[i - 1][s - j] : 0) + ways[i][s];
      }
    }
    ways = std::move(next);
  }
  double sum = 0;
  for (std::size_t s = 0; s <= std::min(u, m * n); ++s) sum += ways[m][s];
  return std::min(1.0, sum / choices(static_cast<double>(m + n), static_cast<double>(m)));
}

double smallest_chance(std::uint64_t values, std::uint64_t reference) {
  if (values == 0 || reference == 0) return 1;
  return 1 / choices(static_cast<double>(values + reference), static_cast<double>(values));
}

double median(std::vector<double> values) {
  ASSAY_ASSERT(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace assay::gate
