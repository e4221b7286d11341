// Writes example pages for those who look at them in a browser: report_examples FOLDER
// [OPERATIONS]. With a number only pages of so many operations, with few texts and with unique
// ones.

// example.cc complains through doctest; there are no tests to run here.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "reports/diff.h"
#include "reports/gate/decision.h"
#include "reports/gate/outputs.h"
#include "reports/gate/rules.h"
#include "reports/overview.h"
#include "reports/report.h"
#include "tests/reports/example.h"

namespace {

using assay::example::Report;

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string html(const Report& report) {
  return assay::render_html(report.run, report.history, report.result);
}

/// A violation among very many operations: the first anomaly is what a reader comes for.
Report large_violation(std::size_t operations, bool unique = false) {
  Report report = assay::example::large_pass(operations, 5, unique);
  report.result.verdict = assay::Verdict::violation;
  assay::Anomaly anomaly;
  anomaly.type = "stale-read";
  anomaly.model = "linearizable";
  const auto middle = static_cast<assay::OpIndex>(report.history.size() / 2);
  anomaly.witness = {report.history.invoke_event(middle), report.history.invoke_event(middle + 9)};
  anomaly.explanation = "A read returned what had been overwritten before.";
  report.result.anomalies.push_back(anomaly);
  return report;
}

assay::DiffSide side(const std::string& name, std::uint64_t seed, const std::string& text) {
  const Report report = assay::example::large_pass(20'000, seed);
  assay::DiffSide out;
  out.name = name;
  out.verdict = "violation";
  out.model = "linearizable";
  out.operations = report.history.size();
  out.latencies = assay::aligned_latencies(report.history);
  out.settings = {{"--replication", seed == 1 ? "async" : "sync"}, {"note", name + text}};
  out.models = {{"linearizable", "violation"}, {"sequential", seed == 1 ? "violation" : "pass"}};
  out.findings = {
      assay::example::finding("a1b2c3d4e5f6", "stale-read", "", "A read went back. " + text, 2),
      assay::example::finding("0f9e8d7c6b5a", "lost-update", name, "An update is lost. " + text,
                              1)};
  return out;
}

/// A campaign of twelve runs, of which some show a stale read.
assay::Overview campaign(const std::string& text) {
  assay::Overview overview{"campaign nightly" + text, {}};
  for (std::uint64_t seed = 12; seed >= 1; --seed) {
    assay::RunRecord run;
    run.target = "reference";
    run.configuration = "replication=async" + text;
    run.workload = "register";
    run.experiment = "split" + text;
    run.model = "linearizable";
    run.started = fmt::format("2026-11-20T08:{:02}:00Z", seed * 4);
    run.verdict = seed == 7 ? "unknown" : seed % 4 == 1 ? "violation" : "pass";
    if (seed == 7) run.unknown_because = "60 s were not enough" + text;
    run.seed = seed;
    run.operations = 18'000 + seed;
    run.command = fmt::format("assay run reference --seed {}{}", seed, text);
    if (run.verdict == "violation") {
      run.findings = {
          assay::example::finding("a1b2c3d4e5f6", "stale-read", "", "A read went back." + text, 2)};
    }
    overview.runs.push_back(run);
  }
  return overview;
}

/// A row of the gate for every rule.
assay::gate::Decision decision(const std::string& text) {
  assay::gate::Decision out;
  out.exit_code = 1;
  out.clean = {"quiet" + text};
  for (const assay::gate::RuleInfo& info : assay::gate::rules()) {
    assay::gate::Row row;
    row.rule = info.rule;
    row.exit_code = info.exit_code;
    row.message = std::string(info.name) + text;
    row.subject = row.details = row.fingerprint = row.type = row.run = row.command = text;
    row.link = row.file = text;
    row.line = 3;
    out.rows.push_back(row);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    fmt::print(stderr, "usage: report_examples FOLDER [OPERATIONS]\n");
    return 64;
  }
  const std::filesystem::path folder = arguments[0];
  std::filesystem::create_directories(folder);
  if (arguments.size() > 1) {
    const std::size_t operations = std::stoul(arguments[1]);
    write(folder / "few-texts.html", html(large_violation(operations)));
    write(folder / "unique-texts.html", html(large_violation(operations, true)));
    return 0;
  }
  namespace example = assay::example;
  write(folder / "violation.html", html(example::violation()));
  write(folder / "hostile.html", html(example::hostile_violation()));
  write(folder / "write-skew.html", html(example::write_skew()));
  write(folder / "without-times.html", html(example::without_times()));
  write(folder / "unknown.html", html(example::unknown()));
  write(folder / "pass.html", html(example::large_pass(5'000, 3)));
  write(folder / "large.html", html(large_violation(100'000)));
  write(folder / "campaign.html", assay::render_overview_html(campaign("")));
  write(folder / "campaign-hostile.html", assay::render_overview_html(campaign(example::hostile)));
  write(folder / "gate.sarif", assay::gate::render_sarif(decision("")));
  write(folder / "hostile.sarif", assay::gate::render_sarif(decision(example::hostile)));
  write(folder / "diff.html",
        assay::render_diff_html(assay::compare_runs(side("runs/a", 1, example::hostile),
                                                    side("runs/b", 2, example::hostile))));
  return 0;
}
