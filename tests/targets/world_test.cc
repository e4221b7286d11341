// The simulated world: what its faults do to a member, seen through a protocol that only counts.
#include <doctest/doctest.h>

#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

/// Ticks every 10 ms of its own clock, greets the next member on each tick and remembers on disk
/// how often it was asked.
class Counter final : public Protocol {
 public:
  explicit Counter(Membership membership) : membership_(std::move(membership)) {}

  std::string_view name() const override { return "counter"; }
  void start(Nanos now, Recovered recovered) override {
    due_ = now + period;
    asked = recovered.hard_state.term;
  }
  void receive(Nanos /*now*/, NodeId /*from*/, Message /*message*/) override { ++greeted; }
  void request(Nanos /*now*/, Command command) override {
    ++asked;
    waiting_ = command.id;
  }
  void written(Nanos /*now*/, WriteToken /*token*/) override { ++synced; }
  void tick(Nanos now) override {
    ++ticks;
    due_ = now + period;
    greets_ = true;
  }
  void flush(Nanos /*now*/, Effects& out) override {
    if (waiting_.client != 0) {
      out.writes.push_back({++token_, HardState{asked, NodeId::none}, 0, {}});
      out.replies.push_back({waiting_, Outcome::ok, {}});
      waiting_ = {};
    }
    if (greets_ && membership_.self == NodeId{1}) out.messages.push_back({NodeId{2}, Heartbeat{}});
    greets_ = false;
  }
  Nanos deadline() const override { return due_; }
  StatusReport status() const override { return {}; }

  static constexpr Nanos period = milliseconds(10);
  int ticks = 0;
  int greeted = 0;
  int synced = 0;
  std::uint64_t asked = 0;

 private:
  Membership membership_;
  Nanos due_{0};
  WriteToken token_ = 0;
  RequestId waiting_;
  bool greets_ = false;
};

constexpr NodeId one{1};
constexpr NodeId two{2};

struct Fixture {
  World world{7, 2, Weather{},
              [](const Membership& membership, const Random&) -> std::unique_ptr<Protocol> {
                return std::make_unique<Counter>(membership);
              }};
  Counter& member(NodeId id) { return dynamic_cast<Counter&>(*world.protocol(id)); }
};

TEST_CASE_FIXTURE(Fixture, "world: time passes for members, and messages arrive") {
  world.run_until(milliseconds(1000));
  CHECK(world.now() == milliseconds(1000));
  CHECK(member(one).ticks == 100);
  CHECK(member(two).greeted >= 98);
  CHECK(member(one).greeted == 0);
}

TEST_CASE_FIXTURE(Fixture, "world: a cut link carries nothing, one way only, until it is mended") {
  world.cut(one, two);
  world.run_until(milliseconds(500));
  CHECK(member(two).greeted == 0);
  world.mend(one, two);
  world.run_until(milliseconds(600));
  CHECK(member(two).greeted > 5);
}

TEST_CASE_FIXTURE(Fixture, "world: clocks run fast and slow, and never back") {
  world.set_clock_rate(one, 2000);
  world.set_clock_rate(two, 250);
  // An alarm rings up to a nanosecond late where clocks do not divide evenly.
  constexpr Nanos late = std::chrono::microseconds(1);
  world.run_until(milliseconds(1000) + late);
  CHECK(member(one).ticks == 200);
  CHECK(member(two).ticks == 25);
  world.set_clock_rate(one, 1000);
  world.run_until(milliseconds(2000) + late);
  CHECK(member(one).ticks == 300);
}

TEST_CASE_FIXTURE(Fixture, "world: a paused member does nothing, and later everything at once") {
  world.pause(two);
  world.run_until(milliseconds(500));
  CHECK(member(two).greeted == 0);
  CHECK(member(two).ticks == 0);
  world.resume(two);
  CHECK(member(two).greeted > 40);
}

TEST_CASE_FIXTURE(Fixture, "world: a crash loses what was not durable yet, and only that") {
  std::uint64_t client = 0;
  int crashes = 0;
  world.on_crash = [&](NodeId) { ++crashes; };
  int replies = 0;
  world.on_reply = [&](NodeId, const Reply&) { ++replies; };
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t durable = world.disk(one).hard_state.term;
    for (int i = 0; i < 3; ++i) world.request(one, {CommandKind::write, {++client, 1}, {}, {}, {}});
    const std::uint64_t asked = member(one).asked;
    world.crash(one);
    CHECK_FALSE(world.is_up(one));
    world.request(one, {CommandKind::write, {++client, 1}, {}, {}, {}});
    world.restart(one);
    CHECK(member(one).asked >= durable);
    CHECK(member(one).asked <= asked);
    world.request(one, {CommandKind::write, {++client, 1}, {}, {}, {}});
    world.run_until(world.now() + milliseconds(100));
    CHECK(world.disk(one).hard_state.term == member(one).asked);
  }
  CHECK(crashes == 50);
  CHECK(replies == 50 * 4);
}

TEST_CASE_FIXTURE(Fixture, "world: a disk takes at once what has gathered, however much") {
  for (std::uint64_t client = 1; client <= 1000; ++client) {
    world.request(one, {CommandKind::write, {client, 1}, {}, {}, {}});
  }
  // Two syncs: one is under way when the rest comes.
  world.run_until(2 * Weather{}.sync_max);
  CHECK(world.disk(one).hard_state.term == 1000);
  CHECK(member(one).synced == 2);
}

TEST_CASE_FIXTURE(Fixture, "world: a rotten disk is refused until it is restored, and never lies") {
  world.request(one, {CommandKind::write, {1, 1}, {}, {}, {}});
  world.run_until(milliseconds(100));
  int refusals = 0;
  for (int round = 0; round < 100; ++round) {
    world.crash(one);
    world.rot(one);
    world.restart(one);
    if (world.is_up(one)) {
      CHECK(member(one).asked == 1);
      continue;
    }
    ++refusals;
    world.restart(one);
    CHECK_FALSE(world.is_up(one));
    world.restore_disk(one);
    world.restart(one);
    REQUIRE(world.is_up(one));
    CHECK(member(one).asked == 1);
  }
  CHECK(refusals > 50);
}

TEST_CASE_FIXTURE(Fixture, "world: a second with too many steps ends what would never end") {
  world.limit_steps(1'000);
  world.run_until(milliseconds(10'000));
  CHECK_FALSE(world.is_flooded());
  world.limit_steps(1);
  world.run_until(milliseconds(20'000));
  CHECK(world.is_flooded());
  const std::uint64_t steps = world.steps();
  world.run_until(milliseconds(30'000));
  CHECK(world.steps() == steps);
  CHECK(world.now() == milliseconds(30'000));
}

}  // namespace
}  // namespace assay::reference
