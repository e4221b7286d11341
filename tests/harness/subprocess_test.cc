#include "harness/lab/subprocess.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

Result<SubprocessResult> shell(const std::string& script, const std::string& input = "",
                               Nanos timeout = std::chrono::seconds(20)) {
  Subprocess subprocess;
  subprocess.command = {"sh", "-c", script};
  subprocess.input = input;
  subprocess.timeout = timeout;
  return run_subprocess(subprocess);
}

}  // namespace

TEST_CASE("subprocess: output, errors and exit status are passed on") {
  const auto result = shell("echo out; echo err >&2; exit 7");
  REQUIRE(result.ok());
  CHECK(result.value().exit_status == 7);
  CHECK(result.value().output == "out\nerr\n");
}

TEST_CASE("subprocess: a signal shows as 128 and its number") {
  const auto result = shell("kill -9 $$");
  REQUIRE(result.ok());
  CHECK(result.value().exit_status == 137);
}

TEST_CASE("subprocess: more input than a pipe holds goes through and comes back") {
  const std::string input(1 << 20, 'x');
  const auto result = shell("cat", input);
  REQUIRE(result.ok());
  CHECK(result.value().output == input);
}

TEST_CASE("subprocess: a program that reads none of its input is no error") {
  const auto result = shell("exec true", std::string(1 << 20, 'x'));
  REQUIRE(result.ok());
  CHECK(result.value().exit_status == 0);
}

TEST_CASE("subprocess: one that takes too long is killed") {
  const Nanos start = monotonic_now();
  const auto result = shell("exec sleep 60", "", std::chrono::milliseconds(50));
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::unavailable);
  CHECK(monotonic_now() - start < std::chrono::seconds(20));
}

TEST_CASE("subprocess: lines are told as they come") {
  std::vector<std::string> lines;
  Subprocess subprocess;
  subprocess.command = {"printf", "one\\ntwo\\nunfinished"};
  subprocess.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  REQUIRE(run_subprocess(subprocess).ok());
  CHECK(lines == std::vector<std::string>{"one", "two"});
}

TEST_CASE("subprocess: a program that is not there is named") {
  Subprocess subprocess;
  subprocess.command = {"assay-no-such-program"};
  const auto result = run_subprocess(subprocess);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::configuration);
  CHECK(result.error().message.find("assay-no-such-program") != std::string::npos);
}

}  // namespace assay
