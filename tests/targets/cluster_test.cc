// Real processes on loopback: recovery after kill -9, failover, and the primary-backup settings.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/executable.h"
#include "tests/targets/local_cluster.h"

namespace assay::reference {
namespace {

constexpr Nanos patience = std::chrono::seconds(20);
constexpr Nanos second = std::chrono::seconds(1);

Invocation write(int key, int value) { return {"write", Value(key), Value(value)}; }
Invocation read(int key) { return {"read", Value(key), Value()}; }
Invocation cas(int key, int expected, int value) {
  return {"cas", Value(key), Value(Value::List{Value(expected), Value(value)})};
}

TEST_CASE("assay-node: raft answers reads, writes and cas through every member") {
  LocalCluster cluster(3, {});
  REQUIRE(cluster.until_ok(0, write(1, 10), patience).type == EventType::ok);
  for (std::size_t node = 0; node < 3; ++node) {
    CAPTURE(node);
    const auto client = cluster.client(node);
    const auto found = client->invoke(read(1), 5 * second);
    CAPTURE(found.error);
    CHECK(found.type == EventType::ok);
    CHECK(found.value == Value(10));
    CHECK(client->invoke(read(2), 5 * second).value == Value());
  }
  const auto client = cluster.client(1);
  CHECK(client->invoke(cas(1, 10, 11), 5 * second).type == EventType::ok);
  const auto mismatch = client->invoke(cas(1, 10, 12), 5 * second);
  CHECK(mismatch.type == EventType::fail);
  CHECK(mismatch.error == "precondition failed");
  CHECK(client->invoke(read(1), 5 * second).value == Value(11));
}

TEST_CASE("assay-node: a member leaves, loses its data and joins: its loss loses nothing") {
  LocalCluster cluster(3, {});
  REQUIRE(cluster.until_ok(0, write(1, 10), patience).type == EventType::ok);
  const std::size_t leader = cluster.leader(patience);
  REQUIRE(leader < 3);
  // The leader, too, can be told to go, and it is so already the second time.
  REQUIRE(cluster.operate(leader, "--leave") == 0);
  REQUIRE(cluster.operate(leader, "--leave") == 0);
  cluster.kill(leader);
  cluster.lose_data(leader);
  const std::size_t other = (leader + 1) % 3;
  const std::size_t third = (leader + 2) % 3;
  REQUIRE(cluster.until_ok(other, write(1, 11), patience).type == EventType::ok);
  // One of two members is no majority, and an empty third that is none does not help.
  cluster.kill(third);
  cluster.start(leader);
  CHECK(cluster.client(other)->invoke(write(1, 12), second).type != EventType::ok);
  cluster.start(third);
  REQUIRE(cluster.operate(leader, "--join") == 0);
  REQUIRE(cluster.until_ok(leader, read(1), patience).type == EventType::ok);
  // With it there is a majority again when another is gone, and it knows what was written.
  cluster.kill(third);
  REQUIRE(cluster.until_ok(other, write(2, 1), patience).type == EventType::ok);
  const auto found = cluster.until_ok(leader, read(2), patience);
  CHECK(found.value == Value(1));
}

TEST_CASE("assay-node: locks, queues and transactions, as the commands' table says") {
  LocalCluster cluster(3, {});
  const Value key("lock");
  REQUIRE(cluster.until_ok(0, {"enqueue", Value(1), Value("a")}, patience).type == EventType::ok);
  CHECK(cluster.client(1)->invoke({"dequeue", Value(1), {}}, 5 * second).value == Value("a"));
  const auto holder = cluster.client(1);
  const auto other = cluster.client(2);
  CHECK(holder->invoke({"acquire", key, {}}, 5 * second).value == Value(1));
  const auto refused = other->invoke({"acquire", key, {}}, 5 * second);
  CHECK(refused.type == EventType::fail);
  CHECK(refused.error == unmet_precondition);
  CHECK(holder->invoke({"release", key, {}}, 5 * second).type == EventType::ok);
  CHECK(other->invoke({"acquire", key, {}}, 5 * second).value == Value(2));
  const auto step = [](const char* f, int at, Value value) {
    return Value(Value::List{f, at, std::move(value)});
  };
  const Invocation txn{"txn", {}, Value::List{step("append", 5, 1), step("r", 5, {})}};
  const auto done = holder->invoke(txn, 5 * second);
  CHECK(done.value == Value(Value::List{step("append", 5, 1), step("r", 5, Value::List{1})}));
}

TEST_CASE("assay-node: acknowledged writes survive kill -9 of every member") {
  LocalCluster cluster(3, {});
  for (int key = 0; key < 20; ++key) {
    const auto node = static_cast<std::size_t>(key % 3);
    REQUIRE(cluster.until_ok(node, write(key, key * 10), patience).type == EventType::ok);
  }
  for (std::size_t node = 0; node < 3; ++node) cluster.kill(node);
  for (std::size_t node = 0; node < 3; ++node) cluster.start(node);
  for (int key = 0; key < 20; ++key) {
    CAPTURE(key);
    CHECK(cluster.until_ok(0, read(key), patience).value == Value(key * 10));
  }
  CHECK(cluster.log(0).find("recovered 0 entries") < cluster.log(0).rfind("recovered "));
}

TEST_CASE("assay-node: a new leader takes over when the leader is killed") {
  LocalCluster cluster(3, {});
  REQUIRE(cluster.until_ok(0, write(1, 1), patience).type == EventType::ok);
  const auto leader = cluster.leader(patience);
  REQUIRE(leader < 3);
  cluster.kill(leader);
  const auto other = (leader + 1) % 3;
  CHECK(cluster.until_ok(other, write(1, 2), patience).type == EventType::ok);
  const auto refused = cluster.client(leader)->invoke(write(1, 3), second);
  CHECK(refused.type == EventType::fail);
  CHECK(refused.error == "connection refused");
  cluster.start(leader);
  CHECK(cluster.until_ok(leader, read(1), patience).value == Value(2));
}

TEST_CASE("assay-node: a leader that is paused and resumed answers with what it missed") {
  LocalCluster cluster(3, {});
  REQUIRE(cluster.until_ok(0, write(1, 1), patience).type == EventType::ok);
  const auto leader = cluster.leader(patience);
  REQUIRE(leader < 3);
  cluster.pause(leader);
  CHECK(cluster.until_ok((leader + 1) % 3, write(1, 2), patience).type == EventType::ok);
  const auto hung = cluster.client(leader)->invoke(write(2, 1), second / 5);
  CHECK(hung.type == EventType::info);
  CHECK(hung.error == "timed out");
  cluster.resume(leader);
  CHECK(cluster.until_ok(leader, read(1), patience).value == Value(2));
}

TEST_CASE("assay-node: semi-sync waits for backups, async does not") {
  for (const bool async : {true, false}) {
    CAPTURE(async);
    LocalCluster cluster(
        3, {"--protocol", "primary-backup", "--replication", async ? "async" : "semi-sync:2"});
    REQUIRE(cluster.until_ok(2, write(1, 1), patience).type == EventType::ok);
    cluster.kill(1);
    const auto done = cluster.client(0)->invoke(write(1, 2), second);
    CHECK(done.type == (async ? EventType::ok : EventType::info));
    cluster.start(1);
    CHECK(cluster.until_ok(1, write(1, 3), patience).type == EventType::ok);
    CHECK(cluster.until_ok(0, read(1), patience).value == Value(3));
  }
}

TEST_CASE("assay-node: two members cannot share a data folder") {
  LocalCluster cluster(1, {});
  REQUIRE(cluster.until_ok(0, write(1, 1), patience).type == EventType::ok);
  const std::string command = program_folder() +
                              "/assay-node --id 1 --peers 1=127.0.0.1:1 --data " +
                              cluster.data_folder(0) + " 2>/dev/null";
  const int status = std::system(command.c_str());
  CHECK(WEXITSTATUS(status) == 75);
}

}  // namespace
}  // namespace assay::reference
