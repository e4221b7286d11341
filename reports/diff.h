#pragma once
// Two runs side by side: which findings are new, gone or still there, which models changed, how
// latencies went around the same kinds of faults, and what was configured differently.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "history/run_record.h"
#include "reports/aligned.h"

namespace assay {

/// All text is untrusted.
struct DiffSide {
  std::string name;     ///< of the folder or file
  std::string verdict;  ///< pass, violation, unknown
  std::string model;    ///< that the verdict is about
  std::uint64_t operations = 0;
  std::map<std::string, std::string> settings;  ///< what it was run with, and what is known of it
  std::map<std::string, std::string> models;    ///< name to pass, violation, unknown
  std::vector<Finding> findings;
  std::vector<AlignedLatency> latencies;  ///< ascending by kind
};

enum class Change : std::uint8_t { fresh, gone, still };
/// "new", "gone", "still there".
std::string_view name_of(Change change);

struct FindingChange {
  Change change = Change::still;
  Finding finding;           ///< as the later run shows it, if it does
  std::uint64_t before = 0;  ///< anomalies in the first run
  std::uint64_t after = 0;
};

/// Empty: the run does not have it.
struct TextChange {
  std::string name;
  std::string before;
  std::string after;
};

struct RunDiff {
  DiffSide a;
  DiffSide b;
  std::vector<FindingChange> findings;  ///< new ones first, then gone, then those still there
  std::vector<TextChange> models;       ///< all that either run knows
  std::vector<TextChange> settings;     ///< only those that differ
};

/// A finding is still there if the other run shows one of its type, model and shape: a fingerprint
/// also tells targets and their configurations apart, which is just what two runs may differ in.
RunDiff compare_runs(DiffSide a, DiffSide b);

std::string render_diff_text(const RunDiff& diff);
/// The document assay.diff/1, on one line.
std::string render_diff_json(const RunDiff& diff);
/// One self-contained page, without any script.
std::string render_diff_html(const RunDiff& diff);

}  // namespace assay
