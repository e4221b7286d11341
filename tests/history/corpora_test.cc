#include <doctest/doctest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "history/formats/format.h"

namespace assay {
namespace {

std::string corpora_folder() {
  const char* named = std::getenv("ASSAY_CORPORA");  // NOLINT(concurrency-mt-unsafe)
  const std::string folder =
      named != nullptr ? named : std::string(ASSAY_SOURCE_DIR) + "/../shared/corpora";
  return std::filesystem::exists(folder + "/cases.json") ? folder : "";
}

}  // namespace

TEST_CASE("corpora: every history of other projects is recognised and read") {
  const std::string folder = corpora_folder();
  if (folder.empty()) {
    MESSAGE("skipped: no corpora (ASSAY_CORPORA names their folder)");
    return;
  }
  simdjson::dom::parser parser;
  const simdjson::dom::element cases = parser.load(folder + "/cases.json");
  std::set<std::string> seen;
  for (const auto row : simdjson::dom::array(cases)) {
    const auto text = [&row](std::string_view field) {
      return std::string(row[field].get_string().value());
    };
    const std::string format = text("format");
    const std::string file = text("file");
    if (!seen.insert(file).second) continue;
    CAPTURE(file);
    const auto history = read_history(folder + "/" + file, {});
    CAPTURE(history.ok() ? "" : history.error().message);
    REQUIRE(history.ok());
    CHECK(history->info().format == format);
    if (format != "assay-jsonl") CHECK(history->size() + history->faults().size() > 0);
    const auto named = read_history(folder + "/" + file, {.format = format});
    REQUIRE(named.ok());
    CHECK(named->digest() == history->digest());
    const std::string datatype = text("datatype");
    if (datatype == "register" && format.starts_with("jepsen")) CHECK_FALSE(history->keyed());
    const std::string& declared = history->info().datatype;
    if (!declared.empty()) CHECK(declared == datatype);
  }
  CHECK(seen.size() > 250);
}

}  // namespace assay
