#include "harness/script.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>

namespace assay {
namespace {

class Player final : public Generator {
 public:
  explicit Player(Script script) {
    for (ScriptLine& line : script) left_[line.thread].push_back(std::move(line));
  }

  Next next(const Context& context) override {
    if (left_.empty()) return Exhausted{};
    auto first = left_.end();
    for (const int thread : context.free) {
      const auto lines = left_.find(thread);
      if (lines == left_.end()) continue;
      if (first == left_.end() || lines->second.front().time < first->second.front().time) {
        first = lines;
      }
    }
    if (first == left_.end()) return Pending{};
    ScriptLine& line = first->second.front();
    if (line.time > context.now) return Pending{line.time};
    Invoke invoke{std::move(line.invocation), line.thread};
    first->second.pop_front();
    if (first->second.empty()) left_.erase(first);
    return invoke;
  }

 private:
  std::map<int, std::deque<ScriptLine>> left_;  // by thread; none is empty
};

}  // namespace

RunScript script_of(std::span<const Event> events, int threads) {
  RunScript script;
  script.clients.emplace();
  for (const Event& event : events) {
    if (event.type != EventType::invoke) continue;
    const bool fault = event.process == nemesis_process;
    const int thread = fault ? 0 : static_cast<int>(event.process) % threads;
    Script& lines = fault ? script.faults : *script.clients;
    lines.push_back({event.time, thread, {event.f, event.key, event.value}});
  }
  return script;
}

std::vector<Event> events_of(const RunScript& script, int threads) {
  std::vector<Event> events;
  std::map<int, int> lives;  // of each thread: what does not return retires its process
  const auto add = [&events](const ScriptLine& line, ProcessId process) {
    Event event;
    event.time = line.time;
    event.process = process;
    event.f = line.invocation.f;
    event.key = line.invocation.key;
    event.value = line.invocation.value;
    events.push_back(event);
    event.type = EventType::info;
    event.value = {};
    events.push_back(std::move(event));
  };
  for (const ScriptLine& line : script.clients.value_or(Script{})) {
    add(line, ProcessId{line.thread + threads * lives[line.thread]++});
  }
  for (const ScriptLine& line : script.faults) add(line, nemesis_process);
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  for (std::size_t i = 0; i < events.size(); ++i) events[i].index = i;
  return events;
}

GeneratorPtr play(Script script) { return std::make_unique<Player>(std::move(script)); }

}  // namespace assay
