// Damaged input of every format: no crash, no hang, no huge allocation; a history or an error that
// says where. tests/fuzz/ does the same for as long as one likes.
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "base/random.h"
#include "files.h"
#include "history/formats/format.h"
#include "history/sink.h"
#include "samples.h"

namespace assay {
namespace {

const std::string delimiters = " \"[]{}()#:\\;^\n,=-";

std::string mutated(const std::string& sample, Random& random) {
  std::string bytes = sample;
  for (auto n = 1 + random.below(4); n > 0 && !bytes.empty(); --n) {
    const auto at = static_cast<std::size_t>(random.below(bytes.size()));
    const auto byte =
        random.chance(0.5) ? static_cast<char>(random.below(256)) : random.pick(delimiters);
    switch (random.below(8)) {
      case 0:
        bytes[at] = byte;
        break;
      case 1:
        bytes[at] =
            static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << random.below(8)));
        break;
      case 2:
        bytes.insert(at, 1, byte);
        break;
      case 3:
        bytes.erase(at, 1 + static_cast<std::size_t>(random.below(20)));
        break;
      case 4:
        bytes.insert(at, random.chance(0.5) ? "99999999999999999999" : "-9223372036854775808");
        break;
      case 5:
        bytes.replace(at, 8, std::string(8, random.chance(0.5) ? '\xFF' : '\x7F'));
        break;
      case 6:
        bytes.insert(at, std::string(1 + static_cast<std::size_t>(random.below(300)), byte));
        break;
      default:
        bytes.insert(at, bytes.substr(static_cast<std::size_t>(random.below(bytes.size())), 30));
    }
  }
  if (random.chance(0.2)) bytes.resize(static_cast<std::size_t>(random.below(bytes.size() + 1)));
  return bytes;
}

const Format& format_named(const std::string& name) {
  for (const Format& format : formats()) {
    if (format.name == name) return format;
  }
  FAIL("no format ", name);
  return formats().front();
}

}  // namespace

TEST_CASE("formats: mutated files of every format never do harm") {
  Random random(17);
  int accepted = 0;
  int refused = 0;
  for (const testing::Sample& sample : testing::samples()) {
    CAPTURE(sample.format);
    const Format& format = format_named(sample.format);
    for (int i = 0; i < 2000; ++i) {
      CAPTURE(i);
      std::istringstream input(mutated(sample.bytes, random));
      HistorySink sink;
      const ReadOptions options;
      const Status status = format.read(input, options, sink);
      if (status) {
        if (const auto history = sink.finish()) static_cast<void>(history->digest());
        ++accepted;
        continue;
      }
      ++refused;
      const std::string& message = status.error().message;
      CAPTURE(message);
      REQUIRE(status.error().kind == ErrorKind::bad_data);
      REQUIRE((testing::contains(message, "line ") || testing::contains(message, "byte ")));
    }
  }
  CHECK(accepted > 1000);
  CHECK(refused > 10'000);
}

TEST_CASE("formats: mutated files are recognised as something or nothing, and read as that") {
  const testing::Folder folder("mutation");
  Random random(18);
  for (const testing::Sample& sample : testing::samples()) {
    CAPTURE(sample.format);
    for (int i = 0; i < 100; ++i) {
      CAPTURE(i);
      const auto history = read_history(folder.put("mutated", mutated(sample.bytes, random)), {});
      if (!history) REQUIRE(testing::contains(history.error().message, "mutated: "));
    }
  }
}

}  // namespace assay
