// The page of many runs, and what a history tests.

#include "reports/overview.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "reports/tested.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"

namespace assay {
namespace {

/// Twelve runs of a campaign, in three of which a finding shows.
Overview twelve(const std::string& text) {
  Overview overview;
  overview.title = "campaign nightly" + text;
  Finding finding;
  finding.fingerprint = "a1b2c3d4e5f6";
  finding.type = "stale-read" + text;
  finding.model = "linearizable";
  finding.claim = "A read went back." + text;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    RunRecord run;
    run.started = "2026-11-20T08:00:00Z";
    run.target = "reference";
    run.configuration = "replication=async" + text;
    run.workload = "register" + text;
    run.model = "linearizable" + text;
    run.verdict = seed % 4 == 1 ? "violation" : "pass";
    run.seed = seed;
    run.operations = 1'000 + seed;
    run.command = "assay run reference --seed " + std::to_string(seed) + text;
    if (run.verdict == "violation") run.findings = {finding};
    overview.runs.insert(overview.runs.begin(), run);
  }
  return overview;
}

std::string text_of(const History& history, const std::string& name) {
  for (const TestedRow& row : tested_rows(history)) {
    if (row.name == name) return row.text;
  }
  return "";
}

}  // namespace

TEST_CASE("overview: findings, k of n and the runs in their order, as a page and as Markdown") {
  const std::string html = render_overview_html(twelve(""));
  CHECK(html.find("<h1>A violation in 3 of 12 runs</h1>") != std::string::npos);
  CHECK(html.find("seen in 3 of 12 runs; ") != std::string::npos);
  CHECK(example::count_of(html, "<rect class=\"shown\"") == 3);
  CHECK(example::count_of(html, "<rect class=\"clean\"") == 9);
  CHECK(html.find("Shown in 3 of 12 runs") != std::string::npos);
  const std::string markdown = render_overview_markdown(twelve(""));
  CHECK(markdown.find("# A violation in 3 of 12 runs\n") == 0);
  CHECK(markdown.find("·●···●···●··") != std::string::npos);
  CHECK(markdown.find("` assay run reference --seed 9 `") != std::string::npos);
  CHECK(markdown.find("1\u202f011") < markdown.find("1\u202f000"));
}

TEST_CASE("overview: what is hostile in any name stays text") {
  const std::string html = render_overview_html(twelve(example::hostile));
  for (const std::string& mark : example::plain_marks) {
    CAPTURE(mark);
    CHECK(html.find(mark) == std::string::npos);
  }
  CHECK(example::count_of(html, "<script") == 0);
  const std::string markdown = render_overview_markdown(twelve(example::hostile));
  CHECK(markdown.find("\x1b") == std::string::npos);
  CHECK(markdown.find("\u202e") == std::string::npos);
  // Rows stay rows: as many as for harmless names.
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(lines(markdown) == lines(render_overview_markdown(twelve(""))));
}

TEST_CASE("overview: of runs that all passed, and of one that nobody decided") {
  Overview overview = twelve("");
  for (RunRecord& run : overview.runs) {
    run.verdict = "pass";
    run.findings.clear();
  }
  CHECK(render_overview_html(overview).find("banner pass") != std::string::npos);
  overview.runs[0].verdict = "unknown";
  const std::string html = render_overview_html(overview);
  CHECK(html.find("banner unknown") != std::string::npos);
  CHECK(html.find("No violation in 12 runs") != std::string::npos);
  CHECK(html.find("No run shows any.") != std::string::npos);
}

TEST_CASE("tested: counts as by hand, and says when there were no faults") {
  const example::Report report = example::violation();
  std::uint64_t writes = 0;
  for (OpIndex op = 0; op < report.history.size(); ++op) {
    writes += report.history.function_name(report.history.function(op)) == "write" ? 1U : 0U;
  }
  CHECK(text_of(report.history, "write").find(std::to_string(writes) + " asked: ") == 0);
  CHECK(text_of(report.history, "in flight at once").find(" on average, ") != std::string::npos);
  CHECK(text_of(report.history, "under partition").find(" in flight") != std::string::npos);
  CHECK(text_of(report.history, "under faults") == "");
  CHECK(text_of(example::write_skew().history, "under faults").find("nothing") == 0);
}

}  // namespace assay
