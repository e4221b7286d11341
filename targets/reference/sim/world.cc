#include "targets/reference/sim/world.h"

#include <algorithm>
#include <string>

#include "base/assert.h"
#include "targets/reference/protocols/wal_format.h"

namespace assay::reference {
namespace {

constexpr int straggler_factor = 20;
constexpr std::int64_t true_rate = 1000;

/// Applies the write as the host's write-ahead log would on recovery.
void store(Recovered& disk, Write&& write) {
  if (write.hard_state) disk.hard_state = *write.hard_state;
  if (write.snapshot) {
    disk.snapshot = std::move(*write.snapshot);
    disk.entries = std::move(write.entries);
    return;
  }
  if (write.first == 0) return;
  const LogIndex base = disk.snapshot.index;
  ASSAY_ASSERT(write.first > base);
  ASSAY_ASSERT(write.first - base <= disk.entries.size() + 1);
  disk.entries.resize(write.first - base - 1);
  for (auto& entry : write.entries) disk.entries.push_back(std::move(entry));
}

}  // namespace

World::Node::Node(const Random& random, std::size_t members)
    : chance(random), disk_chance(random.fork(0)) {
  for (std::uint64_t to = 1; to <= members; ++to) link_chance.push_back(random.fork(to));
}

World::World(std::uint64_t seed, std::size_t size, const Weather& weather, Make make)
    : random_(seed), weather_(weather), make_(std::move(make)) {
  for (std::uint32_t i = 1; i <= size; ++i) {
    members_.push_back(NodeId{i});
    nodes_.emplace_back(random_.fork(i), size);
  }
  for (const NodeId member : members_) restart(member);
}

bool World::step(Nanos until) {
  if (queue_.empty() || queue_.top().when > until || is_flooded()) {
    now_ = std::max(now_, until);
    return false;
  }
  const Slot slot = queue_.top();
  queue_.pop();
  now_ = std::max(now_, slot.when);
  Event event = std::move(events_[slot.event]);
  events_[slot.event] = {};
  free_events_.push_back(slot.event);
  ++steps_;
  if (now_ - second_ >= std::chrono::seconds(1)) {
    second_ = now_;
    steps_of_second_ = 0;
  }
  ++steps_of_second_;
  if (event.action) {
    event.action();
  } else {
    happen(std::move(event));
  }
  return true;
}

void World::run_until(Nanos until) {
  while (step(until)) {
  }
}

void World::at(Nanos when, std::function<void()> action) {
  Event event;
  event.action = std::move(action);
  plan(when, std::move(event));
}

void World::plan(Nanos when, Event event) {
  std::uint32_t place = 0;
  if (free_events_.empty()) {
    place = static_cast<std::uint32_t>(events_.size());
    events_.push_back(std::move(event));
  } else {
    place = free_events_.back();
    free_events_.pop_back();
    events_[place] = std::move(event);
  }
  queue_.push({std::max(when, now_), order_++, place});
}

void World::request(NodeId member, Command command) {
  happen({member, node(member).life, std::move(command), {}});
}

void World::happen(Event event) {
  Node& at = node(event.member);
  if (at.protocol == nullptr) return;
  const bool of_one_life = event.what.index() <= 1;
  if (of_one_life && event.life != at.life) return;
  if (at.paused) {
    held_[event.member].push_back(std::move(event));
    return;
  }
  const Nanos time = local(at);
  if (auto* command = std::get_if<Command>(&event.what)) {
    at.protocol->request(time, std::move(*command));
  } else if (auto* arrival = std::get_if<Arrival>(&event.what)) {
    if (cut_.contains({arrival->from, event.member})) return;
    at.protocol->receive(time, arrival->from, std::move(arrival->message));
  } else if (const auto* synced = std::get_if<Synced>(&event.what)) {
    // A disk that caught up was there before.
    if (at.pending.empty() || at.pending.front().token > synced->token) return;
    while (!at.pending.empty() && at.pending.front().token <= synced->token) {
      store(at.disk, std::move(at.pending.front()));
      at.pending.pop_front();
    }
    at.syncing = false;
    begin_sync(event.member);
    at.protocol->written(time, synced->token);
  } else {
    if (now_ >= at.alarm) at.alarm = Nanos::max();
    if (at.protocol->deadline() <= time) at.protocol->tick(time);
  }
  settle(event.member);
}

void World::settle(NodeId member) {
  Node& at = node(member);
  effects_.clear();
  at.protocol->flush(local(at), effects_);
  Effects effects = std::move(effects_);
  for (auto& write : effects.writes) at.pending.push_back(std::move(write));
  begin_sync(member);
  for (auto& message : effects.messages) send(member, std::move(message));
  arm(member);
  for (const auto& reply : effects.replies) on_reply(member, reply);
  effects_ = std::move(effects);
  observe(member);
}

void World::arm(NodeId member) {
  Node& at = node(member);
  const Nanos due = at.protocol->deadline();
  if (due == Nanos::max()) return;
  const Nanos when = std::max(world_time(at, due), now_);
  if (when >= at.alarm) return;
  at.alarm = when;
  plan(when, {member, at.life, Alarm{}, {}});
}

void World::begin_sync(NodeId member) {
  // Group commit, as the real host does it: a disk that took one write after another would fall
  // behind for ever under load.
  Node& at = node(member);
  if (at.syncing || at.pending.empty()) return;
  at.syncing = true;
  const Nanos longest = at.sync_max > Nanos::zero() ? at.sync_max : weather_.sync_max;
  const Nanos takes(at.disk_chance.between(0, longest.count()));
  plan(now_ + takes, {member, at.life, Synced{at.pending.back().token}, {}});
}

void World::catch_up_disk(NodeId member) {
  const Node& at = node(member);
  if (at.pending.empty()) return;
  plan(now_, {member, at.life, Synced{at.pending.back().token}, {}});
}

void World::send(NodeId from, Send&& send) {
  for (const auto& [who, listener] : listeners_) listener(from, send.to, send.message);
  Random& random = node(from).link_chance[static_cast<std::size_t>(send.to) - 1];
  if (random.chance(weather_.loss)) return;
  const int copies = random.chance(weather_.repeat) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    Nanos delay(random.between(weather_.delay_min.count(), weather_.delay_max.count()));
    if (random.chance(weather_.straggle)) delay *= straggler_factor;
    if (const auto slow = slow_links_.find({from, send.to}); slow != slow_links_.end()) {
      delay *= slow->second;
    }
    const bool last = copy + 1 == copies;
    plan(now_ + delay,
         {send.to, 0, Arrival{from, last ? std::move(send.message) : send.message}, {}});
  }
}

void World::crash(NodeId member) {
  Node& at = node(member);
  if (at.protocol != nullptr) crash(member, at.disk_chance.below(at.pending.size() + 1));
}

void World::crash(NodeId member, std::size_t kept) {
  Node& at = node(member);
  if (at.protocol == nullptr) return;
  at.protocol.reset();
  for (auto& write : at.pending) {
    if (kept-- == 0) break;
    store(at.disk, std::move(write));
  }
  at.pending.clear();
  at.syncing = false;
  at.paused = false;
  held_.erase(member);
  on_crash(member);
}

void World::restart(NodeId member) {
  Node& at = node(member);
  if (at.protocol != nullptr) return;
  auto recovered = read_disk(at);
  if (!recovered) return;
  ++at.life;
  at.alarm = Nanos::max();
  at.protocol = make_({member, members_}, at.chance.fork(static_cast<std::uint64_t>(at.life)));
  at.protocol->start(local(at), *std::move(recovered));
  settle(member);
}

void World::rot(NodeId member) { node(member).rotten_bit = random_.next(); }

/// As the real host would; nothing: it refuses the file.
std::optional<Recovered> World::read_disk(const Node& node) {
  if (!node.rotten_bit) return node.disk;
  Write whole;
  whole.hard_state = node.disk.hard_state;
  if (node.disk.snapshot.index > 0) whole.snapshot = node.disk.snapshot;
  whole.first = node.disk.snapshot.index + 1;
  whole.entries = node.disk.entries;
  std::string file;
  encode_wal_header(file);
  encode_wal_write(whole, file);
  encode_wal_mark(file.size(), file);
  constexpr unsigned byte_bits = 8;
  const std::uint64_t bit = *node.rotten_bit % (file.size() * byte_bits);
  char& byte = file[bit / byte_bits];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 1U << bit % byte_bits);
  auto contents = parse_wal(file);
  if (!contents.ok()) return std::nullopt;
  return std::move(contents->recovered);
}

void World::pause(NodeId member) { node(member).paused = is_up(member); }

void World::resume(NodeId member) {
  Node& at = node(member);
  if (!at.paused) return;
  at.paused = false;
  const auto held = held_.extract(member);
  if (held.empty()) return;
  for (auto& event : held.mapped()) happen(std::move(event));
}

void World::set_clock_rate(NodeId member, std::int64_t ms_per_s) {
  ASSAY_ASSERT(ms_per_s > 0);
  Node& at = node(member);
  at.clock_base = local(at);
  at.clock_since = now_;
  at.clock_rate = ms_per_s;
  if (at.protocol == nullptr) return;
  at.alarm = Nanos::max();
  arm(member);
}

Nanos World::local(const Node& node) const {
  const Nanos passed = now_ - node.clock_since;
  if (node.clock_rate == true_rate) return node.clock_base + passed;
  return node.clock_base + passed * node.clock_rate / true_rate;
}

Nanos World::world_time(const Node& node, Nanos local) const {
  const Nanos ahead = local - node.clock_base;
  if (node.clock_rate == true_rate) return node.clock_since + ahead;
  // Rounded up: at that time its clock has reached `local`.
  return node.clock_since + ahead * true_rate / node.clock_rate + Nanos(1);
}

std::vector<NodeId> World::leaders() const {
  std::vector<NodeId> found;
  for (const NodeId member : members_) {
    const auto& protocol = node(member).protocol;
    if (protocol && protocol->status().role == Role::leader) found.push_back(member);
  }
  return found;
}

}  // namespace assay::reference
