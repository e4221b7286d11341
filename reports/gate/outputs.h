#pragma once
// The forms in which a decision is put out. Everything in a decision is untrusted; each form makes
// it harmless where it goes.

#include <span>
#include <string>
#include <string_view>

#include "reports/gate/decision.h"

namespace assay::gate {

struct Output {
  std::string_view name;
  std::string_view summary;
  std::string (*render)(const Decision& decision);
};
std::span<const Output> outputs();
/// Null if there is none of that name.
const Output* find_output(std::string_view name);

std::string render_text(const Decision& decision);
/// The document assay.gate-result/1.
std::string render_json(const Decision& decision);
/// JUnit XML: a test case for each row and for each subject of which there is nothing to say.
std::string render_junit(const Decision& decision);
/// SARIF 2.1.0.
std::string render_sarif(const Decision& decision);
/// Workflow commands for GitHub, at most five: more are not shown there.
std::string render_annotations(const Decision& decision);
/// Markdown for GitHub's step summary, below its limit of 1 MiB.
std::string render_markdown(const Decision& decision);
/// The code quality report of GitLab.
std::string render_code_quality(const Decision& decision);
/// Test Anything Protocol, version 13.
std::string render_tap(const Decision& decision);

/// "GATE FAILED (exit 1): 1 new-finding, 1 vacuous; 24 runs: …"
std::string headline(const Decision& decision);
/// In one line: nothing hidden, nothing that a CI server takes for a command.
std::string plain_line(std::string_view text, std::size_t limit = 1000);

}  // namespace assay::gate
