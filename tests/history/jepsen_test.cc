#include <doctest/doctest.h>

#include "files.h"
#include "history/formats/edn_reader.h"
#include "history/formats/readers.h"
#include "random_history.h"

namespace assay {
namespace {

using testing::contains;

Result<History> edn(const std::string& text, const std::string& keyed = "auto") {
  return testing::read_text(read_jepsen_edn, text, {.keyed = keyed});
}

Result<History> log(const std::string& text) { return testing::read_text(read_jepsen_log, text); }

std::string error_of(const Result<History>& history) {
  if (history) return "";
  CHECK(history.error().kind == ErrorKind::bad_data);
  return history.error().message;
}

/// The form, printed again; or the error.
std::string form(const std::string& text) {
  std::stringbuf buffer(text);
  EdnReader reader(buffer);
  Value value;
  return reader.read(value) ? to_text(value) : reader.error()->message;
}

}  // namespace

TEST_CASE("edn: every kind of form is read") {
  struct Row {
    const char* text;
    const char* printed;
  };
  for (const Row& row : {
           Row{"nil", "nil"},
           Row{" ,, true", "true"},
           Row{"-12", "-12"},
           Row{"+7N", "7"},
           Row{"123456789012345678901234567890", "123456789012345678901234567890"},
           Row{"1/2", "1/2"},
           Row{"2.50", "2.5"},
           Row{"1.5M", "1.5M"},
           Row{"017", "017"},
           Row{"0x1F", "0x1F"},
           Row{"##NaN", "##NaN"},
           Row{"##-Inf", "##-Inf"},
           Row{"\\a", "\\a"},
           Row{"\\newline", "\\newline"},
           Row{"\\)", "\\)"},
           Row{"\\u0041", "\\u0041"},
           Row{"\"a\\u00e9\\ud83d\\ude00\\n\"", "\"aé😀\\n\""},
           Row{"\"two\nlines\"", "\"two\\nlines\""},
           Row{":a/b.c-d?", ":a/b.c-d?"},
           Row{"sym/bol", "sym/bol"},
           Row{"-", "-"},
           Row{"(1 [2] ())", "[1 [2] []]"},
           Row{"#{3 1 2}", "#{1 2 3}"},
           Row{"{:b 1, :a [2]}", "{:b 1, :a [2]}"},
           Row{"#:foo{:a 1 :x/b 2 c 3}", "{:foo/a 1, :x/b 2, c 3}"},
           Row{"; note\n#_ {:a #_ 1 2} #_#_ x y 5", "5"},
           Row{"^{:line 1} ^:dynamic [1]", "[1]"},
           Row{"#inst \"2026-01-01\"", "#inst \"2026-01-01\""},
           Row{"#knossos.model.CASRegister{:value 3}", "#knossos.model.CASRegister {:value 3}"},
           Row{"#object[java.lang.Foo 0x1 \"x\"]", "#object [java.lang.Foo 0x1 \"x\"]"},
           Row{"#<Foo <a> b>", "#<Foo <a> b>"},
           Row{"#\"a.b\"", "#\"a.b\""},
           Row{"#'user/x", "#'user/x"},
       }) {
    CAPTURE(row.text);
    CHECK(form(row.text) == row.printed);
    CHECK(form(row.printed) == row.printed);
  }
}

TEST_CASE("edn: what is no form is refused, with the line") {
  CHECK(contains(form("\n\n[1 2"), "line 3: the vector that begins here is never closed"));
  CHECK(contains(form("[1\n{:a \"x\n"), "line 2: the string that begins here is never closed"));
  CHECK(contains(form("[1\n)"), "line 2: expected ']' to close the vector that begins at line 1"));
  CHECK(contains(form("{:a}"), "key without a value"));
  CHECK(contains(form("\"\\q\""), "unknown escape"));
  CHECK(contains(form("\"\\u12x4\""), "hexadecimal"));
  CHECK(contains(form("12*"), "expected a number, got '12*'"));
  CHECK(contains(form("#"), "expected a tag"));
  CHECK(contains(form("#_"), "end of the input"));
  CHECK(contains(form("a\x01"), "byte 0x01"));
  for (const char* piece : {"[", "(", "#{", "{:a ", "#_", "#a ", "^", "[#_"}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += piece;
    CAPTURE(piece);
    CHECK(contains(form(deep), "nested deeper than"));
  }
}

TEST_CASE("edn: old and new histories, in a vector, a list or a map a line") {
  const std::string first = "{:type :invoke, :f :read, :process 3, :value nil}";
  const std::string second =
      "#jepsen.history.Op{:process 3 :type :ok :f :read :value 4 :time 9 :x 1}";
  const std::string fault = "{:process :nemesis, :type :info, :f :start, :value \"cut\"}";
  for (const std::string& text :
       {first + "\n" + fault + "\n" + second, "[" + first + fault + " " + second + "]",
        "; notes\n(" + first + "; more\n #_ignored " + fault + second + ")\n; end\n"}) {
    CAPTURE(text);
    const auto history = edn(text);
    CAPTURE(error_of(history));
    REQUIRE(history.ok());
    CHECK(recognise_jepsen_edn(text));
    CHECK_FALSE(recognise_json_lines(text));
    REQUIRE(history->size() == 1);
    CHECK((*history)[0].process == ProcessId{3});
    CHECK((*history)[0].complete_event == 2);
    CHECK(history->value((*history)[0].result) == Value(4));
    CHECK(history->faults().size() == 1);
    CHECK(history->info().nil_read == NilRead::unconstrained);
    CHECK(history->info().real_time == RealTime::position);
    CHECK_FALSE(history->info().initial_declared);
  }
  CHECK(edn("[]")->size() == 0);
  CHECK(edn("[{:type :invoke :process 0 :f :write :value 1}]")->size() == 1);
}

TEST_CASE("edn: indices are the file's own if the first operation has one") {
  CHECK((*edn("{:index 7 :type :invoke :process 0 :f :r}"))[0].invoke_event == 7);
  CHECK((*edn("{:index -1 :type :invoke :process 0 :f :r}"))[0].invoke_event == 0);
  CHECK(contains(error_of(edn("{:index 7 :type :invoke :process 0 :f :r}\n"
                              "{:index 7 :type :ok :process 0 :f :r}")),
                 "line 2: event 7: indices must increase"));
}

TEST_CASE("edn: a history that stops in the middle says where the open form begins") {
  const std::string text =
      "[{:type :invoke, :process 0, :f :read, :value nil}\n"
      " {:type :ok, :process 0, :f :read, :value 1}\n"
      " {:type :invoke, :process 0, :f :cas,\n  :value [1 2]}]\n";
  CHECK(edn(text).ok());
  // Everything but the final newline is needed.
  for (std::size_t cut = 1; cut + 2 < text.size(); ++cut) {
    CAPTURE(text.substr(0, cut));
    const auto message = error_of(edn(text.substr(0, cut)));
    REQUIRE(contains(message, "line "));
  }
  CHECK(contains(error_of(edn(text.substr(0, 60))), "line 2: the map that begins here"));
  CHECK(contains(error_of(edn(text.substr(0, 51))), "line 1: the vector that begins here"));
  CHECK(
      contains(error_of(edn(text.substr(0, text.size() - 4))), "line 3: the map that begins here"));
  CHECK(contains(error_of(edn("{:type :invoke, :process 0, :f :r}\n{:type :ok, :process")),
                 "line 2: the map that begins here is never closed"));
}

TEST_CASE("edn: operations that make no sense are refused, with the line") {
  CHECK(
      contains(error_of(edn("[\n{:process 1}]")), "line 2: the operation that begins here has no"));
  CHECK(contains(error_of(edn("{:type :invoke :f :r}")), "no :process"));
  CHECK(contains(error_of(edn("{:type :done :process 1}")), "line 1: expected :type to be"));
  CHECK(contains(error_of(edn("[1 2]")), "line 1: expected an operation"));
  CHECK(contains(error_of(edn("[] []")), "expected the end of the input"));
  CHECK(contains(error_of(edn("{:type :invoke :process}")), "expected a value after the key"));
  CHECK(contains(error_of(edn("{:type :invoke :process 0 :f :r}\n{:type :ok :process 0 :f :r}\n"
                              "{:type :ok :process 0 :f :r}")),
                 "line 3: event 2: two completions"));
}

TEST_CASE("edn: pairs are keys if every value is one and reads ask for [key nil]") {
  const std::string keyed =
      "{:type :invoke :process 0 :f :write :value [1 5]}\n"
      "{:type :invoke :process 1 :f :read :value [2 nil]}\n"
      "{:type :info :process :nemesis :f :kill :value nil}\n"
      "{:type :ok :process 0 :f :write :value [1 5]}\n"
      "{:type :info :process 1 :f :read :value :timed-out}\n";
  const auto history = edn(keyed);
  REQUIRE(history.ok());
  REQUIRE(history->keyed());
  CHECK(history->key_count() == 2);
  CHECK(history->key((*history)[1].key) == Value(2));
  CHECK(history->error(1) == ":timed-out");
  CHECK(history->info().notes.size() == 1);
  CHECK_FALSE(edn(keyed, "no")->keyed());
  const std::string cas =
      "{:type :invoke :process 0 :f :cas :value [1 5]}\n"
      "{:type :ok :process 0 :f :cas :value [1 5]}\n";
  CHECK_FALSE(edn(cas)->keyed());
  CHECK(edn(cas, "yes")->keyed());
  const std::string transactions =
      "{:type :invoke :process 0 :f :txn :value [[:append 1 5] [:r 2 nil]]}\n"
      "{:type :ok :process 0 :f :txn :value [[:append 1 5] [:r 2 [1]]]}\n";
  CHECK_FALSE(edn(transactions)->keyed());
  CHECK_FALSE(edn(cas + "{:type :invoke :process 1 :f :read :value nil}\n")->keyed());
  CHECK(contains(error_of(edn("{:type :invoke :process 1 :f :read :value 3}", "yes")),
                 "expected a pair [key value], got 3"));
}

TEST_CASE("edn: a long history of pairs is decided before its end") {
  std::string text;
  for (int i = 0; i < 12'000; ++i) {
    text +=
        "{:type :invoke :process 0 :f :read :value [7 nil]}\n"
        "{:type :ok :process 0 :f :read :value [7 1]}\n";
  }
  const auto history = edn(text);
  REQUIRE(history.ok());
  CHECK(history->operations_on(0).size() == 12'000);
  CHECK(contains(error_of(edn(text + "{:type :invoke :process 0 :f :write :value 1}")),
                 "line 24001: event 24000: expected a pair"));
}

TEST_CASE("log: operations among other lines, with markers for what timed out") {
  const std::string text =
      "INFO  jepsen.core - Worker 0 starting\n"
      "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 1   :invoke :cas    [3 0]\n"
      "INFO  jepsen.util - :nemesis\t:info\t:start\t\"Cut off {\"\n"
      "INFO  jepsen.util - :nemesis\t:info\t:start\tCut [off\n"
      "INFO  jepsen.util - 0\t:fail\t:read\t:timed-out\r\n"
      "INFO  jepsen.util - 1\t:info\t:cas\t:timed-out\n"
      "INFO  jepsen.util - 2\t:invoke\t:write\t4\n";
  CHECK(recognise_jepsen_log(text));
  CHECK_FALSE(recognise_jepsen_edn(text));
  const auto history = log(text);
  CAPTURE(error_of(history));
  REQUIRE(history.ok());
  REQUIRE(history->size() == 3);
  CHECK((*history)[0].outcome == Outcome::fail);
  CHECK(history->error(0) == ":timed-out");
  CHECK((*history)[1].outcome == Outcome::info);
  CHECK(history->value((*history)[1].argument) == Value(Value::List{3, 0}));
  CHECK(history->interval(2).end == never);
  CHECK(history->faults().size() == 2);
  CHECK(history->info().nil_read == NilRead::absent);
  CHECK(log("0\t:invoke\t:read\tnil\n0\t:ok\t:read\t4\n")->size() == 1);
}

TEST_CASE("log: errors name the line") {
  CHECK(contains(error_of(log("INFO  jepsen.util - 0\t:inv")), "line 1: expected :type"));
  CHECK(contains(error_of(log("INFO  jepsen.util - 0")), "line 1: "));
  CHECK(
      contains(error_of(log("x\nINFO  jepsen.util - 0\t:invoke\t:cas\t[1")), "line 2: the vector"));
  CHECK(contains(error_of(log("a\nb\n")), "line 2: expected operations"));
}

}  // namespace assay
