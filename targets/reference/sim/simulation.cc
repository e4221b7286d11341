#include "targets/reference/sim/simulation.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "harness/generators.h"
#include "targets/reference/sim/clients.h"
#include "targets/reference/sim/convergence.h"

namespace assay::reference {
namespace {

// Streams of the seed: what one part draws leaves the others as they were.
constexpr std::uint64_t weather_stream = 101;
constexpr std::uint64_t world_stream = 102;
constexpr std::uint64_t disk_stream = 103;

/// Every seed has weather of its own (swarm testing: Groce et al., ISSTA 2012): bugs hide from
/// an average.
Weather draw_weather(Random random) {
  constexpr std::array losses{0.0, 0.0, 0.01, 0.1};
  constexpr std::array<std::int64_t, 4> delays_ms{2, 5, 20, 100};
  constexpr std::array<std::int64_t, 4> syncs_ms{1, 8, 8, 60};
  Weather weather;
  weather.loss = losses[random.below(losses.size())];
  weather.repeat = random.chance(0.5) ? 0.05 : 0;
  weather.straggle = random.chance(0.5) ? 0.02 : 0;
  weather.delay_max = std::chrono::milliseconds(delays_ms[random.below(delays_ms.size())]);
  weather.sync_max = std::chrono::milliseconds(syncs_ms[random.below(syncs_ms.size())]);
  return weather;
}

/// In half of the seeds every member has a disk of its own speed: who has what on disk first is
/// what many mistakes hang on.
void draw_disks(World& world, Random random) {
  constexpr std::array<std::int64_t, 4> syncs_ms{1, 8, 60, 300};
  if (random.chance(0.5)) return;
  for (const NodeId member : world.members()) {
    world.set_sync_max(member, std::chrono::milliseconds(syncs_ms[random.below(syncs_ms.size())]));
  }
}

/// One generator that two phases of a plan ask, one after the other.
class Shared final : public Generator {
 public:
  explicit Shared(std::shared_ptr<Generator> generator) : generator_(std::move(generator)) {}
  Next next(const Context& context) override { return generator_->next(context); }
  void observe(const Context& context, int thread, const Event& event) override {
    generator_->observe(context, thread, event);
  }

 private:
  std::shared_ptr<Generator> generator_;
};

/// Asks threads until an operation of theirs has succeeded; ends when all have had one.
class UntilAllSucceed final : public Generator {
 public:
  UntilAllSucceed(GeneratorPtr generator, std::shared_ptr<std::vector<bool>> succeeded)
      : generator_(std::move(generator)), succeeded_(std::move(succeeded)) {}
  Next next(const Context& context) override {
    const bool done = std::all_of(succeeded_->begin(), succeeded_->end(), [](bool b) { return b; });
    if (done) return Exhausted{};
    std::vector<int> left;
    for (const int thread : context.free) {
      if (!(*succeeded_)[static_cast<std::size_t>(thread)]) left.push_back(thread);
    }
    if (left.empty()) return Pending{};
    Context narrowed = context;
    narrowed.free = left;
    return generator_->next(narrowed);
  }
  void observe(const Context& context, int thread, const Event& event) override {
    if (event.type == EventType::ok) (*succeeded_)[static_cast<std::size_t>(thread)] = true;
    generator_->observe(context, thread, event);
  }

 private:
  GeneratorPtr generator_;
  std::shared_ptr<std::vector<bool>> succeeded_;
};

std::vector<std::string> stuck_members(const SimulatedClients& clients,
                                       const std::vector<bool>& succeeded) {
  std::vector<std::string> stuck;
  for (std::size_t thread = 0; thread < succeeded.size(); ++thread) {
    if (succeeded[thread]) continue;
    std::string name = clients.node(static_cast<int>(thread));
    if (std::find(stuck.begin(), stuck.end(), name) == stuck.end()) {
      stuck.push_back(std::move(name));
    }
  }
  return stuck;
}

}  // namespace

Result<SimulationOutcome> simulate(const SimulationSettings& settings, SimulationPlan plan,
                                   const Record& record) {
  if (auto status = check_settings(settings.protocol, settings.members); !status) {
    return status.error();
  }
  const Random random(settings.seed);
  const Weather weather = settings.swarm ? draw_weather(random.fork(weather_stream)) : Weather{};
  World world(random.fork(world_stream).next(), settings.members, weather,
              [&](const Membership& membership, const Random& chance) {
                auto made = make_protocol(settings.protocol, membership, chance);
                ASSAY_ASSERT(made.ok());
                return std::move(*made);
              });
  if (settings.swarm) draw_disks(world, random.fork(disk_stream));
  world.limit_steps(settings.steps_a_second_max);
  SimulatedClients clients(world, {settings.threads, settings.operation_timeout});

  const std::shared_ptr<Generator> generator(std::move(plan.clients));
  const auto succeeded = std::make_shared<std::vector<bool>>(
      static_cast<std::size_t>(settings.threads), !plan.endless);
  Plan whole;
  whole.set_up = std::move(plan.set_up);
  whole.generator = time_limit(plan.time_limit, std::make_unique<Shared>(generator));
  whole.nemesis = std::move(plan.faults);
  whole.heal = [&] {
    // Undoing a fault brings back the weather that it found.
    auto healed = clients.heal_all();
    world.weather() = Weather{};
    for (const NodeId member : world.members()) {
      world.set_sync_max(member, Nanos::zero());
      world.catch_up_disk(member);
    }
    return healed;
  };
  GeneratorPtr rest = std::make_unique<Shared>(generator);
  if (plan.endless) rest = std::make_unique<UntilAllSucceed>(std::move(rest), succeeded);
  std::vector<GeneratorPtr> end;
  end.push_back(time_limit(settings.recovery, std::move(rest)));
  if (plan.last != nullptr) end.push_back(time_limit(settings.recovery, std::move(plan.last)));
  whole.final_generator = phases(std::move(end));
  // In a flooded world nothing happens any more, so no client's timeout either.
  std::atomic<bool> flooded{false};
  SchedulerOptions options;
  options.random = random;
  options.stop = &flooded;
  options.progress = [&](Nanos, const Tally&) { flooded = world.is_flooded(); };
  options.grace = settings.operation_timeout + std::chrono::seconds(1);
  auto tally = run_plan(std::move(whole), clients, record, options);
  if (!tally) return tally.error();
  SimulationOutcome outcome{
      *tally, world.steps(), world.now(), stuck_members(clients, *succeeded), world.is_flooded(),
      {}};
  if (settings.convergence) {
    for (auto& key : find_divergence(world, clients.keys())) {
      outcome.diverged.push_back(std::move(key.what));
    }
  }
  return outcome;
}

}  // namespace assay::reference
