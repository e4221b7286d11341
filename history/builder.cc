// HistoryBuilder: numbers the names and values of events; RowBuilder has the rules.
#include <utility>

#include "base/assert.h"
#include "history/history.h"
#include "history/row_builder.h"

namespace assay {

HistoryBuilder::HistoryBuilder(HistoryInfo info)
    : rows_(std::make_unique<RowBuilder>(std::move(info))) {}
HistoryBuilder::HistoryBuilder(HistoryBuilder&&) noexcept = default;
HistoryBuilder::~HistoryBuilder() = default;

HistoryInfo& HistoryBuilder::info() {
  ASSAY_ASSERT(rows_ != nullptr);
  return rows_->columns().info;
}

RowBuilder& HistoryBuilder::rows() {
  ASSAY_ASSERT(rows_ != nullptr);
  return *rows_;
}

Status HistoryBuilder::add(const Event& event) {
  ASSAY_ASSERT(rows_ != nullptr);
  const RowBuilder::Stamp stamp{event.index, event.time, event.process};
  Status begun = rows_->begin(stamp);
  Status done;
  if (event.process == nemesis_process) {
    rows_->add_fault({event.index, event.time, event.type, event.f, event.value, event.error});
  } else {
    done = event.type == EventType::invoke ? add_invocation(event) : add_completion(event);
  }
  return begun ? done : begun;
}

Status HistoryBuilder::add_invocation(const Event& event) {
  History::Columns& c = rows_->columns();
  const KeyId key = event.key ? rows_->key(c.values.intern(*event.key)) : no_key;
  const std::uint32_t node = event.node.empty() ? 0 : c.nodes.intern(event.node) + 1;
  return rows_->invoke({event.index, event.time, event.process}, c.functions.intern(event.f), key,
                       c.values.intern(event.value), node);
}

Status HistoryBuilder::add_completion(const Event& event) {
  History::Columns& c = rows_->columns();
  RowBuilder::Claim claim;
  if (!event.f.empty()) {
    constexpr std::uint32_t unknown = RowBuilder::same - 1;
    claim.function = c.functions.find(event.f).value_or(unknown);
    claim.function_name = event.f;
  }
  if (event.key) {
    const auto id = c.values.find(*event.key);
    const auto key = id ? c.key_ids.find(*id) : std::nullopt;
    claim.key = key.value_or(RowBuilder::unknown_key);
    claim.key_value = &*event.key;
  }
  const std::uint32_t node = event.node.empty() ? 0 : c.nodes.intern(event.node) + 1;
  return rows_->complete({event.index, event.time, event.process}, claim,
                         {event.type, c.values.intern(event.value), node, event.error});
}

Result<History> HistoryBuilder::finish() {
  ASSAY_ASSERT(rows_ != nullptr);
  auto columns = rows_->finish();
  if (!columns) return columns.error();
  rows_.reset();
  return History(*std::move(columns));
}

}  // namespace assay
