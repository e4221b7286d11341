#pragma once
// What is published of databases' isolation levels, to be held against what a matrix measures.
// Source: Kleppmann, "Hermitage: testing the I in ACID", 2014, and its table as of 2024.

#include <array>
#include <string_view>

#include "targets/sql/schedules.h"

namespace assay::sql {

struct PublishedLevel {
  std::string_view target;
  Isolation isolation = Isolation::serializable;
  std::array<Protection, 10> cells{};  ///< in the order of schedule_anomalies()
};

/// Null: nothing is published of it.
const PublishedLevel* find_published(std::string_view target, Isolation isolation);

}  // namespace assay::sql
