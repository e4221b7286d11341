#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/escape.h"
#include "reports/faults.h"
#include "reports/page.h"
#include "reports/plots.h"
#include "reports/report.h"
#include "reports/run_data.h"
#include "reports/words.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"

namespace assay {
namespace {

std::string html_of(const example::Report& report) {
  return render_html(report.run, report.history, report.result);
}

}  // namespace

TEST_CASE("html: the page allows its own script by hash and nothing from anywhere") {
  const std::string html = html_of(example::violation());
  CHECK(html.find("default-src 'none'; script-src 'sha256-") != std::string::npos);
  CHECK(html.find("style-src 'sha256-") != std::string::npos);
  CHECK(html.find("unsafe-inline") == std::string::npos);
  CHECK(html.find(" style=\"") == std::string::npos);
  CHECK(html.find("{{") == std::string::npos);
}

TEST_CASE("html: filling a template does not look at what was filled in") {
  CHECK(fill_template("<{{a}}|{{b}}>", {{"a", "{{b}}"}, {"b", "2"}}) == "<{{b}}|2>");
}

TEST_CASE("html: a violation tells its story in plain HTML") {
  const std::string html = html_of(example::violation());
  for (const char* part :
       {"<h1 id=\"headline\">Violated</h1>", "stale-read", "must come before", "read → 0",
        "a contradiction.", "cut {n1 n2} from {n3 n4 n5}", "assay check runs/reference",
        "The witness is minimal", "0.180 s", "aria-label=\"Timeline of the witness\"",
        "primary-backup <span class=\"flag\">--replication</span> async"}) {
    CAPTURE(part);
    CHECK(html.find(part) != std::string::npos);
  }
}

TEST_CASE("html: transactions are introduced once and then called by name") {
  const std::string html = html_of(example::write_skew());
  for (const char* part :
       {"Let <span class=\"badge\">T1</span> = <span class=\"op\"><bdi>read on-call:alice → [] · "
        "append on-call:bob 1</bdi></span>",
        "<span class=\"badge\">T1</span> must come before <span class=\"badge\">T2</span>, because "
        "<bdi>T1 read on-call:alice without T2&#39;s append of 2</bdi>",
        "However, <span class=\"badge\">T2</span> must come before",
        "<strong>Rules out</strong> <code>repeatable-read</code>; with that also",
        "<strong>Is allowed by</strong> <code>strong-snapshot-isolation</code>",
        "the tail had read what the other then replaced"}) {
    CAPTURE(part);
    CHECK(html.find(part) != std::string::npos);
  }
}

TEST_CASE("html: of several models each says how it stands and why") {
  const std::string html = html_of(example::write_skew());
  for (const char* part :
       {"<h2 id=\"models-title\">The models</h2>", "<a href=\"#anomaly-1\">", "G2-item (anomaly 1)",
        "it implies repeatable-read", "implied by snapshot-isolation", "not refuted",
        "no time was left for on-call:alice",
        "5 models were checked on 2 operations: repeatable-read is violated; snapshot-isolation "
        "holds; strong-snapshot-isolation was not refuted."}) {
    CAPTURE(part);
    CHECK(html.find(part) != std::string::npos);
  }
  CHECK(html_of(example::violation()).find("models-title") == std::string::npos);
}

TEST_CASE("html: hostile text stays text wherever it stands") {
  const std::string skew = html_of(example::write_skew(example::hostile));
  for (const std::string& mark : example::plain_marks) {
    CAPTURE(mark);
    CHECK(skew.find(mark) == std::string::npos);
  }
  for (const std::string& picture : example::pictures_of(skew)) {
    CHECK(example::malformed(picture) == "");
  }
  const std::string html = html_of(example::hostile_violation());
  for (const std::string& mark : example::plain_marks) {
    CAPTURE(mark);
    CHECK(html.find(mark) == std::string::npos);
  }
  CHECK(example::count_of(html, "<script") == 3);
  CHECK(example::count_of(html, "</script") == 3);
  CHECK(example::count_of(html, "</style") == 1);
  CHECK(html.find("evil {{meta}}") != std::string::npos);
  CHECK(example::count_of(html, "\"schema\":\"assay.report/1\"") == 1);
}

TEST_CASE("html: every picture is well-formed, with hostile text too") {
  for (const example::Report& report :
       {example::violation(), example::hostile_violation(), example::without_times()}) {
    const auto pictures = example::pictures_of(html_of(report));
    REQUIRE(pictures.size() == 2);
    for (const std::string& picture : pictures) {
      CHECK(example::malformed(picture) == "");
      CHECK(picture.find("nan") == std::string::npos);
      CHECK(picture.find("inf") == std::string::npos);
    }
  }
}

TEST_CASE("html: a history without times is placed by the position of its events") {
  const std::string html = html_of(example::without_times());
  CHECK(html.find("\"axis\":\"position\"") != std::string::npos);
  CHECK(html.find("This history has no times") != std::string::npos);
  CHECK(html.find("event 9") != std::string::npos);
}

TEST_CASE("html: undecided is neither pass nor violation, and says why") {
  const std::string html = html_of(example::unknown());
  CHECK(html.find("Not decided") != std::string::npos);
  CHECK(html.find("3 of 10 keys undecided") != std::string::npos);
  CHECK(html.find("this is not a pass") != std::string::npos);
}

TEST_CASE("html: a history without operations has a page") {
  const std::string html = html_of(example::empty());
  CHECK(html.find("Holds on this history") != std::string::npos);
}

TEST_CASE("html: the script's data is JSON and names the witness") {
  for (const example::Report& report : {example::violation(), example::hostile_violation()}) {
    const RunData data = run_data(report.history, report.result);
    const auto meta = nlohmann::json::parse(data.meta);
    CHECK(meta["operations"] == report.history.size());
    CHECK(meta["anomalies"][0]["witness"] == nlohmann::json::array({0, 4, 7, 9}));
    REQUIRE(meta["faults"].size() == 1);
    CHECK(meta["faults"][0]["from"] == 100'000'000);
    CHECK(meta["faults"][0]["to"] == 300'000'000);
  }
}

TEST_CASE("html: when not all operations are drawn the page says so and keeps the witness") {
  example::Report report = example::large_pass(2'000, 11);
  report.result.verdict = Verdict::violation;
  Anomaly anomaly;
  anomaly.type = "stale-read";
  anomaly.witness = {report.history[700].invoke_event, report.history[705].invoke_event};
  report.result.anomalies.push_back(anomaly);
  const RunData all = run_data(report.history, report.result);
  CHECK(all.drawn == report.history.size());
  const RunData some = run_data(report.history, report.result, {}, 300);
  CHECK(some.drawn <= 300);
  CHECK(some.drawn > 250);
  CHECK(some.columns.size() < all.columns.size());
  const auto meta = nlohmann::json::parse(some.meta);
  CHECK(meta["anomalies"][0]["witness"].size() == 2);
}

TEST_CASE("html: a page that would be too large leaves out values first, then operations") {
  const example::Report report = example::large_pass(20'000, 11, true);
  const RunData all = run_data(report.history, report.result);
  CHECK(all.told == all.drawn);
  const auto within = [&](std::size_t bytes) {
    RunData data = run_data(report.history, report.result, {}, drawn_operations_max, bytes);
    CHECK(data.columns.size() <= bytes);
    return data;
  };
  const RunData values = within(all.columns.size() * 9 / 10);
  CHECK(values.drawn == all.drawn);
  CHECK(values.told < all.drawn);
  CHECK(values.told > all.drawn / 4);
  CHECK(values.columns.size() > all.columns.size() / 2);
  const RunData operations = within(all.columns.size() / 6);
  CHECK(operations.drawn < all.drawn);
  CHECK(operations.drawn > all.drawn / 5);
  CHECK(operations.told <= 1'000);
}

TEST_CASE("plots: every completed operation is counted once") {
  const example::Report report = example::large_pass(2'000, 12);
  const Plots plots = make_plots(report.history);
  CHECK(plots.bins.size() <= 400);
  CHECK(plots.bins.size() > 100);
  std::uint64_t counted = 0;
  for (const PlotBin& bin : plots.bins) {
    counted += bin.completed[0] + bin.completed[1] + bin.completed[2];
    CHECK(bin.p50_ms <= bin.p99_ms);
    CHECK(bin.p99_ms <= bin.max_ms);
  }
  CHECK(counted == report.history.size());
}

TEST_CASE("faults: a band goes from the completion of its start to that of its stop") {
  const example::Report report = example::large_pass(200, 13);
  const auto bands = fault_bands(report.history);
  REQUIRE(bands.size() == 3);
  CHECK(bands[0].kind == "partition");
  CHECK(bands[0].what == "cut {n1 n2} from {n3 n4 n5}");
  CHECK(bands[0].from == 10'020'000'000);
  CHECK(bands[0].to == 20'030'000'000);
  CHECK(bands[0].certain);
  CHECK(bands[2].kind == "clock");
}

TEST_CASE("words: operations are called as a person would call them") {
  const example::Report report = example::violation();
  const auto label = [&](OpIndex index) {
    return operation_label(report.history, report.history[index]);
  };
  CHECK(label(0) == "write 0");
  CHECK(label(2) == "write 7: unknown");
  CHECK(label(3) == "read → 1");
  CHECK(label(5) == "cas 0 to 1: failed");
  CHECK(operation_invoked_at(report.history, 9) == OpIndex{4});
  CHECK_FALSE(operation_invoked_at(report.history, 10).has_value());
  CHECK_FALSE(operation_invoked_at(report.history, 10'000).has_value());
}

}  // namespace assay
