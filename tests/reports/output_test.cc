#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/report.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"

namespace assay {
namespace {

std::string text_of(const example::Report& report, bool color = false) {
  return render_text(report.run, report.history, report.result, color);
}

nlohmann::json json_of(const example::Report& report, const std::string& certificate) {
  return nlohmann::json::parse(render_json(report.run, report.history, report.result, certificate));
}

}  // namespace

TEST_CASE("text: the verdict comes first, then the story of the anomaly") {
  CHECK(text_of(example::violation()) ==
        "VIOLATION  reference primary-backup / register: linearizable is violated\n"
        "7 operations · 1 key · 5 processes · seed 7 · checked in 0.012 s (zones+frontier)\n"
        "\n"
        "1. stale-read on key \"score\": Process 2 read 0, although 1 had been read 37 ms before "
        "that read began.\n"
        "   Let A = write 0 (event 0, process 0), B = write 1 (event 4, process 0), C = read → 1 "
        "(event 7, process 1), D = read → 0 (event 9, process 2)\n"
        "   Then B < C, because the read returned 1, which it wrote.\n"
        "   Then C < D, because it ended 37 ms before the other began.\n"
        "   However, D < B, because it read 0, which the write of 1 overwrote: a "
        "contradiction!\n");
}

TEST_CASE("text: several models, those that say the most first") {
  CHECK(
      text_of(example::write_skew()) ==
      "VIOLATION  write skew: repeatable-read is violated; snapshot-isolation holds; "
      "strong-snapshot-isolation was not refuted\n"
      "2 operations · 2 processes · checked in 0.001 s (dependency graph)\n"
      "  holds        snapshot-isolation (and with it: read-committed)\n"
      "  violated     repeatable-read (and with it: serializable)\n"
      "  not refuted  strong-snapshot-isolation: no time was left for on-call:alice\n"
      "\n"
      "1. G2-item: two transactions must each come before the other\n"
      "   Let T1 = read on-call:alice → [] · append on-call:bob 1 (event 0, process 0), T2 = read "
      "on-call:bob → [] · append on-call:alice 2 (event 1, process 1)\n"
      "   Then T1 < T2, because T1 read on-call:alice without T2's append of 2.\n"
      "   However, T2 < T1, because T2 read on-call:bob without T1's append of 1: a "
      "contradiction!\n");
}

TEST_CASE("text: at most five anomalies of at most six lines") {
  example::Report report = example::violation();
  Anomaly anomaly = report.result.anomalies[0];
  for (int i = 0; i < 30; ++i) anomaly.steps.insert(anomaly.steps.begin(), anomaly.steps[0]);
  report.result.anomalies.assign(9, anomaly);
  const std::string text = text_of(report);
  CHECK(text.find("… and 4 more") != std::string::npos);
  CHECK(text.find("29 steps left out") != std::string::npos);
  CHECK(example::count_of(text, "\n") <= 2 + 5 * (1 + 6) + 2);
}

TEST_CASE("text: nothing of a hostile history reaches the terminal but letters") {
  const std::string text = text_of(example::hostile_violation());
  for (const char* mark : {"\x1b", "\x01", "\xE2\x80\xAE", "\xE2\x80\xA8", "\xff"}) {
    CHECK(text.find(mark) == std::string::npos);
  }
  for (const char c : text) CHECK((static_cast<unsigned char>(c) >= 0x20 || c == '\n'));
}

TEST_CASE("text: colour only where it is asked for") {
  CHECK(text_of(example::unknown(), false).find('\x1b') == std::string::npos);
  CHECK(text_of(example::unknown(), true).find("\x1b[1;33mUNKNOWN\x1b[0m") != std::string::npos);
}

TEST_CASE("json: the document has every field of assay.result/1") {
  const nlohmann::json document = json_of(example::violation(), "cert.json");
  CHECK(document["schema"] == "assay.result/1");
  CHECK(document["file"] == "runs/reference/register/latest/history.assay");
  CHECK(document["format"] == "assay-jsonl");
  CHECK(document["datatype"] == "register");
  CHECK(document["operations"] == 7);
  CHECK(document["keys"] == 1);
  CHECK(document["processes"] == 5);
  CHECK(document["verdict"] == "violation");
  CHECK(document["model"] == "linearizable");
  CHECK(document["models"] == nlohmann::json{{"linearizable", "violation"}});
  CHECK(document["unknown_because"].is_null());
  CHECK(document["certificate"] == "cert.json");
  CHECK(document["elapsed_s"] == 0.012);
  CHECK(document["peak_rss_bytes"] > 1'000'000);
  CHECK(document["checker"]["algorithm"] == "zones+frontier");
  CHECK(document["checker"]["threads"] == 2);
  CHECK(document["notes"].is_array());
  REQUIRE(document["anomalies"].size() == 1);
  const nlohmann::json& anomaly = document["anomalies"][0];
  CHECK(anomaly["type"] == "stale-read");
  CHECK(anomaly["key"] == "score");
  CHECK(anomaly["witness"] == nlohmann::json::array({0, 4, 7, 9}));
  CHECK(anomaly["minimal"] == true);
  CHECK(anomaly["steps"].size() == 3);
  CHECK(anomaly["steps"][1]["rule"] == "real-time");
}

TEST_CASE("json: of several models the strongest, the weakest, and each in detail") {
  const nlohmann::json document = json_of(example::write_skew(), "");
  CHECK(document["models"]["repeatable-read"] == "violation");
  CHECK(document["models"]["strong-snapshot-isolation"] == "unknown");
  CHECK(document["strongest"] == nlohmann::json::array({"snapshot-isolation"}));
  CHECK(document["weakest_violated"] == nlohmann::json::array({"repeatable-read"}));
  REQUIRE(document["model_details"].size() == 5);
  const nlohmann::json& violated = document["model_details"][1];
  CHECK(violated["model"] == "repeatable-read");
  CHECK(violated["standing"] == "violated");
  CHECK(violated["anomaly"] == 0);
  const nlohmann::json& open = document["model_details"][2];
  CHECK(open["standing"] == "not refuted");
  CHECK(open["unknown_because"] == "no time was left for on-call:alice");
  CHECK(open["anomaly"].is_null());
  CHECK(document["model_details"][4]["implied_by"] == "snapshot-isolation");
}

TEST_CASE("json: what is not there is null") {
  const nlohmann::json document = json_of(example::unknown(), "");
  CHECK(document["certificate"].is_null());
  CHECK(document["unknown_because"] ==
        "the time limit of 60s was reached with 3 of 10 keys undecided");
  CHECK(document["anomalies"].empty());
  example::Report unkeyed = example::violation();
  unkeyed.result.anomalies[0].key = std::nullopt;
  CHECK(json_of(unkeyed, "")["anomalies"][0]["key"].is_null());
}

TEST_CASE("json: keys of any type, hostile text and bad bytes still make one line of JSON") {
  CHECK(json_of(example::hostile_violation(), example::hostile)["schema"] == "assay.result/1");
  example::Report report = example::violation();
  report.result.anomalies[0].key =
      Value(Value::Map{{Value(Value::Keyword{"a"}), Value(Value::List{Value(), Value(true)})},
                       {Value(1), Value(Value::Set{{Value(2.5)}})}});
  const std::string text = render_json(report.run, report.history, report.result, "");
  CHECK(example::count_of(text, "\n") == 1);
  CHECK(nlohmann::json::parse(text)["anomalies"][0]["key"] ==
        nlohmann::json::parse(R"([["a",[null,true]],[1,[2.5]]])"));
}

TEST_CASE("markdown: the story, and text of the history that is no markup") {
  const auto markdown = [](const example::Report& report) {
    return render_markdown(report.run, report.history, report.result);
  };
  const std::string text = markdown(example::violation());
  for (const char* part :
       {"# Violated: reference primary\\-backup / register", "## Anomaly 1: stale\\-read on key",
        "- D = ` read → 0 `, process 2, event 9, 0.180 s – 0.187 s",
        "3. However, D must come before B, because it read 0", ": **a contradiction.**",
        "| partition | cut \\{n1 n2\\} from \\{n3 n4 n5\\} | 0.100 s | 0.300 s | 4 operations in "
        "flight",
        "\n    assay check runs/reference/register/latest/history.assay\n"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  const std::string hostile = markdown(example::hostile_violation());
  // What is not escaped stands in a span of code, or indented as a command.
  for (const char* mark : {"\xE2\x80\xAE", "\x01", "\x1b", "\xff"}) {
    CHECK(hostile.find(mark) == std::string::npos);
  }
  std::istringstream lines(hostile);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("    ") || line.find("` ") != std::string::npos) continue;
    CHECK(example::count_of(line, "<img") == example::count_of(line, "\\<img"));
  }
}

TEST_CASE("junit: a violation is a failure, undecided an error, a pass neither") {
  const auto junit = [](const example::Report& report) {
    return render_junit(report.run, report.history, report.result);
  };
  const std::string violation = junit(example::violation());
  CHECK(violation.find("failures=\"1\" errors=\"0\"") != std::string::npos);
  CHECK(violation.find("<failure type=\"stale-read\" message=\"Process 2 read 0") !=
        std::string::npos);
  const std::string unknown = junit(example::unknown());
  CHECK(unknown.find("failures=\"0\" errors=\"1\"") != std::string::npos);
  CHECK(unknown.find("<error type=\"unknown\" message=\"the time limit") != std::string::npos);
  const std::string pass = junit(example::large_pass(100, 3));
  CHECK(pass.find("failures=\"0\" errors=\"0\"") != std::string::npos);
  CHECK(pass.find("<failure") == std::string::npos);
  CHECK(pass.find("name=\"linearizable\" time=\"0.410\"/>") != std::string::npos);
  const std::string several = junit(example::write_skew());
  CHECK(several.find("tests=\"5\" failures=\"2\" errors=\"1\"") != std::string::npos);
  CHECK(several.find("name=\"snapshot-isolation\" time=\"0.001\"/>") != std::string::npos);
  CHECK(several.find("<failure type=\"G2-item\"") != std::string::npos);
  for (const std::string& xml :
       {violation, unknown, pass, several, junit(example::write_skew(example::hostile)),
        junit(example::hostile_violation()), junit(example::empty())}) {
    CHECK(example::malformed(xml) == "");
  }
}

TEST_CASE("markup: the well-formedness check of these tests finds what is wrong") {
  for (const char* bad : {"<a>", "<a></b>", "<a b=c/>", "<a>&nbsp;</a>", "<a b=\"<\"/>",
                          "<a>\x01</a>", "<a b=\"c\" d/>"}) {
    CAPTURE(bad);
    CHECK(example::malformed(bad) != "");
  }
  CHECK(example::malformed("<?xml version=\"1.0\"?>\n<a b=\"c\"><d/>x &amp; y</a>\n") == "");
}

}  // namespace assay
