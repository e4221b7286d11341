// Pulling the plug, exhaustively: in a short run the power fails at every moment at which a disk
// has something to lose, and of the bytes on their way every possible part arrives. Recovery must
// find a prefix of the writes, and the cluster must still have whatever it acknowledged.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/wal_format.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

using Disk = World::Disk;

bool same(const Disk& a, const Disk& b) {
  return a.hard_state == b.hard_state && a.entries == b.entries && a.snapshot == b.snapshot;
}

/// A log file that holds this, and nothing that is not synced.
std::string file_of(const Disk& disk) {
  Write write{1, disk.hard_state, disk.snapshot.index + 1, disk.entries, std::nullopt};
  if (disk.snapshot.index > 0) write.snapshot = disk.snapshot;
  std::string bytes;
  encode_wal_header(bytes);
  encode_wal_write(write, bytes);
  return bytes;
}

/// What the disk may hold of bytes that were written and not synced: any prefix; the same in a file
/// that has grown already, so that zeros follow; and any subset of sectors, smaller than real ones,
/// as the device takes them in an order of its own.
std::vector<std::string> images_of(const std::string& tail) {
  constexpr std::size_t sectors = 5;
  std::vector<std::string> images;
  for (std::size_t length = 0; length <= tail.size(); ++length) {
    images.push_back(tail.substr(0, length));
    images.push_back(images.back() + std::string(tail.size() - length, '\0'));
  }
  const std::size_t sector = tail.size() / sectors + 1;
  for (unsigned arrived = 0; arrived < 1U << sectors; ++arrived) {
    std::string image = tail;
    for (std::size_t i = 0; i < image.size(); ++i) {
      if ((arrived >> (i / sector) & 1U) == 0) image[i] = '\0';
    }
    images.push_back(std::move(image));
  }
  return images;
}

/// The disk after each prefix of these writes. A snapshot takes the place of the file at once, so
/// they end before it.
std::vector<Disk> prefixes_of(Disk disk, const std::deque<Write>& writes) {
  std::vector<Disk> prefixes{disk};
  for (const Write& write : writes) {
    if (write.snapshot) break;
    if (write.hard_state) disk.hard_state = *write.hard_state;
    if (write.first > 0) {
      disk.entries.resize(write.first - disk.snapshot.index - 1);
      disk.entries.insert(disk.entries.end(), write.entries.begin(), write.entries.end());
    }
    prefixes.push_back(disk);
  }
  return prefixes;
}

/// Whatever arrives of the writes on their way, a prefix of them is recovered, and each can be.
void check_images(const Disk& durable, const std::deque<Write>& writes) {
  const std::vector<Disk> prefixes = prefixes_of(durable, writes);
  std::string tail;
  for (std::size_t i = 0; i + 1 < prefixes.size(); ++i) encode_wal_write(writes[i], tail);
  const std::string file = file_of(durable);
  std::vector<bool> seen(prefixes.size(), false);
  std::size_t others = 0;
  for (const std::string& image : images_of(tail)) {
    const auto contents = parse_wal(file + image);
    bool is_prefix = false;
    for (std::size_t kept = 0; contents.ok() && kept < prefixes.size(); ++kept) {
      if (!same(contents->recovered, prefixes[kept])) continue;
      seen[kept] = is_prefix = true;
    }
    if (!is_prefix) ++others;
  }
  CHECK(others == 0);
  CHECK(std::count(seen.begin(), seen.end(), false) == 0);
}

/// Which members lose power, and how many of the writes on their way each keeps.
using Losses = std::map<NodeId, std::size_t>;

struct Trial {
  std::int64_t pairs = 6;
  Nanos sync_max = Weather{}.sync_max;
  bool until_damage = false;  ///< the first is enough
};

/// Three members, and clients whose transactions append a number to both lists of a pair: to each
/// of so many pairs in turn.
class Cluster {
 public:
  Cluster(const ProtocolSettings& settings, const Trial& trial)
      : pairs_(trial.pairs),
        world_(3, 3, weather_of(trial), [&](const Membership& membership, const Random& random) {
          auto made = make_protocol(settings, membership, random);
          REQUIRE(made.ok());
          return std::move(*made);
        }) {
    world_.on_reply = [this](NodeId, const Reply& reply) {
      if (reply.outcome == Outcome::ok) replies_[reply.id] = reply.value;
    };
    for (std::int64_t number = 0; number < numbers; ++number) {
      world_.at(first_append + number * between_appends,
                [this, number] { ask(appended(number), number % pairs_, "append", number); });
    }
  }

  World& world() { return world_; }
  bool over() const { return world_.now() >= first_append + numbers * between_appends + settling; }

  /// Pulls the plug, plugs it in again, and waits until the cluster has come to itself.
  void lose_power(const Losses& losses) {
    for (const auto& [member, kept] : losses) world_.crash(member, kept);
    world_.run_until(world_.now() + milliseconds(20));
    for (const auto& [member, kept] : losses) world_.restart(member);
    world_.run_until(world_.now() + milliseconds(1500));
  }

  /// Nothing acknowledged is lost, and the lists of a pair are alike.
  bool is_intact() {
    const auto acknowledged = replies_;
    for (std::int64_t pair = 0; pair < pairs_; ++pair) {
      const auto lists = read(pair);
      REQUIRE(lists.has_value());
      const auto& [one, other] = *lists;
      if (!(one == other)) return false;
      for (std::int64_t number = pair; number < numbers; number += pairs_) {
        const bool there = std::find(one.begin(), one.end(), Datum(number)) != one.end();
        if (acknowledged.contains(appended(number)) && !there) return false;
      }
    }
    return true;
  }
  std::size_t acknowledged() const { return replies_.size(); }

 private:
  static Weather weather_of(const Trial& trial) {
    Weather weather;
    weather.sync_max = trial.sync_max;
    return weather;
  }
  static constexpr std::int64_t numbers = 6;
  static constexpr Nanos first_append = milliseconds(700);
  static constexpr Nanos between_appends = milliseconds(4);
  static constexpr Nanos settling = milliseconds(40);

  static RequestId appended(std::int64_t number) {
    return {static_cast<std::uint64_t>(number) + 1, 1};
  }

  void ask(RequestId id, std::int64_t pair, const char* f, Datum value) {
    Datum::List steps;
    for (const std::int64_t key : {2 * pair, 2 * pair + 1}) {
      steps.push_back(Datum::List{std::string(f), key, value});
    }
    const NodeId member{static_cast<std::uint32_t>(id.client % 3 + 1)};
    world_.request(member, {CommandKind::txn, id, {}, std::move(steps), {}});
  }

  /// Both lists of a pair; nothing if nobody answers.
  std::optional<std::pair<Datum::List, Datum::List>> read(std::int64_t pair) {
    for (int attempt = 0; attempt < 10; ++attempt) {
      const RequestId id{++readers_, 1};
      ask(id, pair, "r", {});
      const Nanos until = world_.now() + milliseconds(1000);
      while (!replies_.contains(id) && world_.step(until)) {
      }
      if (!replies_.contains(id)) continue;
      const auto& steps = *replies_.at(id).get_if<Datum::List>();
      const auto list_of = [&](std::size_t step) {
        const auto* list = steps.at(step).get_if<Datum::List>()->at(2).get_if<Datum::List>();
        return list == nullptr ? Datum::List{} : *list;
      };
      return std::pair(list_of(0), list_of(1));
    }
    return std::nullopt;
  }

  std::int64_t pairs_;
  World world_;
  std::map<RequestId, Datum> replies_;
  std::uint64_t readers_ = 1000;
};

/// Every way in which all members, or one of those that write, can lose power now.
std::vector<Losses> losses_of(const World& world) {
  std::vector<Losses> all{{}};
  std::vector<Losses> one;
  for (const NodeId member : world.members()) {
    const std::size_t writes = world.writes_on_their_way(member).size();
    std::vector<Losses> longer;
    for (std::size_t kept = 0; kept <= writes; ++kept) {
      for (Losses losses : all) {
        losses[member] = kept;
        longer.push_back(std::move(losses));
      }
      if (writes > 0) one.push_back({{member, kept}});
    }
    all = std::move(longer);
  }
  all.insert(all.end(), one.begin(), one.end());
  return all;
}

struct Tried {
  std::size_t moments = 0;
  std::size_t losses = 0;
  std::size_t snapshots = 0;  ///< on their way at one of the moments
  std::size_t damaged = 0;    ///< runs in which something acknowledged was lost or torn
};

/// Pulls the plug after each step that leaves other writes on their way than the step before, or in
/// which something was acknowledged.
Tried try_all(const ProtocolSettings& settings, const Trial& trial) {
  Tried tried;
  Cluster whole(settings, trial);
  std::vector<std::uint64_t> before;
  for (std::uint64_t step = 1; !whole.over(); ++step) {
    World& world = whole.world();
    if (!world.step(Nanos::max())) break;
    std::vector<std::uint64_t> tokens;
    for (const NodeId member : world.members()) {
      for (const Write& write : world.writes_on_their_way(member)) {
        tokens.push_back(write.token);
        if (write.snapshot) ++tried.snapshots;
      }
      tokens.push_back(0);
    }
    tokens.push_back(whole.acknowledged());
    if (tokens == before) continue;
    before = std::move(tokens);
    if (world.disks_idle()) continue;
    ++tried.moments;
    for (const NodeId member : world.members()) {
      check_images(world.disk(member), world.writes_on_their_way(member));
    }
    for (const Losses& losses : losses_of(world)) {
      ++tried.losses;
      Cluster cluster(settings, trial);
      for (std::uint64_t done = 0; done < step; ++done) cluster.world().step(Nanos::max());
      cluster.lose_power(losses);
      if (!cluster.is_intact()) ++tried.damaged;
      if (tried.damaged > 0 && trial.until_damage) return tried;
    }
  }
  REQUIRE(whole.acknowledged() > 1);
  return tried;
}

TEST_CASE("power loss: at any moment, with any part of what was not synced, nothing is lost") {
  const std::vector<ProtocolSettings> correct{{"raft", {}, {}},
                                              {"raft", {{"snapshot-entries", "2"}}, {}},
                                              {"multi-paxos", {}, {}},
                                              {"sharded", {}, {}},
                                              {"sharded", {{"isolation", "snapshot"}}, {}}};
  for (const ProtocolSettings& settings : correct) {
    CAPTURE(settings.protocol);
    // Raft takes a snapshot once its log is longer than what is stored.
    const bool snapshots = settings.options.contains("snapshot-entries");
    const Tried tried = try_all(settings, {.pairs = snapshots ? 2 : 6});
    CHECK(tried.moments > 20);
    CHECK(tried.losses > 100);
    CHECK(tried.damaged == 0);
    CHECK((tried.snapshots > 0) == snapshots);
  }
}

TEST_CASE("power loss: members that answer before they sync lose what they acknowledged") {
  // Slow disks: answers are there before any copy of what they are about.
  const Trial control{.sync_max = milliseconds(40), .until_damage = true};
  for (const ProtocolSettings& settings :
       {ProtocolSettings{"raft", {}, {"acknowledge-before-sync", "count-unsynced-self"}},
        ProtocolSettings{"multi-paxos", {}, {"accept-before-sync"}},
        ProtocolSettings{"sharded", {}, {"vote-before-sync"}}}) {
    CAPTURE(settings.protocol);
    CHECK(try_all(settings, control).damaged > 0);
  }
}

}  // namespace
}  // namespace assay::reference
