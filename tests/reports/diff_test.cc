// Two runs side by side, and what a fault did.

#include "reports/diff.h"

#include <doctest/doctest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "reports/block.h"
#include "reports/effects.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"

namespace assay {
namespace {

DiffSide side(const std::string& name, std::uint64_t seed) {
  DiffSide out;
  out.name = name;
  out.verdict = "pass";
  out.model = "linearizable";
  const example::Report report = example::large_pass(3'000, seed);
  out.operations = report.history.size();
  out.latencies = aligned_latencies(report.history);
  out.settings = {{"--replication", "async"}, {"version", "1"}};
  out.models = {{"linearizable", "pass"}, {"sequential", "pass"}};
  return out;
}

RunDiff changed(const std::string& text) {
  DiffSide a = side("runs/a", 1);
  DiffSide b = side("runs/b", 2);
  a.verdict = "violation";
  a.models["linearizable"] = "violation";
  using example::finding;
  a.findings = {finding("f1", "stale-read", "shape", text, 3),
                finding("f2", "lost-update", "shape", text, 1),
                finding("f5", "lost-update", "another shape", text, 1)};
  // The same finding under another configuration has another fingerprint.
  b.findings = {finding("f4", "lost-update", "shape", text, 2), finding("f3", text, "", text, 1)};
  b.settings["--replication"] = "sync " + text;
  b.settings["only in b"] = text;
  b.models.erase("sequential");
  return compare_runs(std::move(a), std::move(b));
}

}  // namespace

TEST_CASE("diff: findings are new, gone or still there, in this order") {
  const RunDiff diff = changed("a claim");
  REQUIRE(diff.findings.size() == 4);
  CHECK(name_of(diff.findings[0].change) == "new");
  CHECK(diff.findings[0].finding.fingerprint == "f3");
  CHECK(name_of(diff.findings[1].change) == "gone");
  CHECK(diff.findings[1].finding.fingerprint == "f5");
  CHECK(diff.findings[2].finding.fingerprint == "f1");
  CHECK(name_of(diff.findings[3].change) == "still there");
  CHECK(diff.findings[3].finding.fingerprint == "f4");
  CHECK(diff.findings[3].before == 1);
  CHECK(diff.findings[3].after == 2);
}

TEST_CASE("diff: settings that differ, and all models") {
  const RunDiff diff = changed("x");
  REQUIRE(diff.settings.size() == 2);
  CHECK(diff.settings[0].name == "--replication");
  CHECK(diff.settings[0].before == "async");
  CHECK(diff.settings[1].before == "");
  REQUIRE(diff.models.size() == 2);
  CHECK(diff.models[0].before == "violation");
  CHECK(diff.models[0].after == "pass");
  CHECK(diff.models[1].after == "");
}

TEST_CASE("diff: the three forms tell the same, whatever the text holds") {
  const std::string text = render_diff_text(changed("x"));
  for (const char* part : {"A  runs/a: violation (linearizable), 3",
                           "new         f3 x violates linearizable: 0 → 1; x",
                           "gone        f1 stale-read violates linearizable: 3 → 0",
                           "async → sync x", "partition, 3 s before", "kill, first 3 s"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  const auto json = nlohmann::json::parse(render_diff_json(changed(example::hostile)));
  CHECK(json["schema"] == "assay.diff/1");
  CHECK(json["findings"].size() == 4);
  CHECK(json["models"][1]["b"].is_null());
  CHECK(json["a"]["latency"].size() == 3);
  const std::string html = render_diff_html(changed(example::hostile));
  for (const std::string& mark : example::plain_marks) {
    CAPTURE(mark);
    CHECK(html.find(mark) == std::string::npos);
    CHECK(render_diff_text(changed(example::hostile)).find("\x1b") == std::string::npos);
  }
  CHECK(example::count_of(html, "<script") == 0);
  CHECK(html.find("1 new, 2 gone, 1 still there") != std::string::npos);
  const auto pictures = example::pictures_of(html);
  REQUIRE(pictures.size() == 3);
  for (const std::string& picture : pictures) {
    CHECK(example::malformed(picture) == "");
    CHECK(picture.find("nan") == std::string::npos);
  }
}

TEST_CASE("diff: equal runs differ in nothing") {
  const RunDiff diff = compare_runs(side("a", 1), side("a", 1));
  CHECK(diff.findings.empty());
  CHECK(diff.settings.empty());
  CHECK(render_diff_text(diff).find("neither run shows any") != std::string::npos);
}

TEST_CASE("aligned: every operation near a fault's start is in the bin of its offset") {
  const example::Report report = example::large_pass(3'000, 4);
  const auto aligned = aligned_latencies(report.history);
  REQUIRE(aligned.size() == 3);
  CHECK(aligned[0].kind == "clock");
  CHECK(aligned[2].kind == "partition");
  for (const AlignedLatency& each : aligned) {
    CHECK(each.starts == 1);
    REQUIRE(each.bins.size() == 30);
    CHECK(each.bins[0].from_s == doctest::Approx(-3));
    CHECK(each.bins[6].from_s == doctest::Approx(0));
  }
  // The partition's start, by hand.
  constexpr double start = 10.02;
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < report.history.size(); ++i) {
    const Operation operation = report.history[static_cast<OpIndex>(i)];
    const double at = static_cast<double>(operation.invoked.count()) / 1e9 - start;
    if (operation.outcome == Outcome::ok && at >= 0 && at < 0.5) ++first;
  }
  CHECK(aligned[2].bins[6].acknowledged == first);
  CHECK(first > 0);
}

TEST_CASE("effects: operations under a fault are counted as by hand") {
  const example::Report report = example::violation();
  const auto bands = fault_bands(report.history);
  REQUIRE(bands.size() == 1);
  const FaultEffect effect = fault_effects(report.history, bands)[0];
  CHECK(effect.in_flight == 4);
  CHECK(effect.completed == std::array<std::uint64_t, 3>{3, 0, 1});
  REQUIRE(effect.recovery.has_value());
  CHECK(effect.recovery->count() == 30'000'000);
  CHECK(effect.ok_rate == doctest::Approx(15));
  REQUIRE(effect.usual_ok_rate.has_value());
  CHECK(*effect.usual_ok_rate == doctest::Approx(2 / 0.13));
  const std::string text = effect_text(effect);
  CHECK(text.starts_with("4 operations in flight, 1 unknown; 9"));
  CHECK(text.ends_with("% of the usual rate; next acknowledgement 30.0\u00a0ms after it"));
}

TEST_CASE("block: numbers and texts are written as the page reads them") {
  NumberColumn numbers;
  for (const std::uint64_t number : {0U, 127U, 128U, 300U}) numbers.add(number);
  CHECK(numbers.bytes() == std::string("\x00\x7f\x80\x01\xac\x02", 6));
  TextColumn texts;
  for (const char* text : {"a", "b", "a", "", "b"}) texts.add(text);
  CHECK(texts.texts() == "a\nb\n");
  CHECK(texts.bytes() == std::string("\x00\x00\x02\x00\x02", 5));
}

}  // namespace assay
