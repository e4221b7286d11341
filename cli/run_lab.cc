#include "cli/run_lab.h"

#include <utility>

#include "cli/hosts.h"
#include "harness/lab/rootless.h"

namespace assay::cli {
namespace {

constexpr Nanos connect_timeout = std::chrono::seconds(10);

}  // namespace

Result<RunLab> RunLab::up(int nodes, const std::string& suite, const Target& target, bool keep,
                          Progress& progress) {
  if (auto endpoints = target.endpoints(); !endpoints.empty()) return RunLab(std::move(endpoints));
  auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  site->suite = suite;
  site->packages = target.packages();
  auto status = lab_status(*site);
  const bool was_up = status.ok() && status->is_up;
  auto lab = Lab::lock(*site);
  if (!lab.ok()) return lab.error();
  auto up = lab->up(nodes, [&](const std::string& text) { progress.say(text); });
  if (!up.ok()) return up.error().in("lab");
  return RunLab(std::move(*lab), was_up || keep);
}

RunLab RunLab::of(std::vector<NodeAddress> hosts) { return RunLab(std::move(hosts)); }

void RunLab::down(Progress& progress) {
  if (!lab_ || keep_) return;
  if (auto status = lab_->down(); !status.ok()) progress.say(status.error().message);
}

Status RunLab::off(std::size_t node) { return lab_->kill_node(static_cast<int>(node) + 1); }
Status RunLab::on(std::size_t node) { return lab_->start_node(static_cast<int>(node) + 1); }

Result<Nodes> RunLab::connect() const {
  if (!hosts_.empty()) return connect_hosts(hosts_);
  Nodes nodes;
  for (const std::string& name : endpoints_) nodes.push_back(named_node(name));
  if (!lab_) return nodes;
  auto addresses = lab_nodes(lab_->site());
  if (!addresses.ok()) return addresses.error();
  for (const NodeAddress& address : *addresses) {
    auto node = connect_ssh(address, connect_timeout);
    if (!node.ok()) return node.error().in(address.name);
    nodes.push_back(std::move(*node));
  }
  return nodes;
}

bool lab_is_up() {
  const auto site = enter_lab_site();
  if (!site.ok()) return false;
  const auto status = lab_status(*site);
  return status.ok() && status->is_up;
}

Status take_lab_down() {
  const auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  auto lab = Lab::lock(*site);
  if (!lab.ok()) return lab.error();
  return lab->down();
}

}  // namespace assay::cli
