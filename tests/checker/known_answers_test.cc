// Histories whose verdict is known: our own, whose path is the answer, and a corpus of other
// projects' logs where there is one (ASSAY_CORPORA, or ../shared/corpora beside the sources).

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "history/formats/format.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// Checks the file and its certificate. The verdict, or what went wrong.
std::string verdict_of(const std::string& path, const ReadOptions& options) {
  const auto history = read_history(path, options);
  if (!history) return history.error().message;
  CheckOptions check_options;
  check_options.datatype = "register";
  const auto result = check(history.value(), check_options);
  if (!result) return result.error().message;
  const auto parsed = certificate_from_json(to_json(result.value().certificate));
  if (!parsed) return parsed.error().message;
  if (const auto status = verify(history.value(), parsed.value()); !status) {
    return status.error().message + " " + result.value().unknown_because;
  }
  for (const Anomaly& anomaly : result.value().anomalies) {
    if (!anomaly.minimal) return "the witness is not minimal";
  }
  return std::string(name_of(result.value().verdict));
}

std::string corpora() {
  const char* named = std::getenv("ASSAY_CORPORA");
  return named != nullptr ? named : std::string(ASSAY_SOURCE_DIR) + "/../shared/corpora";
}

nlohmann::json corpus_cases() {
  std::ifstream file(corpora() + "/cases.json");
  if (!file) return {};
  return nlohmann::json::parse(file);
}

/// Rows that ask for something else than a register whose failed operations did not happen.
const std::set<std::string> other_meaning{
    "jsonl/litmus_cas-fail-but-match.json.jsonl",  // there a failed cas says that it did not match
};

}  // namespace

TEST_CASE("known answers: the verdict is the folder's name") {
  const fs::path root = fs::path(ASSAY_SOURCE_DIR) / "tests/histories/register/linearizable";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  CHECK(files.size() >= 15);
  for (const fs::path& file : files) {
    CAPTURE(file.string());
    CHECK(verdict_of(file.string(), {}) == file.parent_path().filename().string());
  }
}

TEST_CASE("known answers: logs of other projects") {
  const nlohmann::json cases = corpus_cases();
  if (cases.is_null()) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  std::size_t checked = 0;
  for (const auto& row : cases) {
    const auto file = row.at("file").get<std::string>();
    const auto format = row.at("format").get<std::string>();
    if (row.at("datatype") != "register" || row.at("model") != "linearizable" ||
        other_meaning.contains(file) ||
        (format != "jepsen-log" && format != "jepsen-edn" && format != "assay-jsonl")) {
      continue;
    }
    CAPTURE(file);
    ReadOptions options;
    options.format = format;
    options.datatype = "register";
    if (row.at("initial").is_number()) options.initial = Value(row.at("initial").get<int>());
    if (row.at("initial").is_null() && format != "assay-jsonl") options.initial = Value();
    CHECK(verdict_of(corpora() + "/" + file, options) == row.at("expect").get<std::string>());
    ++checked;
  }
  CHECK(checked >= 100);
}

}  // namespace assay
