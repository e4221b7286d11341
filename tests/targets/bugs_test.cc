// docs/bugs.md names every switch, with what shows it as the catalogue has it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "targets/reference/protocols/catalogue.h"

namespace assay::reference {
namespace {

std::string words_of(std::string_view list) {
  std::string words(list);
  for (std::size_t at = 0; (at = words.find(',', at)) != std::string::npos; at += 2) {
    words.replace(at, 1, ", ");
  }
  return words;
}

TEST_CASE("bugs: docs/bugs.md has a row for each, with its workload, settings and faults") {
  std::ifstream in(std::string(ASSAY_SOURCE_DIR) + "/docs/bugs.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::size_t rows = 0;
  for (const ProtocolEntry& protocol : protocols()) {
    const auto section = text.find(fmt::format("## `{}`\n", protocol.name));
    REQUIRE_MESSAGE(section != std::string::npos, "no section of " << protocol.name);
    const auto end = text.find("\n## ", section);
    for (const BugEntry& bug : protocol.bugs) {
      const std::string row =
          fmt::format("| `{}` | `{}` | {} | {} |", bug.name,
                      bug.workload.empty() ? protocol.workload : bug.workload,
                      words_of(bug.settings), bug.faults.empty() ? "any" : words_of(bug.faults));
      CHECK_MESSAGE(text.find(row, section) < end, "expected a row " << row);
      ++rows;
    }
  }
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find("\n| `", at)) != std::string::npos; ++at) ++found;
  CHECK(found == rows);  // and of none that is gone
}

}  // namespace
}  // namespace assay::reference
