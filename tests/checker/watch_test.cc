// Change feeds: the cases of etcd's robustness tests where the corpus is, and a few of our own.

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"
#include "tests/checker/corpora.h"

namespace assay {
namespace {

using Json = nlohmann::json;

/// The types of the anomalies of a history of native JSON lines.
std::set<std::string> anomalies_in(const std::string& lines) {
  std::istringstream input(lines);
  HistorySink sink;
  REQUIRE(read_json_lines(input, {}, sink).ok());
  const auto history = sink.finish();
  REQUIRE(history.ok());
  CheckOptions options;
  options.datatype = "watch";
  const auto result = check(history.value(), options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  std::set<std::string> types;
  for (const Anomaly& anomaly : result->anomalies) types.insert(anomaly.type);
  CHECK((result->verdict == Verdict::violation) == !types.empty());
  return types;
}

/// An operation of a process of its own.
std::string operation(int process, const std::string& f, const Json& argument, const Json& result) {
  const Json head{{"process", process}, {"f", f}};
  Json invoke = head;
  invoke["type"] = "invoke";
  invoke["value"] = argument;
  Json ok = head;
  ok["type"] = "ok";
  ok["value"] = result;
  return invoke.dump() + "\n" + ok.dump() + "\n";
}

Json put(const std::string& key, const Json& value = "1") {
  return Json::array({"put", key, value});
}
Json gone(const std::string& key) { return Json::array({"delete", key}); }

std::string three_commits() {
  return operation(0, "commit", Json::array({put("a")}), 2) +
         operation(1, "commit", Json::array({put("b"), put("c")}), 3) +
         operation(2, "commit", Json::array({gone("a")}), 4);
}
Json event(int revision, const std::string& type, const std::string& key, bool create) {
  return {{"revision", revision}, {"type", type}, {"key", key}, {"value", "1"}, {"create", create}};
}
std::string watch(const std::vector<Json>& responses, int revision = 2) {
  return operation(9, "watch", {{"prefix", true}, {"revision", revision}}, responses);
}
Json response(const std::vector<Json>& events) { return Json{{"events", events}}; }
Json bookmark(int revision) { return {{"progress", true}, {"revision", revision}}; }

// What etcd's test tables record, as commits and watches.

Json event_of(const Json& recorded) {
  const std::string kind = recorded.at("#");
  Json result{{"revision", recorded.at("revision")},
              {"key", recorded.at("key")},
              {"type", kind.starts_with("delete") ? "delete" : "put"},
              {"create", recorded.value("is_create", false)}};
  if (recorded.contains("value")) result["value"] = recorded["value"];
  if (recorded.contains("prev_value")) {
    result["prev-value"] = recorded["prev_value"];
    result["prev-revision"] =
        recorded.value("prev_mod_revision", recorded.value("prev_revision", 0));
  }
  return result;
}

/// The persisted requests as commits; a request that changes nothing has no revision.
std::string commits_of(const Json& requests, int& process) {
  std::string lines;
  std::set<std::string> keys;
  int revision = 1;
  for (const Json& request : requests) {
    const std::string kind = request.value("#", "");
    const std::string key = request.value("key", "");
    if (kind == "putRequest") {
      keys.insert(key);
      lines +=
          operation(process++, "commit", Json::array({put(key, request.at("value"))}), ++revision);
    } else if (kind == "deleteRequest" && keys.erase(key) != 0) {
      lines += operation(process++, "commit", Json::array({gone(key)}), ++revision);
    }
    // The only other one puts a key with a lease that does not exist, so it fails.
  }
  return lines;
}

std::string lines_of(const Json& row) {
  int process = 0;
  std::string lines = commits_of(row.at("persistedRequests"), process);
  for (const Json& report : row.at("reports")) {
    for (const Json& recorded : report.at("Watch")) {
      const Json& request = recorded.at("Request");
      const Json argument{{"key", request.value("Key", "")},
                          {"prefix", request.value("WithPrefix", false)},
                          {"revision", request.value("Revision", 0)}};
      Json responses = Json::array();
      for (const Json& each : recorded.at("Responses")) {
        Json answer{{"events", Json::array()},
                    {"progress", each.value("IsProgressNotify", false)},
                    {"revision", each.value("Revision", 0)}};
        if (each.contains("Error")) answer["error"] = each["Error"];
        if (each.contains("Events")) {
          for (const Json& change : each.at("Events")) answer["events"].push_back(event_of(change));
        }
        responses.push_back(std::move(answer));
      }
      lines += operation(process++, "watch", argument, responses);
    }
  }
  return lines;
}

/// "errBrokePrevKV" is watch-prev-kv here.
const std::map<std::string, std::string> name_of_error{
    {"errBrokeOrdered", "watch-ordered"},     {"errBrokeUnique", "watch-unique"},
    {"errBrokeAtomic", "watch-atomic"},       {"errBrokeReliable", "watch-reliable"},
    {"errBrokeResumable", "watch-resumable"}, {"errBrokeBookmarkable", "watch-bookmarkable"},
    {"errBrokeFilter", "watch-filter"},       {"errBrokeIsCreate", "watch-is-create"},
    {"errBrokePrevKV", "watch-prev-kv"},
};

}  // namespace

TEST_CASE("watch: everything in order passes") {
  CHECK(anomalies_in(three_commits() +
                     watch({response({event(2, "put", "a", true)}), bookmark(2),
                            response({event(3, "put", "b", true), event(3, "put", "c", true)}),
                            response({event(4, "delete", "a", false)}), bookmark(4)}))
            .empty());
}

TEST_CASE("watch: each broken promise has its name") {
  const Json a = event(2, "put", "a", true);
  const Json b = event(3, "put", "b", true);
  const Json c = event(3, "put", "c", true);
  const Json removed = event(4, "delete", "a", false);
  const auto broken = [](const std::vector<Json>& responses, int revision = 2) {
    return anomalies_in(three_commits() + watch(responses, revision));
  };
  CHECK(broken({response({b, c}), response({a})}).contains("watch-ordered"));
  CHECK(broken({response({a}), response({a})}).contains("watch-unique"));
  CHECK(broken({response({a}), response({b}), response({c})}).contains("watch-atomic"));
  CHECK(broken({response({a}), response({removed})}).contains("watch-reliable"));
  CHECK(broken({response({event(2, "put", "z", true)})}).contains("watch-reliable"));
  CHECK(broken({response({removed})}).contains("watch-resumable"));
  CHECK(broken({response({a}), bookmark(4), response({b, c})}).contains("watch-bookmarkable"));
  CHECK(broken({response({event(2, "put", "a", false)})}).contains("watch-is-create"));
  CHECK(anomalies_in(three_commits() +
                     operation(9, "watch", {{"key", "b"}}, Json::array({response({b, c})})))
            .contains("watch-filter"));
}

TEST_CASE("watch: a commit of unknown outcome may be seen, and need not be") {
  const std::string lost =
      Json(
          {{"process", 0}, {"f", "commit"}, {"type", "invoke"}, {"value", Json::array({put("a")})}})
          .dump() +
      "\n";
  CHECK(anomalies_in(lost + watch({response({event(7, "put", "a", true)})}, 0)).empty());
  CHECK(anomalies_in(lost + watch({bookmark(9)}, 0)).empty());
}

TEST_CASE("watch: the cases of etcd's robustness tests") {
  if (!std::filesystem::exists(corpora() + "/etcd-robustness")) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  // In e2e a whole report is judged, in words.
  auto named = name_of_error;
  named.emplace("watch: Failure: broke Reliable", "watch-reliable");
  for (const char* folder : {"/etcd-robustness/watch", "/etcd-robustness/e2e"}) {
    for (const auto& entry : std::filesystem::directory_iterator(corpora() + folder)) {
      CAPTURE(entry.path().filename().string());
      std::ifstream file(entry.path());
      const Json row = Json::parse(file);
      CAPTURE(row.at("name").get<std::string>());
      const std::string error = row.value("expectError", "");
      const auto found = anomalies_in(lines_of(row));
      if (error.empty()) {
        CHECK(found.empty());
      } else {
        CHECK(found.contains(named.at(error)));
      }
    }
  }
}

}  // namespace assay
