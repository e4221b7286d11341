#include "targets/cluster.h"

#include <charconv>
#include <sstream>
#include <thread>

namespace assay {

Result<std::vector<Endpoint>> parse_endpoints(const std::string& text, std::uint16_t port) {
  std::vector<Endpoint> endpoints;
  std::istringstream list(text);
  for (std::string word; std::getline(list, word, ',');) {
    Endpoint endpoint{word, port};
    const auto bracket = word.find(']');
    const auto colon = word.find(':', bracket == std::string::npos ? 0 : bracket);
    if (colon != std::string::npos) {
      endpoint.host = word.substr(0, colon);
      const char* first = word.data() + colon + 1;
      const char* last = word.data() + word.size();
      const auto [end, failure] = std::from_chars(first, last, endpoint.port);
      if (failure != std::errc{} || end != last || endpoint.port == 0) endpoint.host.clear();
    }
    if (endpoint.host.size() > 2 && endpoint.host.front() == '[') {
      endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
    }
    if (endpoint.host.empty()) {
      return Error{ErrorKind::configuration,
                   "--servers: expected HOST or HOST:PORT, got '" + word + "'"};
    }
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

Result<std::size_t> option_choice(const std::map<std::string, std::string>& options,
                                  const TargetOption& option) {
  const std::string& value = options.at(std::string(option.name));
  std::istringstream names{std::string(option.values)};
  std::size_t position = 0;
  for (std::string name; std::getline(names, name, '|'); ++position) {
    if (name == value) return position;
  }
  return Error{ErrorKind::configuration, "--" + std::string(option.name) + ": expected one of " +
                                             std::string(option.values) + ", got '" + value + "'"};
}

Status on_all(std::size_t count, const std::function<Status(std::size_t)>& step) {
  std::vector<Status> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] { results[i] = step(i); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) {
    if (!result) return result;
  }
  return {};
}

Status wait_for(Nanos limit, const std::function<Status()>& step) {
  const Nanos deadline = monotonic_now() + limit;
  for (;;) {
    Status status = step();
    if (status.ok() || status.error().kind == ErrorKind::not_permitted) return status;
    if (monotonic_now() > deadline) {
      return status.error().in("not ready within " + format_duration(limit));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

ClusterTarget::ClusterTarget(std::string_view name, std::vector<Endpoint> hosts, std::uint16_t port,
                             std::string data_folder)
    : name_(name), hosts_(std::move(hosts)), port_(port), data_folder_(std::move(data_folder)) {}

std::map<std::string, std::string> ClusterTarget::facts() const { return facts_; }

std::vector<std::string> ClusterTarget::endpoints() const {
  std::vector<std::string> names;
  for (const Endpoint& host : hosts_) names.push_back(host.host + ":" + std::to_string(host.port));
  return names;
}

Status ClusterTarget::set_up(Nodes& nodes) {
  places_ = hosts_;
  servers_.clear();
  companions_.clear();
  if (!is_ours()) return form();
  for (const auto& node : nodes) places_.push_back({node->address().host, port_});
  if (auto status = look_around(*nodes.front()); !status.ok()) return status;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    servers_.push_back(server(i));
    companions_.push_back(companions(i));
  }
  if (auto status = install_all(nodes); !status.ok()) return status;
  if (auto status = start(nodes); !status.ok()) return status;
  return form();
}

Status ClusterTarget::install_all(Nodes& nodes) {
  const auto installed = on_all(nodes.size(), [&](std::size_t i) -> Status {
    std::vector<ServerProcess> its = companions_[i];
    its.push_back(servers_[i]);
    for (const ServerProcess& each : its) {
      const auto emptied = nodes[i]->must_run(
          assay::kill_command(each) + "; rm -rf " + shell_quote(each.data_folder) + " " +
          shell_quote(each.log_file) + "; mkdir -p -m 700 " + shell_quote(each.data_folder) +
          (each.user.empty()
               ? ""
               : " && chown " + shell_quote(each.user) + " " + shell_quote(each.data_folder)));
      if (!emptied) return emptied.error().in("emptying " + nodes[i]->name());
    }
    auto status = install(*nodes[i], i);
    return status.ok() ? status : status.error().in("installing on " + nodes[i]->name());
  });
  if (!installed.ok()) return installed;
  std::string query = "dpkg-query -W -f '${Package} ${Version}\\n'";
  for (const std::string& package : packages()) query += " " + shell_quote(package);
  const auto versions = nodes.front()->must_run(query);
  if (!versions) return versions.error();
  std::istringstream lines(*versions);
  for (std::string package, version; lines >> package >> version;) add_fact(package, version);
  return {};
}

Status ClusterTarget::start(Nodes& nodes) {
  if (auto status = on_all(nodes.size(), [&](std::size_t i) { return start_node(nodes, i); });
      !status.ok()) {
    return status;
  }
  return on_all(nodes.size(), [&](std::size_t i) -> Status {
    for (const ServerProcess& companion : companions_[i]) {
      const auto started = nodes[i]->must_run(assay::start_command(companion));
      if (!started) return started.error().in("starting " + companion.name);
    }
    return {};
  });
}

Status ClusterTarget::start_node(Nodes& nodes, std::size_t at) {
  const auto started = nodes[at]->must_run(start_command(at));
  if (started) return {};
  const std::string& log = servers_.at(at).log_file;
  const auto tail = nodes[at]->run("tail -n 3 " + shell_quote(log));
  std::string words = tail ? tail->out : "";
  for (char& c : words) c = c == '\n' ? ' ' : c;
  return Error{started.error().kind, "starting on " + nodes[at]->name() +
                                         " failed; the end of its log " + log + ": " + words};
}

void ClusterTarget::tear_down(Nodes& nodes) noexcept {
  leave();
  const std::size_t count = std::min(nodes.size(), servers_.size());
  // Best effort: a node that cannot be reached has nothing that could be stopped from here.
  static_cast<void>(on_all(count, [&](std::size_t i) -> Status {
    std::string commands = "(" + kill_command(i) + ")";
    for (const ServerProcess& each : companions_[i]) {
      commands += "; (" + assay::kill_command(each) + ")";
    }
    const auto killed = nodes[i]->run(commands);
    if (!killed) return killed.error();
    return {};
  }));
}

std::string ClusterTarget::kill_command(std::size_t node) const {
  return assay::kill_command(servers_.at(node));
}

std::string ClusterTarget::start_command(std::size_t node) const {
  return assay::start_command(servers_.at(node));
}

std::vector<LogFile> ClusterTarget::log_files(std::size_t node) const {
  if (node >= servers_.size()) return {};
  std::vector<LogFile> files{{servers_[node].log_file, std::string(name_) + ".log"}};
  for (const ServerProcess& each : companions_[node]) {
    files.push_back({each.log_file, each.name + ".log"});
  }
  return files;
}

}  // namespace assay
