// Failure detection, measured in the simulated world: how soon a crash is known, how often a member
// is suspected that is well, and what it costs in messages. docs/membership.md shows the table;
// ASSAY_WRITE_DOCS=1 writes it anew.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "targets/reference/protocols/membership/heartbeats.h"
#include "targets/reference/protocols/membership/swim.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

/// Passes everything on and counts what is sent.
class Counted final : public Protocol {
 public:
  Counted(std::unique_ptr<MembershipProtocol> inner, std::uint64_t& sent)
      : inner_(std::move(inner)), sent_(sent) {}
  std::string_view name() const override { return inner_->name(); }
  void start(Nanos now, Recovered recovered) override { inner_->start(now, std::move(recovered)); }
  void receive(Nanos now, NodeId from, Message message) override {
    inner_->receive(now, from, std::move(message));
  }
  void request(Nanos now, Command command) override { inner_->request(now, std::move(command)); }
  void written(Nanos now, WriteToken token) override { inner_->written(now, token); }
  void tick(Nanos now) override { inner_->tick(now); }
  void flush(Nanos now, Effects& out) override {
    const std::size_t before = out.messages.size();
    inner_->flush(now, out);
    sent_ += out.messages.size() - before;
  }
  Nanos deadline() const override { return inner_->deadline(); }
  StatusReport status() const override { return inner_->status(); }
  const MembershipProtocol& inner() const { return *inner_; }

 private:
  std::unique_ptr<MembershipProtocol> inner_;
  std::uint64_t& sent_;
};

using Maker = std::function<std::unique_ptr<MembershipProtocol>(const Membership&, const Random&)>;

constexpr Nanos interval = milliseconds(200);

Maker timeouts(std::int64_t ms) {
  return [ms](const Membership& membership, const Random&) {
    return std::make_unique<Heartbeats>(membership, interval,
                                        std::make_unique<TimeoutDetector>(milliseconds(ms)));
  };
}
Maker phi(double threshold) {
  return [threshold](const Membership& membership, const Random&) {
    PhiOptions options;
    options.threshold = threshold;
    return std::make_unique<Heartbeats>(membership, interval,
                                        std::make_unique<PhiAccrualDetector>(options));
  };
}
Maker swim() {
  return [](const Membership& membership, const Random& random) {
    SwimConfig config;
    config.membership = membership;
    config.period = interval;
    return std::make_unique<Swim>(std::move(config), random);
  };
}

/// A cluster whose views are sampled every 10 ms.
class Observed {
 public:
  Observed(const Maker& make, std::size_t size, double loss)
      : world_(5, size, weather(loss), [&](const Membership& membership, const Random& random) {
          return std::make_unique<Counted>(make(membership, random), sent_);
        }) {}

  void pass(Nanos time) {
    const Nanos until = world_.now() + time;
    while (world_.now() < until) sample();
  }
  /// One sample later: who newly suspects a member that is up?
  void sample() {
    world_.run_until(world_.now() + milliseconds(10));
    std::set<std::pair<NodeId, NodeId>> suspicions;
    for (const NodeId observer : world_.members()) {
      if (!world_.is_up(observer)) continue;
      for (const NodeId target : view(observer).suspects()) {
        if (!world_.is_up(target) || recovering_.contains(target)) continue;
        suspicions.insert({observer, target});
        if (!suspicions_.contains({observer, target})) ++false_suspicions_;
      }
    }
    suspicions_ = std::move(suspicions);
  }
  /// Crashes one member; the times until the first and until every other one takes it for crashed.
  std::pair<Nanos, Nanos> crash(NodeId member) {
    const Nanos start = world_.now();
    recovering_.insert(member);
    world_.crash(member);
    Nanos first{0};
    std::size_t know = 0;
    while (know + 1 < world_.members().size()) {
      REQUIRE(world_.now() - start < milliseconds(30'000));
      sample();
      know = 0;
      for (const NodeId observer : world_.members()) {
        if (observer != member && view(observer).confirmed().contains(member)) ++know;
      }
      if (know > 0 && first.count() == 0) first = world_.now() - start;
    }
    return {first, world_.now() - start};
  }
  /// Restarts it; the time until nobody suspects it any more.
  Nanos restart(NodeId member) {
    const Nanos start = world_.now();
    world_.restart(member);
    bool suspected = true;
    while (suspected) {
      REQUIRE(world_.now() - start < milliseconds(30'000));
      sample();
      suspected = false;
      for (const NodeId observer : world_.members()) {
        suspected = suspected || view(observer).suspects().contains(member);
      }
    }
    recovering_.erase(member);
    return world_.now() - start;
  }

  World& world() { return world_; }
  std::uint64_t sent() const { return sent_; }
  std::size_t false_suspicions() const { return false_suspicions_; }

 private:
  static Weather weather(double loss) {
    Weather weather;
    weather.loss = loss;
    weather.straggle = 0.01;
    return weather;
  }
  const MembershipProtocol& view(NodeId member) {
    return dynamic_cast<const Counted&>(*world_.protocol(member)).inner();
  }

  std::uint64_t sent_ = 0;
  World world_;
  std::set<std::pair<NodeId, NodeId>> suspicions_;
  std::set<NodeId> recovering_;
  std::size_t false_suspicions_ = 0;
};

struct Measured {
  Nanos first{0};  // medians
  Nanos all{0};
  Nanos back{0};
  Nanos worst{0};
  std::size_t false_suspicions = 0;
  double messages = 0;  // a member and second
};

Nanos median(std::vector<Nanos> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

constexpr Nanos quiet = std::chrono::seconds(120);
constexpr int crashes = 11;

Measured measure(const Maker& make, std::size_t size, double loss) {
  Observed cluster(make, size, loss);
  cluster.pass(quiet);
  Measured measured;
  measured.false_suspicions = cluster.false_suspicions();
  measured.messages = static_cast<double>(cluster.sent()) / static_cast<double>(size) /
                      (static_cast<double>(quiet.count()) / 1e9);
  std::vector<Nanos> first;
  std::vector<Nanos> all;
  std::vector<Nanos> back;
  for (int i = 0; i < crashes; ++i) {
    const NodeId member{static_cast<std::uint32_t>(i % static_cast<int>(size) + 1)};
    const auto [some, everybody] = cluster.crash(member);
    first.push_back(some);
    all.push_back(everybody);
    back.push_back(cluster.restart(member));
    cluster.pass(milliseconds(5000));
  }
  measured.first = median(first);
  measured.all = median(all);
  measured.back = median(back);
  measured.worst = *std::max_element(all.begin(), all.end());
  return measured;
}

struct Row {
  std::string name;
  Maker make;
};

std::vector<Row> rows() {
  return {{"heartbeats, timeout 500 ms", timeouts(500)},
          {"heartbeats, timeout 2 s", timeouts(2000)},
          {"heartbeats, phi 8", phi(8)},
          {"SWIM", swim()}};
}

std::string table_of(double loss) {
  std::string text =
      "| members | detector | first knows | all know | worst | back | false suspicions | messages "
      "|\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const std::size_t size : {std::size_t{5}, std::size_t{25}}) {
    for (const Row& row : rows()) {
      const Measured m = measure(row.make, size, loss);
      const auto ms = [](Nanos time) { return time.count() / 1'000'000; };
      text += fmt::format("| {} | {} | {} ms | {} ms | {} ms | {} ms | {} | {:.0f} |\n", size,
                          row.name, ms(m.first), ms(m.all), ms(m.worst), ms(m.back),
                          m.false_suspicions, m.messages);
    }
  }
  return text;
}

TEST_CASE("membership: docs/membership.md shows what is measured") {
  const std::string path = std::string(ASSAY_SOURCE_DIR) + "/docs/membership.md";
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const auto& [name, loss] : {std::pair{"calm", 0.0}, std::pair{"lossy", 0.1}}) {
    const std::string table = table_of(loss);
    const std::string open = fmt::format("<!-- {} -->\n", name);
    const auto begin = text.find(open);
    const auto end = text.find("<!-- end -->", begin);
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    const auto from = begin + open.size();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    if (std::getenv("ASSAY_WRITE_DOCS") != nullptr) {
      text.replace(from, end - from, table);
      std::ofstream(path) << text;
    } else {
      CHECK_MESSAGE(text.substr(from, end - from) == table,
                    "run this test with ASSAY_WRITE_DOCS=1 to write " << path);
    }
  }
}

TEST_CASE("membership: SWIM sends as much among 25 as among 5; heartbeats do not") {
  const double few = measure(swim(), 5, 0).messages;
  const double many = measure(swim(), 25, 0).messages;
  CHECK(many < 1.3 * few);
  CHECK(measure(timeouts(2000), 25, 0).messages > 5 * measure(timeouts(2000), 5, 0).messages);
}

TEST_CASE("membership: SWIM: one broken link makes nobody suspect, because others ping instead") {
  Observed cluster(swim(), 5, 0);
  cluster.pass(milliseconds(5000));
  // One member does not hear another: others ping in its stead, and nobody suspects anybody.
  cluster.world().cut(NodeId{2}, NodeId{1});
  cluster.pass(milliseconds(20'000));
  CHECK(cluster.false_suspicions() == 0);
}

TEST_CASE("membership: phi grows with the silence, and is calmer about an irregular member") {
  PhiAccrualDetector detector(PhiOptions{});
  constexpr NodeId regular{1};
  constexpr NodeId irregular{2};
  Random random(2);
  Nanos now{0};
  Nanos late{0};
  detector.expect(regular, now);
  detector.expect(irregular, now);
  for (int i = 0; i < 200; ++i) {
    now += milliseconds(200);
    detector.heard(regular, now);
    late = now + milliseconds(random.between(-90, 90));
    detector.heard(irregular, late);
  }
  double before = 0;
  for (std::int64_t silence = 0; silence <= 400; silence += 20) {
    const double phi = detector.phi(regular, now + milliseconds(silence));
    CHECK(phi >= before);
    before = phi;
  }
  CHECK(detector.phi(regular, now + milliseconds(200)) == doctest::Approx(0.301).epsilon(0.01));
  CHECK(detector.suspects(regular, now + milliseconds(350)));
  CHECK_FALSE(detector.suspects(irregular, late + milliseconds(350)));
  CHECK(detector.suspects(irregular, late + milliseconds(700)));
}

}  // namespace
}  // namespace assay::reference
