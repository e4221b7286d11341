// Whatever field of a certificate or of its history is changed, the verifier refuses. Fields are
// found in the files themselves, so that a new one is changed too; docs/certificates.md lists those
// that nobody's verdict depends on.

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"

namespace assay {
namespace {

using nlohmann::json;

struct Given {
  const char* name;
  const char* verdict;
  std::vector<std::string> lines;
};

std::string invoke(int process, const std::string& f, const std::string& value) {
  return R"({"process":)" + std::to_string(process) + R"(,"type":"invoke","f":")" + f +
         R"(","value":)" + value + "}";
}
std::string ok(int process, const std::string& f, const std::string& value) {
  return R"({"process":)" + std::to_string(process) + R"(,"type":"ok","f":")" + f +
         R"(","value":)" + value + "}";
}

std::vector<Given> given() {
  const std::string registers = R"({"assay":"history/1","datatype":"register","initial":0})";
  const std::string queue = R"({"assay":"history/1","datatype":"fifo-queue"})";
  const std::string lock = R"({"assay":"history/1","datatype":"owned-mutex"})";
  return {
      {"register",
       "pass",
       {registers, invoke(0, "write", "1"), invoke(1, "read", "null"), ok(0, "write", "1"),
        ok(1, "read", "1"), invoke(2, "cas", "[1,2]"), ok(2, "cas", "[1,2]"),
        invoke(0, "read", "null"), ok(0, "read", "2")}},
      {"register",
       "violation",
       {registers, invoke(0, "write", "1"), ok(0, "write", "1"), invoke(1, "write", "2"),
        invoke(2, "read", "null"), ok(2, "read", "2"), invoke(2, "read", "null"),
        ok(2, "read", "1"), ok(1, "write", "2")}},
      {"queue",
       "pass",
       {queue, invoke(0, "enqueue", "1"), invoke(1, "enqueue", "2"), ok(0, "enqueue", "1"),
        ok(1, "enqueue", "2"), invoke(0, "dequeue", "null"), ok(0, "dequeue", "2")}},
      {"queue",
       "violation",
       {queue, invoke(0, "enqueue", "1"), ok(0, "enqueue", "1"), invoke(0, "enqueue", "2"),
        ok(0, "enqueue", "2"), invoke(1, "dequeue", "null"), ok(1, "dequeue", "2"),
        invoke(1, "dequeue", "null"), ok(1, "dequeue", "1")}},
      {"lock",
       "pass",
       {lock, invoke(0, "acquire", "null"), ok(0, "acquire", "null"), invoke(1, "acquire", "null"),
        invoke(0, "release", "null"), ok(0, "release", "null"), ok(1, "acquire", "null")}},
      {"lock",
       "violation",
       {lock, invoke(0, "acquire", "null"), ok(0, "acquire", "null"), invoke(1, "acquire", "null"),
        ok(1, "acquire", "null"), invoke(0, "release", "null"), ok(0, "release", "null")}},
  };
}

Result<History> read(const std::vector<json>& lines) {
  std::stringstream text;
  for (const json& line : lines) text << line.dump() << '\n';
  HistorySink sink;
  if (auto status = read_json_lines(text, {}, sink); !status) return status.error();
  return sink.finish();
}

std::string written(const History& history) {
  std::ostringstream text;
  REQUIRE(write_json_lines(history, text).ok());
  return text.str();
}

/// The lines with all fields that a recorded history has.
std::vector<json> recorded(const std::vector<std::string>& lines) {
  std::vector<json> result;
  for (const std::string& line : lines) {
    result.push_back(json::parse(line));
    if (result.size() == 1) continue;
    result.back()["index"] = result.size() - 2;
    result.back()["time"] = 10 * (result.size() - 1);
  }
  return result;
}

/// Other values of the same field.
std::vector<json> others(const json& value) {
  if (value.is_boolean()) return {!value.get<bool>()};
  if (value.is_number_integer()) return {value.get<int>() + 1, value.get<int>() + 1'000};
  if (value.is_string()) return {value.get<std::string>() + "x", "", 7};
  if (value.is_null()) return {7, "x"};
  if (!value.is_array()) return {};
  std::vector<json> result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    json less = value;
    less.erase(i);
    json more = value;
    more.push_back(value[i]);
    result.push_back(less);
    result.push_back(more);
  }
  if (value.empty()) result.push_back(json::array({1}));
  return result;
}

/// Every document that differs from this one in one field, with the name of the field.
std::vector<std::pair<std::string, json>> changed(const json& good) {
  std::vector<std::pair<std::string, json>> result;
  std::vector<json::json_pointer> places{json::json_pointer()};
  while (!places.empty()) {
    const auto place = places.back();
    places.pop_back();
    const json& value = good.at(place);
    for (const json& other : others(value)) {
      json bad = good;
      bad[place] = other;
      result.emplace_back(place.to_string() + " = " + other.dump(), bad);
    }
    if (!value.is_structured()) continue;
    for (const auto& [name, field] : value.items()) {
      places.push_back(value.is_array() ? place / std::stoul(name) : place / name);
      if (value.is_array()) continue;
      json bad = good;
      bad[place].erase(name);
      result.emplace_back(place.to_string() + " without " + name, bad);
    }
  }
  return result;
}

Certificate certificate_of(const History& history, const Given& wanted) {
  auto result = check(history, CheckOptions{});
  REQUIRE(result.ok());
  REQUIRE(name_of(result->verdict) == wanted.verdict);
  REQUIRE(verify(history, result->certificate).ok());
  return std::move(result->certificate);
}

}  // namespace

TEST_CASE("corruption: no field of a certificate can be changed") {
  std::size_t tried = 0;
  for (const Given& each : given()) {
    const auto history = read(recorded(each.lines));
    REQUIRE(history.ok());
    const Certificate good = certificate_of(*history, each);
    for (const auto& [what, document] : changed(json::parse(to_json(good)))) {
      CAPTURE(std::string(each.name));
      CAPTURE(std::string(each.verdict));
      CAPTURE(what);
      const auto bad = certificate_from_json(document.dump());
      if (bad.ok() && to_json(*bad) == to_json(good)) continue;  // left out what is the default
      CHECK_FALSE((bad.ok() && verify(*history, *bad).ok()));
      ++tried;
    }
  }
  CHECK(tried > 100);
}

TEST_CASE("corruption: no field of a history can be changed") {
  std::size_t tried = 0;
  for (const Given& each : given()) {
    const std::vector<json> lines = recorded(each.lines);
    const auto history = read(lines);
    REQUIRE(history.ok());
    const Certificate good = certificate_of(*history, each);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (const auto& [what, line] : changed(lines[i])) {
        std::vector<json> other = lines;
        other[i] = line;
        const auto bad = read(other);
        // The certificate names its own datatype; and some fields may be left out.
        if (i == 0 && what.find("datatype") != std::string::npos) continue;
        if (bad.ok() && written(*bad) == written(*history)) continue;
        CAPTURE(std::string(each.name));
        CAPTURE(std::string(each.verdict));
        CAPTURE(lines[i].dump());
        CAPTURE(what);
        CHECK_FALSE((bad.ok() && verify(*bad, good).ok()));
        ++tried;
      }
    }
  }
  CHECK(tried > 500);
}

}  // namespace assay
