#include "targets/registry.h"

#include <array>

#include "targets/reference/target.h"

namespace assay {

std::span<const TargetEntry> targets() {
  static const std::array table{reference::reference_target_entry()};
  return table;
}

const TargetEntry* find_target(std::string_view name) {
  for (const auto& entry : targets()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace assay
