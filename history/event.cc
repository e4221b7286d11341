// Names of event types.
#include "history/event.h"

#include <array>
#include <cstddef>

namespace assay {
namespace {
constexpr std::array<std::string_view, 4> names{"invoke", "ok", "fail", "info"};
}  // namespace

std::string_view name_of(EventType type) { return names.at(static_cast<std::size_t>(type)); }

std::optional<EventType> event_type_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.at(i) == name) return static_cast<EventType>(i);
  }
  return std::nullopt;
}

}  // namespace assay
