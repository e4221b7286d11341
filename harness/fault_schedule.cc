#include "harness/fault_schedule.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "harness/json_value.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

class ReplayedFaults final : public Generator {
 public:
  explicit ReplayedFaults(std::vector<FaultStep> steps) : steps_(std::move(steps)) {}
  Next next(const Context& context) override {
    if (next_ == steps_.size()) return Exhausted{};
    const FaultStep& step = steps_[next_];
    if (step.at > context.now) return Pending{step.at};
    ++next_;
    Invocation invocation;
    invocation.f = step.f;
    invocation.value = step.value;
    return Invoke{std::move(invocation), context.free.front()};
  }

 private:
  const std::vector<FaultStep> steps_;
  std::size_t next_ = 0;
};

Error wrong_line(std::size_t number, const std::string& why) {
  return {ErrorKind::bad_data, "line " + std::to_string(number) + ": " + why};
}

}  // namespace

Result<std::vector<FaultStep>> parse_fault_schedule(const std::string& jsonl) {
  std::vector<FaultStep> steps;
  std::istringstream lines(jsonl);
  std::string text;
  for (std::size_t number = 1; std::getline(lines, text); ++number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json line = Json::parse(text, nullptr, false);
    if (!line.is_object()) return wrong_line(number, "expected a JSON object");
    try {
      if (line.at("type") != "invoke" || !line.contains("action")) continue;
      const auto action = line.at("action").get<std::string>();
      const auto time = line.at("time").get<std::int64_t>();
      if ((action != "start" && action != "stop") || time < 0) {
        return wrong_line(number, "expected action start or stop and a time from 0");
      }
      FaultStep step{Nanos(time), action + "-" + line.at("fault").get<std::string>(), {}};
      if (line.contains("value")) step.value = from_json(line.at("value"));
      steps.push_back(std::move(step));
    } catch (const Json::exception& failure) {
      return wrong_line(
          number, std::string("expected {time, fault, action, type, value}: ") + failure.what());
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const FaultStep& a, const FaultStep& b) { return a.at < b.at; });
  return steps;
}

std::string format_fault_schedule(const std::vector<FaultStep>& steps) {
  std::string text;
  for (const FaultStep& step : steps) {
    const std::size_t dash = step.f.find('-');
    Json line = {{"time", step.at.count()},
                 {"fault", step.f.substr(dash + 1)},
                 {"action", step.f.substr(0, dash)},
                 {"type", "invoke"}};
    if (!step.value.is_nil()) line["value"] = to_json(step.value);
    text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return text;
}

std::vector<std::string> faults_of(const std::vector<FaultStep>& steps) {
  constexpr std::string_view start = "start-";
  std::vector<std::string> names;
  for (const FaultStep& step : steps) {
    if (!step.f.starts_with(start)) continue;
    const std::string name = step.f.substr(start.size());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

GeneratorPtr replay_faults(std::vector<FaultStep> steps) {
  return std::make_unique<ReplayedFaults>(std::move(steps));
}

}  // namespace assay
