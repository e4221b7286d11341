// The agent's firewall where there is nft and where there is only iptables, with addresses of both
// families: what it stops, what it counts, and what is left of it.

#include "nemesis/agent_session.h"
#include "tests/system/reader_target.h"

namespace assay {
namespace {

/// Whether n1 hears n2.
bool hears(Node& n1, const std::string& address) {
  return run(n1, "ping -q -c 1 -W 1 " + address + " >/dev/null && echo yes || echo no") == "yes\n";
}

TEST_CASE("firewall: both families are cut, by nft and by iptables, and nothing is left") {
  if (!may_run()) return;
  RunningCluster<ReaderTarget> cluster(2, {"iptables"});
  Node& n1 = *cluster.nodes[0];
  Node& n2 = *cluster.nodes[1];
  run(n1, "ip -6 addr add fd77::1/64 dev eth0 nodad");
  run(n2, "ip -6 addr add fd77::2/64 dev eth0 nodad");
  const std::string v4 = n2.address().host;
  const std::string v6 = "fd77::2";
  const std::string rules =
      "for p in iptables ip6tables; do for t in filter raw; do $p -w -t $t -S; done; done; "
      "PATH=/root/hidden:$PATH nft list tables | grep -c assay_nemesis; true";
  for (const bool has_nft : {true, false}) {
    CAPTURE(has_nft);
    if (!has_nft) run(n1, "mkdir /root/hidden && mv $(command -v nft) /root/hidden/");
    REQUIRE(run(n1, "command -v nft || echo none").find("none") ==
            (has_nft ? std::string::npos : 0));
    const std::string before = run(n1, rules);
    AgentOptions options;
    options.local_program = ASSAY_BINARY_DIR "/assay-agent";
    auto agent = AgentSession::open(n1, options);
    REQUIRE_MESSAGE(agent.ok(), agent.error().message);
    for (const char* how : {"drop", "reject"}) {
      CAPTURE(how);
      REQUIRE(hears(n1, v4));
      REQUIRE(hears(n1, v6));
      const auto cut = (*agent)->request({"inject", "cut", "partition", how, v4, v6}, 10s);
      REQUIRE_MESSAGE(cut.ok(), cut.error().message);
      CHECK_FALSE(hears(n1, v4));
      CHECK_FALSE(hears(n1, v6));
      CHECK(run(n1, rules) != before);
      const auto healed = (*agent)->request({"heal", "cut"}, 10s);
      REQUIRE_MESSAGE(healed.ok(), healed.error().message);
      CHECK_MESSAGE(healed->find("packets stopped") != std::string::npos, *healed);
      CHECK(hears(n1, v4));
      CHECK(hears(n1, v6));
      CHECK(run(n1, rules) == before);
    }
    // Of the ports that are named only.
    const std::string connect =
        "timeout 1 bash -c ': < /dev/tcp/" + v4 + "/22' && echo yes || echo no";
    for (const char* how : {"drop", "reject"}) {
      CAPTURE(how);
      REQUIRE(run(n1, connect) == "yes\n");
      const auto cut =
          (*agent)->request({"inject", "cut", "partition", how, "port=22", "port=99", v4, v6}, 10s);
      REQUIRE_MESSAGE(cut.ok(), cut.error().message);
      CHECK(run(n1, connect + " 2>/dev/null") == "no\n");
      CHECK(hears(n1, v4));
      CHECK(hears(n1, v6));
      const auto healed = (*agent)->request({"heal", "cut"}, 10s);
      REQUIRE_MESSAGE(healed.ok(), healed.error().message);
      CHECK_MESSAGE(healed->find("packets stopped") != std::string::npos, *healed);
      CHECK(run(n1, rules) == before);
      // And of all but one that carries other hosts' sessions, too.
      const auto spared =
          (*agent)->request({"inject", "cut", "partition", how, "except=22", v4, v6}, 10s);
      REQUIRE_MESSAGE(spared.ok(), spared.error().message);
      CHECK(run(n1, connect) == "yes\n");
      CHECK_FALSE(hears(n1, v4));
      CHECK_FALSE(hears(n1, v6));
      REQUIRE((*agent)->request({"heal", "cut"}, 10s).ok());
      CHECK(run(n1, rules) == before);
    }
    CHECK_FALSE((*agent)->request({"inject", "cut", "partition", "drop", "port=0", v4}, 10s).ok());
    // And when the agent is gone without a word.
    REQUIRE((*agent)->request({"inject", "cut", "partition", "drop", v6}, 10s).ok());
    CHECK_FALSE(hears(n1, v6));
    CHECK(hears(n1, v4));
    agent->reset();
    CHECK(await([&] { return run(n1, rules); }, before) == before);
    CHECK(hears(n1, v6));
  }
}

}  // namespace
}  // namespace assay
