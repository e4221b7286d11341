#include "history/value.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "history/codec.h"
#include "history/text.h"
#include "random_history.h"

namespace assay {

TEST_CASE("value: text is what a person reads, in EDN's spelling") {
  CHECK(to_text({}) == "nil");
  CHECK(to_text(-3) == "-3");
  CHECK(to_text("a\"b\n\x01") == "\"a\\\"b\\n\\u0001\"");
  CHECK(to_text(Value::List{1, Value::List{}, "x"}) == "[1 [] \"x\"]");
  CHECK(to_text(Value::Map{{Value::Keyword{"a"}, 1}, {2, true}}) == "{:a 1, 2 true}");
  CHECK(to_text(Value::Set{{1, 2}}) == "#{1 2}");
  CHECK(to_text(1.0) == "1.0");
  CHECK(to_text(0.1) == "0.1");
  CHECK(to_text(1e300) == "1e+300");
  CHECK(to_text(std::nan("")) == "##NaN");
  CHECK(to_text(-std::numeric_limits<double>::infinity()) == "##-Inf");
  CHECK(to_text(Value::Tagged{"inst", "\"2026\""}) == "#inst \"2026\"");
}

TEST_CASE("value: bytes that are no UTF-8 become the replacement character") {
  std::string out;
  append_quoted("a\xFF\xC0\x80\xED\xA0\x80z\xE2\x82", out);
  CHECK(out ==
        "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz"
        "\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("value: types are never equal to each other, NaN is itself, zeros differ") {
  CHECK_FALSE(Value(1) == Value(1.0));
  CHECK_FALSE(Value("a") == Value(Value::Keyword{"a"}));
  CHECK(Value(std::nan("")) == Value(std::nan("")));
  CHECK_FALSE(Value(0.0) == Value(-0.0));
  CHECK(Value() < Value(false));
  CHECK(Value(Value::List{1, 2}) < Value(Value::List{1, 3}));
  CHECK(Value(Value::List{1}) < Value(Value::List{1, 0}));
}

TEST_CASE("value: the order is total and agrees with equality") {
  Random random(11);
  std::vector<Value> values;
  for (int i = 0; i < 60; ++i) values.push_back(testing::random_value(random, false));
  for (const Value& a : values) {
    for (const Value& b : values) {
      REQUIRE((a == b) == (!(a < b) && !(b < a)));
      REQUIRE_FALSE((a < b && b < a));
    }
  }
}

TEST_CASE("codec: what is encoded is decoded, and equal bytes mean equal values") {
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    const Value value = testing::random_value(random, false);
    CAPTURE(to_text(value));
    std::string bytes;
    append_value(value, bytes);
    Decoder decoder(bytes);
    const Value again = decoder.value();
    REQUIRE_FALSE(decoder.failed());
    REQUIRE(decoder.done());
    REQUIRE(again == value);
  }
}

TEST_CASE("codec: arbitrary bytes never do harm") {
  Random random(6);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (auto n = random.below(40); n > 0; --n) bytes += static_cast<char>(random.below(12));
    Decoder decoder(bytes);
    const Value value = decoder.value();
    if (decoder.failed()) CHECK(decoder.done());
    static_cast<void>(to_text(value));
  }
  // A thousand lists in one another.
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += std::string("\x08\x01", 2);
  Decoder decoder(deep);
  static_cast<void>(decoder.value());
  CHECK(decoder.failed());
}

}  // namespace assay
