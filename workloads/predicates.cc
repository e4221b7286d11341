// The predicates workload: rows are inserted into groups, moved to another one, deleted, and found
// by their group. Who looks for the rows of a group and then adds one relies on what is not there,
// which only a level that knows of predicates protects (Adya, "Weak Consistency", 1999). Each row
// is inserted, moved and deleted once at most, so that the order of its versions is known.

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "workloads/options.h"
#include "workloads/registry.h"
#include "workloads/transactions.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 6> predicates_options{{
    {"active-groups", "4", "a number", "groups that are used at a time"},
    {"rows-per-group", "12", "a number", "rows put into a group; then another takes its place"},
    {"txn-length", "3", "a number", "steps of a transaction at most"},
    {"read-share", "0.5", "0 to 1", "share of reads among the steps"},
    {"by-key-share", "0.2", "0 to 1", "share of reads of one row by its key"},
    {"change-share", "0.4", "0 to 1", "share of writes that move or delete a row; the rest insert"},
}};

struct Shares {
  double read;
  double by_key;
  double change;
};

class Rows {
 public:
  explicit Rows(KeyPool groups) : groups_(std::move(groups)) {}

  Value step(Random& random, const Shares& shares) {
    constexpr double move_share = 0.6;
    const bool reads = random.chance(shares.read);
    const bool by_key = random.chance(shares.by_key);
    if (reads && by_key && !rows_.empty()) return read_step(random.pick(rows_).id);
    if (reads) return Value::List{"rp", Value::List{"=", groups_.key(random)}, {}};
    if (rows_.empty() || !random.chance(shares.change)) return insert(random);
    const std::size_t at = random.below(rows_.size());
    if (!rows_[at].moved && random.chance(move_share)) {
      if (auto moved = move(random, rows_[at])) return *std::move(moved);
    }
    const std::int64_t id = rows_[at].id;
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(at));
    return Value::List{"delete", id};
  }

  /// Row i is in group i from the start, for so many i.
  Value::Map first(std::int64_t count) {
    Value::Map there;
    for (; next_id_ < count; ++next_id_) {
      rows_.push_back({next_id_, next_id_});
      there.emplace_back(next_id_, next_id_);
    }
    return there;
  }

 private:
  struct Row {
    std::int64_t id;
    std::int64_t group;
    bool moved = false;
  };

  Value insert(Random& random) {
    // Rows that nobody changed any more are left alone.
    constexpr std::size_t remembered = 40;
    if (rows_.size() == remembered) rows_.erase(rows_.begin());
    rows_.push_back({next_id_++, groups_.write(random).first});
    return Value::List{"insert", rows_.back().id, rows_.back().group};
  }
  /// Nothing: it would stay where it is.
  std::optional<Value> move(Random& random, Row& row) {
    const std::int64_t group = groups_.write(random).first;
    if (group == row.group) return std::nullopt;
    row.moved = true;
    return write_step(row.id, group);
  }

  KeyPool groups_;
  std::vector<Row> rows_;
  std::int64_t next_id_ = 0;
};

GeneratorPtr transactions(Rows rows, std::int64_t length_max, const Shares& shares) {
  return generate([=](const Context& context) mutable {
    Random& random = *context.random;
    Value::List steps;
    for (auto left = random.between(1, length_max); left > 0; --left) {
      steps.push_back(rows.step(random, shares));
    }
    return Invocation{"txn", {}, std::move(steps)};
  });
}

Result<Workload> make_predicates(const WorkloadSettings& settings) {
  const auto active = number_option<std::int64_t>(settings, "active-groups", 1, 1'000);
  if (!active.ok()) return active.error();
  const auto rows = number_option<std::int64_t>(settings, "rows-per-group", 1, 10'000);
  if (!rows.ok()) return rows.error();
  const auto length = number_option<std::int64_t>(settings, "txn-length", 1, 100);
  if (!length.ok()) return length.error();
  const auto share = number_option<double>(settings, "read-share", 0, 1);
  if (!share.ok()) return share.error();
  const auto by_key = number_option<double>(settings, "by-key-share", 0, 1);
  if (!by_key.ok()) return by_key.error();
  const auto change = number_option<double>(settings, "change-share", 0, 1);
  if (!change.ok()) return change.error();
  Workload workload = judged_by("closed-predicate", {"strict-serializable"});
  Rows objects(KeyPool(*active, *rows));
  std::vector<GeneratorPtr> phases_of;
  phases_of.push_back(sequence({{"init", {}, objects.first(*active)}}));
  phases_of.push_back(transactions(std::move(objects), *length, {*share, *by_key, *change}));
  workload.generator = phases(std::move(phases_of));
  return workload;
}

}  // namespace

WorkloadEntry predicates_workload() {
  return {"predicates", "rows that are found by a predicate over their value; strict-serializable",
          "init txn", predicates_options, make_predicates};
}

}  // namespace assay
