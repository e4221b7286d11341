// Campaign files: what they say, what is wrong with them, and that the chapter comes out as it
// must.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "cli/campaign_file.h"
#include "cli/campaign_repeats.h"
#include "cli/experiment.h"
#include "cli/outcome.h"
#include "tests/rounds.h"

namespace assay::cli {
namespace {

/// A file that is gone at the end.
class File {
 public:
  explicit File(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("assay-campaign-" + std::to_string(::getpid()) + ".toml")) {
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string error_of(const std::string& text) {
  const File file(text);
  const auto campaign = read_campaign(file.path());
  if (campaign.ok()) return "";
  CHECK(campaign.error().kind == ErrorKind::bad_data);
  return campaign.error().message.substr(file.path().size());
}

const std::string head = "schema = \"assay.campaign/1\"\nname = \"x\"\n";

}  // namespace

TEST_CASE("campaign: defaults, overrides and bounds are read") {
  const File file(head + R"(
[defaults]
protocol = "raft"
nodes = 5
[[experiment]]
name = "one"
nodes = 3
nemesis = ["kill", "partition"]
lab = { time-limit = "30s", seeds = 4 }
[experiment.expect]
verdict = "violation"
anomalies = ["nonlinearizable"]
measures = { acknowledged = { below = 0.9 } }
[[experiment]]
name = "two"
lab = false
model = ["linearizable", "sequential"]
expect = { verdict = "violation", witness = 6, holds = ["sequential"] }
)");
  const auto campaign = read_campaign(file.path());
  REQUIRE_MESSAGE(campaign.ok(), (campaign.ok() ? "" : campaign.error().message));
  REQUIRE(campaign->experiments.size() == 2);
  const Experiment& one = campaign->experiments[0];
  CHECK(one.options.at("protocol") == "raft");
  CHECK(one.nodes == 3);
  CHECK(one.faults == std::vector<std::string>{"kill", "partition"});
  CHECK(one.expected == Expected::violation);
  REQUIRE(one.measures.size() == 1);
  CHECK(one.measures[0].below == 0.9);
  CHECK_FALSE(one.measures[0].above);
  CHECK(one.lab.seeds == 4U);
  CHECK(one.lab.time_limit == std::chrono::seconds(30));
  CHECK(campaign->experiments[1].nodes == 5);
  CHECK(campaign->experiments[1].sim.wanted);
  CHECK_FALSE(campaign->experiments[1].lab.wanted);
  CHECK(campaign->experiments[1].witness == 6);
  CHECK(campaign->experiments[1].holds == std::vector<std::string>{"sequential"});
}

TEST_CASE("campaign: what is wrong is named with its line") {
  CHECK(error_of("name = \"x\"\n").starts_with(":1: expected schema"));
  CHECK(error_of(head).starts_with(":1: expected at least one [[experiment]]"));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\nprotcol = \"raft\"\n")
            .starts_with(":5: unknown key 'protcol' (did you mean 'protocol'?); known: "));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\nnodes = 99\n")
            .starts_with(":5: nodes: expected a whole number from 1 to 9"));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\ntime-limit = 5\n").starts_with(":5: "));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\nexpect = { verdict = \"fail\" }\n")
            .starts_with(":5: verdict: expected pass, violation or no-progress"));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\nexpect = { measures = { speed = {} } }\n")
            .starts_with(":5: unknown measure 'speed'"));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\n[[experiment]]\nname = \"a\"\n")
            .starts_with(":5: a second experiment 'a'"));
  CHECK(error_of(head + "[[experiment\n").starts_with(":3: "));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\nexpect = { witness = 0 }\n")
            .starts_with(":5: witness: expected a whole number from 1 to"));
  CHECK(error_of(head + "[[experiment]]\nname = \"a\"\nexpect = { holds = [\"causal\"] }\n")
            .starts_with(":3: holds: 'causal' is not checked"));
}

TEST_CASE("campaign: a violation counts with the witness and the models that are asked for") {
  Experiment experiment;
  experiment.expected = Expected::violation;
  experiment.anomalies = {"lost-update"};
  experiment.witness = 3;
  experiment.holds = {"read-committed"};
  RunRecord record;
  record.verdict = "violation";
  record.models = {{"read-committed", "pass"}, {"serializable", "violation"}};
  record.findings.resize(3);
  record.findings[0].type = record.findings[1].type = "lost-update";
  record.findings[0].witness = 5;
  record.findings[1].witness = 3;
  record.findings[2].type = "G2-item";
  record.findings[2].witness = 2;
  const auto row_of = [&] {
    Outcomes outcomes(experiment);
    outcomes.add(outcome_of(experiment, record));
    CampaignRow row;
    outcomes.fill(row);
    return row;
  };
  CHECK(row_of().as_expected);
  CHECK(row_of().anomaly == "lost-update");
  CHECK(row_of().witness == 3);
  CHECK(row_of().verdict == "violation: lost-update (3), G2-item (2); read-committed holds");
  CHECK(row_of().expected ==
        "violation (lost-update) of at most 3 operations; read-committed holds");
  record.models["read-committed"] = "unknown";
  CHECK_FALSE(row_of().as_expected);
  record.models["read-committed"] = "pass";
  record.findings[1].witness = 4;
  CHECK_FALSE(row_of().as_expected);
  record.findings[1].witness = 0;  // not known
  CHECK_FALSE(row_of().as_expected);
}

TEST_CASE("campaign: repeated experiments have seeds, names and a line of their own") {
  std::vector<Campaign> campaigns(1);
  campaigns[0].experiments.resize(1);
  campaigns[0].experiments[0].name = "one (a)";
  repeat(campaigns, 3);
  REQUIRE(campaigns[0].experiments.size() == 3);
  CHECK(campaigns[0].experiments[2].name == "one (a) (3 of 3)");
  CHECK(campaigns[0].experiments[1].seed != campaigns[0].experiments[0].seed);
  CampaignSummary summary;
  summary.sections.resize(1);
  for (const Experiment& each : campaigns[0].experiments) {
    CampaignRow row;
    row.name = each.name;
    row.as_expected = summary.sections[0].rows.size() != 1;
    row.seconds = 4.5 + static_cast<double>(summary.sections[0].rows.size());
    row.witness = row.as_expected ? 3 + summary.sections[0].rows.size() : 0;
    row.anomaly = row.as_expected ? "lost-update" : "";
    summary.sections[0].rows.push_back(row);
  }
  const std::string text = repeats_text(summary);
  CHECK(text.find("one (a)  ") != std::string::npos);
  CHECK(text.find("2 of 3     6.5 s        5  lost-update\n") != std::string::npos);
}

TEST_CASE("campaign: an expectation that does not come true is said") {
  Experiment experiment;
  experiment.options["protocol"] = "raft";
  experiment.rate = "200/s";
  experiment.time_limit = std::chrono::seconds(2);
  experiment.seeds = 3;
  auto row = run_in_sim(experiment, {});
  REQUIRE(row.ok());
  CHECK(row->as_expected);
  CHECK(row->runs == 3);
  experiment.expected = Expected::violation;
  row = run_in_sim(experiment, {});
  REQUIRE(row.ok());
  CHECK_FALSE(row->as_expected);
  CHECK(row->verdict == "pass");
  experiment.expected = Expected::pass;
  experiment.measures = {{"acknowledged", {}, 0.5}};
  row = run_in_sim(experiment, {});
  REQUIRE(row.ok());
  CHECK_FALSE(row->as_expected);
}

TEST_CASE("campaign: a study is measured and held against its bounds") {
  const File file(head + R"(
[[experiment]]
name = "clocks"
study = "logical-clocks"
options = { nodes = 3, events = 100 }
expect = { measures = { vectors-wrong = { below = 1 } } }
)");
  auto campaign = read_campaign(file.path());
  REQUIRE_MESSAGE(campaign.ok(), (campaign.ok() ? "" : campaign.error().message));
  Experiment& clocks = campaign->experiments.front();
  CHECK_FALSE(clocks.lab.wanted);
  auto row = run_in_sim(clocks, {});
  REQUIRE(row.ok());
  CHECK(row->as_expected);
  CHECK(row->expected == "vectors-wrong below 1");
  clocks.measures = {{"concurrent-ordered", {}, 0.1}};
  row = run_in_sim(clocks, {});
  REQUIRE(row.ok());
  CHECK_FALSE(row->as_expected);
  clocks.options["events"] = "many";
  CHECK_FALSE(run_in_sim(clocks, {}).ok());
  const std::string study = head + "[[experiment]]\nname = \"a\"\nstudy = ";
  CHECK(error_of(study + "\"tides\"\n").starts_with(":5: study: expected failure-detection or"));
  CHECK(error_of(study + "\"logical-clocks\"\n").starts_with(":3: a study shows nothing"));
  CHECK(error_of(study + "\"logical-clocks\"\nexpect = { measures = { outage-s = {} } }\n")
            .starts_with(":6: unknown measure 'outage-s'"));
}

TEST_CASE("campaign: the chapter comes out as it says") {
  const auto files = campaign_files(ASSAY_SOURCE_DIR "/campaigns/chapter");
  REQUIRE(files.ok());
  // Sanitizers are slow: all of it in the property test, and what must pass on a few seeds here.
  const bool dense = is_dense();
  for (const std::string& file : *files) {
    const auto campaign = read_campaign(file);
    REQUIRE_MESSAGE(campaign.ok(), (campaign.ok() ? "" : campaign.error().message));
    for (Experiment experiment : campaign->experiments) {
      CAPTURE(experiment.name);
      CHECK_FALSE(experiment.claim.empty());
      CHECK_FALSE(experiment.source.empty());
      const bool is_study = !experiment.study.empty();
      if (!dense && (is_study || experiment.expected != Expected::pass)) continue;
      if (!dense) experiment.seeds = 2;
      const auto row = run_in_sim(experiment, {});
      REQUIRE_MESSAGE(row.ok(), (row.ok() ? "" : row.error().message));
      CHECK_MESSAGE(row->as_expected, row->verdict, ": ", row->because);
    }
  }
}

}  // namespace assay::cli
