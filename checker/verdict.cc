#include "checker/verdict.h"

#include <array>
#include <cstddef>

namespace assay {
namespace {

constexpr std::array<std::string_view, 3> verdict_names{"pass", "unknown", "violation"};

}  // namespace

std::string_view name_of(Verdict verdict) {
  return verdict_names.at(static_cast<std::size_t>(verdict));
}

std::optional<Verdict> verdict_named(std::string_view name) {
  for (std::size_t i = 0; i < verdict_names.size(); ++i) {
    if (verdict_names[i] == name) return static_cast<Verdict>(i);
  }
  return std::nullopt;
}

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return 0;
    case Verdict::violation:
      return 1;
    case Verdict::unknown:
      break;
  }
  return 2;
}

}  // namespace assay
