#include "tests/targets/simulated_cluster.h"

#include <string>

#include "base/assert.h"

namespace assay::reference {

SimulatedCluster::SimulatedCluster(std::uint64_t seed, std::size_t size, NetworkOptions options,
                                   Make make)
    : random_(seed), options_(options), make_(std::move(make)) {
  for (std::uint32_t i = 1; i <= size; ++i) members_.push_back(NodeId{i});
  for (const NodeId id : members_) {
    nodes_[id];
    restart(id);
  }
}

void SimulatedCluster::at(Nanos when, std::function<void()> action) {
  events_.push({when, order_++, std::move(action)});
}

void SimulatedCluster::run_until(Nanos until) {
  while (!events_.empty() && events_.top().when <= until) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.when;
    event.action();
  }
  now_ = until;
}

void SimulatedCluster::request(NodeId id, const Command& command) {
  if (!is_up(id)) return;
  protocol(id)->request(now_, command);
  settle(id);
}

void SimulatedCluster::settle(NodeId id) {
  Node& node = nodes_.at(id);
  if (!node.protocol) return;
  Effects effects;
  node.protocol->flush(now_, effects);
  for (auto& write : effects.writes) {
    const WriteToken token = write.token;
    node.pending.push_back(std::move(write));
    sync(id, node, token);
  }
  for (const auto& send : effects.messages) deliver(id, send);
  for (const auto& reply : effects.replies) on_reply(reply);
  const Nanos due = std::max(node.protocol->deadline(), now_);
  at(due, [this, id, life = node.life] {
    Node& later = nodes_.at(id);
    if (later.life != life || !later.protocol || later.protocol->deadline() > now_) return;
    later.protocol->tick(now_);
    settle(id);
  });
  observe(id);
}

void SimulatedCluster::sync(NodeId id, Node& node, WriteToken token) {
  node.disk_free =
      std::max(node.disk_free, now_) + Nanos(random_.between(0, options_.sync_max.count()));
  at(node.disk_free, [this, id, token, life = node.life] {
    Node& later = nodes_.at(id);
    if (later.life != life || !later.protocol) return;
    while (!later.pending.empty() && later.pending.front().token <= token) {
      store(later.disk, std::move(later.pending.front()));
      later.pending.pop_front();
    }
    later.protocol->written(now_, token);
    settle(id);
  });
}

void SimulatedCluster::store(Disk& disk, Write&& write) {
  if (write.hard_state) disk.hard_state = *write.hard_state;
  if (write.first == 0) return;
  ASSAY_ASSERT(write.first <= disk.entries.size() + 1);
  disk.entries.resize(write.first - 1);
  for (auto& entry : write.entries) disk.entries.push_back(std::move(entry));
}

void SimulatedCluster::deliver(NodeId from, const Send& send) {
  if (random_.chance(options_.loss)) return;
  // Through its encoding, so that what a message does not carry is not seen either.
  std::string bytes;
  encode(send.message, bytes);
  const int copies = random_.chance(options_.repeat) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    Nanos delay(random_.between(100'000, options_.delay_max.count()));
    if (random_.chance(options_.repeat)) delay *= 20;
    at(now_ + delay, [this, from, to = send.to, bytes] {
      Node& node = nodes_.at(to);
      if (!node.protocol || cut_.contains({from, to})) return;
      auto message = decode_message(bytes);
      ASSAY_ASSERT(message.has_value());
      node.protocol->receive(now_, from, std::move(*message));
      settle(to);
    });
  }
}

void SimulatedCluster::crash(NodeId id) {
  Node& node = nodes_.at(id);
  if (!node.protocol) return;
  node.protocol.reset();
  // Of what was on its way to the disk, some prefix got there.
  auto kept = random_.below(node.pending.size() + 1);
  for (auto& write : node.pending) {
    if (kept-- == 0) break;
    store(node.disk, std::move(write));
  }
  node.pending.clear();
}

void SimulatedCluster::restart(NodeId id) {
  Node& node = nodes_.at(id);
  if (node.protocol) return;
  ++node.life;
  node.disk_free = now_;
  node.protocol = make_(id, members_, Random(random_.next()));
  node.protocol->start(now_, {node.disk.hard_state, node.disk.entries});
  settle(id);
}

void SimulatedCluster::partition(const std::set<NodeId>& one, const std::set<NodeId>& other) {
  for (const NodeId a : one) {
    for (const NodeId b : other) {
      cut_.insert({a, b});
      cut_.insert({b, a});
    }
  }
}

NodeId SimulatedCluster::leader() const {
  for (const auto& [id, node] : nodes_) {
    if (node.protocol && node.protocol->status().role == Role::leader) return id;
  }
  return NodeId::none;
}

}  // namespace assay::reference
