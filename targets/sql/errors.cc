#include "targets/sql/errors.h"

namespace assay::sql {
namespace {

const ErrorRow* find_row(std::string_view code, std::span<const ErrorRow> table) {
  const ErrorRow* best = nullptr;
  for (const ErrorRow& row : table) {
    if (!code.starts_with(row.code)) continue;
    if (best == nullptr || row.code.size() > best->code.size()) best = &row;
  }
  return best;
}

bool is_definite(const Answer& answer, Moment moment, std::span<const ErrorRow> table) {
  if (moment != Moment::effect || answer.kind == Answer::Kind::unconnected) return true;
  if (answer.kind == Answer::Kind::lost) return false;
  const ErrorRow* row = find_row(answer.code, table);
  return row != nullptr && row->definite;
}

}  // namespace

Completion classify(const Answer& answer, Moment moment, std::span<const ErrorRow> table) {
  std::string text = answer.message;
  if (!answer.code.empty()) text = answer.code + " " + text;
  return {is_definite(answer, moment, table) ? EventType::fail : EventType::info, {}, text};
}

}  // namespace assay::sql
