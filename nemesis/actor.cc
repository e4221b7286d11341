#include "nemesis/actor.h"

#include <algorithm>
#include <functional>
#include <future>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "nemesis/address.h"
#include "nemesis/agent/wire.h"

namespace assay {
namespace {

using agent::no_effect;

/// Begins the ids of what the topology asks of the agents; no fault has such a name.
constexpr std::string_view topology_id = "topology-";

/// Longer than the agent lets any command run,
constexpr Nanos request_timeout = std::chrono::seconds(15);
/// than the copy of a data folder, and than a server waits until others let it join.
constexpr Nanos copy_timeout = std::chrono::minutes(11);
constexpr Nanos membership_timeout = std::chrono::seconds(70);
/// Healing everything copies nothing, it drops copies.
constexpr Nanos heal_timeout_max = std::chrono::minutes(2);

Nanos timeout_of(const FaultEntry& fault) {
  if (fault.needs == FaultNeeds::data_folder) return copy_timeout;
  return fault.needs == FaultNeeds::membership ? membership_timeout : request_timeout;
}

std::vector<std::size_t> positions_up_to(std::size_t n) {
  std::vector<std::size_t> positions(n);
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  return positions;
}

/// Calls `action` for all positions at once, in as many threads, or with a gap one after the other;
/// results in their order.
template <class T>
std::vector<T> everywhere(const std::vector<std::size_t>& positions,
                          const std::function<T(std::size_t)>& action, Nanos gap = Nanos{0}) {
  if (gap > Nanos{0}) {
    // From start to start, so that the whole does not take longer when an answer does.
    std::vector<T> results;
    Nanos due = monotonic_now();
    for (const std::size_t at : positions) {
      if (const Nanos left = due - monotonic_now(); left > Nanos{0}) {
        std::this_thread::sleep_for(left);
      }
      results.push_back(action(at));
      due += gap;
    }
    return results;
  }
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

/// `order` first, as far as it names some of `positions`, then the others.
std::vector<std::size_t> in_order(const std::vector<std::size_t>& positions,
                                  const std::vector<std::size_t>& order) {
  std::vector<std::size_t> sorted;
  for (const auto* list : {&order, &positions}) {
    for (const std::size_t at : *list) {
      const bool wanted = std::find(positions.begin(), positions.end(), at) != positions.end();
      const bool known = std::find(sorted.begin(), sorted.end(), at) != sorted.end();
      if (wanted && !known) sorted.push_back(at);
    }
  }
  return sorted;
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
                                             Target& target, const NemesisSettings& settings) {
  using Opened = Result<std::unique_ptr<AgentSession>>;
  std::unique_ptr<Actor> actor(new Actor(std::move(faults), nodes, target, settings.power));
  std::vector<Opened> agents = everywhere<Opened>(
      positions_up_to(nodes.size()),
      [&](std::size_t at) { return AgentSession::open(*nodes[at], settings.agent); });
  for (Opened& agent : agents) {
    if (!agent) return agent.error();
    actor->agents_.push_back(std::move(*agent));
  }
  if (const Status ready = actor->prepare(settings.latencies); !ready.ok()) return ready.error();
  return std::unique_ptr<Nemesis>(std::move(actor));
}

Status Actor::prepare(const Latencies& latencies) {
  const auto prepared = everywhere<Status>(positions_up_to(agents_.size()), [&](std::size_t at) {
    std::vector<Words> requests;
    if (Status added = add_latencies(latencies, at, requests); !added.ok()) return added;
    add_disk_layer(at, requests);
    return agents_[at]->stand(std::move(requests));
  });
  for (const Status& status : prepared) {
    if (!status.ok()) return status;
  }
  return {};
}

void Actor::add_disk_layer(std::size_t node, std::vector<Words>& requests) const {
  const bool wanted = std::any_of(faults_.begin(), faults_.end(), [](const FaultEntry& fault) {
    return fault.needs == FaultNeeds::disk_layer;
  });
  const ProcessControl* control = cluster_.target.process_control();
  if (!wanted || control == nullptr) return;
  requests.push_back({"inject", "disk-layer", "disk-layer", control->data_folder(node),
                      control->kill_command(node), control->start_command(node)});
}

Status Actor::add_latencies(const Latencies& latencies, std::size_t node,
                            std::vector<Words>& requests) const {
  if (node >= latencies.size()) return {};
  const auto request_of = [](const std::string& whose, Nanos latency, const Words& more) {
    const std::string delay = std::to_string(latency.count()) + "ns";
    Words request{"inject", std::string(topology_id) + whose + delay, "packets", "delay=" + delay};
    request.insert(request.end(), more.begin(), more.end());
    return request;
  };
  std::map<Nanos, Words> peers;  // by how far away
  for (std::size_t from = 0; from < latencies[node].size(); ++from) {
    const Nanos latency = latencies[node][from];
    if (latency == Nanos{0} || from == node) continue;
    const bool is_client = from == cluster_.nodes.size();
    const auto address =
        is_client ? own_address_towards(*cluster_.nodes[node]) : address_of(*cluster_.nodes[from]);
    if (!address) return address.error();
    if (!is_client) {
      peers[latency].push_back(*address);
      continue;
    }
    // Clients are where the controller is, whose own way to the node nothing may touch.
    const std::string port = std::to_string(cluster_.nodes[node]->address().ssh_port());
    requests.push_back(request_of("clients-", latency, {"except=" + port, *address}));
  }
  for (const auto& [latency, addresses] : peers) {
    requests.push_back(request_of("", latency, addresses));
  }
  return {};
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
  in_force_[fault.name] = {in_order(hit, injection->heal_order), injection->gap};
  hit = in_order(hit, injection->order);
  const auto answers = everywhere<Result<std::string>>(
      hit, [&](std::size_t at) { return inject(fault, injection->words[at], at); }, injection->gap);
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
  if (found == in_force_.end()) {
    return outcome(cluster_, {}, std::string(fault.name) + " was not in force", "");
  }
  const auto [hit, gap] = found->second;
  Completion completion = stopped(fault, hit,
                                  everywhere<Result<std::string>>(
                                      hit, [&](std::size_t at) { return heal(fault, at); }, gap));
  if (completion.type == EventType::ok) in_force_.erase(found);
  return completion;
}

Completion Actor::stopped(const FaultEntry& fault, const std::vector<std::size_t>& hit,
                          const std::vector<Result<std::string>>& answers) {
  std::string errors;
  std::string what = std::string(fault.name) + " healed:";
  std::string effects;
  std::string none;
  bool any = false;
  for (std::size_t i = 0; i < hit.size(); ++i) {
    const std::string& node = cluster_.nodes[hit[i]]->name();
    what += " " + node;
    if (!answers[i]) {
      add(errors, answers[i].error().message);
    } else if (answers[i]->starts_with(no_effect)) {
      add(none, node + " " + answers[i]->substr(no_effect.size()));
    } else if (!answers[i]->empty()) {
      add(effects, node + " " + *answers[i]);
      any = true;
    }
  }
  if (const std::string notices = take_notices(); !notices.empty()) what += " (" + notices + ")";
  Completion completion = outcome(cluster_, hit, what, errors);
  if (!none.empty()) add(effects, (any ? "" : "none: ") + none);
  if (!effects.empty()) completion.value.get_if<Value::Map>()->emplace_back("effect", effects);
  return completion;
}

Result<std::string> Actor::inject(const FaultEntry& fault, const Words& words, std::size_t node) {
  if (fault.needs == FaultNeeds::power) {
    const std::lock_guard<std::mutex> exclusive(power_mutex_);
    const Status off = power_->off(node);
    if (!off.ok()) return off.error();
    return std::string();
  }
  Words request{"inject", std::string(fault.name)};
  request.insert(request.end(), words.begin(), words.end());
  return agents_[node]->request(request, timeout_of(fault));
}

Result<std::string> Actor::heal(const FaultEntry& fault, std::size_t node) {
  if (fault.needs != FaultNeeds::power) {
    return agents_[node]->request({"heal", std::string(fault.name)}, timeout_of(fault));
  }
  // Asked before it is on: a node that still answers was never off.
  const bool answers = cluster_.nodes[node]->run("true", std::chrono::seconds(1)).ok();
  if (const Status on = switch_on(node); !on.ok()) return on.error();
  return answers ? std::string(no_effect) + "it was on" : std::string("was off");
}

Status Actor::switch_on(std::size_t node) {
  {
    const std::lock_guard<std::mutex> exclusive(power_mutex_);
    if (const Status on = power_->on(node); !on.ok()) return on;
  }
  const ProcessControl* control = cluster_.target.process_control();
  if (control == nullptr) return {};
  const auto started = cluster_.nodes[node]->run(control->start_command(node), request_timeout);
  if (!started) return started.error();
  // The agent's program is on the disk, its process is not; that is no loss to report.
  static_cast<void>(agents_[node]->request({"ping"}, request_timeout).ok());
  agents_[node]->take_notice();
  if (started->exit_status == 0) return {};
  return Error{ErrorKind::unavailable,
               cluster_.nodes[node]->name() +
                   ": the server did not start after power came back: " + started->err};
}

Nanos Actor::heal_timeout() const {
  Nanos longest = request_timeout;
  for (const FaultEntry& fault : faults_) {
    if (!in_force_.contains(fault.name)) continue;
    longest = std::max(longest, std::min(timeout_of(fault), heal_timeout_max));
  }
  return longest;
}

std::string Actor::take_notices() {
  std::string notices;
  for (const auto& agent : agents_) add(notices, agent->take_notice());
  return notices;
}

Result<std::vector<StoppedFault>> Actor::heal_all() {
  using Effects = std::map<std::string, std::string>;  // by the fault's name
  const std::lock_guard<std::mutex> exclusive(mutex_);
  std::string errors;
  std::map<std::string_view, std::vector<Result<std::string>>> powered;
  for (const FaultEntry& fault : faults_) {
    const auto force = in_force_.find(fault.name);
    if (fault.needs != FaultNeeds::power || force == in_force_.end()) continue;
    for (const std::size_t at : force->second.nodes) {
      powered[fault.name].push_back(heal(fault, at));
      if (const auto& on = powered[fault.name].back(); !on) add(errors, on.error().message);
    }
  }
  const auto healed =
      everywhere<Result<Effects>>(positions_up_to(agents_.size()), [&](std::size_t at) {
        // Whatever agent comes after this one has nothing to begin with.
        static_cast<void>(agents_[at]->stand({}).ok());
        auto answer = agents_[at]->request({"heal-all"}, heal_timeout());
        // The agent may just have died; the next one heals what it left before it answers.
        if (!answer) answer = agents_[at]->request({"heal-all"}, heal_timeout());
        if (!answer) return Result<Effects>(answer.error());
        if (const Status verified = verify(at); !verified.ok()) {
          return Result<Effects>(verified.error());
        }
        Effects effects;
        const Words words = agent::decode_line(*answer);
        for (std::size_t i = 0; i + 1 < words.size(); i += 2) effects[words[i]] = words[i + 1];
        return Result<Effects>(std::move(effects));
      });
  for (const auto& effects : healed) {
    if (!effects) add(errors, effects.error().message);
  }
  if (!errors.empty()) return Error{ErrorKind::unavailable, "not everything is healed: " + errors};
  std::vector<StoppedFault> ended;
  for (const FaultEntry& fault : faults_) {
    const auto force = in_force_.find(fault.name);
    if (force == in_force_.end()) continue;
    std::vector<Result<std::string>> answers = std::move(powered[fault.name]);
    if (answers.empty()) {
      for (const std::size_t at : force->second.nodes) {
        // Without an entry its agent died and healed it earlier.
        const auto effect = healed[at]->find(std::string(fault.name));
        answers.emplace_back(effect == healed[at]->end() ? std::string() : effect->second);
      }
    }
    ended.push_back(
        {"stop-" + std::string(fault.name), stopped(fault, force->second.nodes, answers)});
  }
  in_force_.clear();
  std::string latencies;
  for (std::size_t at = 0; at < healed.size(); ++at) {
    for (const auto& [id, effect] : *healed[at]) {
      if (id.starts_with(topology_id)) add(latencies, cluster_.nodes[at]->name() + " " + effect);
    }
  }
  if (!latencies.empty()) ended.push_back({"topology", outcome(cluster_, {}, latencies, "")});
  return ended;
}

Status Actor::verify(std::size_t node) const {
  Node& where = *cluster_.nodes[node];
  // As seen from outside the agent: its firewall table, its chain where there is no nft, its
  // device.
  const auto left = where.run(
      "if command -v nft >/dev/null; then nft list table inet assay_nemesis >/dev/null 2>&1 && "
      "echo the firewall table assay_nemesis; elif iptables -n -L ASSAY-NEMESIS >/dev/null 2>&1; "
      "then echo the firewall chain ASSAY-NEMESIS; fi; "
      "test -e /sys/class/net/assay-packets && echo the device assay-packets; "
      "grep -q '^assay-disk ' /proc/mounts && echo the disk layer; true",
      request_timeout);
  if (!left) return left.error();
  if (const std::size_t begin = left->out.find_first_not_of('\n'); begin != std::string::npos) {
    return Error{ErrorKind::unavailable,
                 where.name() + ": still there: " +
                     left->out.substr(begin, left->out.find('\n', begin) - begin)};
  }
  const bool touched = std::any_of(faults_.begin(), faults_.end(), [](const FaultEntry& fault) {
    return fault.needs != FaultNeeds::nothing;
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
