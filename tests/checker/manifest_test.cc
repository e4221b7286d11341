// Every entry of the corpus's manifest is accounted for: it is in the table of corpus_test, or in
// that table in another spelling, or run here, or another test reads it, or it is named here with
// the reason why nothing runs it.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checker/checker.h"
#include "checker/lattice.h"
#include "history/formats/format.h"
#include "tests/checker/corpora.h"

namespace assay {
namespace {

using Json = nlohmann::json;

/// By the beginning of the file's name.
const std::map<std::string, std::string> elsewhere{
    {"etcd-robustness/watch/", "watch_test.cc"},
    {"etcd-robustness/e2e/", "watch_test.cc"},
};
const std::map<std::string, std::string> skipped{
    {"etcd-robustness/model/", "tables of single steps of etcd's model, not histories"},
    {"etcd-robustness/serializable-reads/",
     "reads at old revisions of one client, compared with a table; not histories"},
    {"hermitage/schedules/", "SQL scripts; hermitage_test.cc has histories of the same kind"},
    {"jepsen/inline-jepsen-checker/003.edn", "completions only, so nothing is known of real time"},
    {"jepsen/inline-kafka-log/007.edn", "two of its events have the same number"},
    {"jepsen/inline-kafka-log/008.edn", "two of its events have the same number"},
    {"jepsen/inline-long-fork/000.edn", "its operations name no process"},
    {"elle/inline-rw-register/002.edn",
     "a read of nil says nothing in this format, for Elle it is the initial value"},
    {"maelstrom/", "eventual consistency of a counter: final reads are compared with a table"},
    {"stateright/", "unit tests as calls of Rust functions; half of the operations have no end"},
};

std::string reason_in(const std::map<std::string, std::string>& table, const std::string& file) {
  for (const auto& [prefix, reason] : table) {
    if (file.starts_with(prefix)) return reason;
  }
  return {};
}

/// Does anybody say what must come out?
bool has_verdict(const Json& entry) {
  const Json& rows = entry.at("expected");
  return std::any_of(rows.begin(), rows.end(),
                     [](const Json& row) { return row.at("trust") != "none"; });
}

struct How {
  std::string datatype;
  std::string model;
};

/// How an entry is run here; by the folder and, for Jepsen's own checks, by the checker's name.
std::optional<How> how_to_run(const Json& entry) {
  const std::string file = entry.at("file").get<std::string>();
  const std::string object = entry.at("object").get<std::string>();
  const auto in = [&](const char* folder) { return file.starts_with(folder); };
  const auto is = [&](const char* part) { return object.find(part) != std::string::npos; };
  if (in("elle/inline-closed-predicate/")) return How{"closed-predicate", "strongest"};
  if (in("elle/inline-list-append/")) return How{"list-append", "strongest"};
  if (in("elle/inline-rw-register/")) return How{"rw-register", "strongest"};
  if (in("jepsen/inline-kafka-log/")) return How{"log", "serializable-log"};
  if (in("jepsen/inline-causal-reverse/")) return How{"set", "ordered-visibility"};
  if (in("jepsen/inline-long-fork/")) return How{"rw-register", "snapshot-isolation"};
  if (in("elle-cli/jepsen/set_full")) return How{"set", "set-full"};
  if (in("knossos/inline-knossos-inline/")) return How{"register", "linearizable"};
  if (!in("jepsen/inline-jepsen-checker/")) return std::nullopt;
  if (is(":set-full")) return How{"set", "set-full"};
  if (is(":set")) return How{"set", "set"};
  if (is(":counter")) return How{"counter", "linearizable"};
  if (is(":queue")) return How{"queue", "linearizable"};
  return std::nullopt;
}

struct Expected {
  std::optional<Verdict> verdict;   ///< of the one model asked for
  std::set<std::string> anomalies;  ///< must be found
  std::set<std::string> absent;     ///< must not
  std::set<std::string> refuted;    ///< models that must be violated
};

/// What an upstream test asserts about one kind of anomaly, or about the whole.
void add_expectation(const Json& row, const How& how, Expected& expected) {
  const std::string model = row.at("model").get<std::string>();
  const Json& valid = row.at("valid");
  const Json details = row.contains("details") ? row.at("details") : Json();
  if (row.contains("anomalies") && row.at("anomalies").is_array()) {
    for (const auto& type : row.at("anomalies")) {
      if (!is_about_the_search(type.get<std::string>())) expected.anomalies.insert(type);
    }
  }
  if (details.is_object() && details.contains("not_models") &&
      details.at("not_models").is_array()) {
    for (const auto& name : details.at("not_models")) expected.refuted.insert(name);
  }
  if (model == "elle:internal-cases") expected.anomalies.insert("internal");
  if (model == "elle:g1a-cases") expected.absent.insert("G1a");
  if (model == "elle:g1b-cases") expected.absent.insert("G1b");
  if (model == "elle:closed-predicate") expected.refuted.insert("serializable");
  if (how.model == "strongest") return;
  expected.verdict = valid.is_boolean() ? (valid.get<bool>() ? Verdict::pass : Verdict::violation)
                                        : Verdict::unknown;
}

ReadOptions read_options_for(const Json& entry, const How& how) {
  ReadOptions options;
  options.format =
      entry.at("format").get<std::string>().starts_with("json") ? "jepsen-json" : "jepsen-edn";
  options.datatype = how.datatype;
  if (how.model == "linearizable" && how.datatype != "queue") options.initial = Value(0);
  return options;
}

/// Some of Jepsen's tests assert one kind of error of a larger check.
bool is_about_other_errors(const Json& row) {
  const Json details = row.contains("details") ? row.at("details") : Json();
  return details.is_object() && details.contains("asserted_field") &&
         details.at("asserted_field").is_string() &&
         details.at("asserted_field").get<std::string>() == "[:unseen]";
}

void run_entry(const Json& entry, const How& how) {
  Expected expected;
  for (const Json& row : entry.at("expected")) {
    // That a message was not yet polled is no error here.
    if (is_about_other_errors(row)) continue;
    add_expectation(row, how, expected);
  }
  const auto history = read_history(corpora() + "/" + entry.at("file").get<std::string>(),
                                    read_options_for(entry, how));
  REQUIRE_MESSAGE(history.ok(), (history.ok() ? "" : history.error().message));
  CheckOptions options;
  options.datatype = how.datatype;
  options.models = {how.model};
  const auto result = check(*history, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  std::set<std::string> found;
  for (const Anomaly& anomaly : result->anomalies) found.insert(anomaly.type);
  if (expected.verdict) {
    CAPTURE(result->unknown_because);
    CHECK(name_of(result->verdict) == name_of(*expected.verdict));
  }
  for (const std::string& type : expected.anomalies) CHECK_MESSAGE(found.contains(type), type);
  for (const std::string& type : expected.absent) CHECK_MESSAGE(!found.contains(type), type);
  for (const ModelVerdict& each : result->models) {
    if (!expected.refuted.contains(each.model)) continue;
    CAPTURE(each.model);
    CHECK(each.verdict == Verdict::violation);
  }
}

}  // namespace

TEST_CASE("manifest: every entry is run somewhere, or named with the reason why not") {
  const auto manifest = corpus_json("manifest.json");
  const auto cases = corpus_json("cases.json");
  if (!manifest || !cases) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  std::set<std::string> in_table;
  for (const Json& row : *cases) in_table.insert(row.at("file").get<std::string>());
  std::map<std::string, int> counts;
  for (const Json& entry : manifest->at("entries")) {
    const std::string file = entry.at("file").get<std::string>();
    CAPTURE(file);
    std::string spelled = file;
    std::replace(spelled.begin(), spelled.end(), '/', '_');
    if (in_table.contains(file) || in_table.contains("jsonl/" + spelled + ".jsonl")) {
      ++counts["in the table of corpus_test"];
    } else if (const std::string why = reason_in(skipped, file); !why.empty()) {
      ++counts["not run: " + why];
    } else if (!has_verdict(entry)) {
      ++counts["not run: nobody says what must come out"];
    } else if (const auto how = how_to_run(entry)) {
      ++counts["run here"];
      run_entry(entry, *how);
    } else if (const std::string test = reason_in(elsewhere, file); !test.empty()) {
      ++counts["run by " + test];
    } else if (file.starts_with("hermitage/") && file.ends_with(".json")) {
      ++counts["run below"];
    } else {
      FAIL_CHECK("nothing runs this entry");
    }
  }
  for (const auto& [what, count] : counts) MESSAGE(count << " " << what);
}

TEST_CASE("manifest: what Hermitage saw of a level, the lattice does not forbid") {
  // Martin Kleppmann's names for what the tests provoke.
  const std::map<std::string, std::string> anomaly_of{
      {"G0", "G0"},           {"G1a", "G1a"},
      {"G1b", "G1b"},         {"G1c", "G1c"},
      {"OTV", "OTV"},         {"P4", "lost-update"},
      {"PMP", "G-single"},    {"G-single", "G-single-item"},
      {"G2-item", "G2-item"}, {"G2", "G2"}};
  const auto manifest = corpus_json("manifest.json");
  if (!manifest) {
    MESSAGE("the corpus is not here; set ASSAY_CORPORA");
    return;
  }
  int compared = 0;
  for (const Json& entry : manifest->at("entries")) {
    const std::string file = entry.at("file").get<std::string>();
    if (!file.starts_with("hermitage/") || !file.ends_with(".json")) continue;
    const auto table = corpus_json(file);
    REQUIRE(table.has_value());
    for (const Json& row : *table) {
      std::string model = row.value("actual", "");
      std::replace(model.begin(), model.end(), ' ', '-');
      if (find_model(model) == nullptr) continue;
      for (const auto& [name, outcome] : row.at("anomalies").items()) {
        if (outcome != "possible" || !anomaly_of.contains(name)) continue;
        CAPTURE(file);
        CAPTURE(model);
        CAPTURE(name);
        const auto refuted = refuted_by(anomaly_of.at(name));
        CHECK(std::count(refuted.begin(), refuted.end(), model) == 0);
        ++compared;
      }
    }
  }
  CHECK(compared > 10);
}

}  // namespace assay
