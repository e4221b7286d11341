#pragma once
// Schedules: what two or three sessions do, statement by statement, so that a database which allows
// an anomaly shows it every time. The method and most schedules are those of Hermitage (Kleppmann,
// 2014), over a table with rows (1, 10) and (2, 20).

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "targets/sql/connection.h"
#include "targets/sql/dialect.h"

namespace assay::sql {

struct Step {
  int session = 1;
  std::string_view statement;  ///< of table assay.test; begin, commit and rollback among them
};

/// What came of a schedule.
struct ScheduleOutcome {
  std::vector<Answer> answers;    ///< one a step; those after a session's error are not asked
  std::map<int, bool> committed;  ///< by session
  std::map<std::string, std::string> rows;  ///< of the table at the end, by id

  /// Whether a step read this value in its second column.
  bool read(std::size_t step, std::string_view value) const;
  bool all_committed() const;
};

struct Schedule {
  std::string_view anomaly;  ///< G0, G1a, G1b, G1c, OTV, PMP, P4, G-single, G2-item, G2
  bool by_write = false;     ///< shows it in what a write finds; a read may be safe from it
  std::vector<Step> steps;   ///< each session begins before them
  std::function<bool(const ScheduleOutcome&)> shows;
};
const std::vector<Schedule>& schedules();

/// The anomalies, in the order of the table.
std::span<const std::string_view> schedule_anomalies();

/// Whether a level keeps an anomaly from happening.
enum class Protection : unsigned char { none, reads_only, full };
std::string_view name_of(Protection protection);

/// Opens a session with the database under test.
using OpenSession = std::function<Opened()>;

/// Runs a schedule at a level. Error: unavailable (no session, the table cannot be made).
Result<ScheduleOutcome> run_schedule(const Schedule& schedule, const Dialect& dialect,
                                     Isolation isolation, const OpenSession& open);

/// What each schedule says of a level. Error: as run_schedule.
Result<std::map<std::string_view, Protection>> measure_level(const Dialect& dialect,
                                                             Isolation isolation,
                                                             const OpenSession& open);

}  // namespace assay::sql
