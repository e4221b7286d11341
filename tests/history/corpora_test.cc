#include <doctest/doctest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "history/formats/format.h"
#include "history/formats/readers.h"
#include "history/sink.h"
#include "history/validation.h"

namespace assay {
namespace {

std::string corpora_folder() {
  const char* named = std::getenv("ASSAY_CORPORA");  // NOLINT(concurrency-mt-unsafe)
  const std::string folder =
      named != nullptr ? named : std::string(ASSAY_SOURCE_DIR) + "/../shared/corpora";
  return std::filesystem::exists(folder + "/cases.json") ? folder : "";
}

/// The history as `format` tells it, read again.
Result<History> through(const History& history, decltype(Format::write) write,
                        decltype(Format::read) read, std::string* text = nullptr) {
  std::stringstream stream;
  if (auto status = write(history, stream); !status) return status.error();
  if (text != nullptr) *text = stream.str();
  HistorySink sink;
  if (auto status = read(stream, {}, sink); !status) return status.error();
  return sink.finish();
}

/// The journal loses nothing; JSON lines lose what JSON cannot say, but only once.
void check_conversions(const History& history) {
  const auto journal = through(history, write_journal_format, read_journal_format);
  REQUIRE(journal.ok());
  CHECK(journal->digest() == history.digest());
  CHECK(journal->info().notes == history.info().notes);
  std::string first;
  std::string second;
  const auto lines = through(history, write_json_lines, read_json_lines, &first);
  REQUIRE(lines.ok());
  const auto again = through(*lines, write_json_lines, read_json_lines, &second);
  REQUIRE(again.ok());
  CHECK(first == second);
  CHECK(again->digest() == lines->digest());
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
    // The large ones hold nothing that the small ones do not, and take their time under sanitizers.
    if (history->size() > 2000) continue;
    check_conversions(*history);
    HistoryValidator validator;
    REQUIRE(read_events(folder + "/" + file, {}, validator).ok());
    validator.finish();
    CHECK(validator.problem_count() == 0);
    CHECK(validator.operations() == history->size());
  }
  CHECK(seen.size() > 250);
}

}  // namespace assay
