#pragma once
// Where the corpus of other projects' histories is: ASSAY_CORPORA, or ../shared/corpora beside the
// sources. Tests that need it say so and do nothing where it is not.

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace assay {

inline std::string corpora() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  const char* named = std::getenv("ASSAY_CORPORA");
  return named != nullptr ? named : std::string(ASSAY_SOURCE_DIR) + "/../shared/corpora";
}

/// A file of the corpus; none if it is not here.
inline std::optional<nlohmann::json> corpus_json(const std::string& name) {
  std::ifstream file(corpora() + "/" + name);
  if (!file) return std::nullopt;
  return nlohmann::json::parse(file);
}

/// What Elle says about its own search, not about the history.
inline bool is_about_the_search(const std::string& type) {
  return type == "empty-transaction-graph" || type == "cycle-search-timeout" ||
         type.find("-cycle-exists") != std::string::npos;
}

}  // namespace assay
