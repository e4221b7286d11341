#include "nemesis/actor.h"

#include <algorithm>
#include <functional>
#include <future>
#include <numeric>
#include <optional>
#include <utility>

namespace assay {
namespace {

/// Longer than the agent lets any command run.
constexpr Nanos request_timeout = std::chrono::seconds(15);

std::vector<std::size_t> positions_up_to(std::size_t n) {
  std::vector<std::size_t> positions(n);
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  return positions;
}

/// Calls `action` for all positions at once, in as many threads; results in their order.
template <class T>
std::vector<T> everywhere(const std::vector<std::size_t>& positions,
                          const std::function<T(std::size_t)>& action) {
  std::vector<std::future<T>> tasks;
  for (const std::size_t at : positions) {
    tasks.push_back(std::async(std::launch::async, action, at));
  }
  std::vector<T> results;
  for (auto& task : tasks) results.push_back(task.get());
  return results;
}

void add(std::string& text, const std::string& part) {
  if (part.empty()) return;
  if (!text.empty()) text += "; ";
  text += part;
}

Completion outcome(const Cluster& cluster, const std::vector<std::size_t>& positions,
                   const std::string& what, const std::string& errors) {
  Value::List names;
  for (const std::size_t at : positions) names.emplace_back(cluster.nodes[at]->name());
  Completion completion;
  completion.type = errors.empty() ? EventType::ok : EventType::info;
  completion.value = Value::Map{{"nodes", std::move(names)}, {"what", what}};
  completion.error = errors;
  return completion;
}

}  // namespace

Result<std::unique_ptr<Nemesis>> Actor::open(std::vector<FaultEntry> faults, Nodes& nodes,
                                             Target& target, const AgentOptions& options) {
  using Opened = Result<std::unique_ptr<AgentSession>>;
  std::unique_ptr<Actor> actor(new Actor(std::move(faults), nodes, target));
  std::vector<Opened> agents =
      everywhere<Opened>(positions_up_to(nodes.size()),
                         [&](std::size_t at) { return AgentSession::open(*nodes[at], options); });
  for (Opened& agent : agents) {
    if (!agent) return agent.error();
    actor->agents_.push_back(std::move(*agent));
  }
  return std::unique_ptr<Nemesis>(std::move(actor));
}

Completion Actor::invoke(const Invocation& invocation) {
  const std::lock_guard<std::mutex> exclusive(mutex_);
  const std::string_view f = invocation.f;
  for (const FaultEntry& fault : faults_) {
    if (f == "start-" + std::string(fault.name)) return start(fault, invocation.value);
    if (f == "stop-" + std::string(fault.name)) return stop(fault);
  }
  return {EventType::fail, {}, "the nemesis has no " + invocation.f};
}

Completion Actor::start(const FaultEntry& fault, const Value& parameters) {
  if (in_force_.contains(fault.name)) {
    return {EventType::fail, {}, std::string(fault.name) + " is in force already"};
  }
  auto injection = fault.plan(parameters, cluster_);
  if (!injection) return {EventType::info, {}, injection.error().message};
  std::vector<std::size_t> hit;
  for (std::size_t at = 0; at < injection->words.size(); ++at) {
    if (!injection->words[at].empty()) hit.push_back(at);
  }
  in_force_[fault.name] = hit;
  const auto answers = everywhere<Result<std::string>>(hit, [&](std::size_t at) {
    std::vector<std::string> words{"inject", std::string(fault.name)};
    words.insert(words.end(), injection->words[at].begin(), injection->words[at].end());
    return agents_[at]->request(words, request_timeout);
  });
  std::string errors;
  std::string remarks;
  for (std::size_t i = 0; i < hit.size(); ++i) {
    if (!answers[i]) {
      add(errors, answers[i].error().message);
    } else if (!answers[i]->empty()) {
      add(remarks, cluster_.nodes[hit[i]]->name() + " " + *answers[i]);
    }
  }
  add(remarks, take_notices());
  if (!remarks.empty()) injection->what += " (" + remarks + ")";
  return outcome(cluster_, hit, injection->what, errors);
}

Completion Actor::stop(const FaultEntry& fault) {
  const auto found = in_force_.find(fault.name);
  const std::string name(fault.name);
  if (found == in_force_.end()) return outcome(cluster_, {}, name + " was not in force", "");
  const std::vector<std::size_t> hit = found->second;
  const auto answers = everywhere<Result<std::string>>(hit, [&](std::size_t at) {
    return agents_[at]->request({"heal", name}, request_timeout);
  });
  std::string errors;
  std::string what = name + " healed:";
  for (std::size_t i = 0; i < hit.size(); ++i) {
    what += " " + cluster_.nodes[hit[i]]->name();
    if (!answers[i]) add(errors, answers[i].error().message);
  }
  if (errors.empty()) in_force_.erase(found);
  if (const std::string notices = take_notices(); !notices.empty()) what += " (" + notices + ")";
  return outcome(cluster_, hit, what, errors);
}

std::string Actor::take_notices() {
  std::string notices;
  for (const auto& agent : agents_) add(notices, agent->take_notice());
  return notices;
}

Status Actor::heal_all() {
  const std::lock_guard<std::mutex> exclusive(mutex_);
  const auto healed = everywhere<Status>(positions_up_to(agents_.size()), [&](std::size_t at) {
    auto answer = agents_[at]->request({"heal-all"}, request_timeout);
    // The agent may just have died; the next one heals what it left before it answers.
    if (!answer) answer = agents_[at]->request({"heal-all"}, request_timeout);
    return answer ? verify(at) : Status(answer.error());
  });
  std::string errors;
  for (const Status& status : healed) {
    if (!status.ok()) add(errors, status.error().message);
  }
  if (!errors.empty()) return Error{ErrorKind::unavailable, "not everything is healed: " + errors};
  in_force_.clear();
  return {};
}

Status Actor::verify(std::size_t node) const {
  Node& where = *cluster_.nodes[node];
  const auto table =
      where.run("command -v nft >/dev/null && nft list table inet assay_nemesis >/dev/null 2>&1",
                request_timeout);
  if (!table) return table.error();
  if (table->exit_status == 0) {
    return Error{ErrorKind::unavailable,
                 where.name() + ": the firewall table assay_nemesis is still there"};
  }
  const bool touched = std::any_of(faults_.begin(), faults_.end(), [](const FaultEntry& fault) {
    return fault.needs == FaultNeeds::process_control;
  });
  const ProcessControl* control = cluster_.target.process_control();
  if (!touched || control == nullptr) return {};
  const auto state = agents_[node]->request({"process", control->pid_file(node)}, request_timeout);
  if (!state) return state.error();
  if (*state == "running") return {};
  return Error{ErrorKind::unavailable, where.name() + ": its server should be running, but is " +
                                           (*state == "none" ? "gone" : *state)};
}

}  // namespace assay
