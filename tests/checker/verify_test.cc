// The verifier must refuse whatever does not prove its verdict.

#include "checker/certificate/verify.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "checker/checker.h"
#include "small_histories.h"

namespace assay {
namespace {

constexpr RegisterOp read(std::uint32_t v) { return {v, 0, RegisterFunction::read}; }
constexpr RegisterOp write(std::uint32_t v) { return {v, 0, RegisterFunction::write}; }

Certificate certificate_of(const History& history) {
  auto result = check(history, CheckOptions{});
  REQUIRE(result.ok());
  return std::move(result->certificate);
}

void check_refused(const History& history, const Certificate& certificate, const char* because) {
  const Status status = verify(history, certificate);
  REQUIRE_FALSE(status.ok());
  CAPTURE(status.error().message);
  CHECK(status.error().message.find(because) != std::string::npos);
}

/// w1 [0,1]  r1 [2,3]  w2 [4,9]  r2 [5,6]: events 0 2 4 5, passes in that order.
History passing() {
  return as_history(
      {{{0, 1, 0, write(1)}, {2, 3, 0, read(1)}, {4, 9, 0, write(2)}, {5, 6, 0, read(2)}}}, false);
}

/// w1 [0,1]  w2 [2,3]  r1 [4,5]: a stale read; events 0 2 4.
History stale() {
  return as_history({{{0, 1, 0, write(1)}, {2, 3, 0, write(2)}, {4, 5, 0, read(1)}}}, false);
}

}  // namespace

TEST_CASE("verify: a certificate of pass must hold in every respect") {
  const History history = passing();
  const Certificate good = certificate_of(history);
  REQUIRE(good.verdict == "pass");
  REQUIRE(good.orders.size() == 1);
  CHECK(good.orders[0].order == std::vector<std::uint64_t>{0, 2, 4, 5});
  CHECK(verify(history, good).ok());
  Certificate bad = good;
  bad.orders[0].order = {0, 2, 4};
  check_refused(history, bad, "in no order");
  bad.orders[0].order = {0, 2, 4, 5, 5};
  check_refused(history, bad, "twice");
  bad.orders[0].order = {0, 2, 5, 4};
  check_refused(history, bad, "does not fit");
  bad.orders[0].order = {0, 4, 5, 2};
  check_refused(history, bad, "returned before");
  bad.orders[0].order = {0, 2, 4, 5, 77};
  check_refused(history, bad, "no invocation");
  bad.orders[0].order = {0, 1, 2, 4, 5};
  check_refused(history, bad, "no invocation");
  bad = good;
  bad.orders[0].key = Value(1);
  check_refused(history, bad, "not keyed");
  bad.orders.clear();
  check_refused(history, bad, "in no order");
  bad = good;
  bad.orders.push_back(good.orders[0]);
  check_refused(history, bad, "two orders");
}

TEST_CASE("verify: a certificate must belong to the history and name what was checked") {
  const History history = passing();
  const Certificate good = certificate_of(history);
  Certificate bad = good;
  bad.model = "no-such-model";
  check_refused(history, bad, "model");
  bad = good;
  bad.datatype = "no-such-datatype";
  check_refused(history, bad, "datatype");
  bad = good;
  bad.verdict = "unknown";
  check_refused(history, bad, "verdict");
  bad = good;
  bad.initial = Value(3);
  check_refused(history, bad, "initial");
  check_refused(stale(), good, "another history");
  check_refused(history, Certificate{}, "none");
}

TEST_CASE("verify: operations of another key and failed ones have no place in an order") {
  const History keyed = as_history({{{0, 1, 0, write(1)}}, {{2, 3, 0, write(1)}}}, true);
  Certificate bad = certificate_of(keyed);
  REQUIRE(bad.orders.size() == 2);
  std::swap(bad.orders[0].order, bad.orders[1].order);
  check_refused(keyed, bad, "another key");

  HistoryInfo info;
  info.initial = Value(0);
  HistoryBuilder builder(info);
  const auto add = [&](std::uint64_t index, int process, EventType type, int value) {
    Event event;
    event.index = index;
    event.process = static_cast<ProcessId>(process);
    event.type = type;
    event.f = "write";
    event.value = Value(value);
    REQUIRE(builder.add(event).ok());
  };
  add(0, 0, EventType::invoke, 1);
  add(1, 0, EventType::fail, 1);
  add(2, 0, EventType::invoke, 2);
  add(3, 0, EventType::ok, 2);
  const auto failed = builder.finish();
  REQUIRE(failed.ok());
  Certificate with_failed = certificate_of(failed.value());
  CHECK(verify(failed.value(), with_failed).ok());
  with_failed.orders[0].order = {0, 2};
  check_refused(failed.value(), with_failed, "failed");
}

TEST_CASE("verify: a witness must be closed under writers and have no legal order") {
  const History history = stale();
  const Certificate good = certificate_of(history);
  REQUIRE(good.verdict == "violation");
  CHECK(good.witnesses.at(0).operations == std::vector<std::uint64_t>{0, 2, 4});
  CHECK(verify(history, good).ok());
  Certificate bad = good;
  bad.witnesses[0].operations = {4};
  check_refused(history, bad, "not closed");
  bad.witnesses[0].operations = {0, 4};
  check_refused(history, bad, "legal order");
  bad.witnesses[0].operations = {0, 2};
  check_refused(history, bad, "legal order");
  bad.witnesses[0].operations = {};
  check_refused(history, bad, "empty");
  bad.witnesses[0].operations = {0, 2, 4, 4};
  check_refused(history, bad, "twice");
  bad.witnesses[0].operations = {0, 2, 99};
  check_refused(history, bad, "no invocation");
  bad.witnesses.clear();
  check_refused(history, bad, "without a witness");
}

TEST_CASE("certificate: survives JSON with keys and values of every kind") {
  Certificate certificate;
  certificate.verdict = "pass";
  certificate.model = "linearizable";
  certificate.datatype = "register";
  certificate.history_digest = "abc";
  certificate.initial = Value(Value::Map{{Value("a"), Value(1.0)}, {Value(), Value(true)}});
  const std::vector<Value> keys{Value(),
                                Value(-3),
                                Value(2.5),
                                Value(1.0),
                                Value("x\"</script>"),
                                Value("\xff\x00z"),
                                Value(Value::Keyword{"k"}),
                                Value(Value::Tagged{"inst", "2026"}),
                                Value(Value::List{Value(1), Value(Value::Set{{Value(2)}})}),
                                Value(false)};
  for (const Value& key : keys) certificate.orders.push_back({key, {1, 2, 3}});
  certificate.witnesses.push_back({std::nullopt, {7}});
  const auto read_back = certificate_from_json(to_json(certificate));
  REQUIRE(read_back.ok());
  const Certificate& again = read_back.value();
  CHECK(again.initial == certificate.initial);
  REQUIRE(again.orders.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(*again.orders[i].key == keys[i]);
    CHECK(again.orders[i].order == std::vector<std::uint64_t>{1, 2, 3});
  }
  CHECK_FALSE(again.witnesses.at(0).key.has_value());
}

TEST_CASE("certificate: what is none is refused with a reason") {
  for (const char* text : {"", "{", "[]", "{}", "null", R"({"schema":"other/1"})",
                           R"({"schema":"assay.certificate/1","verdict":3})",
                           R"({"schema":"assay.certificate/1","verdict":"pass","model":"m",)"
                           R"("datatype":"d","history":"h","initial":{"map":[1]},"orders":[],)"
                           R"("witnesses":[]})"}) {
    CAPTURE(text);
    const auto certificate = certificate_from_json(text);
    REQUIRE_FALSE(certificate.ok());
    CHECK(certificate.error().kind == ErrorKind::bad_data);
  }
}

}  // namespace assay
