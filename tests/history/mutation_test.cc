// Damaged files of every format, read as what they look like. tests/fuzz/ has the single readers.
#include "../fuzz/mutation.h"

#include <doctest/doctest.h>

#include <string>

#include "base/random.h"
#include "files.h"
#include "history/formats/format.h"
#include "samples.h"

namespace assay {

TEST_CASE("formats: mutated files are recognised as something or nothing, and read as that") {
  const testing::Folder folder("mutation");
  Random random(18);
  for (const testing::Sample& sample : testing::samples()) {
    CAPTURE(sample.format);
    for (int i = 0; i < 100; ++i) {
      CAPTURE(i);
      const std::string& other = random.pick(testing::samples()).bytes;
      const std::string path = folder.put("mutated", testing::mutated(sample.bytes, other, random));
      const auto history = read_history(path, {});
      if (!history) REQUIRE(testing::contains(history.error().message, "mutated: "));
    }
  }
}

}  // namespace assay
