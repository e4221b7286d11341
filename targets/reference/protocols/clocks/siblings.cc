#include "targets/reference/protocols/clocks/siblings.h"

#include <utility>

namespace assay::reference {

void Siblings::write(const Dot& dot, Datum value, const VersionVector& context) {
  std::erase_if(values_, [&](const auto& entry) { return context.covers(entry.first); });
  context_.merge(context);
  if (context_.covers(dot)) return;  // it has come before
  context_.raise(dot);
  values_.emplace(dot, std::move(value));
}

void Siblings::merge(const Siblings& other) {
  std::erase_if(values_, [&](const auto& entry) {
    return other.context_.covers(entry.first) && !other.values_.contains(entry.first);
  });
  for (const auto& [dot, value] : other.values_) {
    if (!context_.covers(dot)) values_.emplace(dot, value);
  }
  context_.merge(other.context_);
}

}  // namespace assay::reference
