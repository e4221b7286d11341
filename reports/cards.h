#pragma once
// The parts of the page that are plain HTML and readable without a script: one card an anomaly,
// the tables of faults and facts.

#include <string>

#include "checker/verdict.h"
#include "history/history.h"
#include "reports/report.h"

namespace assay {

/// Draws the pictures of contradictions; stops asking dot once it was missing or too slow.
class Pictures {
 public:
  explicit Pictures(std::string dot_program) : dot_(std::move(dot_program)) {}
  /// Empty if the anomaly has no steps or more of them than a picture can show.
  std::string draw(const History& history, const Anomaly& anomaly,
                   const std::vector<OpIndex>& operations, const std::string& id);

 private:
  std::string dot_;  ///< empty: do not ask
};

std::string anomaly_card(const History& history, const Anomaly& anomaly, std::size_t number,
                         Pictures& pictures);
std::string fault_table(const History& history);
/// What tested_rows says.
std::string tested_table(const History& history);
/// What is known of the run and of the check, and folded away all of its options.
std::string facts_tables(const RunSummary& run, const History& history, const CheckResult& result);

}  // namespace assay
