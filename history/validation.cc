#include "history/validation.h"

#include <utility>

namespace assay {

Status HistoryValidator::add(const Event& event) {
  if (event.type == EventType::invoke && event.process != nemesis_process) ++operations_;
  return builder_.add(event);
}

Status HistoryValidator::problem(Error error) {
  ++count_;
  if (problems_.size() < kept_max) problems_.push_back(std::move(error.message));
  return {};
}

void HistoryValidator::finish() {
  builder_.info() = info();
  const auto history = builder_.finish();
  if (!history) static_cast<void>(problem(history.error()).ok());
}

}  // namespace assay
