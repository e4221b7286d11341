// A table of payloads against everything that is written from a history, a store or a gate:
// whatever the text, the output has the same markup and the same lines as for a harmless text, and
// nothing in it moves a cursor, turns text around or speaks to a CI server.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "reports/diff.h"
#include "reports/gate/decision.h"
#include "reports/gate/outputs.h"
#include "reports/overview.h"
#include "reports/report.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"
#include "tests/reports/sarif_schema.h"

namespace assay {
namespace {

using example::Report;

struct Payload {
  std::string name;
  std::string text;
};

const std::string nul("a\0b", 3);

const std::vector<Payload>& payloads() {
  static const std::vector<Payload> table{
      {"HTML element", "<img src=x onerror=alert(1)>"},
      {"HTML attribute", "\" onmouseover=\"alert(1)\" x=' onfocus='alert(1)"},
      {"script", "<script>alert(1)</script>"},
      {"end of a script", "</script><script>alert(1)//"},
      {"end of what surrounds",
       "</style></title></textarea></svg></bdi><a href=javascript:alert(1)>"},
      {"comment in a script", "<!--<script>"},
      {"SVG", "<svg/onload=alert(1)><foreignObject><iframe srcdoc=x>"},
      {"entity", "&lt;b&gt;&#60;i&#62;&nbsp;&bogus;"},
      {"XML",
       "]]><?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>&b;"},
      {"JSON", "\"},{\"verdict\":\"pass\"}\\"},
      {"slot of a template", "{{meta}}{{columns}}%SCRIPT%"},
      {"shell", "$(touch /tmp/x) `id`; rm -rf ~ && echo | tee > f #"},
      {"Markdown", "[a](javascript:alert(1)) ![b](http://x/y) **c** | d `e` @someone <b>"},
      {"new lines", "a\nb\r\nc\n\n# d\n    e\n```\n- f"},
      {"command of GitHub",
       "x\n::error file=a,line=1::pwned\n::add-mask::y%0A::set-output name=z::1"},
      {"command of Azure", "##vso[task.setvariable variable=a]b ##[error]c"},
      {"TAP",
       "x\nok 1 - y\nnot ok 2\nBail out! # SKIP # TO"
       "DO"},
      {"control characters",
       "a\x01"
       "b\b\f\v\x7f" +
           nul},
      {"ANSI escapes", "\x1b[31mred\x1b[2J\x1b[1;1H\x1b]0;title\x07\x1b]8;;http://x\x07link"},
      {"C1 controls",
       "\xC2\x9B"
       "31m\xC2\x85\xC2\x90"},
      {"bidi overrides",
       "\xE2\x80\xAE"
       "evil\xE2\x81\xA6\xE2\x80\x8F\xE2\x80\xAB"},
      {"invisible",
       "a\xE2\x80\x8B\xEF\xBB\xBF"
       "b\xE2\x80\xA8"
       "c\xE2\x80\xA9"},
      {"no UTF-8", "\xff\xfe\xC0\xAF\xED\xA0\x80\xF4\x90\x80\x80"},
      {"all of it", example::hostile},
  };
  return table;
}

/// What no output may hold in any form: they reach a terminal, or turn text around.
std::string forbidden(const std::string& output) {
  for (const char c : output) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) return "a control character";
  }
  for (const char* mark :
       {"\xC2\x85", "\xC2\x90", "\xC2\x9B", "\xE2\x80\x8B", "\xE2\x80\x8F", "\xE2\x80\xA8",
        "\xE2\x80\xA9", "\xE2\x80\xAB", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xEF\xBB\xBF", "\xff",
        "\xfe", "\xC0\xAF", "\xED\xA0\x80"}) {
    if (output.find(mark) != std::string::npos) return std::string("bytes ") + mark;
  }
  return "";
}

/// "script", "bdi", "/bdi", "rect class": the elements of a page and the names of their attributes.
std::set<std::string> markup_of(const std::string& page) {
  std::set<std::string> names;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = std::min(page.find('>', at), page.size());
    std::string tag = page.substr(at + 1, end - at - 1);
    if (tag.starts_with("script>") || tag.starts_with("style>")) {
      // Of ours, which is the same in all pages: what is in it is not markup.
      names.insert(tag);
      at = page.find(tag.starts_with("script") ? "</script" : "</style", at + 1);
      continue;
    }
    std::string plain;  // without the values of its attributes
    bool quoted = false;
    for (const char c : tag) {
      if (c == '"') quoted = !quoted;
      if (!quoted && c != '"') plain += c;
    }
    names.insert(plain);
  }
  return names;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  }
  return lines;
}

Report report_of(const std::string& text) { return example::hostile_violation(text); }

RunDiff diff_of(const std::string& text) {
  DiffSide a;
  a.name = a.verdict = a.model = text;
  a.settings = {{text, text}, {"version", "1" + text}};
  a.models = {{text, "pass"}};
  a.findings = {example::finding(text, text, text, text, 1)};
  DiffSide b = a;
  b.settings["version"] = "2" + text;
  b.findings.push_back(example::finding("f", "stale-read", "shape", text, 1));
  return compare_runs(a, b);
}

Overview overview_of(const std::string& text) {
  RunRecord run;
  run.folder = run.target = run.configuration = run.workload = run.model = run.started = text;
  run.campaign = run.experiment = run.command = run.unknown_because = text;
  run.verdict = "violation";
  run.findings = {example::finding(text, text, text, text, 1)};
  return {text, {run}};
}

gate::Decision decision_of(const std::string& text) {
  gate::Decision decision;
  decision.exit_code = 1;
  decision.clean = {text};
  for (const gate::RuleInfo& info : gate::rules()) {
    gate::Row row;
    row.rule = info.rule;
    row.exit_code = info.exit_code;
    row.message = "m" + text;
    row.subject = row.fingerprint = row.type = row.run = row.command = text;
    row.link = row.file = text;
    // Details may have lines of their own; here they have one.
    row.details = text;
    std::erase(row.details, '\n');
    decision.rows.push_back(row);
  }
  return decision;
}

enum class Kind { page, xml, sarif, json, lines };

struct Output {
  std::string name;
  Kind kind;
  std::function<std::string(const std::string&)> render;
};

template <class Render>
std::function<std::string(const std::string&)> report(Render render) {
  return [render](const std::string& text) {
    const Report made = report_of(text);
    return render(made.run, made.history, made.result);
  };
}

std::function<std::string(const std::string&)> gated(std::string (*render)(const gate::Decision&)) {
  return [render](const std::string& text) { return render(decision_of(text)); };
}

const std::vector<Output>& all_outputs() {
  static const std::vector<Output> table{
      {"report.html", Kind::page, report(render_html)},
      {"terminal", Kind::lines,
       report([](const auto& run, const auto& history, const auto& result) {
         return render_text(run, history, result, false);
       })},
      {"report.md", Kind::lines, report(render_markdown)},
      {"verdict.json", Kind::json,
       report([](const auto& run, const auto& history, const auto& result) {
         return render_json(run, history, result, run.source);
       })},
      {"junit.xml of a run", Kind::xml, report(render_junit)},
      {"diff.html", Kind::page, [](const auto& text) { return render_diff_html(diff_of(text)); }},
      {"diff.txt", Kind::lines, [](const auto& text) { return render_diff_text(diff_of(text)); }},
      {"diff.json", Kind::json, [](const auto& text) { return render_diff_json(diff_of(text)); }},
      {"page of a campaign", Kind::page,
       [](const auto& text) { return render_overview_html(overview_of(text)); }},
      {"campaign.md", Kind::lines,
       [](const auto& text) { return render_overview_markdown(overview_of(text)); }},
      {"gate: text", Kind::lines, gated(gate::render_text)},
      {"gate: SARIF", Kind::sarif, gated(gate::render_sarif)},
      {"gate: JUnit", Kind::xml, gated(gate::render_junit)},
      {"gate: GitHub annotations", Kind::lines, gated(gate::render_annotations)},
      {"gate: step summary", Kind::lines, gated(gate::render_markdown)},
      {"gate: GitLab", Kind::json, gated(gate::render_code_quality)},
      {"gate: TAP", Kind::lines, gated(gate::render_tap)},
  };
  return table;
}

}  // namespace

TEST_CASE("hostile: no payload changes what any output is made of") {
  const std::string harmless = "text";
  for (const Output& output : all_outputs()) {
    const std::string plain = output.render(harmless);
    for (const Payload& payload : payloads()) {
      CAPTURE(output.name);
      CAPTURE(payload.name);
      const std::string text = output.render(payload.text);
      // JSON may hold what it escapes, and characters that only a person's eyes mistake.
      if (output.kind != Kind::json) CHECK(forbidden(text) == "");
      switch (output.kind) {
        case Kind::page: {
          const std::set<std::string> ours = markup_of(plain);
          for (const std::string& each : markup_of(text)) {
            CAPTURE(each);
            CHECK(ours.contains(each));
          }
          CHECK(example::count_of(text, "<script") == example::count_of(plain, "<script"));
          break;
        }
        case Kind::xml:
          for (const std::string& fault : example::junit_faults(text)) CHECK(fault == "");
          CHECK(example::count_of(text, "<") == example::count_of(plain, "<"));
          break;
        case Kind::sarif:
          for (const std::string& fault : example::sarif_faults(nlohmann::json::parse(text))) {
            CHECK(fault == "");
          }
          [[fallthrough]];
        case Kind::json:
          CHECK(nlohmann::json::accept(text));
          break;
        case Kind::lines:
          CHECK(lines_of(text).size() == lines_of(plain).size());
          break;
      }
    }
  }
}

TEST_CASE("hostile: no line of what CI servers read begins with a word of a payload") {
  for (const Payload& payload : payloads()) {
    CAPTURE(payload.name);
    for (const std::string& line : lines_of(gate::render_annotations(decision_of(payload.text)))) {
      CAPTURE(line);
      CHECK((line.empty() || line.starts_with("::error ") || line.starts_with("::warning ") ||
             line.starts_with("::notice ")));
      CHECK(line.find("##") == std::string::npos);
    }
    for (const std::string& line : lines_of(gate::render_tap(decision_of(payload.text)))) {
      CAPTURE(line);
      CHECK((line.empty() || line.starts_with("TAP version 13") || line.starts_with("1..") ||
             line.starts_with("ok ") || line.starts_with("not ok ") || line.starts_with("  ")));
    }
    const std::string terminal = gate::render_text(decision_of(payload.text));
    CHECK(terminal.find("##") == std::string::npos);
    for (const std::string& line : lines_of(terminal)) {
      const std::size_t begin = line.find_first_not_of(' ');
      if (begin != std::string::npos) CHECK(begin != line.find("::"));
    }
  }
}

TEST_CASE("hostile: these tests notice what is not escaped") {
  CHECK(forbidden("a\x1b[31m") != "");
  CHECK(forbidden("a\xE2\x80\xAE") != "");
  CHECK(forbidden("plain é 漢\n") == "");
  const std::set<std::string> ours = markup_of("<p class=\"a\">text</p>");
  CHECK_FALSE(ours.contains(*markup_of("<img src=x onerror=alert(1)>").begin()));
  CHECK(markup_of("<p class=\"b\">") == std::set<std::string>{"p class="});
}

}  // namespace assay
