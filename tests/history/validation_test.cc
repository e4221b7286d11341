#include "history/validation.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "files.h"
#include "history/formats/readers.h"
#include "random_history.h"

namespace assay {
namespace {

std::vector<std::string> problems_of(decltype(Format::read) read, const std::string& text) {
  std::istringstream input(text);
  HistoryValidator validator;
  const Status status = read(input, {}, validator);
  validator.finish();
  if (!status) CHECK(validator.problem(status.error()).ok());
  return validator.problems();
}

std::string event(int process, const std::string& type, const std::string& f,
                  const std::string& more = "") {
  return "{\"process\":" + std::to_string(process) + ",\"type\":\"" + type + "\",\"f\":\"" + f +
         "\"" + more + "}\n";
}

}  // namespace

TEST_CASE("validation: every problem is named once, with its line") {
  const auto problems =
      problems_of(read_json_lines, event(0, "invoke", "read") +       // 1
                                       event(0, "invoke", "write") +  // 2: the read is still open
                                       event(0, "ok", "write") +      // 3: of line 2
                                       event(1, "ok", "read") +       // 4: nothing is open
                                       "{\"process\":1,\n" +          // 5: no JSON
                                       event(2, "began", "read") +    // 6: no such type
                                       event(2, "invoke", "read", ",\"index\":1") +  // 7: goes back
                                       event(2, "ok", "cas") +  // 8: another function
                                       event(2, "invoke", "read") + event(2, "ok", "read"));
  REQUIRE(problems.size() == 6);
  CHECK(testing::contains(problems[0], "line 2: event 1: process 0 invokes write while its read"));
  CHECK(testing::contains(problems[1], "line 4: event 3: completion without an invocation"));
  CHECK(testing::contains(problems[2], "line 5: expected a JSON object"));
  CHECK(testing::contains(problems[3], "line 6: \"type\" must be invoke, ok, fail or info"));
  CHECK(testing::contains(problems[4], "line 7: event 1: indices must increase"));
  CHECK(testing::contains(problems[5], "line 8: event 2: process 2 completes cas"));
}

TEST_CASE("validation: EDN goes on behind wrong fields, not behind broken forms") {
  const auto problems = problems_of(read_jepsen_edn,
                                    "{:process 0 :type :invoke :f :read :value nil}\n"
                                    "{:process 0 :type :done :f :read}\n"
                                    "{:process 0 :f :read}\n"
                                    "{:process 0 :type :ok :f :read :value 3}\n"
                                    "{:process 0 :type :ok :f :read :value 3]\n"
                                    "{:process 0 :type :ok :f :read :value 3}\n");
  REQUIRE(problems.size() == 3);
  CHECK(testing::contains(problems[0], "line 2: expected :type"));
  CHECK(testing::contains(problems[1], "line 3: the operation that begins here has no :type"));
  CHECK(testing::contains(problems[2], "line 5: "));
}

TEST_CASE("validation: good histories have no problem") {
  Random random(5);
  for (int i = 0; i < 50; ++i) {
    testing::RandomOptions options;
    options.keyed = i % 2 == 0;
    options.plain = true;
    const History history = testing::build(testing::random_events(random, options));
    std::ostringstream text;
    REQUIRE(write_json_lines(history, text).ok());
    CHECK(problems_of(read_json_lines, text.str()).empty());
  }
}

TEST_CASE("validation: times that go back are a problem of the whole") {
  const std::string start = "{\"assay\":\"history/1\",\"real_time\":true}\n";
  const auto problems =
      problems_of(read_json_lines, start + event(0, "invoke", "read", ",\"time\":5") +
                                       event(0, "ok", "read", ",\"time\":4"));
  REQUIRE(problems.size() == 1);
  CHECK(testing::contains(problems[0], "event 1: the time of process 0 goes back from 5 to 4"));
}

}  // namespace assay
