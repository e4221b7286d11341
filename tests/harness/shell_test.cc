// Quoting is judged by the shell itself: what it gives back must be what was quoted.
#include <doctest/doctest.h>

#include <string>

#include "harness/control/node.h"
#include "harness/lab/subprocess.h"

namespace assay {
namespace {

std::string through_shell(const std::string& command) {
  Subprocess shell;
  shell.command = {"sh", "-c", command};
  const Result<SubprocessResult> result = run_subprocess(shell);
  REQUIRE(result.ok());
  return result.value().output;
}

}  // namespace

TEST_CASE("shell: hostile text comes through a shell as it is") {
  std::string all_bytes;
  for (int byte = 1; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  for (const std::string& text :
       {std::string(""), std::string("plain"), std::string("two words"), std::string("it's"),
        std::string("'"), std::string("'''"), std::string("\\"), std::string("\\'"),
        std::string("$(touch /tmp/owned)"), std::string("`id`"), std::string("$HOME ${PATH}"),
        std::string("; rm -rf /nowhere"), std::string("a\nb\n"), std::string("-n"),
        std::string("\"quoted\""), std::string("*?[a-z]~!#&|<>(){}"), std::string("\xff\xfe"),
        all_bytes}) {
    CAPTURE(text);
    CHECK(through_shell("printf %s " + shell_quote(text)) == text);
    CHECK(through_shell("set -- " + shell_quote(text) + "; echo $#") == "1\n");
  }
}

}  // namespace assay
