#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>

#include "files.h"
#include "history/formats/format.h"
#include "samples.h"

namespace assay {
namespace {

using testing::contains;
using testing::samples;
using testing::told;

std::string error_of(const testing::Folder& folder, const std::string& format,
                     const std::string& bytes) {
  const auto history = read_history(folder.put("input", bytes), {.format = format});
  if (history) return "no error";
  CHECK(history.error().kind == ErrorKind::bad_data);
  return history.error().message;
}

const testing::Sample& sample(const std::string& format) {
  for (const testing::Sample& one : samples()) {
    if (one.format == format) return one;
  }
  FAIL("no sample of ", format);
  return samples().front();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("readers: a sample of every format is recognised and says what it should") {
  const testing::Folder folder("readers");
  std::set<std::string> seen{"assay"};
  for (const testing::Sample& one : samples()) {
    CAPTURE(one.format);
    seen.insert(one.format);
    const std::string path = folder.put("sample", one.bytes);
    for (const std::string& format : {std::string("auto"), one.format}) {
      const auto history = read_history(path, {.format = format});
      CAPTURE(history.ok() ? "" : history.error().message);
      REQUIRE(history.ok());
      CHECK(history->info().format == one.format);
      CHECK(history->info().datatype == one.datatype);
      CHECK(told(*history) == one.operations);
    }
    // Alone in an archive it is the same history.
    if (one.format == "cobra") continue;
    const auto archived = read_history(folder.put("a.tar", testing::tar_of("h", one.bytes)), {});
    CAPTURE(archived.ok() ? "" : archived.error().message);
    REQUIRE(archived.ok());
    CHECK(told(*archived) == one.operations);
  }
  for (const Format& format : formats()) CHECK(seen.contains(std::string(format.name)));
}

TEST_CASE("readers: a sample cut short anywhere is a history or an error with its place") {
  const testing::Folder folder("readers-cut");
  for (const testing::Sample& one : samples()) {
    CAPTURE(one.format);
    for (std::size_t size = 1; size < one.bytes.size(); size += 1 + one.bytes.size() / 200) {
      CAPTURE(size);
      const auto history =
          read_history(folder.put("cut", one.bytes.substr(0, size)), {.format = one.format});
      if (history) continue;
      CAPTURE(history.error().message);
      CHECK(history.error().kind == ErrorKind::bad_data);
      REQUIRE((contains(history.error().message, "line ") ||
               contains(history.error().message, "byte ")));
    }
  }
}

TEST_CASE("readers: errors name the line or byte and what was expected") {
  const testing::Folder folder("readers-errors");
  CHECK(contains(error_of(folder, "plume", "w(1,7,0,0)\nw(1,7,0)\n"),
                 "line 2: expected r(key,value,session,txn)"));
  CHECK(contains(error_of(folder, "plume", "w(1,7,-2,0)\n"), "line 1: expected a session"));
  CHECK(contains(error_of(folder, "awdit", "w 0 0\n\nx 0 1\n"), "line 3: expected 'r key value'"));
  CHECK(contains(error_of(folder, "limo", "[1] call enq(1)\n[1] back\n"), "line 2: expected call"));
  CHECK(
      contains(error_of(folder, "limo", "[1] return 3\n"), "line 1: event 0: completion without"));
  CHECK(contains(error_of(folder, "pram", "wx1\nwx1 zx1\n"), "line 2: expected wk3 or rk3"));
  CHECK(contains(error_of(folder, "kv-log", "{:process 0, :type :invoke, :f :get}"), "line 1"));
  CHECK(contains(error_of(folder, "jepsen-json", "[{\"type\":\"ok\"}\n,\n{}]"), "line 1: an op"));
  CHECK(contains(error_of(folder, "jepsen-json", "[{\"type\":\"ok\",\n"), "never closed"));
  CHECK(contains(error_of(folder, "jepsen-json", "[]\n"), "without an operation"));
  CHECK(contains(error_of(folder, "etcd-operations", "{}\n{}\n"), "line 1: an operation needs"));
  CHECK(contains(error_of(folder, "dbcop", std::string(48, '\xFF')), "byte 48: a text of"));
  CHECK(contains(error_of(folder, "cobra", "nonsense"), "byte 0 of the archive"));
  CHECK(contains(error_of(folder, "cobra", testing::tar_of("x.log", "S")), "no log of a session"));
  CHECK(contains(error_of(folder, "cobra", testing::tar_of("T1.log", "C12345678")),
                 "T1.log: byte 512: a transaction ends that did not begin"));
  CHECK(contains(error_of(folder, "jepsen-test", "JEPSEN"), "byte 6: the file is cut short"));
  std::string damaged = sample("jepsen-test").bytes;
  damaged = replaced(damaged, "invoke", "invokE");
  CHECK(contains(error_of(folder, "jepsen-test", damaged), "checksum"));
}

TEST_CASE("readers: lengths that cannot be true allocate nothing and are refused") {
  const testing::Folder folder("readers-sizes");
  const std::string huge("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x0F", 8);
  std::string dbcop = sample("dbcop").bytes;
  dbcop.replace(dbcop.size() - 36, 8, huge);  // the number of events of the last transaction
  CHECK(contains(error_of(folder, "dbcop", dbcop), "byte "));
  std::string archive = testing::tar_of("T1.log", "S12345678");
  archive.replace(124, 12, std::string("\x80\x00\x00\x00\x0F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12));
  unsigned sum = 256;
  for (std::size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(archive[i]);
  }
  std::string octal;
  for (int shift = 15; shift >= 0; shift -= 3)
    octal += static_cast<char>('0' + (sum >> shift & 7U));
  archive.replace(148, 6, octal);
  CHECK(contains(error_of(folder, "cobra", archive), "T1.log"));
  std::string test = sample("jepsen-test").bytes;
  test.replace(18, 8, "\x0F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);  // the length of the first block
  CHECK(contains(error_of(folder, "jepsen-test", test), "does not fit the file"));
  const std::string deep = std::string(100'000, '[');
  CHECK(contains(error_of(folder, "jepsen-json", "[{\"value\":" + deep), "line 1"));
  CHECK(contains(error_of(folder, "kv-log", "{:value " + deep), "line 1"));
}

TEST_CASE("readers: completions without invocations, and transactions that overlap") {
  const testing::Folder folder("readers-completions");
  const std::string path = folder.put("h.edn",
                                      "{:process 0, :type :ok, :value [[:r :x 2] [:w :x 3]]}\n"
                                      "{:process 0, :type :fail, :value [[:w :x 2]]}\n");
  const auto history = read_history(path, {});
  REQUIRE(history.ok());
  CHECK(history->info().real_time == RealTime::none);
  CHECK(history->info().notes.size() == 1);
  CHECK(told(*history) ==
        std::vector<std::string>{"0 txn [[:r :x nil] [:w :x 3]] -> ok [[:r :x 2] [:w :x 3]]",
                                 "0 txn [[:w :x 2]] -> fail nil"});
  CHECK((*history)[1].invoke_event == 2);
  const std::string mixed = "{:process 0, :type :ok, :value []}\n{:process 1, :type :invoke}\n";
  CHECK(contains(error_of(folder, "jepsen-edn", mixed), "line 2: event 1: an invocation, but"));
  const std::string overlapping =
      "{:process 0, :type :invoke, :value [[:w 1 1]]}\n{:process 0, :type :invoke, :value [[:r 1 "
      "nil]]}\n{:process 0, :type :ok, :value [[:w 1 1]]}\n{:process 0, :type :ok, :value [[:r 1 "
      "1]]}\n";
  const auto both = read_history(folder.put("o.edn", overlapping), {});
  REQUIRE(both.ok());
  CHECK(told(*both) == std::vector<std::string>{"0 txn [[:w 1 1]] -> ok [[:w 1 1]]",
                                                "1073741824 txn [[:r 1 nil]] -> ok [[:r 1 1]]"});
}

TEST_CASE("readers: the logs of cobra's sessions in a folder") {
  const testing::Folder folder("readers-cobra");
  const std::string& archive = sample("cobra").bytes;
  folder.put("T10.log", archive.substr(1536 - 512, 109));
  CHECK(read_history(folder.path("."), {.format = "plume"}).error().kind == ErrorKind::no_input);
  folder.put("T2.log", std::string("S\0\0\0\0\0\0\0\1C\0\0\0\0\0\0\0\1", 18));
  folder.put("T2.error", "not a log");
  const std::string times = std::string(
      "S\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\x09"
      "C\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\x0A",
      34);
  folder.put("T3.log", times);
  std::filesystem::remove(folder.path("T10.log"));
  const auto history = read_history(folder.path("."), {});
  CAPTURE(history.ok() ? "" : history.error().message);
  REQUIRE(history.ok());
  CHECK(told(*history) == std::vector<std::string>{"0 txn [] -> ok []", "1 txn [] -> ok []"});
  CHECK((*history)[0].invoked == unknown_time);
  CHECK((*history)[1].invoked == Nanos(9));
  CHECK((*history)[1].completed == Nanos(10));
}

TEST_CASE("plume: what is written is read again, and nothing else is written") {
  const testing::Folder folder("readers-plume");
  const auto history = read_history(folder.put("p", sample("plume").bytes), {});
  REQUIRE(history.ok());
  const std::string path = folder.path("again.txt.zst");
  REQUIRE(write_history(*history, path, "plume").ok());
  const auto again = read_history(path, {});
  REQUIRE(again.ok());
  CHECK(told(*again).size() == 5);
  CHECK(told(*again)[1] == told(*history)[1]);
  CHECK(told(*again)[4] == told(*history)[4]);
  const auto registers = read_history(folder.put("r", sample("pram").bytes), {});
  REQUIRE(registers.ok());
  const auto refused = write_history(*registers, path, "plume");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::usage);
}

}  // namespace assay
