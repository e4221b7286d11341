// The clock of a real process, dynamically and statically linked, skewed and healed.

#include <doctest/doctest.h>
#include <signal.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>

#include "tests/nemesis/local_process.h"

namespace assay {
namespace {

using namespace std::chrono_literals;
using testing::LocalProcess;

/// Wall clocks minus the monotonic one.
struct Readings {
  std::array<std::int64_t, 4> ahead{};  ///< clock_gettime, coarse, gettimeofday, time
};

Readings read(LocalProcess& reader, const std::string& how = "now") {
  REQUIRE(reader.write_line(how).ok());
  const auto line = reader.read_line(20s);
  REQUIRE_MESSAGE(line.ok(), "the reader died");
  std::istringstream words(*line);
  Readings readings;
  for (auto& value : readings.ahead) words >> value;
  REQUIRE(words);
  return readings;
}

CommandResult skew(const LocalProcess& reader, const std::string& offset) {
  testing::LocalNode here("here");
  auto done = here.run(
      testing::program("assay-agent") + " skew " + std::to_string(reader.pid()) + " " + offset,
      20s);
  REQUIRE(done.ok());
  CAPTURE(done->out);
  REQUIRE(done->exit_status == 0);
  return *done;
}

/// How far each clock moved; `time` only counts whole seconds and coarse clocks lag behind.
void check_moved(const Readings& from, const Readings& to, Nanos expected) {
  constexpr std::array<Nanos, 4> tolerance{200ms, 200ms, 200ms, 1200ms};
  for (std::size_t i = 0; i < from.ahead.size(); ++i) {
    CAPTURE(i);
    const Nanos moved(to.ahead[i] - from.ahead[i]);
    CHECK(moved > expected - tolerance[i]);
    CHECK(moved < expected + tolerance[i]);
  }
}

void check_skew(const std::string& program) {
  const auto reader = LocalProcess::start({testing::program(program)});
  const Readings before = read(*reader);
  skew(*reader, "0s");
  check_moved(before, read(*reader), 0s);
  skew(*reader, "90s");
  check_moved(before, read(*reader), 90s);
  check_moved(before, read(*reader, "fork"), 90s);
  skew(*reader, "-3600s");
  check_moved(before, read(*reader), -3600s);
  skew(*reader, "-2500ms");
  check_moved(before, read(*reader), -2500ms);
  skew(*reader, "0s");
  check_moved(before, read(*reader), 0s);
  check_moved(before, read(*reader, "fork"), 0s);
}

TEST_CASE("clock: a dynamically linked program reads a skewed clock, and the true one afterwards") {
  check_skew("clock_reader");
}

TEST_CASE("clock: a statically linked program reads a skewed clock, and the true one afterwards") {
  check_skew("clock_reader_static");
}

TEST_CASE("clock: one process's skew is no other's") {
  const auto skewed = LocalProcess::start({testing::program("clock_reader")});
  const auto other = LocalProcess::start({testing::program("clock_reader")});
  const Readings before = read(*other);
  read(*skewed);
  skew(*skewed, "1h");
  check_moved(before, read(*other), 0s);
  check_moved(before, read(*skewed), 1h);
}

TEST_CASE("clock: a stopped process can be skewed and stays stopped") {
  const auto reader = LocalProcess::start({testing::program("clock_reader")});
  const Readings before = read(*reader);
  REQUIRE(::kill(reader->pid(), SIGSTOP) == 0);
  skew(*reader, "60s");
  REQUIRE(reader->write_line("now").ok());
  CHECK_FALSE(reader->read_line(200ms).ok());
  REQUIRE(::kill(reader->pid(), SIGCONT) == 0);
  REQUIRE(reader->read_line(20s).ok());
  check_moved(before, read(*reader), 60s);
}

TEST_CASE("clock: threads in the midst of reading survive many patches") {
  for (int i = 0; i < 20; ++i) {
    const auto reader = LocalProcess::start({testing::program("clock_reader")});
    const Readings before = read(*reader);
    skew(*reader, "-750ms");
    check_moved(before, read(*reader), -750ms);
  }
}

TEST_CASE("clock: a process that does not run is an error") {
  testing::LocalNode here("here");
  const auto done = here.run(testing::program("assay-agent") + " skew 2147483000 1s", 20s);
  REQUIRE(done.ok());
  CHECK(done->exit_status == 69);
}

}  // namespace
}  // namespace assay
