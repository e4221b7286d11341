#pragma once
// Reports: verdict and history in, bytes out. They open no files and know no harness, so that old
// runs stay renderable.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// What a report says about where the history came from. All text is untrusted.
struct RunSummary {
  std::string title;   ///< "reference raft / register"; or the file's name for `assay check`
  std::string source;  ///< path of the history as the user gave it
  std::string target;  ///< empty if the history was not made by a run
  std::string workload;
  /// How the target differs from its defaults: "protocol=raft bug=early-commit"; may be empty.
  std::string configuration;
  std::vector<std::string> faults_planned;
  std::string campaign;    ///< the id of the campaign that made the run; may be empty
  std::string experiment;  ///< … and its experiment
  std::string started;     ///< UTC, ISO 8601; may be empty
  std::uint64_t seed = 0;
  bool has_seed = false;
  std::vector<std::string> nodes;
  std::map<std::string, std::string> facts;  ///< versions, options, tool version, …
  std::string repeat_command;                ///< the exact command that runs it again
  std::string check_command;                 ///< … and that re-checks the recorded history
  struct Totals {
    std::uint64_t operations = 0;
    std::uint64_t keys = 0;
    std::uint64_t processes = 0;
  };
  std::optional<Totals> totals;  ///< of the whole history, if only a part of it is at hand
  /// The totals, or those of `history`.
  Totals totals_or(const History& history) const {
    if (totals.has_value()) return *totals;
    return {history.size(), history.key_count(), history.process_count()};
  }
};

/// One self-contained page: no network, opens from disk, every value inserted as text.
std::string render_html(const RunSummary& run, const History& history, const CheckResult& result);
/// A few lines for a terminal: verdict first, then at most five anomalies of at most six lines.
std::string render_text(const RunSummary& run, const History& history, const CheckResult& result,
                        bool color);
/// The document `assay.result/1` of `assay check --json` and verdict.json; `certificate_path` may
/// be empty. peak_rss_bytes is read from this process.
std::string render_json(const RunSummary& run, const History& history, const CheckResult& result,
                        const std::string& certificate_path);
/// JUnit XML with one test case a model.
std::string render_junit(const RunSummary& run, const History& history, const CheckResult& result);

}  // namespace assay
