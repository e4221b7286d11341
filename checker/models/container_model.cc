#include "checker/models/container_model.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace assay {
namespace {

using Calls = std::span<const Call<ContainerOp>>;

bool has_value(const ContainerOp& op) {
  return op.function != ContainerFunction::find_empty && op.function != ContainerFunction::take_any;
}

/// When the last of the chosen calls that tell something returned.
std::int64_t latest_tale(Calls calls, const std::vector<bool>& chosen) {
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const bool tells = calls[i].op.function != ContainerFunction::put && !calls[i].pending();
    if (chosen[i] && tells) latest = std::max(latest, calls[i].end);
  }
  return latest;
}

/// Leaves out the values that only some of those who put them in or take them out are chosen of.
/// False: there were none.
bool drop_broken(Calls calls, std::vector<bool>& chosen) {
  const std::int64_t latest = latest_tale(calls, chosen);
  std::set<std::uint32_t> occur;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (chosen[i] && has_value(calls[i].op)) occur.insert(calls[i].op.value);
  }
  std::set<std::uint32_t> broken;
  for (std::size_t i = 0; i < calls.size() && calls[i].start <= latest; ++i) {
    const ContainerOp& op = calls[i].op;
    if (chosen[i] || !has_value(op) || op.function == ContainerFunction::look) continue;
    if (occur.contains(op.value)) broken.insert(op.value);
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (has_value(calls[i].op) && broken.contains(calls[i].op.value)) chosen[i] = false;
  }
  return !broken.empty();
}

std::int64_t left_over(Calls calls, const std::vector<bool>& chosen) {
  std::map<std::uint32_t, std::int64_t> inside;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!chosen[i]) continue;
    if (calls[i].op.function == ContainerFunction::put) ++inside[calls[i].op.value];
    if (calls[i].op.function == ContainerFunction::take) --inside[calls[i].op.value];
  }
  std::int64_t sum = 0;
  for (const auto& [value, count] : inside) sum += std::max<std::int64_t>(0, count);
  return sum;
}

}  // namespace

std::vector<std::uint32_t> ContainerModel::closed(Calls calls,
                                                  const std::vector<std::uint32_t>& chosen) {
  std::vector<bool> stays(calls.size(), false);
  for (const std::uint32_t i : chosen) {
    stays[i] = calls[i].op.function != ContainerFunction::take_any;
  }
  while (drop_broken(calls, stays)) {
  }
  std::int64_t helpers = left_over(calls, stays);
  const std::int64_t latest = latest_tale(calls, stays);
  std::vector<std::uint32_t> part;
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    const bool helps = calls[i].op.function == ContainerFunction::take_any && helpers > 0 &&
                       calls[i].start <= latest;
    if (helps) --helpers;
    if (helps || stays[i]) part.push_back(i);
  }
  return part;
}

}  // namespace assay
