#include "nemesis/parameters.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace assay {

void add_parameter(Value& parameters, const std::string& name, std::int64_t value) {
  auto* map = parameters.get_if<Value::Map>();
  ASSAY_ASSERT(map != nullptr);
  map->emplace_back(name, value);
}

Result<std::int64_t> number_of(const Value& parameters, const std::string& name, std::int64_t least,
                               std::int64_t most) {
  const Value* value = find(parameters, name);
  const auto* number = value == nullptr ? nullptr : value->get_if<std::int64_t>();
  if (number != nullptr && *number >= least && *number <= most) return *number;
  return Error{ErrorKind::bad_data,
               fmt::format("expected {}, a number from {} to {}", name, least, most)};
}

}  // namespace assay
