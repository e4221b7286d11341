// Every fault as it is seen from outside, and what is left of it afterwards: nothing.

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>
#include <thread>

#include "tests/system/reader_target.h"

namespace assay {
namespace {

using Cluster = RunningCluster<ReaderTarget>;

Value on(std::int64_t node, Value::Map parameters = {}) {
  parameters.emplace_back("nodes", Value::List{node});
  return parameters;
}

std::string effect_of(const Completion& completion) {
  const Value* effect = find(completion.value, "effect");
  return effect == nullptr ? "" : *effect->get_if<std::string>();
}

/// Injects, lets `observe` look at it, heals; gives the measured effect.
template <class Observe>
std::string during(Nemesis& nemesis, const std::string& fault, const Value& parameters,
                   const Observe& observe) {
  CAPTURE(fault);
  const Completion started = nemesis.invoke({"start-" + fault, {}, parameters});
  REQUIRE_MESSAGE(started.type == EventType::ok, started.error);
  observe();
  const Completion stopped = nemesis.invoke({"stop-" + fault, {}, {}});
  REQUIRE_MESSAGE(stopped.type == EventType::ok, stopped.error);
  return effect_of(stopped);
}

struct Ping {
  double loss = 0;      ///< percent
  double shortest = 0;  ///< milliseconds; how busy the machine is adds little to it
  double average = 0;   ///< milliseconds
  int duplicates = 0;
};

/// From n1 to n2.
Ping ping(Node& node, const std::string& how) {
  const std::string text = run(node, "ping -q " + how + " n2");
  Ping result;
  const auto number_before = [&](const std::string& words) {
    const std::size_t end = text.find(words);
    if (end == std::string::npos) return 0.0;
    return std::strtod(text.c_str() + text.find_last_of(" +", end - 1) + 1, nullptr);
  };
  result.loss = number_before("% packet loss");
  result.duplicates = static_cast<int>(number_before(" duplicates"));
  const std::size_t times = text.find("mdev = ");
  if (times != std::string::npos) {
    const std::size_t slash = text.find('/', times);
    result.shortest = std::strtod(text.c_str() + times + std::strlen("mdev = "), nullptr);
    result.average = std::strtod(text.c_str() + slash + 1, nullptr);
  }
  return result;
}

TEST_CASE("faults: packets come late, get lost, come twice or slowly, and then no more") {
  if (!may_run()) return;
  Cluster cluster(2);
  Node& n1 = *cluster.nodes[0];
  const auto nemesis = nemesis_of({"packet-delay", "packet-loss", "packet-duplicate", "packet-rate",
                                   "packet-corrupt", "packet-reorder"},
                                  cluster.nodes, cluster.target);
  const std::string before = state_of(n1);
  const double base = ping(n1, "-c 20 -i 0.01").shortest;
  std::string effect;

  effect = during(*nemesis, "packet-delay", on(0, {{"delay_ms", 50}, {"jitter_ms", 5}}), [&] {
    const double late = ping(n1, "-c 20 -i 0.01").shortest - base;
    CHECK(late > 40);
    CHECK(late < 60);
  });
  CHECK_MESSAGE(effect.find("ms late on average") != std::string::npos, effect);

  effect = during(*nemesis, "packet-loss", on(0, {{"loss_percent", 40}}), [&] {
    const double loss = ping(n1, "-c 300 -i 0.005 -W 1").loss;
    CHECK(loss > 25);
    CHECK(loss < 55);
  });
  CHECK_MESSAGE(effect.find(" lost") != std::string::npos, effect);

  effect = during(*nemesis, "packet-duplicate", on(0, {{"duplicate_percent", 50}}),
                  [&] { CHECK(ping(n1, "-c 100 -i 0.005").duplicates > 20); });
  CHECK_MESSAGE(effect.find(" duplicated") != std::string::npos, effect);

  // The kernel of n1 counts what arrives with a wrong checksum.
  effect = during(*nemesis, "packet-corrupt", on(0, {{"corrupt_percent", 50}}), [&] {
    ping(n1, "-c 100 -i 0.005 -w 2");
    const std::string wrong = run(n1, "awk '/^Icmp:/ {n = $4} END {print n}' /proc/net/snmp");
    CHECK(std::strtod(wrong.c_str(), nullptr) > 20);
  });
  CHECK_MESSAGE(effect.find(" corrupted") != std::string::npos, effect);

  // Twenty packets of 1428 bytes at 64 kbit/s: each takes 178 ms.
  effect = during(*nemesis, "packet-rate", on(0, {{"rate_kbit", 64}}),
                  [&] { CHECK(ping(n1, "-c 5 -i 0.01 -s 1400 -W 3").average > 300); });
  CHECK_MESSAGE(effect.find("late on average") != std::string::npos, effect);

  // Two at once: their rules add up, and one can go without the other.
  CHECK(nemesis->invoke({"start-packet-delay", {}, on(0, {{"delay_ms", 20}})}).type ==
        EventType::ok);
  during(*nemesis, "packet-reorder", on(0, {{"reorder_percent", 50}}),
         [&] { CHECK(ping(n1, "-c 20 -i 0.01").average - base > 22); });
  const double late = ping(n1, "-c 20 -i 0.01").shortest - base;
  CHECK(late > 15);
  CHECK(late < 25);
  CHECK(nemesis->heal_all().ok());
  CHECK(ping(n1, "-c 50 -i 0.01").loss == 0);
  CHECK(ping(n1, "-c 20 -i 0.01").shortest < base + 5);
  CHECK(state_of(n1) == before);

  effect = during(*nemesis, "packet-loss", on(0, {{"loss_percent", 40}}), [] {});
  CHECK_MESSAGE(effect.starts_with("none: "), effect);
}

TEST_CASE("faults: TCP passes the relay at speed and unharmed") {
  if (!may_run()) return;
  Cluster cluster(2);
  Node& n1 = *cluster.nodes[0];
  Node& n2 = *cluster.nodes[1];
  const auto nemesis = nemesis_of({"packet-delay"}, cluster.nodes, cluster.target);
  const std::string sum =
      run(n2, "head -c 20000000 /dev/urandom >/run/bytes; sha256sum </run/bytes");
  during(*nemesis, "packet-delay", on(0, {{"delay_ms", 2}}), [&] {
    const auto server = n2.start(
        "exec perl -MIO::Socket -e '$s = IO::Socket::INET->new(Listen => 1, LocalPort => 5555); "
        "$| = 1; print \"up\\n\"; $c = $s->accept; open F, \"/run/bytes\"; "
        "print $c $_ while read F, $_, 65536'");
    REQUIRE(server.ok());
    REQUIRE((*server)->read_line(10s).ok());
    CHECK(run(n1, "bash -c 'exec 3<>/dev/tcp/n2/5555; sha256sum <&3'") == sum);
  });
}

/// What the server's clock reads, minus the monotonic one, in seconds.
double clock_of(Node& node) {
  return std::strtod(run(node,
                         "n=$(wc -l </run/out); echo now >/run/in; "
                         "while [ $(wc -l </run/out) = $n ]; do sleep 0.01; done; "
                         "tail -1 /run/out")
                         .c_str(),
                     nullptr) /
         1e9;
}

TEST_CASE(
    "faults: a server's clock is off, drifts and strobes without a restart, and is true again") {
  if (!may_run()) return;
  Cluster cluster(1);
  Node& n1 = *cluster.nodes[0];
  const auto nemesis =
      nemesis_of({"clock", "clock-drift", "clock-strobe"}, cluster.nodes, cluster.target);
  const std::string pid = run(n1, "cat /run/reader.pid");
  const std::string before = state_of(n1);
  const double base = clock_of(n1);
  for (const std::int64_t seconds : {60, -60}) {
    const std::string effect =
        during(*nemesis, "clock", on(0, {{"offset_ms", seconds * 1000}}),
               [&] { CHECK(std::abs(clock_of(n1) - base - static_cast<double>(seconds)) < 0.1); });
    CHECK_MESSAGE(effect.find("clock was off in 1 process") != std::string::npos, effect);
    CHECK(std::abs(clock_of(n1) - base) < 0.1);
  }
  during(*nemesis, "clock-drift", on(0, {{"drift_ppm", 500'000}}), [&] {
    const Nanos begun = monotonic_now();
    const double first = clock_of(n1);
    std::this_thread::sleep_for(1s);
    const double gained = clock_of(n1) - first;
    const double passed = static_cast<double>((monotonic_now() - begun).count()) / 1e9;
    CHECK(gained > 0.3);
    CHECK(gained < 0.5 * passed + 0.05);
  });
  CHECK(std::abs(clock_of(n1) - base) < 0.1);
  during(*nemesis, "clock-strobe", on(0, {{"offset_ms", 30'000}, {"strobe_ms", 20}}), [&] {
    std::map<int, int> seen;
    for (int i = 0; i < 40; ++i) ++seen[static_cast<int>(std::lround(clock_of(n1) - base))];
    CHECK(seen.size() == 2);
    CHECK(seen[0] > 3);
    CHECK(seen[30] > 3);
  });
  CHECK(std::abs(clock_of(n1) - base) < 0.1);
  CHECK(run(n1, "cat /run/reader.pid") == pid);
  CHECK(state_of(n1) == before);
}

/// Of a hundred looks at the server, how many find it stopped.
double looks_stopped(Node& node) {
  return std::strtod(run(node,
                         "p=$(cat /run/reader.pid); for i in $(seq 100); do "
                         "cut -d' ' -f3 /proc/$p/stat; sleep 0.007; done | grep -c T")
                         .c_str(),
                     nullptr);
}

TEST_CASE("faults: servers end, start, starve, and their threads stand still") {
  if (!may_run()) return;
  Cluster cluster(1);
  Node& n1 = *cluster.nodes[0];
  const auto nemesis = nemesis_of({"stop", "restart", "cpu", "pause", "pause-threads", "memory"},
                                  cluster.nodes, cluster.target);
  const std::string before = state_of(n1);
  std::string effect = during(*nemesis, "stop", on(0), [&] { CHECK(state_of_server(n1) == '-'); });
  CHECK_MESSAGE(effect.find("server was gone") != std::string::npos, effect);
  CHECK(state_of_server(n1) != '-');
  const std::string pid = run(n1, "cat /run/reader.pid");
  during(*nemesis, "restart", on(0), [&] {
    CHECK(state_of_server(n1) != '-');
    CHECK(run(n1, "cat /run/reader.pid") != pid);
  });
  CHECK(looks_stopped(n1) == 0);
  effect = during(*nemesis, "cpu", on(0, {{"percent", 10}}), [&] {
    const double stopped = looks_stopped(n1);
    CHECK(stopped > 60);
    CHECK(stopped < 100);
  });
  CHECK_MESSAGE(effect.find("s of processor time in") != std::string::npos, effect);
  effect = during(*nemesis, "pause", on(0), [&] { CHECK(looks_stopped(n1) == 100); });
  CHECK_MESSAGE(effect.find("stood still") != std::string::npos, effect);
  effect = during(*nemesis, "pause-threads", on(0, {{"percent", 50}, {"seed", 3}}), [&] {
    const std::string states = run(
        n1, "cat /proc/$(cat /run/reader.pid)/task/*/stat | cut -d' ' -f3 | sort | tr -d '\\n'");
    CHECK(states.size() == 4);
    CHECK(states.find("tt") == 2);
  });
  CHECK_MESSAGE(effect.find("2 threads stood still") != std::string::npos, effect);
  effect = during(*nemesis, "memory", on(0, {{"percent", 2}}), [&] {
    // It offers itself to the kernel before it takes the first page.
    const Nanos deadline = monotonic_now() + 10s;
    std::string offered;
    while (offered != "1\n" && monotonic_now() < deadline) {
      offered = run(n1, "cat /proc/*/oom_score_adj | grep -cx 1000");
    }
    CHECK(offered == "1\n");
  });
  CHECK_MESSAGE(effect.find(" MiB taken") != std::string::npos, effect);
  CHECK(nemesis->heal_all().ok());
  CHECK(state_of_server(n1) != 'T');
  CHECK(state_of(n1) == before);
}

/// The switches of a lab.
struct LabPower final : Power {
  Lab& lab;
  explicit LabPower(Lab& switched) : lab(switched) {}
  Status off(std::size_t node) override { return lab.kill_node(static_cast<int>(node) + 1); }
  Status on(std::size_t node) override { return lab.start_node(static_cast<int>(node) + 1); }
};

TEST_CASE("faults: a node without power is silent and keeps its disk") {
  if (!may_run()) return;
  Cluster cluster(2);
  LabPower power(cluster.lab());
  const auto nemesis = nemesis_of({"power"}, cluster.nodes, cluster.target, &power);
  run(*cluster.nodes[1], "cp /run/reader /opt/reader; echo kept > /root/file");
  const std::string effect = during(
      *nemesis, "power", on(1), [&] { CHECK(ping(*cluster.nodes[0], "-c 1 -W 1").loss == 100); });
  CHECK_MESSAGE(effect.find("was off") != std::string::npos, effect);
  CHECK(ping(*cluster.nodes[0], "-c 1 -W 1").loss == 0);
  CHECK(run(*cluster.nodes[1], "cat /root/file") == "kept\n");
  CHECK(state_of_server(*cluster.nodes[1]) != '-');
  CHECK(nemesis->heal_all().ok());
}

TEST_CASE(
    "faults: a disk loses what was not synced, fails, is full, slow and wrong, and then is not") {
  if (!may_run()) return;
  Cluster cluster(1);
  Node& n1 = *cluster.nodes[0];
  run(n1, "echo before > /var/lib/reader/old");
  const std::string mounts = run(n1, "cat /proc/mounts");
  const auto nemesis =
      nemesis_of({"disk-lose", "disk-torn", "disk-error", "disk-full", "disk-slow", "disk-flip"},
                 cluster.nodes, cluster.target);
  CHECK(run(n1, "cat /var/lib/reader/old") == "before\n");
  CHECK(run(n1, "grep -c assay-disk /proc/mounts") == "1\n");
  const std::string synced = "dd of=/var/lib/reader/log conv=fsync,notrunc status=none";
  run(n1, "head -c 10000 /dev/zero | tr '\\0' a | " + synced);
  // Over the synced bytes and behind them, and a file of its own: none of it synced.
  run(n1,
      "echo b | dd of=/var/lib/reader/log conv=notrunc bs=1 seek=5000 status=none; "
      "echo new >> /var/lib/reader/log; echo fresh > /var/lib/reader/fresh");
  CHECK(run(n1, "wc -c < /var/lib/reader/log") == "10004\n");
  during(*nemesis, "disk-lose", on(0), [&] {
    CHECK(state_of_server(n1) == '-');
    CHECK(run(n1, "wc -c < /var/lib/reader/log") == "10000\n");
    CHECK(run(n1, "tr -d a < /var/lib/reader/log | wc -c") == "0\n");
    CHECK(run(n1, "wc -c < /var/lib/reader/fresh") == "0\n");
  });
  CHECK(state_of_server(n1) != '-');

  run(n1,
      "head -c 64000 /dev/zero | tr '\\0' c | dd of=/var/lib/reader/torn conv=fsync bs=64000 "
      "status=none iflag=fullblock; head -c 64000 /dev/zero | tr '\\0' d | "
      "dd of=/var/lib/reader/torn conv=notrunc status=none");
  during(*nemesis, "disk-torn", on(0), [&] {
    const double old =
        std::strtod(run(n1, "tr -d d < /var/lib/reader/torn | wc -c").c_str(), nullptr);
    CHECK(run(n1, "wc -c < /var/lib/reader/torn") == "64000\n");
    CHECK(old > 16'000);
    CHECK(old < 48'000);
    CHECK(std::fmod(old, 512) == 0);
  });

  std::string effect = during(*nemesis, "disk-error", on(0, {{"percent", 100}}), [&] {
    CHECK(run(n1, "cat /var/lib/reader/log 2>&1").find("Input/output error") != std::string::npos);
  });
  CHECK_MESSAGE(effect.find(" failed") != std::string::npos, effect);
  effect = during(*nemesis, "disk-full", on(0), [&] {
    CHECK(run(n1, "dd if=/dev/zero of=/var/lib/reader/log bs=9 count=1 conv=notrunc 2>&1")
              .find("No space left") != std::string::npos);
  });
  CHECK_MESSAGE(effect.find(" refused") != std::string::npos, effect);
  effect = during(*nemesis, "disk-slow", on(0, {{"slow_ms", 300}}), [&] {
    const Nanos begun = monotonic_now();
    run(n1, "cat /var/lib/reader/log");
    CHECK(monotonic_now() - begun > 300ms);
  });
  CHECK_MESSAGE(effect.find(" slow") != std::string::npos, effect);
  effect = during(*nemesis, "disk-flip", on(0, {{"percent", 100}}),
                  [&] { CHECK(run(n1, "tr -d a < /var/lib/reader/log | wc -c") != "0\n"); });
  CHECK_MESSAGE(effect.find(" changed") != std::string::npos, effect);
  CHECK(run(n1, "tr -d a < /var/lib/reader/log | wc -c") == "0\n");
  const auto healed = nemesis->heal_all();
  CHECK_MESSAGE(healed.ok(), (healed.ok() ? "" : healed.error().message));
  CHECK(run(n1, "cat /proc/mounts") == mounts);
  CHECK(run(n1, "tr -d a < /var/lib/reader/log | wc -c") == "0\n");
  CHECK(state_of_server(n1) != '-');
}

TEST_CASE("faults: a file loses its tail, and a server comes back with the data of a while ago") {
  if (!may_run()) return;
  Cluster cluster(1);
  Node& n1 = *cluster.nodes[0];
  const auto nemesis = nemesis_of({"disk-truncate", "disk-restore"}, cluster.nodes, cluster.target);
  const std::string before = state_of(n1);
  run(n1,
      "echo old > /var/lib/reader/old; mkdir /var/lib/reader/sub; "
      "printf 0123456789 > /var/lib/reader/sub/log; touch -d '1 hour ago' /var/lib/reader/old");
  during(*nemesis, "disk-truncate", on(0, {{"bytes", 4}}), [&] {
    CHECK(state_of_server(n1) == '-');
    CHECK(run(n1, "cat /var/lib/reader/sub/log") == "012345");
    CHECK(run(n1, "cat /var/lib/reader/old") == "old\n");
  });
  CHECK(state_of_server(n1) != '-');
  const std::string files = "cd /var/lib/reader && find . -type f | sort | xargs grep -H ''";
  const std::string snapshot = run(n1, files);
  const std::string effect = during(*nemesis, "disk-restore", on(0), [&] {
    CHECK(state_of_server(n1) != '-');
    run(n1,
        "echo more >> /var/lib/reader/sub/log; rm /var/lib/reader/old; "
        "echo new > /var/lib/reader/new");
  });
  CHECK_MESSAGE(effect.find("came back with the data of") != std::string::npos, effect);
  CHECK(run(n1, files) == snapshot);
  CHECK(state_of_server(n1) != '-');

  // What is only healed does no further harm.
  REQUIRE(nemesis->invoke({"start-disk-restore", {}, on(0)}).type == EventType::ok);
  CHECK(run(n1, "ls /var/lib | grep -c assay-snapshot") == "1\n");
  run(n1, "echo kept > /var/lib/reader/new");
  CHECK(nemesis->heal_all().ok());
  CHECK(run(n1, "cat /var/lib/reader/new") == "kept\n");
  CHECK(run(n1, "ls /var/lib | grep -c assay-snapshot; true") == "0\n");
  CHECK(state_of(n1) == before);
}

}  // namespace
}  // namespace assay
