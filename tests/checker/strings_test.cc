// Strings: get, put and append.

#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"

namespace assay {
namespace {

History history_of(const std::string& lines) {
  std::istringstream in(lines);
  HistorySink sink;
  REQUIRE(read_json_lines(in, {}, sink).ok());
  auto history = sink.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

}  // namespace

TEST_CASE("strings: a register that is appended to holds text") {
  const History history = history_of(R"({"assay":"history/1","datatype":"register"}
{"process":0,"type":"invoke","f":"append","value":"a"}
{"process":0,"type":"ok","f":"append","value":"a"}
{"process":0,"type":"invoke","f":"append","value":"b"}
{"process":0,"type":"ok","f":"append","value":"b"}
{"process":0,"type":"invoke","f":"get","value":null}
{"process":0,"type":"ok","f":"get","value":"b"}
)");
  const auto result = check(history, CheckOptions{});
  REQUIRE(result.ok());
  CHECK(result->datatype == "kv-string");
  CHECK(result->verdict == Verdict::violation);
  CHECK(verify(history, result->certificate).ok());
}

}  // namespace assay
