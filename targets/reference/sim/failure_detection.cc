#include "targets/reference/sim/failure_detection.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "targets/reference/protocols/membership/heartbeats.h"
#include "targets/reference/protocols/membership/swim.h"
#include "targets/reference/sim/study.h"

namespace assay::reference {
namespace {

constexpr Nanos interval = std::chrono::milliseconds(200);
constexpr Nanos sample_every = std::chrono::milliseconds(10);
constexpr Nanos quiet = std::chrono::seconds(120);
constexpr Nanos between_crashes = std::chrono::seconds(5);
constexpr std::size_t crashes = 11;

Weather weather_with(double loss) {
  Weather weather;
  weather.loss = loss;
  weather.straggle = 0.01;
  return weather;
}

double seconds_of(Nanos time) { return static_cast<double>(time.count()) / 1e9; }

Nanos median(std::vector<Nanos> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

constexpr std::array options_table{
    ProtocolOption{"detector", "timeout", "timeout|phi|swim", "how members are judged"},
    ProtocolOption{"timeout-s", "2", "seconds", "timeout: the silence that is suspicious"},
    ProtocolOption{"phi", "8", "a number", "phi: the threshold of suspicion"},
    ProtocolOption{"members", "5", "2 to 100", "size of the cluster"},
    ProtocolOption{"loss", "0", "0 to 0.9", "share of messages that are lost"},
};
constexpr std::array measures_table{
    StudyMeasure{"first-knows-s", "until some member knows of a crash; median"},
    StudyMeasure{"all-know-s", "until every member knows of it; median"},
    StudyMeasure{"spread-s", "from the one to the other"},
    StudyMeasure{"back-s", "after its restart, until nobody suspects the member; median"},
    StudyMeasure{"false-suspicions", "of members that were well, in two minutes"},
    StudyMeasure{"messages", "sent by each member in a second"},
};

Result<std::map<std::string, double>> run(const std::map<std::string, std::string>& options,
                                          std::uint64_t seed) {
  const auto timeout = number_option(options, "timeout-s", 0.01, 60);
  const auto phi = number_option(options, "phi", 0.1, 100);
  const auto members = number_option(options, "members", 2, 100);
  const auto loss = number_option(options, "loss", 0, 0.9);
  for (const auto* number : {&timeout, &phi, &members, &loss}) {
    if (!number->ok()) return number->error();
  }
  const std::string& detector = options.at("detector");
  MembershipMaker make;
  if (detector == "timeout") {
    constexpr double ns_per_s = 1e9;
    make = heartbeats_with_timeout(Nanos(static_cast<std::int64_t>(*timeout * ns_per_s)));
  } else if (detector == "phi") {
    make = heartbeats_with_phi(*phi);
  } else if (detector == "swim") {
    make = swim_gossip();
  } else {
    return Error{ErrorKind::usage,
                 "detector: expected timeout, phi or swim, got '" + detector + "'"};
  }
  const auto quality = measure_detection(make, static_cast<std::size_t>(*members), *loss, seed);
  return std::map<std::string, double>{
      {"first-knows-s", seconds_of(quality.first)},
      {"all-know-s", seconds_of(quality.all)},
      {"spread-s", seconds_of(quality.all - quality.first)},
      {"back-s", seconds_of(quality.back)},
      {"false-suspicions", static_cast<double>(quality.false_suspicions)},
      {"messages", quality.messages}};
}

}  // namespace

MembershipMaker heartbeats_with_timeout(Nanos timeout) {
  return [timeout](const Membership& membership, const Random&) {
    return std::make_unique<Heartbeats>(membership, interval,
                                        std::make_unique<TimeoutDetector>(timeout));
  };
}

MembershipMaker heartbeats_with_phi(double threshold) {
  return [threshold](const Membership& membership, const Random&) {
    PhiOptions options;
    options.threshold = threshold;
    return std::make_unique<Heartbeats>(membership, interval,
                                        std::make_unique<PhiAccrualDetector>(options));
  };
}

MembershipMaker swim_gossip() {
  return [](const Membership& membership, const Random& random) {
    SwimConfig config;
    config.membership = membership;
    config.period = interval;
    return std::make_unique<Swim>(std::move(config), random);
  };
}

ObservedMembership::ObservedMembership(const MembershipMaker& make, std::size_t size, double loss,
                                       std::uint64_t seed)
    : world_(seed, size, weather_with(loss), make) {
  world_.listen(this, [this](NodeId, NodeId, const Message&) { ++sent_; });
}

const MembershipProtocol& ObservedMembership::view(NodeId member) const {
  return dynamic_cast<const MembershipProtocol&>(*world_.protocol(member));
}

void ObservedMembership::pass(Nanos time) {
  const Nanos until = world_.now() + time;
  while (world_.now() < until) sample();
}

/// One sample later: who newly suspects a member that is up?
void ObservedMembership::sample() {
  world_.run_until(world_.now() + sample_every);
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

std::pair<Nanos, Nanos> ObservedMembership::crash(NodeId member) {
  const Nanos start = world_.now();
  recovering_.insert(member);
  world_.crash(member);
  Nanos first = patience;
  std::size_t know = 0;
  while (know + 1 < world_.members().size() && world_.now() - start < patience) {
    sample();
    know = 0;
    for (const NodeId observer : world_.members()) {
      if (observer != member && view(observer).confirmed().contains(member)) ++know;
    }
    if (know > 0) first = std::min(first, world_.now() - start);
  }
  return {first, world_.now() - start};
}

Nanos ObservedMembership::restart(NodeId member) {
  const Nanos start = world_.now();
  world_.restart(member);
  bool suspected = true;
  while (suspected && world_.now() - start < patience) {
    sample();
    suspected = false;
    for (const NodeId observer : world_.members()) {
      suspected = suspected || view(observer).suspects().contains(member);
    }
  }
  recovering_.erase(member);
  return world_.now() - start;
}

DetectionQuality measure_detection(const MembershipMaker& make, std::size_t size, double loss,
                                   std::uint64_t seed) {
  ObservedMembership cluster(make, size, loss, seed);
  cluster.pass(quiet);
  DetectionQuality quality;
  quality.false_suspicions = cluster.false_suspicions();
  quality.messages =
      static_cast<double>(cluster.sent()) / static_cast<double>(size) / seconds_of(quiet);
  std::vector<Nanos> first;
  std::vector<Nanos> all;
  std::vector<Nanos> back;
  for (std::size_t i = 0; i < crashes; ++i) {
    const NodeId member{static_cast<std::uint32_t>(i % size + 1)};
    const auto [some, everybody] = cluster.crash(member);
    first.push_back(some);
    all.push_back(everybody);
    back.push_back(cluster.restart(member));
    cluster.pass(between_crashes);
  }
  quality.first = median(first);
  quality.all = median(all);
  quality.worst = *std::max_element(all.begin(), all.end());
  quality.back = median(back);
  return quality;
}

StudyEntry failure_detection_study() {
  return {"failure-detection", "how soon crashes are known, and how often members err",
          options_table, measures_table, run};
}

}  // namespace assay::reference
