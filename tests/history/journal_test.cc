#include "history/journal.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "files.h"
#include "history/formats/format.h"
#include "history/journal_codec.h"
#include "random_history.h"

namespace assay {
namespace {

Result<History> read(const std::string& bytes, bool recover = false, int threads = 1) {
  std::istringstream input(bytes);
  HistorySink sink;
  const auto status = read_journal_events(input, {.recover = recover, .threads = threads}, sink,
                                          [](HistoryInfo& /*info*/) {});
  if (!status) return status.error();
  return sink.finish();
}

/// A journal of several blocks.
std::string sample(const std::vector<Event>& events, std::size_t block_events, bool closed) {
  const testing::Folder folder("journal");
  const std::string path = folder.path("sample.assay");
  HistoryInfo info;
  info.datatype = "register";
  info.initial = 3;
  info.initial_declared = true;
  info.real_time = RealTime::time;
  auto writer = JournalWriter::create(path, info);
  REQUIRE(writer.ok());
  for (std::size_t i = 0; i < events.size(); ++i) {
    REQUIRE(writer->append(events[i]).ok());
    if (i % block_events == block_events - 1) REQUIRE(writer->flush().ok());
  }
  REQUIRE((closed ? writer->close() : writer->flush()).ok());
  return testing::contents(path);
}

}  // namespace

TEST_CASE("journal: what is written is read, with what was declared") {
  Random random(1);
  const auto events = testing::random_events(random, {.events = 500, .keyed = true});
  const auto history = read(sample(events, 37, true));
  REQUIRE(history.ok());
  CHECK(testing::difference(testing::build(events), *history) == "");
  CHECK(history->info().datatype == "register");
  CHECK(history->info().initial == Value(3));
  CHECK(history->info().initial_declared);
  CHECK(history->info().real_time == RealTime::time);
  CHECK(history->info().format == "assay");
  CHECK(history->info().notes.empty());
}

TEST_CASE("journal: an existing file is never overwritten") {
  const testing::Folder folder("journal");
  const std::string path = folder.path("twice.assay");
  REQUIRE(JournalWriter::create(path, {}).ok());
  const auto again = JournalWriter::create(path, {});
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().kind == ErrorKind::cannot_write);
}

TEST_CASE("journal: cut at any byte it is an error or a prefix, never more and never a crash") {
  Random random(2);
  const auto events = testing::random_events(random, {.events = 60, .keyed = true});
  const std::string bytes = sample(events, 9, true);
  std::size_t readable = 0;
  std::size_t last = 0;
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    for (const bool recover : {false, true}) {
      const auto history = read(bytes.substr(0, cut), recover);
      if (!history) {
        REQUIRE(history.error().kind == ErrorKind::bad_data);
        REQUIRE(history.error().message.find("byte ") != std::string::npos);
        continue;
      }
      const auto got = history->events();
      REQUIRE(got.size() <= events.size());
      REQUIRE(got.size() >= last);
      last = got.size();
      for (std::size_t i = 0; i < got.size(); ++i) {
        REQUIRE(testing::show(got[i]) == testing::show(events[i]));
      }
      REQUIRE_FALSE(history->info().notes.empty());
      if (!recover) ++readable;
    }
  }
  CHECK(readable == 8);  // after the header and after each of seven blocks
  CHECK(last == events.size());
}

TEST_CASE("journal: however many threads decode it, history and error are the same") {
  Random random(5);
  const auto events = testing::random_events(random, {.events = 2000, .keyed = true});
  const std::string bytes = sample(events, 37, true);
  const auto alone = read(bytes);
  const auto together = read(bytes, false, 4);
  REQUIRE(alone.ok());
  REQUIRE(together.ok());
  CHECK(testing::difference(*alone, *together) == "");
  CHECK(alone->digest() == together->digest());
  for (int round = 0; round < 100; ++round) {
    std::string wrong = bytes.substr(0, random.below(bytes.size()) + 1);
    if (round % 2 == 0) wrong[random.below(wrong.size())] = 'x';
    const bool recover = round % 3 == 0;
    const auto one = read(wrong, recover);
    const auto four = read(wrong, recover, 4);
    REQUIRE(one.ok() == four.ok());
    if (one.ok()) {
      CHECK(testing::difference(*one, *four) == "");
      CHECK(one->info().notes == four->info().notes);
    } else {
      CHECK(one.error().message == four.error().message);
    }
  }
}

TEST_CASE("journal: a damaged byte anywhere is an error, also when recovering") {
  Random random(3);
  const auto events = testing::random_events(random, {.events = 60});
  const std::string bytes = sample(events, 9, true);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    std::string damaged = bytes;
    damaged[at] =
        static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << random.below(8)));
    REQUIRE_FALSE(read(damaged, false).ok());
    REQUIRE_FALSE(read(damaged, true).ok());
  }
  CHECK_FALSE(read(bytes + "x").ok());
}

TEST_CASE("journal: everything flushed before a kill -9 is read back") {
  Random random(4);
  const auto events = testing::random_events(random, {.events = 3000, .faults = false});
  const testing::Folder folder("journal");
  const std::string path = folder.path("killed.assay");
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto writer = JournalWriter::create(path, {});
    bool fine = writer.ok();
    for (const Event& event : events) fine = fine && writer->append(event).ok();
    fine = fine && writer->flush().ok();
    Event open;
    open.index = events.back().index + 1;
    open.process = ProcessId{1'000'000};
    open.f = "never flushed";
    fine = fine && writer->append(open).ok();
    const char byte = fine ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 'n';
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  REQUIRE(::kill(child, SIGKILL) == 0);
  int state = 0;
  REQUIRE(::waitpid(child, &state, 0) == child);
  ::close(ready[0]);
  ::close(ready[1]);
  REQUIRE(byte == 'y');
  const auto history = read_history(path, {});
  REQUIRE(history.ok());
  CHECK(testing::difference(testing::build(events), *history) == "");
  CHECK(history->info().notes.size() == 1);
}

TEST_CASE("journal: events that cannot be a history are refused with the block's offset") {
  Event event;
  event.f = "read";
  event.type = EventType::ok;
  const auto history = read(sample({event}, 1, true));
  REQUIRE_FALSE(history.ok());
  CHECK(history.error().message.find("block at byte ") != std::string::npos);
  CHECK(history.error().message.find("completion without an invocation") != std::string::npos);
}

}  // namespace assay
