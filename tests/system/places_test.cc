// What a run asks of its nodes beside faults: distances between them, and records of their packets;
// and servers that leave the cluster and join it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "nemesis/capture.h"
#include "tests/system/reader_target.h"

namespace assay {
namespace {

using Cluster = RunningCluster<ReaderTarget>;

/// Milliseconds from n1 to n2 and back: the shortest of ten, to which a busy machine adds little.
double round_trip(Node& n1) {
  const std::string text = run(n1, "ping -q -c 10 -i 0.01 n2");
  constexpr std::string_view before = "mdev = ";
  const std::size_t times = text.find(before);
  REQUIRE_MESSAGE(times != std::string::npos, text);
  return std::strtod(text.c_str() + times + before.size(), nullptr);
}

std::string text_of(const Value& value, const char* name) {
  const Value* found = find(value, name);
  return found == nullptr ? "" : *found->get_if<std::string>();
}

TEST_CASE("topology: packets take their time in both directions, also under the next agent") {
  if (!may_run()) return;
  Cluster cluster(2);
  Node& n1 = *cluster.nodes[0];
  const std::string before = state_of(n1);
  NemesisSettings settings;
  settings.agent.local_program = ASSAY_BINARY_DIR "/assay-agent";
  settings.latencies = {{0ms, 20ms}, {30ms, 0ms}};
  auto nemesis = make_nemesis({"packet-delay"}, cluster.nodes, cluster.target, settings);
  REQUIRE_MESSAGE(nemesis.ok(), nemesis.error().message);
  CHECK(round_trip(n1) > 49);
  CHECK(round_trip(n1) < 60);
  // A fault adds to it.
  const Value late = Value::Map{{"nodes", Value::List{0}}, {"delay_ms", 40}};
  REQUIRE((*nemesis)->invoke({"start-packet-delay", {}, late}).type == EventType::ok);
  CHECK(round_trip(n1) > 89);
  REQUIRE((*nemesis)->invoke({"stop-packet-delay", {}, {}}).type == EventType::ok);
  run(n1, "kill -9 $(pgrep -x -o assay-agent)");
  const Nanos deadline = monotonic_now() + 15s;
  while (round_trip(n1) < 49 && monotonic_now() < deadline) continue;
  CHECK(round_trip(n1) > 49);
  const auto healed = (*nemesis)->heal_all();
  REQUIRE_MESSAGE(healed.ok(), healed.error().message);
  REQUIRE(healed->size() == 1);
  CHECK(healed->front().f == "topology");
  const std::string what = text_of(healed->front().completion.value, "what");
  CHECK_MESSAGE(what.find("n2 ") != std::string::npos, what);
  CHECK_MESSAGE(what.find("ms late on average") != std::string::npos, what);
  CHECK(round_trip(n1) < 10);
  nemesis->reset();
  CHECK(await([&] { return state_of(n1); }, before) == before);
}

/// How long a connection from here to a port takes that nobody listens on: until the refusal.
Nanos until_refused(const std::string& host) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  REQUIRE(::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1);
  const Nanos begun = monotonic_now();
  CHECK(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0);
  CHECK(errno == ECONNREFUSED);
  ::close(socket);
  return monotonic_now() - begun;
}

TEST_CASE("topology: clients are far from a node, but the way by which it is controlled is not") {
  if (!may_run()) return;
  Cluster cluster(2);
  Node& n1 = *cluster.nodes[0];
  NemesisSettings settings;
  settings.agent.local_program = ASSAY_BINARY_DIR "/assay-agent";
  settings.latencies = {{0ms, 0ms, 400ms}, {0ms, 0ms, 0ms}};
  auto nemesis = make_nemesis({}, cluster.nodes, cluster.target, settings);
  REQUIRE_MESSAGE(nemesis.ok(), nemesis.error().message);
  CHECK(until_refused(n1.address().host) > 400ms);
  CHECK(until_refused(cluster.nodes[1]->address().host) < 400ms);
  Nanos shortest = 1h;
  for (int i = 0; i < 5; ++i) {
    const Nanos begun = monotonic_now();
    run(n1, "true");
    shortest = std::min(shortest, monotonic_now() - begun);
  }
  CHECK(shortest < 400ms);
  const auto healed = (*nemesis)->heal_all();
  REQUIRE_MESSAGE(healed.ok(), healed.error().message);
  REQUIRE(healed->size() == 1);
  const std::string what = text_of(healed->front().completion.value, "what");
  CHECK_MESSAGE(what.find("ms late on average") != std::string::npos, what);
  CHECK(until_refused(n1.address().host) < 400ms);
}

TEST_CASE("capture: a node's packets are in the file, but for those of SSH and of the loopback") {
  if (!may_run()) return;
  Cluster cluster(2);
  Node& n1 = *cluster.nodes[0];
  AgentOptions options;
  options.local_program = ASSAY_BINARY_DIR "/assay-agent";
  auto captures = Captures::start(cluster.nodes, options);
  REQUIRE_MESSAGE(captures.ok(), captures.error().message);
  run(n1, "ping -q -c 7 -i 0.01 -s 1000 n2; ping -q -c 3 -i 0.01 127.0.0.1");
  const std::string path =
      std::string(ASSAY_BINARY_DIR) + "/capture-" + std::to_string(::getpid()) + ".pcap";
  const auto words = captures->collect(0, path);
  REQUIRE_MESSAGE(words.ok(), words.error().message);
  CHECK_MESSAGE(words->ends_with("0 more when the file was full, 0 missed"), *words);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::remove(path.c_str());
  const auto word_at = [&](std::size_t offset) {
    std::uint32_t word = 0;
    REQUIRE(offset + sizeof word <= bytes.size());
    std::memcpy(&word, bytes.data() + offset, sizeof word);
    return word;
  };
  CHECK(word_at(0) == 0xa1b23c4d);
  CHECK(word_at(20) == 276);
  int echoes = 0;
  int of_tcp = 0;
  std::uint32_t last = 0;
  for (std::size_t at = 24; at < bytes.size();) {
    const std::uint32_t kept = word_at(at + 8);
    CHECK(word_at(at) >= last);
    last = word_at(at);
    REQUIRE(at + 16 + kept <= bytes.size());
    const std::size_t ip = at + 16 + 20;
    if (kept >= 60 && bytes[ip] == 0x45 && bytes[ip + 9] == 1) {
      ++echoes;
      CHECK(word_at(at + 12) == 20 + 20 + 8 + 1000);
      CHECK(kept == 20 + 256);
    }
    if (kept >= 60 && bytes[ip] == 0x45 && bytes[ip + 9] == 6) ++of_tcp;
    at += 16 + kept;
  }
  CHECK(echoes == 14);
  CHECK(of_tcp == 0);
  CHECK(run(n1, "ls /var/tmp; pgrep -x assay-agent; true") == "");
}

TEST_CASE("faults: a server leaves its cluster and joins it again, also when all is healed") {
  if (!may_run()) return;
  Cluster cluster(1);
  Node& n1 = *cluster.nodes[0];
  const auto nemesis = nemesis_of({"membership", "replace"}, cluster.nodes, cluster.target);
  const Value on_n1 = Value::Map{{"nodes", Value::List{0}}};
  for (const bool by_its_stop : {true, false}) {
    CAPTURE(by_its_stop);
    const Completion left = nemesis->invoke({"start-membership", {}, on_n1});
    REQUIRE_MESSAGE(left.type == EventType::ok, left.error);
    CHECK(text_of(left.value, "what") == "members leave: n1 (n1 members: n2)");
    CHECK(state_of_server(n1) == '-');
    Completion joined;
    if (by_its_stop) {
      joined = nemesis->invoke({"stop-membership", {}, {}});
    } else {
      const auto healed = nemesis->heal_all();
      REQUIRE_MESSAGE(healed.ok(), healed.error().message);
      REQUIRE(healed->size() == 1);
      joined = healed->front().completion;
    }
    REQUIRE_MESSAGE(joined.type == EventType::ok, joined.error);
    CHECK(text_of(joined.value, "effect") == "n1 was not among n2");
    CHECK(state_of_server(n1) != '-');
  }
  const std::string pid = run(n1, "cat /run/reader.pid");
  const Completion replaced = nemesis->invoke({"start-replace", {}, on_n1});
  REQUIRE_MESSAGE(replaced.type == EventType::ok, replaced.error);
  CHECK(text_of(replaced.value, "what") ==
        "new ones for members: n1 (n1 members: n2; then it was not among n2)");
  CHECK(state_of_server(n1) != '-');
  CHECK(run(n1, "cat /run/reader.pid") != pid);
  CHECK(nemesis->invoke({"stop-replace", {}, {}}).type == EventType::ok);
}

}  // namespace
}  // namespace assay
