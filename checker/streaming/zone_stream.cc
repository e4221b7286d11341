#include "checker/streaming/zone_stream.h"

#include <algorithm>

#include "base/assert.h"

namespace assay {
namespace {

constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
/// So many values are looked through one by one; more are found by a table.
constexpr std::size_t indexed_from = 48;

}  // namespace

ZoneStream::ZoneStream(const StreamValue& initial, std::size_t clusters_max)
    : clusters_max_(clusters_max) {
  Cluster first;
  first.value = initial;
  first.f = earliest;
  first.s = earliest;
  clusters_.push_back(first);
  begin_block(0);
}

void ZoneStream::begin_block(std::uint32_t root) {
  clusters_[root].block = static_cast<std::uint32_t>(block_root_.size());
  block_root_.push_back(root);
  block_f_.push_back(clusters_[root].f);
  block_s_.push_back(clusters_[root].s);
}

std::uint32_t ZoneStream::find(const StreamValue& value) const {
  if (indexed_) {
    const auto found = index_.find(value);
    return found == index_.end() ? none : found->second;
  }
  for (std::size_t i = clusters_.size(); i-- > 0;) {
    const Cluster& cluster = clusters_[i];
    if (cluster.value == value && !cluster.closed && !cluster.dead) {
      return static_cast<std::uint32_t>(i);
    }
  }
  return none;
}

void ZoneStream::add_to_index(std::uint32_t cluster) {
  if (indexed_) {
    index_[clusters_[cluster].value] = cluster;
    return;
  }
  if (clusters_.size() < indexed_from) return;
  index_.clear();
  for (std::uint32_t i = 0; i < clusters_.size(); ++i) {
    if (!clusters_[i].closed && !clusters_[i].dead) index_[clusters_[i].value] = i;
  }
  indexed_ = true;
}

StreamAnswer ZoneStream::invoke(const StreamCall& call) {
  const StreamOp& op = call.op;
  if (!op.mutates()) {
    open_.push_back({call.token, call.start, none, true});
    return StreamAnswer::fine;
  }
  if (find(op.value) != none || (op.observes() && op.expected == op.value)) {
    return StreamAnswer::not_unique;
  }
  Cluster cluster;
  cluster.value = op.value;
  cluster.expected = op.expected;
  cluster.token = call.token;
  cluster.s = call.start;
  cluster.is_cas = op.observes();
  cluster.writer_open = true;
  const auto at = static_cast<std::uint32_t>(clusters_.size());
  clusters_.push_back(cluster);
  add_to_index(at);
  open_.push_back({call.token, call.start, at, op.observes()});
  return StreamAnswer::fine;
}

StreamAnswer ZoneStream::complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                                  const StreamValue& value) {
  const auto at = std::find_if(open_.begin(), open_.end(),
                               [&](const OpenCall& call) { return call.token == token; });
  ASSAY_ASSERT(at != open_.end());
  const OpenCall call = *at;
  open_.erase(at);
  StreamAnswer answer = StreamAnswer::fine;
  if (call.placed) {
    if (outcome == Outcome::fail) answer = StreamAnswer::violation;
  } else if (call.cluster != none) {
    answer = complete_mutation(call, outcome, time);
  } else if (outcome == Outcome::ok) {
    answer = complete_read(call, time, value);
  }
  if (answer == StreamAnswer::fine) forget_if_many(time);
  return answer;
}

StreamAnswer ZoneStream::not_found(bool overdue) {
  if (!overdue) return StreamAnswer::violation;
  reason_ = "an operation returned that had been open for longer than the checker could wait";
  return StreamAnswer::unknown;
}

StreamAnswer ZoneStream::complete_read(const OpenCall& call, std::int64_t time,
                                       const StreamValue& value) {
  const std::uint32_t at = find(value);
  if (at == none) return not_found(call.overdue);
  if (clusters_[at].block == none) {
    if (const auto answer = activate(at, call.overdue); answer != StreamAnswer::fine) return answer;
  }
  Cluster& cluster = clusters_[at];
  cluster.f = std::min(cluster.f, time);
  cluster.s = std::max(cluster.s, call.start);
  return test_block(cluster.block);
}

StreamAnswer ZoneStream::complete_mutation(const OpenCall& call, Outcome outcome,
                                           std::int64_t time) {
  Cluster& cluster = clusters_[call.cluster];
  cluster.writer_open = false;
  if (outcome == Outcome::info) return StreamAnswer::fine;
  if (outcome == Outcome::fail) {
    if (cluster.block != none) return StreamAnswer::violation;
    cluster.dead = true;
    if (indexed_) index_.erase(cluster.value);
    return StreamAnswer::fine;
  }
  if (cluster.f <= time) return StreamAnswer::fine;
  cluster.f = time;
  return cluster.block == none ? activate(call.cluster, call.overdue) : test_block(cluster.block);
}

/// `cluster` took effect; if it is a cas, so did what it replaced.
StreamAnswer ZoneStream::activate(std::uint32_t cluster, bool overdue) {
  std::vector<std::uint32_t> path{cluster};
  std::uint32_t source = none;
  while (clusters_[path.back()].is_cas) {
    source = find(clusters_[path.back()].expected);
    if (source == none) return not_found(overdue);
    if (clusters_[source].block != none) break;
    if (std::find(path.begin(), path.end(), source) != path.end()) return StreamAnswer::violation;
    path.push_back(source);
    source = none;
  }
  // Two cas cannot both replace what one write left behind.
  if (source != none && clusters_[source].next != none) return StreamAnswer::violation;
  for (std::size_t i = path.size(); i-- > 0;) {
    Cluster& next = clusters_[path[i]];
    if (source == none) {
      begin_block(path[i]);
    } else {
      next.block = clusters_[source].block;
      next.previous = source;
      clusters_[source].next = path[i];
    }
    source = path[i];
  }
  return test_block(clusters_[cluster].block);
}

StreamAnswer ZoneStream::test_block(std::uint32_t block) {
  std::int64_t f = never;
  std::int64_t s = earliest;
  for (std::uint32_t c = block_root_[block]; c != none; c = clusters_[c].next) {
    // Everything in the chain before c must be able to precede everything in c.
    if (clusters_[c].f < s) return StreamAnswer::violation;
    f = std::min(f, clusters_[c].f);
    s = std::max(s, clusters_[c].s);
  }
  block_f_[block] = f;
  block_s_[block] = s;
  bool contradicted = false;
  for (std::size_t other = 0; other < block_f_.size(); ++other) {
    contradicted |= other != block && block_f_[other] < s && f < block_s_[other];
  }
  return contradicted ? StreamAnswer::violation : StreamAnswer::fine;
}

std::int64_t ZoneStream::oldest_observer(std::int64_t now) const {
  for (const OpenCall& call : open_) {
    if (call.observes && !call.overdue) return std::min(call.start, now);
  }
  return now;
}

void ZoneStream::forget_if_many(std::int64_t now) {
  if (clusters_.size() < trim_at_) return;
  trim(oldest_observer(now));
  const auto kept_by_blocks = [&] {
    return static_cast<std::size_t>(
        std::count_if(clusters_.begin(), clusters_.end(),
                      [](const Cluster& cluster) { return cluster.block != none; }));
  };
  while (kept_by_blocks() > clusters_max_ && stop_waiting()) trim(oldest_observer(now));
  trim_at_ = std::max<std::size_t>(8, 2 * clusters_.size());
}

/// False if nothing is being waited for.
bool ZoneStream::stop_waiting() {
  for (OpenCall& call : open_) {
    if (!call.observes || call.overdue) continue;
    call.overdue = true;
    return true;
  }
  return false;
}

std::vector<bool> ZoneStream::kept_blocks(std::int64_t horizon) const {
  // A block is closed if another one that returned before the horizon begins to be needed after it.
  std::size_t best = block_f_.size();
  std::size_t second = block_f_.size();
  for (std::size_t i = 0; i < block_f_.size(); ++i) {
    if (block_f_[i] >= horizon) continue;
    if (best == block_f_.size() || block_s_[i] > block_s_[best]) {
      second = best;
      best = i;
    } else if (second == block_f_.size() || block_s_[i] > block_s_[second]) {
      second = i;
    }
  }
  std::vector<bool> keep(block_f_.size(), true);
  for (std::size_t i = 0; i < block_f_.size(); ++i) {
    const std::size_t rival = i == best ? second : best;
    if (rival != block_f_.size() && block_f_[i] < block_s_[rival]) keep[i] = false;
  }
  return keep;
}

/// All clusters before the last one that returned before the horizon become one.
void ZoneStream::close_beginning(std::uint32_t block, std::int64_t horizon,
                                 std::vector<bool>& keep) {
  std::uint32_t last = none;
  for (std::uint32_t c = block_root_[block]; c != none; c = clusters_[c].next) {
    if (clusters_[c].f < horizon) last = c;
  }
  if (last == none || clusters_[last].previous == none) return;
  Cluster& summary = clusters_[clusters_[last].previous];
  std::int64_t f = summary.f;
  std::int64_t s = summary.s;
  for (std::uint32_t c = summary.previous; c != none; c = clusters_[c].previous) {
    f = std::min(f, clusters_[c].f);
    s = std::max(s, clusters_[c].s);
    keep[c] = false;
  }
  summary.f = f;
  summary.s = s;
  summary.previous = none;
  summary.closed = true;
  block_root_[block] = clusters_[last].previous;
}

void ZoneStream::trim(std::int64_t horizon) {
  const std::vector<bool> keep_block = kept_blocks(horizon);
  std::vector<bool> keep(clusters_.size(), true);
  for (std::uint32_t block = 0; block < block_root_.size(); ++block) {
    if (keep_block[block]) close_beginning(block, horizon, keep);
  }
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    const Cluster& cluster = clusters_[i];
    if (cluster.dead || (cluster.block != none && !keep_block[cluster.block])) keep[i] = false;
  }
  compact(keep, keep_block);
}

void ZoneStream::compact(const std::vector<bool>& keep, const std::vector<bool>& keep_block) {
  std::vector<std::uint32_t> moved(clusters_.size(), none);
  std::vector<std::uint32_t> moved_block(block_root_.size(), none);
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    if (keep[i]) moved[i] = count++;
  }
  std::uint32_t blocks = 0;
  for (std::size_t i = 0; i < block_root_.size(); ++i) {
    if (!keep_block[i]) continue;
    moved_block[i] = blocks;
    block_root_[blocks] = moved[block_root_[i]];
    block_f_[blocks] = block_f_[i];
    block_s_[blocks++] = block_s_[i];
  }
  block_root_.resize(blocks);
  block_f_.resize(blocks);
  block_s_.resize(blocks);
  const auto follow = [](const std::vector<std::uint32_t>& table, std::uint32_t& link) {
    if (link != none) link = table[link];
  };
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    if (!keep[i]) continue;
    Cluster cluster = clusters_[i];
    follow(moved, cluster.previous);
    follow(moved, cluster.next);
    follow(moved_block, cluster.block);
    clusters_[moved[i]] = cluster;
  }
  clusters_.resize(count);
  for (OpenCall& call : open_) {
    if (call.cluster == none) continue;
    follow(moved, call.cluster);
    if (call.cluster != none) continue;
    call.placed = true;
    call.observes = false;
  }
  indexed_ = false;
  if (count != 0) add_to_index(count - 1);
}

ZoneStream::Export ZoneStream::export_calls() const {
  Export exported;
  CallsSoFar<StreamOp>& result = exported.calls;
  for (const OpenCall& call : open_) {
    if (call.overdue) result.abandoned.push_back(call.token);
  }
  const auto is_overdue = [&](std::uint64_t token) {
    return std::find(result.abandoned.begin(), result.abandoned.end(), token) !=
           result.abandoned.end();
  };
  exported.initial = forgotten_value;
  for (const Cluster& cluster : clusters_) {
    if (cluster.dead) continue;
    StreamCall call{cluster.token, cluster.s, never, {cluster.value, {}, RegisterFunction::write}};
    if (cluster.is_cas && !cluster.closed) {
      call.op.expected = cluster.expected;
      call.op.function = RegisterFunction::cas;
    }
    if (cluster.block == none || cluster.f == never) {
      (cluster.writer_open && !is_overdue(cluster.token) ? result.open : result.pending)
          .push_back(call);
      continue;
    }
    if (cluster.writer_open && !is_overdue(cluster.token)) result.placed.push_back(cluster.token);
    if (cluster.f == earliest) {
      exported.initial = cluster.value;
    } else {
      call.start = std::min(cluster.s, cluster.f);
      call.end = cluster.f;
      result.returned.push_back(call);
    }
    if (cluster.s <= cluster.f) continue;
    call.start = cluster.s;
    call.end = cluster.s;
    call.op = {cluster.value, {}, RegisterFunction::read};
    result.returned.push_back(call);
  }
  for (const OpenCall& call : open_) {
    if (call.overdue) continue;
    if (call.placed) {
      result.placed.push_back(call.token);
    } else if (call.cluster == none) {
      result.open.push_back({call.token, call.start, never, {}});
    }
  }
  std::sort(result.open.begin(), result.open.end(), [](const StreamCall& a, const StreamCall& b) {
    return a.start != b.start ? a.start < b.start : a.token < b.token;
  });
  return exported;
}

std::uint64_t ZoneStream::bytes() const {
  return sizeof(*this) + clusters_.capacity() * sizeof(Cluster) +
         block_f_.capacity() * (2 * sizeof(std::int64_t) + sizeof(std::uint32_t)) +
         open_.capacity() * sizeof(OpenCall) + index_.size() * 64;
}

}  // namespace assay
