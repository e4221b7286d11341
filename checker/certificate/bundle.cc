#include "checker/certificate/bundle.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace assay {
namespace {

constexpr const char* schema = "assay.certificates/1";

}  // namespace

std::string bundle_to_json(std::span<const Certificate> certificates) {
  if (certificates.size() == 1) return to_json(certificates.front());
  std::string out = fmt::format("{{\"schema\":\"{}\",\"certificates\":[", schema);
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    out += (i == 0 ? "\n" : ",\n") + to_json(certificates[i]);
  }
  return out + "]}\n";
}

Result<std::vector<Certificate>> bundle_from_json(const std::string& text) {
  // A large certificate is read once: only a bundle begins with this schema.
  if (text.find(schema) > 64) {
    auto one = certificate_from_json(text);
    if (!one) return one.error();
    std::vector<Certificate> result;
    result.push_back(std::move(one).value());
    return result;
  }
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object()) {
    return Error{ErrorKind::bad_data, "the certificates are no JSON object"};
  }
  const auto list = document.find("certificates");
  if (list == document.end() || !list->is_array() || list->empty()) {
    return Error{ErrorKind::bad_data, "certificates: expected a list of at least one certificate"};
  }
  std::vector<Certificate> result;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto one = certificate_from_json((*list)[i].dump());
    if (!one) return one.error().in(fmt::format("certificates[{}]", i));
    result.push_back(std::move(one).value());
  }
  return result;
}

}  // namespace assay
