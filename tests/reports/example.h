#pragma once
// Histories and results for the tests of the reports, made by hand: what a checker would say is
// not the matter here.

#include <cstdint>
#include <string>
#include <vector>

#include "checker/verdict.h"
#include "history/history.h"
#include "history/run_record.h"
#include "reports/report.h"

namespace assay::example {

struct Report {
  History history;
  CheckResult result;
  RunSummary run;
};

/// Text that breaks whatever forgets to escape it. `plain_marks` are substrings that no markup
/// output may hold.
extern const std::string hostile;
extern const std::vector<std::string> plain_marks;

/// A stale read: written, read, and then read as it was before. Keyed, with faults and a crash.
Report violation();
/// The same shape with such a text in every place that text can be.
Report hostile_violation(const std::string& text = hostile);
/// The same without times: real_time is position.
Report without_times();
/// Write skew of two transactions, with several models. `key` is the name of one of the objects.
Report write_skew(const std::string& key = "on-call:alice");
Report unknown();
/// `operations` over a minute on five nodes, with failed and indeterminate ones and three faults.
/// `unique`: every value is a text of its own of 24 characters, the worst that a page can be given.
Report large_pass(std::size_t operations, std::uint64_t seed, bool unique = false);
Report empty();
Finding finding(const std::string& fingerprint, const std::string& type, const std::string& shape,
                const std::string& claim, std::uint64_t count);

}  // namespace assay::example
