#include "targets/sql/published.h"

#include <algorithm>

namespace assay::sql {
namespace {

constexpr auto possible = Protection::none;
constexpr auto reads = Protection::reads_only;
constexpr auto full = Protection::full;

using enum Isolation;

// G0 G1a G1b G1c OTV PMP P4 G-single G2-item G2
constexpr std::array table{
    // PostgreSQL's read uncommitted is its read committed.
    PublishedLevel{
        "postgres",
        read_uncommitted,
        {full, full, full, full, full, possible, possible, possible, possible, possible}},
    PublishedLevel{
        "postgres",
        read_committed,
        {full, full, full, full, full, possible, possible, possible, possible, possible}},
    PublishedLevel{"postgres",
                   repeatable_read,
                   {full, full, full, full, full, full, full, full, possible, possible}},
    PublishedLevel{
        "postgres", serializable, {full, full, full, full, full, full, full, full, full, full}},
    // With InnoDB.
    PublishedLevel{"mysql",
                   read_uncommitted,
                   {full, possible, possible, possible, possible, possible, possible, possible,
                    possible, possible}},
    PublishedLevel{
        "mysql",
        read_committed,
        {full, full, full, full, full, possible, possible, possible, possible, possible}},
    PublishedLevel{"mysql",
                   repeatable_read,
                   {full, full, full, full, full, reads, possible, reads, possible, possible}},
    PublishedLevel{
        "mysql", serializable, {full, full, full, full, full, full, full, full, full, full}},
};

}  // namespace

const PublishedLevel* find_published(std::string_view target, Isolation isolation) {
  // MariaDB's InnoDB comes from MySQL's.
  const std::string_view published = target == "mariadb" ? "mysql" : target;
  const auto at = std::find_if(table.begin(), table.end(), [&](const PublishedLevel& row) {
    return row.target == published && row.isolation == isolation;
  });
  return at == table.end() ? nullptr : &*at;
}

}  // namespace assay::sql
