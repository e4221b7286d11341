#include "targets/sql/schedules.h"

#include <algorithm>
#include <array>

namespace assay::sql {
namespace {

constexpr std::array<std::string_view, 10> anomalies{"G0",  "G1a", "G1b",      "G1c",     "OTV",
                                                     "PMP", "P4",  "G-single", "G2-item", "G2"};

using Outcome = ScheduleOutcome;

bool is(const Outcome& outcome, const char* id, std::string_view value) {
  const auto row = outcome.rows.find(id);
  return row != outcome.rows.end() && row->second == value;
}

}  // namespace

bool ScheduleOutcome::read(std::size_t step, std::string_view value) const {
  if (step >= answers.size()) return false;
  return std::any_of(answers[step].rows.begin(), answers[step].rows.end(),
                     [&](const auto& row) { return row.size() > 1 && row[1] && *row[1] == value; });
}

bool ScheduleOutcome::all_committed() const {
  return std::all_of(committed.begin(), committed.end(),
                     [](const auto& each) { return each.second; });
}

std::span<const std::string_view> schedule_anomalies() { return anomalies; }

std::string_view name_of(Protection protection) {
  constexpr std::array<std::string_view, 3> names{"possible", "reads only", "prevented"};
  return names[static_cast<std::size_t>(protection)];
}

const std::vector<Schedule>& schedules() {
  static const std::vector<Schedule> table{
      // Write cycles: the end mixes two transactions that wrote the same rows.
      {"G0",
       false,
       {{1, "UPDATE assay.test SET value = 11 WHERE id = 1"},
        {2, "UPDATE assay.test SET value = 12 WHERE id = 1"},
        {1, "UPDATE assay.test SET value = 21 WHERE id = 2"},
        {1, "COMMIT"},
        {2, "UPDATE assay.test SET value = 22 WHERE id = 2"},
        {2, "COMMIT"}},
       [](const Outcome& o) {
         const bool first = is(o, "1", "11") && is(o, "2", "21");
         const bool second = is(o, "1", "12") && is(o, "2", "22");
         return o.all_committed() && !first && !second;
       }},
      // Aborted read.
      {"G1a",
       false,
       {{1, "UPDATE assay.test SET value = 101 WHERE id = 1"},
        {2, "SELECT id, value FROM assay.test"},
        {1, "ROLLBACK"},
        {2, "SELECT id, value FROM assay.test"},
        {2, "COMMIT"}},
       [](const Outcome& o) {
         return o.committed.at(2) && (o.read(1, "101") || o.read(3, "101"));
       }},
      // Intermediate read.
      {"G1b",
       false,
       {{1, "UPDATE assay.test SET value = 101 WHERE id = 1"},
        {2, "SELECT id, value FROM assay.test"},
        {1, "UPDATE assay.test SET value = 11 WHERE id = 1"},
        {1, "COMMIT"},
        {2, "SELECT id, value FROM assay.test"},
        {2, "COMMIT"}},
       [](const Outcome& o) {
         return o.all_committed() && (o.read(1, "101") || o.read(4, "101"));
       }},
      // Circular information flow: each reads what the other wrote.
      {"G1c",
       false,
       {{1, "UPDATE assay.test SET value = 11 WHERE id = 1"},
        {2, "UPDATE assay.test SET value = 22 WHERE id = 2"},
        {1, "SELECT id, value FROM assay.test WHERE id = 2"},
        {2, "SELECT id, value FROM assay.test WHERE id = 1"},
        {1, "COMMIT"},
        {2, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed() && o.read(2, "22") && o.read(3, "11"); }},
      // Observed transaction vanishes: one row of the second writer, the other of the first.
      {"OTV",
       false,
       {{1, "UPDATE assay.test SET value = 11 WHERE id = 1"},
        {1, "UPDATE assay.test SET value = 19 WHERE id = 2"},
        {2, "UPDATE assay.test SET value = 12 WHERE id = 1"},
        {1, "COMMIT"},
        {3, "SELECT id, value FROM assay.test"},
        {2, "UPDATE assay.test SET value = 18 WHERE id = 2"},
        {3, "SELECT id, value FROM assay.test"},
        {2, "COMMIT"},
        {3, "SELECT id, value FROM assay.test"},
        {3, "COMMIT"}},
       [](const Outcome& o) {
         const auto mixed = [&](std::size_t at) {
           return (o.read(at, "12") && o.read(at, "19")) || (o.read(at, "11") && o.read(at, "18"));
         };
         return o.all_committed() && (mixed(4) || mixed(6) || mixed(8));
       }},
      // Predicate-many-preceders: the second look of one transaction sees another's row.
      {"PMP",
       false,
       {{1, "SELECT id, value FROM assay.test WHERE value = 30"},
        {2, "INSERT INTO assay.test (id, value) VALUES (3, 30)"},
        {2, "COMMIT"},
        {1, "SELECT id, value FROM assay.test WHERE value % 3 = 0"},
        {1, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed() && o.read(3, "30"); }},
      // The same, in what a write finds: rows that it should have deleted are left.
      {"PMP",
       true,
       {{2, "SELECT id, value FROM assay.test"},
        {1, "UPDATE assay.test SET value = value + 10"},
        {2, "DELETE FROM assay.test WHERE value = 20"},
        {1, "COMMIT"},
        {2, "SELECT id, value FROM assay.test WHERE value = 20"},
        {2, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed() && o.read(4, "20"); }},
      // Lost update.
      {"P4",
       false,
       {{1, "SELECT id, value FROM assay.test WHERE id = 1"},
        {2, "SELECT id, value FROM assay.test WHERE id = 1"},
        {1, "UPDATE assay.test SET value = 11 WHERE id = 1"},
        {2, "UPDATE assay.test SET value = 12 WHERE id = 1"},
        {1, "COMMIT"},
        {2, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed(); }},
      // Read skew.
      {"G-single",
       false,
       {{1, "SELECT id, value FROM assay.test WHERE id = 1"},
        {2, "SELECT id, value FROM assay.test WHERE id = 1"},
        {2, "SELECT id, value FROM assay.test WHERE id = 2"},
        {2, "UPDATE assay.test SET value = 12 WHERE id = 1"},
        {2, "UPDATE assay.test SET value = 18 WHERE id = 2"},
        {2, "COMMIT"},
        {1, "SELECT id, value FROM assay.test WHERE id = 2"},
        {1, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed() && o.read(6, "18"); }},
      // Read skew in what a write finds: it must delete the row of the state that was read.
      {"G-single",
       true,
       {{1, "SELECT id, value FROM assay.test WHERE id = 1"},
        {2, "SELECT id, value FROM assay.test"},
        {2, "UPDATE assay.test SET value = 12 WHERE id = 1"},
        {2, "UPDATE assay.test SET value = 18 WHERE id = 2"},
        {2, "COMMIT"},
        {1, "DELETE FROM assay.test WHERE value = 20"},
        {1, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed() && o.read(0, "10") && is(o, "2", "18"); }},
      // Write skew.
      {"G2-item",
       false,
       {{1, "SELECT id, value FROM assay.test WHERE id IN (1, 2)"},
        {2, "SELECT id, value FROM assay.test WHERE id IN (1, 2)"},
        {1, "UPDATE assay.test SET value = 11 WHERE id = 1"},
        {2, "UPDATE assay.test SET value = 21 WHERE id = 2"},
        {1, "COMMIT"},
        {2, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed(); }},
      // Anti-dependency cycle over a predicate: neither sees the other's row.
      {"G2",
       false,
       {{1, "SELECT id, value FROM assay.test WHERE value % 3 = 0"},
        {2, "SELECT id, value FROM assay.test WHERE value % 3 = 0"},
        {1, "INSERT INTO assay.test (id, value) VALUES (3, 30)"},
        {2, "INSERT INTO assay.test (id, value) VALUES (4, 42)"},
        {1, "COMMIT"},
        {2, "COMMIT"}},
       [](const Outcome& o) { return o.all_committed(); }},
  };
  return table;
}

}  // namespace assay::sql
