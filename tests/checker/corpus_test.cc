// Every row of the corpus of other projects' histories: a file, a model, what must come out
// (cases.json in ASSAY_CORPORA, or in ../shared/corpora beside the sources). ASSAY_CORPUS_ROWS
// names a part of "file datatype model" that a row must contain to be checked.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "history/formats/format.h"
#include "tests/checker/corpora.h"

namespace assay {
namespace {

Value value_of(const nlohmann::json& json) {
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_string()) return json.get<std::string>();
  return {};
}

CheckOptions options_for(const nlohmann::json& row) {
  CheckOptions options;
  options.datatype = row.at("datatype").get<std::string>();
  options.models = {row.at("model").get<std::string>()};
  // Knossos' tests and ours take a failed cas for one that did not happen; this one says that it
  // found another value.
  if (row.at("file").get<std::string>().find("cas-fail-but-match") != std::string::npos) {
    options.failed = FailedOperation::precondition_failed;
  }
  return options;
}

ReadOptions read_options_for(const nlohmann::json& row) {
  ReadOptions options;
  options.format = row.at("format").get<std::string>();
  options.datatype = row.at("datatype").get<std::string>();
  // The native form declares its own.
  if (options.format != "assay-jsonl") options.initial = value_of(row.at("initial"));
  return options;
}

bool has_anomaly(const CheckResult& result, const std::string& type) {
  return std::any_of(result.anomalies.begin(), result.anomalies.end(),
                     [&](const Anomaly& anomaly) { return anomaly.type == type; });
}

/// Rows that are not met, each with its reason.
const std::map<std::string, std::string> unmet{
    {"elle-cli/elle/rw-register.edn", "a read of 3, which nobody wrote: a garbage-read here"},
    {"elle-cli/elle/rw-register.json", "the same"},
};

/// The verdict, or what went wrong.
std::string outcome_of(const nlohmann::json& row) {
  const auto history =
      read_history(corpora() + "/" + row.at("file").get<std::string>(), read_options_for(row));
  if (!history) return history.error().message;
  const auto result = check(history.value(), options_for(row));
  if (!result) return result.error().message;
  if (result->verdict == Verdict::unknown) return "unknown: " + result->unknown_because;
  for (const auto& type : row.at("anomalies")) {
    if (!is_about_the_search(type.get<std::string>()) &&
        !has_anomaly(*result, type.get<std::string>())) {
      return "not found: " + type.get<std::string>();
    }
  }
  if (result->certificate.empty()) return std::string(name_of(result->verdict));
  const auto certificate = certificate_from_json(to_json(result->certificate));
  if (!certificate) return certificate.error().message;
  if (const auto status = verify(history.value(), *certificate); !status) {
    return status.error().message;
  }
  return std::string(name_of(result->verdict));
}

/// Seconds of CPU that the check of a file takes on one thread, the best of three; that it can be
/// checked is another test's business.
double seconds_for(const History& history, CheckOptions options) {
  options.threads = 1;
  options.certificate = false;
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < 3; ++round) {
    const std::clock_t begin = std::clock();
    static_cast<void>(check(history, options));
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return best;
}

}  // namespace

TEST_CASE("corpus: linearizability is decided in time, of every file and of the known logs") {
  const auto rows = corpus_json("cases.json");
  if (!rows) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  double etcd_logs = 0;
  double knossos = 0;
  for (const auto& row : *rows) {
    if (row.at("model") != "linearizable") continue;
    const std::string file = row.at("file").get<std::string>();
    CAPTURE(file);
    const auto history = read_history(corpora() + "/" + file, read_options_for(row));
    REQUIRE(history.ok());
    const double seconds = seconds_for(history.value(), options_for(row));
    CHECK(seconds < (row.at("format") == "kv-log" ? 0.1 : 1.0));
    if (file.starts_with("porcupine/jepsen-etcd")) etcd_logs += seconds;
    if (file.starts_with("knossos/")) knossos += seconds;
  }
  MESSAGE("all etcd logs " << etcd_logs * 1e3 << " ms, all of knossos " << knossos * 1e3 << " ms");
  CHECK(etcd_logs < 0.020);
  CHECK(knossos < 0.050);
}

TEST_CASE("corpus: Elle's huge-scc shows a G-single in real time within a second") {
  ReadOptions reading;
  reading.datatype = "list-append";
  const auto history = read_history(corpora() + "/elle/histories/huge-scc.edn.zst", reading);
  if (!history) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  CheckOptions options;
  options.datatype = "list-append";
  options.models = {"strict-serializable"};
  options.threads = 1;
  const std::clock_t begin = std::clock();
  const auto result = check(history.value(), options);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  REQUIRE(result.ok());
  CHECK(std::any_of(result->anomalies.begin(), result->anomalies.end(), [](const Anomaly& anomaly) {
    return anomaly.type.starts_with("G-single") && anomaly.type.ends_with("-realtime");
  }));
  MESSAGE(seconds << " s");
  CHECK(seconds < 1);
}

TEST_CASE("corpus: every row but the unmet agrees, and its certificate holds") {
  const auto rows = corpus_json("cases.json");
  if (!rows) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  const char* wanted = std::getenv("ASSAY_CORPUS_ROWS");
  std::map<std::string, std::pair<int, int>> agreed_of_rows;
  for (const auto& row : *rows) {
    const std::string name = row.at("file").get<std::string>() + " " +
                             row.at("datatype").get<std::string>() + " " +
                             row.at("model").get<std::string>();
    if (wanted != nullptr && name.find(wanted) == std::string::npos) continue;
    CAPTURE(name);
    if (unmet.contains(row.at("file").get<std::string>())) continue;
    const std::string outcome = outcome_of(row);
    CHECK(outcome == row.at("expect").get<std::string>());
    auto& [agreed, of] = agreed_of_rows[row.at("datatype").get<std::string>() + " " +
                                        row.at("model").get<std::string>()];
    agreed += outcome == row.at("expect").get<std::string>() ? 1 : 0;
    ++of;
  }
  for (const auto& [kind, counts] : agreed_of_rows) {
    MESSAGE(kind << ": " << counts.first << " of " << counts.second);
  }
}

}  // namespace assay
