#include "base/suggestion.h"

#include <doctest/doctest.h>

#include "base/duration_words.h"

namespace assay {

TEST_CASE("suggestion: one letter of three may be wrong, missing, superfluous or exchanged") {
  const std::vector<std::string> known{"raft", "register", "linearizable", "sequential", "a"};
  struct Row {
    const char* word;
    const char* meant;  ///< "": nothing is near
  };
  for (const Row& row :
       {Row{"rafft", "raft"}, Row{"rfat", "raft"}, Row{"RAFT", "raft"}, Row{"regster", "register"},
        Row{"linearizible", "linearizable"}, Row{"lineraizabel", "linearizable"}, Row{"causal", ""},
        Row{"x", ""}, Row{"", ""}}) {
    CAPTURE(row.word);
    const std::string text = did_you_mean(row.word, known);
    const std::string meant = row.meant;
    CHECK(text == (meant.empty() ? "" : " (did you mean '" + meant + "'?)"));
  }
  CHECK(did_you_mean(std::string(100'000, 'a'), known).empty());
}

TEST_CASE("duration words: three digits, a unit, and a space that does not break") {
  struct Row {
    std::int64_t nanos;
    const char* words;
  };
  for (const Row& row :
       {Row{0, "0\u00a0ns"}, Row{999, "999\u00a0ns"}, Row{3'400, "3.40\u00a0µs"},
        Row{999'600, "1.00\u00a0ms"}, Row{290'000, "290\u00a0µs"}, Row{37'000'000, "37.0\u00a0ms"},
        Row{2'250'000'000, "2.25\u00a0s"}, Row{119'700'000'000, "2\u00a0min\u00a00\u00a0s"},
        Row{-1'500'000, "-1.50\u00a0ms"}, Row{190'000'000'000, "3\u00a0min\u00a010\u00a0s"}}) {
    CAPTURE(row.nanos);
    CHECK(duration_words(Nanos(row.nanos)) == row.words);
  }
}

}  // namespace assay
