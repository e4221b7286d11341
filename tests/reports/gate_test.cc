// The gate: what each rule says and does to the exit code, and that no form of its outcome lets
// hostile text through.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/gate/decision.h"
#include "reports/gate/outputs.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"
#include "tests/reports/sarif_schema.h"

namespace assay::gate {
namespace {

const System raft{"reference", "protocol=raft", "register"};

Finding stale_read(const std::string& fingerprint = "00000000aaaa") {
  Finding finding;
  finding.fingerprint = fingerprint;
  finding.family = "0000000fa417";
  finding.type = "stale-read";
  finding.model = "linearizable";
  finding.claim = "Process 2 read 0, although 1 had been read before.";
  finding.count = 1;
  finding.steps = {"(write 1) comes before (read → 1), because it returned what it wrote"};
  return finding;
}

Run passing(const std::string& experiment = "split") {
  Run run;
  run.path = "runs/reference/register/1";
  run.system = raft;
  run.experiment = experiment;
  run.faults = "partition";
  run.verdict = "pass";
  run.command = "assay run reference --seed 1";
  run.measures = {{"operations", 5000}, {"acknowledged-outside-faults", 0.9},
                  {"contention", 0.4},  {"recovery-s", 2},
                  {"availability", 1},  {"throughput", 1000},
                  {"p99-s", 0.010}};
  run.in_flight = {{"partition", 800}};
  run.acknowledged = {{"read", 2000}, {"write", 2000}};
  return run;
}

Run violating() {
  Run run = passing();
  run.verdict = "violation";
  run.findings = {stale_read()};
  return run;
}

KnownFinding known() {
  KnownFinding finding;
  finding.fingerprint = stale_read().fingerprint;
  finding.type = "stale-read";
  finding.model = "linearizable";
  finding.system = raft;
  finding.issue = "https://example.org/1";
  finding.reason = "documented";
  finding.expires = "2026-12-31";
  finding.runs = 20;
  finding.seen = 20;
  return finding;
}

/// Five passing runs of one experiment, one canary that is caught.
Question green() {
  Question question;
  question.today = "2026-11-28";
  question.runner = "test";
  question.planned = {{"split", 5, false, {}, "campaign.toml", 12},
                      {"must-fail", 0, true, {"stale-read"}, "campaign.toml", 20}};
  for (int i = 0; i < 5; ++i) question.runs.push_back(passing());
  Run canary = violating();
  canary.experiment = "must-fail";
  question.runs.push_back(canary);
  question.policy.file = "gate.toml";
  question.policy.operations = 1000;
  question.policy.acknowledged = 0.5;
  question.policy.in_flight = {{"partition", 500}, {"kill", 500}};
  question.policy.contention = 0.05;
  question.policy.canaries = 1;
  question.policy.recovery_s = 30;
  question.policy.availability = 0.999;
  question.confirm = [](const Run&, std::string&) { return Confirmation::confirmed; };
  return question;
}

struct Case {
  const char* name;
  std::function<void(Question&)> change;
  Rule rule;
  int row_code;
  int exit_code;
  const char* text;  ///< part of the row's message or details
};

void compare_performance(Question& question, double throughput) {
  question.policy.throughput = PerformanceLimit{0.10, 5};
  Performance performance{"test", "split", {{"throughput", {1000, 1010, 990, 1005, 995}}}};
  question.baseline.performance = {performance};
  double step = 0;
  for (Run& run : question.runs) run.measures["throughput"] = throughput + ++step;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"nothing is wrong", [](Question&) {}, Rule::canary_caught, 0, 0, "must show stale-read"},
      {"a new finding", [](Question& q) { q.runs[0] = violating(); }, Rule::new_finding, 1, 1,
       "stale-read violates linearizable: Process 2 read 0"},
      {"a violation that names nothing",
       [](Question& q) {
         q.runs[0] = violating();
         q.runs[0].findings.clear();
       },
       Rule::new_finding, 1, 1, "a violation without a finding"},
      {"a known finding",
       [](Question& q) {
         q.runs[0] = violating();
         q.baseline.findings = {known()};
       },
       Rule::known_finding, 0, 0, "excused until 2026-12-31: documented"},
      {"a finding of a known family",
       [](Question& q) {
         q.runs[0] = violating();
         q.baseline.findings = {known()};
         q.baseline.findings[0].fingerprint = stale_read().family;
       },
       Rule::known_finding, 0, 0, "in 1 of 5 runs"},
      {"a known finding where none is wanted",
       [](Question& q) {
         q.runs[0] = violating();
         q.baseline.findings = {known()};
         q.policy.fail_on_known = true;
       },
       Rule::known_finding, 1, 1, "documented"},
      {"an expired finding",
       [](Question& q) {
         q.runs[0] = violating();
         q.baseline.findings = {known()};
         q.baseline.findings[0].expires = "2026-11-27";
       },
       Rule::expired_finding, 3, 3, "excused until 2026-11-27"},
      {"a resolved finding", [](Question& q) { q.baseline.findings = {known()}; },
       Rule::resolved_finding, 0, 0, "can leave the baseline"},
      {"a rare finding that stayed away",
       [](Question& q) {
         q.baseline.findings = {known()};
         q.baseline.findings[0].seen = 1;
       },
       Rule::absent_finding, 0, 0, "gone after"},
      {"a violation that the verifier refuses",
       [](Question& q) {
         q.runs[0] = violating();
         q.confirm = [](const Run&, std::string& why) {
           why = "the cycle does not close";
           return Confirmation::refuted;
         };
       },
       Rule::refuted_violation, 70, 70, "the cycle does not close"},
      {"a violation whose history is gone",
       [](Question& q) {
         q.runs[0] = violating();
         q.confirm = {};
       },
       Rule::new_finding, 1, 1, "not checked again"},
      {"too many unknown",
       [](Question& q) {
         q.runs[0].verdict = "unknown";
         q.runs[0].because = "60 s were not enough";
       },
       Rule::unknown_runs, 2, 2, "1 of 5 runs are unknown (20.0%, allowed 0.0%)"},
      {"as many unknown as allowed",
       [](Question& q) {
         q.runs[0].verdict = "unknown";
         q.policy.unknown_share = 0.2;
       },
       Rule::unknown_runs, 0, 0, "1 of 5 runs are unknown"},
      {"too few operations", [](Question& q) { q.runs[2].measures["operations"] = 999; },
       Rule::vacuous, 3, 3, "a run had 999 operations, at least 1000 are demanded"},
      {"too few acknowledged",
       [](Question& q) { q.runs[1].measures["acknowledged-outside-faults"] = 0.2; }, Rule::vacuous,
       3, 3, "20.0% were acknowledged, at least 50.0%"},
      {"a function that never succeeded",
       [](Question& q) {
         for (Run& run : q.runs) run.acknowledged["cas"] = 0;
       },
       Rule::vacuous, 3, 3, "no cas was ever acknowledged"},
      {"nothing in flight under a fault",
       [](Question& q) {
         for (Run& run : q.runs) run.in_flight.clear();
       },
       Rule::vacuous, 3, 3, "0 operations were in flight under partition, at least 500"},
      {"no contention",
       [](Question& q) {
         for (Run& run : q.runs) run.measures["contention"] = 0.01;
       },
       Rule::vacuous, 3, 3, "1.0% of the operations met another one"},
      {"a canary that lives", [](Question& q) { q.runs.back().findings[0].type = "other"; },
       Rule::canary_missed, 3, 3, "none of 1 runs did"},
      {"no canary at all",
       [](Question& q) {
         q.planned.pop_back();
         q.runs.pop_back();
       },
       Rule::canary_missed, 3, 3, "0 canaries were run, at least 1 are demanded"},
      {"no recovery", [](Question& q) { q.runs[3].measures["recovery-s"] = 31; },
       Rule::slow_recovery, 3, 3, "it took 31 s"},
      {"not available", [](Question& q) { q.runs[3].measures["availability"] = 0.95; },
       Rule::unavailable, 3, 3, "95.00% of the seconds"},
      {"slower", [](Question& q) { compare_performance(q, 800); }, Rule::slower, 3, 3,
       "throughput is 803/s (median of 5 runs), it was 1000/s (5 runs): -19.7%"},
      {"slower within what is allowed", [](Question& q) { compare_performance(q, 950); },
       Rule::canary_caught, 0, 0, "must show"},
      {"nothing to compare with",
       [](Question& q) {
         compare_performance(q, 1000);
         q.runner = "another machine";
       },
       Rule::not_compared, 2, 2, "0 in the baseline for 'another machine'"},
      {"a run without a verdict",
       [](Question& q) {
         q.runs[0].verdict = "unfinished";
         q.runs[0].because = "ssh: connection refused";
       },
       Rule::infrastructure, 69, 69, "1 runs ended without a verdict"},
      {"a run that never was", [](Question& q) { q.runs.erase(q.runs.begin()); },
       Rule::infrastructure, 69, 69, "1 were planned and did not run"},
      {"infrastructure within what is allowed",
       [](Question& q) {
         q.runs[0].verdict = "unfinished";
         q.policy.errors = 1;
       },
       Rule::infrastructure, 0, 0, "1 runs ended"},
      {"a violation hides behind nothing",
       [](Question& q) {
         q.runs[0] = violating();
         q.runs[1].verdict = "unknown";
         q.runs[2].verdict = "unfinished";
         q.runs[3].measures["operations"] = 1;
       },
       Rule::new_finding, 1, 1, "stale-read"},
  };
  return all;
}

const Row* row_of(const Decision& decision, Rule rule) {
  const auto at = std::find_if(decision.rows.begin(), decision.rows.end(),
                               [&](const Row& row) { return row.rule == rule; });
  return at == decision.rows.end() ? nullptr : &*at;
}

/// Every rule at once, with hostile text wherever text can be.
Decision hostile_decision() {
  Decision decision;
  for (const RuleInfo& info : rules()) {
    for (const std::string& text :
         {example::hostile, std::string("$(touch /tmp/x) `id`; ::error::pwned\n::add-mask::x"),
          std::string("##vso[task.setvariable]x ##[error]y # SKIP | [a](javascript:b) <b>"),
          std::string("%0A::warning::z,file=a:b")}) {
      Row row;
      row.rule = info.rule;
      row.exit_code = info.exit_code;
      row.subject = row.message = row.fingerprint = row.type = row.run = row.command = text;
      row.details = text + "\n" + text;
      row.link = row.file = text;
      decision.rows.push_back(row);
    }
  }
  decision.clean = {example::hostile};
  decision.exit_code = 1;
  return decision;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', start)) {
    lines.push_back(text.substr(start, at - start));
    start = at + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("gate: every row of the table gives its exit code and its text, in every form") {
  for (const Case& each : cases()) {
    CAPTURE(each.name);
    Question question = green();
    each.change(question);
    const Decision decision = decide(question);
    CHECK(decision.exit_code == each.exit_code);
    const Row* row = row_of(decision, each.rule);
    REQUIRE(row != nullptr);
    CHECK(row->exit_code == each.row_code);
    CHECK_MESSAGE((row->message + row->details).find(each.text) != std::string::npos, row->message,
                  row->details);
    const std::string text = render_text(decision);
    CHECK(text.starts_with(each.exit_code == 0 ? "GATE PASSED" : "GATE FAILED (exit "));
    CHECK(text.find(name_of(each.rule)) != std::string::npos);
    CHECK(nlohmann::json::parse(render_json(decision))["exit_code"] == each.exit_code);
    const auto sarif = nlohmann::json::parse(render_sarif(decision));
    CHECK(example::sarif_faults(sarif).empty());
    CHECK(sarif["runs"][0]["results"].size() == decision.rows.size());
    CHECK(example::junit_faults(render_junit(decision)).empty());
    CHECK(example::count_of(render_annotations(decision), "::error ") +
              example::count_of(render_annotations(decision), "::warning ") ==
          static_cast<std::size_t>(
              std::count_if(decision.rows.begin(), decision.rows.end(),
                            [](const Row& each_row) { return each_row.exit_code != 0; })));
    CHECK(render_markdown(decision).starts_with(each.exit_code == 0 ? "## ✅" : "## ❌"));
    CHECK(nlohmann::json::parse(render_code_quality(decision)).size() == decision.rows.size());
    CHECK(render_tap(decision).starts_with("TAP version 13\n1.."));
  }
}

TEST_CASE("gate: every rule is in the table of cases") {
  for (const RuleInfo& info : rules()) {
    CAPTURE(info.name);
    CHECK(std::any_of(cases().begin(), cases().end(),
                      [&](const Case& each) { return each.rule == info.rule; }));
    CHECK(&info_of(info.rule) == &info);
  }
}

TEST_CASE("gate: nothing that ran is not a pass") {
  Question question;
  question.today = "2026-11-28";
  const Decision nothing = decide(question);
  CHECK(nothing.exit_code == 4);
  CHECK(render_text(nothing).starts_with("NOTHING RAN"));
  question.planned = {{"split", 5, false, {}, "campaign.toml", 1}};
  CHECK(decide(question).exit_code == 69);
}

TEST_CASE("gate: a refused violation beside a confirmed one of the same kind does not hide it") {
  Question question = green();
  question.runs[0] = violating();
  question.runs[1] = violating();
  question.runs[1].path = "runs/reference/register/2";
  question.confirm = [](const Run& run, std::string& why) {
    why = "no";
    return run.path.ends_with("1") ? Confirmation::refuted : Confirmation::confirmed;
  };
  const Decision decision = decide(question);
  CHECK(decision.exit_code == 1);
  CHECK(row_of(decision, Rule::refuted_violation) != nullptr);
  CHECK(row_of(decision, Rule::new_finding)->run == "runs/reference/register/2");
}

TEST_CASE("gate: the baseline counts, forgets what is gone, and reads back what it wrote") {
  Question question = green();
  question.runs[0] = violating();
  question.baseline.findings = {known()};
  question.policy.throughput = PerformanceLimit{0.1, 3};
  Baseline after = updated(question);
  REQUIRE(after.findings.size() == 1);
  CHECK(after.findings[0].seen == 21);
  CHECK(after.findings[0].runs == 25);
  REQUIRE(after.performance.size() == 1);
  CHECK(after.performance[0].values.at("throughput").size() == 4);
  const auto again = baseline_from_json(to_json(after));
  REQUIRE(again.ok());
  CHECK(to_json(*again) == to_json(after));
  question.runs[0] = passing();
  question.baseline = after;
  CHECK(updated(question).findings.empty());

  KnownFinding excuse = known();
  CHECK_FALSE(accept(question, excuse, after).ok());
  question.runs[0] = violating();
  Baseline fresh;
  REQUIRE(accept(question, excuse, fresh).ok());
  CHECK(fresh.findings[0].runs == 5);
  CHECK(fresh.findings[0].seen == 1);
}

TEST_CASE("gate: a baseline without reason or end is refused") {
  const auto error_of = [](const std::string& finding) {
    const auto baseline = baseline_from_json(
        R"({"schema":"assay.baseline/1","findings":[{"fingerprint":"f","type":"t","model":"m",)"
        R"("target":"x","configuration":"","workload":"w",)" +
        finding + "}]}");
    return baseline.ok() ? "" : baseline.error().message;
  };
  CHECK(error_of(R"("reason":"r","expires":"2027-01-01")").empty());
  CHECK(error_of(R"("reason":"","expires":"2027-01-01")") == "finding f: has no reason");
  CHECK(error_of(R"("reason":"r","expires":"soon")").find("expected a day") != std::string::npos);
  CHECK_FALSE(error_of(R"("reason":"r")").empty());
  CHECK(error_of(R"("reason":"r","expires":"2027-01-01","seen":{"runs":1,"with":2})")
            .find("more runs") != std::string::npos);
  CHECK_FALSE(baseline_from_json("{").ok());
  CHECK_FALSE(baseline_from_json(R"({"schema":"other"})").ok());
}

TEST_CASE("gate: hostile text is harmless in every form") {
  const Decision decision = hostile_decision();
  for (const Output& output : outputs()) {
    CAPTURE(output.name);
    const std::string text = output.render(decision);
    // JSON may hold any character that it escapes; what is shown to a person may not.
    const bool json = output.name == "json";
    for (const char* mark : {"\x1b", "\x01"}) CHECK(text.find(mark) == std::string::npos);
    if (!json) {
      for (const char* mark : {"\xE2\x80\xA8", "\xE2\x80\xAE", "\xff"}) {
        CHECK(text.find(mark) == std::string::npos);
      }
    }
  }
  for (const std::string& text : {render_text(decision), render_annotations(decision)}) {
    CHECK(text.find("##") == std::string::npos);
  }
  for (const std::string& line : lines_of(render_text(decision))) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start != std::string::npos) CHECK(line.compare(start, 2, "::") != 0);
  }
  const auto annotations = lines_of(render_annotations(decision));
  CHECK(annotations.size() == 6);
  for (const std::string& line : annotations) {
    CHECK((line.starts_with("::error ") || line.starts_with("::warning ") ||
           line.starts_with("::notice ")));
  }
  const std::string xml = render_junit(decision);
  CHECK(example::malformed(xml) == "");
  CHECK(example::junit_faults(xml).empty());
  for (const std::string& mark : example::plain_marks) CHECK(xml.find(mark) == std::string::npos);
  const std::string markdown = render_markdown(decision);
  for (const char* mark : {"<img", "<b>", "](", "<script", "`", "$("}) {
    CAPTURE(mark);
    CHECK(markdown.find(mark) == std::string::npos);
  }
  CHECK(example::sarif_faults(nlohmann::json::parse(render_sarif(decision))).empty());
  // A test's directive is ours alone.
  for (const std::string& line : lines_of(render_tap(decision))) {
    if (line.starts_with("ok") && line.find(" # ") != std::string::npos) CHECK(false);
  }
}

TEST_CASE("gate: the summary stays below what GitHub takes") {
  Decision decision;
  Row row;
  row.details = std::string(100'000, '<');
  row.message = row.subject = std::string(10'000, '|');
  decision.rows.assign(2000, row);
  CHECK(render_markdown(decision).size() < 1'000'000);
  CHECK(render_markdown(decision).find("more rows") != std::string::npos);
}

}  // namespace assay::gate
