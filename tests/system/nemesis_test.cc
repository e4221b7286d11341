// Faults on real nodes: what is cut is exactly what was asked for, and whoever asks for a fault
// and dies leaves no fault behind.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "nemesis/grudge.h"
#include "tests/system/cluster_fixture.h"

namespace assay {
namespace {

/// A target of one small server a node: a shell that sleeps.
class SleepTarget final : public Target, public ProcessControl {
 public:
  std::string_view name() const override { return "sleep"; }
  std::map<std::string, std::string> facts() const override { return {}; }
  Status set_up(Nodes& nodes) override {
    for (const auto& node : nodes) {
      const auto started = node->must_run(start_command(0));
      if (!started) return started.error();
    }
    return {};
  }
  void tear_down(Nodes& nodes) noexcept override {
    for (const auto& node : nodes) static_cast<void>(node->run(kill_command(0)).ok());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t /*node*/, ProcessId /*process*/) override {
    return Error{ErrorKind::unavailable, "it only sleeps"};
  }
  ProcessControl* process_control() override { return this; }
  std::string kill_command(std::size_t /*node*/) const override {
    return "p=$(cat /run/sleep.pid); kill -9 $p 2>/dev/null; "
           "while [ -n \"$p\" ] && [ -e /proc/$p ]; do sleep 0.01; done; true";
  }
  std::string start_command(std::size_t /*node*/) const override {
    return "[ -n \"$(readlink /proc/$(cat /run/sleep.pid)/exe)\" ] 2>/dev/null && exit 0; "
           "setsid sleep 100000 </dev/null >/dev/null 2>&1 & echo $! > /run/sleep.pid";
  }
  std::string pid_file(std::size_t /*node*/) const override { return "/run/sleep.pid"; }
};

using Cluster = RunningCluster<SleepTarget>;

/// heard[i]: the nodes whose packets reach node i.
using Heard = std::vector<std::set<std::size_t>>;

/// A listener on each node.
class Probes {
 public:
  explicit Probes(Nodes& nodes) {
    std::string hosts;
    for (const auto& node : nodes) hosts += " " + node->address().host;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      REQUIRE(nodes[i]->upload(ASSAY_BINARY_DIR "/udp_probe", "/run/udp_probe", 0755).ok());
      auto probe = nodes[i]->start("exec /run/udp_probe 9999 " + std::to_string(i) + hosts);
      REQUIRE(probe.ok());
      REQUIRE((*probe)->read_line(10s).ok());
      probes_.push_back(std::move(*probe));
    }
  }

  Heard round() {
    for (const auto& probe : probes_) ask(*probe, "send");
    Heard heard;
    for (const auto& probe : probes_) {
      std::istringstream words(ask(*probe, "heard"));
      std::set<std::size_t> names;
      for (std::size_t name = 0; words >> name;) names.insert(name);
      heard.push_back(std::move(names));
    }
    return heard;
  }
  void forget() {
    for (const auto& probe : probes_) ask(*probe, "forget");
  }
  /// Who hears whom: three rounds, and more of them until all is heard that is expected, for a
  /// while. What should not arrive has at least these three.
  Heard listen(const Heard& expected) {
    forget();
    round();
    round();
    return await([&] { return round(); }, expected);
  }
  Heard everybody() const {
    Heard heard(probes_.size());
    for (auto& names : heard) {
      for (std::size_t name = 0; name < probes_.size(); ++name) names.insert(name);
    }
    return heard;
  }
  bool all_reach_all() { return listen(everybody()) == everybody(); }
  bool is_cut() {
    forget();
    round();
    round();
    return round() != everybody();
  }

 private:
  static std::string ask(RemoteProcess& probe, const std::string& what) {
    REQUIRE(probe.write_line(what).ok());
    auto answer = probe.read_line(10s);
    REQUIRE(answer.ok());
    return *answer;
  }
  std::vector<std::unique_ptr<RemoteProcess>> probes_;
};

/// The time until all nodes reach each other again; at most half a minute.
Nanos until_whole(Probes& probes) {
  const Nanos start = monotonic_now();
  while (probes.is_cut() && monotonic_now() - start < 30s) {
  }
  return monotonic_now() - start;
}

/// For failures: "n1 hears 1 2, …".
std::string words_of(const Heard& heard) {
  std::string text;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    text += (i == 0 ? "n" : ", n") + std::to_string(i + 1) + " hears";
    for (const std::size_t name : heard[i]) text += " n" + std::to_string(name + 1);
  }
  return text;
}

void check_heard(Probes& probes, const Heard& expected) {
  CHECK(words_of(probes.listen(expected)) == words_of(expected));
}

Heard expected_of(const Value& parameters, std::size_t n) {
  Heard heard(n);
  const auto& drops = *find(parameters, "drops")->get_if<Value::List>();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) heard[i].insert(j);
    for (const Value& dropped : *drops[i].get_if<Value::List>()) {
      heard[i].erase(static_cast<std::size_t>(*dropped.get_if<std::int64_t>()));
    }
  }
  return heard;
}

/// A controller of its own process: cuts the cluster in halves, tells so, and waits for its end.
class Controller {
 public:
  explicit Controller(const Cluster& cluster) {
    REQUIRE(::pipe(told_.data()) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    Nodes nodes = cluster.connect();
    SleepTarget target;
    const auto nemesis = nemesis_of({"partition-halves", "pause", "kill"}, nodes, target);
    Random random(1);
    const Value cut = partition_halves_fault().draw(nodes.size(), random);
    const Value one = Value::Map{{"nodes", Value::List{0}}};
    const Value other = Value::Map{{"nodes", Value::List{1}}};
    bool done = nemesis->invoke({"start-pause", {}, one}).type == EventType::ok;
    done = nemesis->invoke({"start-kill", {}, other}).type == EventType::ok && done;
    done = nemesis->invoke({"start-partition-halves", {}, cut}).type == EventType::ok && done;
    const char answer = done ? 'y' : 'n';
    if (::write(told_[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;
  ~Controller() {
    signal(SIGKILL);
    ::waitpid(child_, nullptr, 0);
    for (const int file : told_) ::close(file);
  }
  bool has_cut() const {
    char answer = 'n';
    return ::read(told_[0], &answer, 1) == 1 && answer == 'y';
  }
  void signal(int number) const { ::kill(child_, number); }

 private:
  std::array<int, 2> told_{};
  pid_t child_ = -1;
};

std::string state_of_server(Node& node) {
  const auto state = node.must_run("cut -d' ' -f3 /proc/$(cat /run/sleep.pid)/stat || echo gone");
  return state.ok() ? state->substr(0, state->find('\n')) : "unknown";
}

/// A server that was just started or let go does not sleep at once.
std::string state_once_it_sleeps(Node& node) {
  return await([&] { return state_of_server(node); }, std::string("S"), 15s);
}

void check_heals_after(int signal_number, const std::string& what, Nanos limit) {
  Cluster cluster(5);
  Probes probes(cluster.nodes);
  REQUIRE(probes.all_reach_all());
  const Controller controller(cluster);
  REQUIRE(controller.has_cut());
  CHECK(probes.is_cut());
  CHECK(state_of_server(*cluster.nodes[0]) == "T");
  controller.signal(signal_number);
  const Nanos healed = until_whole(probes);
  MESSAGE(what, ": all nodes reach each other after ", format_duration(healed));
  CHECK(healed < limit);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    CHECK(state_once_it_sleeps(*cluster.nodes[at]) == "S");
  }
}

TEST_CASE("nemesis: each kind of partition cuts exactly the links it names, and heals") {
  if (!may_run()) return;
  Cluster cluster(5);
  Probes probes(cluster.nodes);
  REQUIRE(probes.all_reach_all());
  for (const FaultEntry& fault : faults()) {
    if (!fault.name.starts_with("partition-")) continue;
    const std::string name(fault.name);
    CAPTURE(name);
    const auto nemesis = nemesis_of({name}, cluster.nodes, cluster.target);
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      CAPTURE(seed);
      Random random(seed);
      const Value parameters = fault.draw(cluster.nodes.size(), random);
      const Completion cut = nemesis->invoke({"start-" + name, {}, parameters});
      REQUIRE_MESSAGE(cut.type == EventType::ok, cut.error);
      check_heard(probes, expected_of(parameters, cluster.nodes.size()));
      CHECK(nemesis->invoke({"stop-" + name, {}, {}}).type == EventType::ok);
      check_heard(probes, probes.everybody());
    }
    CHECK(nemesis->heal_all().ok());
  }
}

TEST_CASE("nemesis: two partitions at once cut what either names; healing one leaves the other") {
  if (!may_run()) return;
  Cluster cluster(5);
  Probes probes(cluster.nodes);
  const auto nemesis =
      nemesis_of({"partition-one", "partition-halves"}, cluster.nodes, cluster.target);
  Random random(3);
  const Value one = partition_one_fault().draw(5, random);
  const Value halves = partition_halves_fault().draw(5, random);
  REQUIRE(nemesis->invoke({"start-partition-one", {}, one}).type == EventType::ok);
  REQUIRE(nemesis->invoke({"start-partition-halves", {}, halves}).type == EventType::ok);
  Heard both = expected_of(one, 5);
  const Heard other = expected_of(halves, 5);
  for (std::size_t i = 0; i < both.size(); ++i) {
    std::erase_if(both[i], [&](std::size_t j) { return !other[i].contains(j); });
  }
  check_heard(probes, both);
  REQUIRE(nemesis->invoke({"stop-partition-one", {}, {}}).type == EventType::ok);
  check_heard(probes, other);
  CHECK(nemesis->heal_all().ok());
  check_heard(probes, probes.everybody());
}

TEST_CASE("nemesis: kill, pause and clock act on real nodes and heal") {
  if (!may_run()) return;
  Cluster cluster(5);
  const auto nemesis = nemesis_of({"kill", "pause", "clock"}, cluster.nodes, cluster.target);
  const auto on = [](int node) {
    return Value(Value::Map{{"nodes", Value::List{node}}, {"offset_ms", 60'000}});
  };
  CHECK(nemesis->invoke({"start-kill", {}, on(0)}).type == EventType::ok);
  CHECK(nemesis->invoke({"start-pause", {}, on(1)}).type == EventType::ok);
  const Completion skewed = nemesis->invoke({"start-clock", {}, on(2)});
  CHECK_MESSAGE(skewed.type == EventType::ok, skewed.error);
  CHECK(state_of_server(*cluster.nodes[0]) == "gone");
  CHECK(state_of_server(*cluster.nodes[1]) == "T");
  CHECK(state_once_it_sleeps(*cluster.nodes[2]) == "S");
  const auto healed = nemesis->heal_all();
  CHECK_MESSAGE(healed.ok(), (healed.ok() ? "" : healed.error().message));
  for (const auto& node : cluster.nodes) CHECK(state_once_it_sleeps(*node) == "S");
}

TEST_CASE("nemesis: a killed controller leaves no fault behind") {
  if (!may_run()) return;
  check_heals_after(SIGKILL, "controller killed", 6s);
}

TEST_CASE("nemesis: a controller that goes silent leaves no fault behind") {
  if (!may_run()) return;
  check_heals_after(SIGSTOP, "controller silent", 10s);
}

}  // namespace
}  // namespace assay
