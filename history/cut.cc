#include "history/cut.h"

#include <algorithm>
#include <unordered_map>

namespace assay {
namespace {

bool in_window(const Cut& wanted, std::uint64_t event, Nanos time) {
  if (wanted.from_event && event < *wanted.from_event) return false;
  if (wanted.to_event && event > *wanted.to_event) return false;
  if (wanted.from_time && time < *wanted.from_time) return false;
  return !wanted.to_time || (time >= Nanos(0) && time <= *wanted.to_time);
}

bool is_wanted(const History& history, OpIndex index, const Cut& wanted) {
  const Operation op = history[index];
  if (!in_window(wanted, op.invoke_event, op.invoked)) return false;
  if (wanted.first && index < *wanted.first) return false;
  if (wanted.last && index > *wanted.last) return false;
  if (wanted.invocations && !wanted.invocations->contains(op.invoke_event)) return false;
  if (!wanted.processes.empty() && !wanted.processes.contains(op.process)) return false;
  if (wanted.keys.empty()) return true;
  if (!history.keyed() || op.key == no_key) return false;
  const Value key = history.key(op.key);
  return std::find(wanted.keys.begin(), wanted.keys.end(), key) != wanted.keys.end();
}

}  // namespace

Result<History> cut(const History& history, const Cut& wanted) {
  HistoryBuilder builder(history.info());
  std::unordered_map<std::int32_t, bool> stays;
  OpIndex next = 0;
  std::size_t kept = 0;
  for (const Event& event : history.events()) {
    bool wants = false;
    if (event.process == nemesis_process) {
      wants = !wanted.invocations && in_window(wanted, event.index, event.time);
    } else {
      bool& stay = stays[static_cast<std::int32_t>(event.process)];
      if (event.type == EventType::invoke) {
        stay = is_wanted(history, next++, wanted);
        kept += stay ? 1U : 0U;
      }
      wants = stay;
    }
    if (!wants) continue;
    if (auto status = builder.add(event); !status) return status.error();
  }
  if (kept == 0) return Error{ErrorKind::bad_data, "no operation of the history is left"};
  return builder.finish();
}

}  // namespace assay
