#pragma once
// The gate: runs, a policy and a baseline in, a decision out. It opens no files and starts nothing;
// who asks it says how a violation is confirmed.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reports/findings.h"
#include "reports/gate/baseline.h"
#include "reports/gate/policy.h"
#include "reports/gate/rules.h"

namespace assay::gate {

/// One run as the store knows it. All text is untrusted.
struct Run {
  std::string path;  ///< its folder; empty: it never got one
  System system;
  std::string experiment;  ///< of a campaign; may be empty
  std::string faults;      ///< planned, comma separated
  std::string verdict;     ///< pass, violation or unknown; anything else: there is none
  std::string because;     ///< why it is unknown, or has no verdict
  std::string command;     ///< repeats it
  std::string started;     ///< UTC, ISO 8601; may be empty
  std::vector<Finding> findings;
  std::map<std::string, double> measures;
  std::map<std::string, std::uint64_t> in_flight;
  std::map<std::string, std::uint64_t> acknowledged;
};

/// What a campaign said would be run.
struct Planned {
  std::string experiment;
  std::uint64_t runs = 0;
  bool canary = false;                ///< must show a violation
  std::vector<std::string> expected;  ///< of a canary: one of these types; empty: any
  std::string file;                   ///< where it stands
  std::uint32_t line = 0;
};

enum class Confirmation : std::uint8_t {
  confirmed,
  refuted,
  impossible,  ///< no history or certificate was kept
};
/// Whether the independent verifier accepts the certificate of a run with a violation; `why` is
/// said if it does not.
using Confirm = std::function<Confirmation(const Run& run, std::string& why)>;

/// A row of the outcome.
struct Row {
  Rule rule = Rule::vacuous;
  int exit_code = 0;        ///< 0: said, no more
  std::string subject;      ///< the experiment, or the system
  std::string message;      ///< what is wrong, in a sentence
  std::string details;      ///< more lines; may be empty
  std::string fingerprint;  ///< of a finding; may be empty
  std::string type;         ///< of a finding: the anomaly's
  std::string run;          ///< folder of a run that shows it; may be empty
  std::string command;      ///< repeats that run; may be empty
  std::string link;         ///< the issue of a known finding; may be empty
  std::string file;         ///< where the experiment stands, or the policy; may be empty
  std::uint32_t line = 0;
};

struct Counts {
  std::uint64_t runs = 0;  ///< all, canaries too
  std::uint64_t pass = 0;
  std::uint64_t violation = 0;
  std::uint64_t unknown = 0;
  std::uint64_t without_verdict = 0;
  std::uint64_t canary = 0;  ///< runs of canaries; they are in none of the four above
};

struct Decision {
  std::vector<Row> rows;           ///< what fails first, then by rule and subject
  std::vector<std::string> clean;  ///< subjects that were tested and have no row
  Counts counts;
  std::string newest;  ///< when the newest run started: UTC, ISO 8601; may be empty
  int exit_code = 4;   ///< the worst row's; 4: there was no run to judge
  bool passed() const { return exit_code == 0; }
};

struct Question {
  Policy policy;
  Baseline baseline;
  std::vector<Planned> planned;  ///< empty: the runs were not planned together
  std::vector<Run> runs;         ///< the oldest first
  std::string runner;            ///< class of this machine, for performance
  std::string today;             ///< YYYY-MM-DD
  Confirm confirm;
};
Decision decide(const Question& question);

/// The baseline after these runs: counts of the known findings, without those that are resolved,
/// and the performance of this machine. A finding is never taken in by itself: see accept().
Baseline updated(const Question& question);

/// Adds a finding that these runs show, with why and until when it is excused. Error (usage): none
/// of them shows it.
Status accept(const Question& question, const KnownFinding& excuse, Baseline& baseline);

}  // namespace assay::gate
