#include "targets/reference/protocols/datum.h"

namespace assay::reference {
namespace {

std::size_t mixed(std::size_t seed, std::size_t value) {
  return (seed ^ value) * 0x9E3779B97F4A7C15ULL + (seed >> 29U);
}

}  // namespace

bool operator==(const Datum& a, const Datum& b) { return a.data_ == b.data_; }
bool operator<(const Datum& a, const Datum& b) { return a.data_ < b.data_; }

std::size_t weight_of(const Datum& datum) {
  std::size_t weight = datum_weight;
  if (const auto* text = datum.get_if<std::string>()) weight += text->size();
  if (const auto* list = datum.get_if<Datum::List>()) {
    for (const Datum& element : *list) weight += weight_of(element);
  }
  if (const auto* map = datum.get_if<Datum::Map>()) {
    for (const auto& [key, value] : *map) weight += weight_of(key) + weight_of(value);
  }
  return weight;
}

std::size_t hash_of(const Datum& datum) {
  std::size_t hash = mixed(0, datum.index());
  if (const auto* truth = datum.get_if<bool>()) return mixed(hash, *truth ? 1 : 0);
  if (const auto* number = datum.get_if<std::int64_t>()) {
    return mixed(hash, static_cast<std::size_t>(*number));
  }
  if (const auto* text = datum.get_if<std::string>()) {
    return mixed(hash, std::hash<std::string>{}(*text));
  }
  if (const auto* list = datum.get_if<Datum::List>()) {
    for (const Datum& element : *list) hash = mixed(hash, hash_of(element));
  }
  if (const auto* map = datum.get_if<Datum::Map>()) {
    for (const auto& [key, value] : *map) hash = mixed(mixed(hash, hash_of(key)), hash_of(value));
  }
  return hash;
}

}  // namespace assay::reference
