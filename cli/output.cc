#include "cli/output.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/clock.h"
#include "harness/control/node.h"

namespace assay::cli {
namespace {

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb";
}

}  // namespace

bool color_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0') &&
         !dumb_terminal();
}

bool progress_line_wanted() { return isatty(STDERR_FILENO) == 1 && !dumb_terminal(); }

std::string utc_now() {
  std::string stamp = utc_stamp();  // 20261123T071500Z
  for (const std::size_t at : {4U, 7U}) stamp.insert(at, "-");
  for (const std::size_t at : {13U, 16U}) stamp.insert(at, ":");
  return stamp;
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=+@%";
  const bool bare = !text.empty() && text.find_first_not_of(plain) == std::string::npos;
  return bare ? text : shell_quote(text);
}

std::string last_words(std::string output) {
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

std::string error_json(const std::string& file, const Error& error) {
  const nlohmann::ordered_json document = {{"schema", "assay.error/1"},
                                           {"file", file},
                                           {"error", error.message},
                                           {"exit_code", error.exit_code()}};
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace assay::cli
