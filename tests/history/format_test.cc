#include "history/formats/format.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "files.h"
#include "random_history.h"

namespace assay {
namespace {

using testing::contains;

std::string error_of(const Result<History>& history, ErrorKind kind = ErrorKind::bad_data) {
  if (history) return "";
  CHECK(history.error().kind == kind);
  return history.error().message;
}

}  // namespace

TEST_CASE("formats: a random history comes back from every format that can be written") {
  const testing::Folder folder("formats");
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    for (const Format& format : formats()) {
      // plume can only tell transactions; it has a test of its own.
      if (format.write == nullptr || format.name == "plume") continue;
      CAPTURE(seed);
      CAPTURE(format.name);
      Random random(seed);
      const bool keyed = seed % 2 == 0;
      const History history = testing::build(testing::random_events(
          random, {.keyed = keyed, .times = seed % 3 != 0, .plain = format.name == "assay-jsonl"}));
      const char* const suffix = seed % 4 == 1 ? ".gz" : seed % 4 == 2 ? ".zst" : "";
      const std::string path = folder.path("history" + std::string(suffix));
      REQUIRE(write_history(history, path, std::string(format.name)).ok());
      const auto again = read_history(path, {.keyed = keyed ? "yes" : "no"});
      CAPTURE(again.ok() ? "" : again.error().message);
      REQUIRE(again.ok());
      REQUIRE(testing::difference(history, *again) == "");
      CHECK(again->info().format == format.name);
    }
  }
}

TEST_CASE("formats: declarations survive the formats that have room for them") {
  const testing::Folder folder("formats");
  HistoryInfo info;
  info.datatype = "register";
  info.initial = "zero";
  info.initial_declared = true;
  info.nil_read = NilRead::unconstrained;
  Event read;
  read.f = "read";
  read.time = Nanos(5);
  for (const RealTime real_time : {RealTime::time, RealTime::position, RealTime::none}) {
    info.real_time = real_time;
    const History history = testing::build({read}, info);
    for (const char* format : {"assay", "assay-jsonl"}) {
      CAPTURE(format);
      const std::string path = folder.path("declared");
      REQUIRE(write_history(history, path, format).ok());
      const auto again = read_history(path, {});
      REQUIRE(again.ok());
      CHECK(again->info().datatype == "register");
      CHECK(again->info().initial == Value("zero"));
      CHECK(again->info().initial_declared);
      CHECK(again->info().nil_read == NilRead::unconstrained);
      CHECK(again->info().real_time == real_time);
      CHECK(again->value(again->initial()) == Value("zero"));
    }
  }
}

TEST_CASE("formats: options override what the input declares") {
  const testing::Folder folder("formats");
  const std::string path =
      folder.put("h.jsonl",
                 "{\"assay\":\"history/1\",\"datatype\":\"queue\",\"initial\":1}\n"
                 "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\",\"value\":[\"x\",null]}\n");
  const auto history = read_history(
      path, {.keyed = "yes", .initial = Value(0), .realtime = "process", .datatype = "register"});
  REQUIRE(history.ok());
  CHECK(history->info().datatype == "register");
  CHECK(history->info().initial == Value(0));
  CHECK(history->info().real_time == RealTime::none);
  CHECK(history->key(0) == Value("x"));
  CHECK((*history)[0].argument == nil_value);
}

TEST_CASE("formats: what cannot be read says why, with the file and the place") {
  const testing::Folder folder("formats");
  CHECK(contains(error_of(read_history(folder.path("none"), {}), ErrorKind::no_input),
                 "none: No such file"));
  CHECK(contains(error_of(read_history(folder.path(""), {}), ErrorKind::no_input),
                 "neither a run nor logs of sessions"));
  CHECK(contains(error_of(read_history(folder.put("e", ""), {})), "/e: line 1 (byte 0)"));
  CHECK(contains(error_of(read_history(folder.put("e", ""), {.format = "jepsen-edn"})), "empty"));
  CHECK(contains(error_of(read_history(folder.put("w", " \n\n"), {})), "line 1"));
  CHECK(contains(error_of(read_history("x", {.format = "edn"}), ErrorKind::usage),
                 "known are assay, assay-jsonl, "));
  CHECK_FALSE(error_of(read_history("x", {.keyed = "maybe"}), ErrorKind::usage).empty());
  CHECK_FALSE(error_of(read_history("x", {.realtime = "often"}), ErrorKind::usage).empty());
  std::vector<std::string> names{"auto"};
  for (const Format& format : formats()) names.emplace_back(format.name);
  Random random(9);
  for (int i = 0; i < 100; ++i) {
    std::string bytes;
    for (int n = 0; n < 400; ++n) bytes += static_cast<char>(random.below(256));
    for (const std::string& format : names) {
      CAPTURE(format);
      const auto message = error_of(read_history(folder.put("random", bytes), {.format = format}));
      CAPTURE(message);
      REQUIRE((contains(message, "random: line ") || contains(message, "random: byte ")));
    }
  }
}

TEST_CASE("formats: truncated and damaged compressed files are errors that name the byte") {
  const testing::Folder folder("formats");
  Random random(3);
  const History history = testing::build(testing::random_events(random, {.events = 400}));
  for (const char* name : {"h.gz", "h.zst"}) {
    CAPTURE(name);
    REQUIRE(write_history(history, folder.path(name), "assay").ok());
    const std::string bytes = testing::contents(folder.path(name));
    REQUIRE(read_history(folder.path(name), {}).ok());
    for (std::size_t cut = 4; cut < bytes.size(); cut += 101) {
      CAPTURE(cut);
      const auto message = error_of(read_history(folder.put("cut", bytes.substr(0, cut)), {}));
      REQUIRE(contains(message, "of the compressed file"));
    }
    std::string damaged = bytes;
    damaged[bytes.size() / 2] = static_cast<char>(damaged[bytes.size() / 2] ^ 0x55);
    CHECK_FALSE(error_of(read_history(folder.put("damaged", damaged), {})).empty());
    // Two compressed files in one are one file.
    const auto twice = read_history(folder.put("twice", bytes + bytes), {});
    CHECK(contains(error_of(twice), "bytes after the journal's end mark"));
  }
}

TEST_CASE("formats: writing refuses what it cannot do and leaves old files alone") {
  const testing::Folder folder("formats");
  const History history = testing::build({});
  CHECK(write_history(history, folder.path("x"), "jepsen-log").error().kind == ErrorKind::usage);
  CHECK(write_history(history, folder.path("x"), "nonsense").error().kind == ErrorKind::usage);
  const auto status = write_history(history, folder.path("no/such/folder"), "assay");
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::cannot_write);
  if (::access("/dev/full", W_OK) == 0) {
    CHECK(write_history(history, "/dev/full", "assay").error().kind == ErrorKind::cannot_write);
  }
  REQUIRE(write_history(history, folder.put("old", "old"), "assay").ok());
  CHECK(read_history(folder.path("old"), {}).ok());
}

namespace {

/// Notes what arrives.
class Arrivals : public EventSink {
 public:
  Status add(const Event& /*event*/) override {
    ++count;
    return {};
  }
  int count = 0;
};

/// A pipe in the file system that never ends, because it is open for writing here.
class OpenPipe {
 public:
  explicit OpenPipe(const std::string& path) {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(fd_ >= 0);
  }
  ~OpenPipe() { ::close(fd_); }
  OpenPipe(const OpenPipe&) = delete;
  OpenPipe& operator=(const OpenPipe&) = delete;
  void write(const std::string& text) const {
    REQUIRE(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace

TEST_CASE("formats: what a writer wrote before it pauses has arrived when it pauses") {
  const testing::Folder folder("formats");
  Random random(5);
  const History history =
      testing::build(testing::random_events(random, {.keyed = false, .plain = true}));
  for (const char* format : {"assay", "assay-jsonl", "jepsen-edn"}) {
    CAPTURE(format);
    const std::string file = folder.path(std::string("file.") + format);
    REQUIRE(write_history(history, file, format).ok());
    const std::string text = testing::contents(file);
    REQUIRE(text.size() < 60'000);
    const std::string path = folder.path(std::string("pipe.") + format);
    const OpenPipe pipe(path);
    pipe.write(text);
    Arrivals sink;
    ReadOptions options;
    options.keyed = "no";
    int pauses = 0;
    options.watch.on_pause = [&]() -> std::optional<Nanos> {
      // The first may be for the format, which is told from what there is.
      if (sink.count == static_cast<int>(history.events().size())) return std::nullopt;
      return ++pauses < 100 ? std::optional(Nanos(1)) : std::nullopt;
    };
    CHECK_FALSE(read_events(path, options, sink).ok());
    CHECK(sink.count == static_cast<int>(history.events().size()));
  }
}

TEST_CASE("formats: a reader that waits can be stopped") {
  const testing::Folder folder("formats");
  const OpenPipe input(folder.path("input"));
  const OpenPipe stop(folder.path("stop"));
  stop.write("x");
  Arrivals sink;
  ReadOptions options;
  options.watch.stop_fd = stop.fd();
  const Status status = read_events(folder.path("input"), options, sink);
  REQUIRE_FALSE(status.ok());
  CHECK(contains(status.error().message, "the reading was ended"));
}

}  // namespace assay
