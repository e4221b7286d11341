// The target `reference`: its options, its table of errors, its commands, its client's edges.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/executable.h"
#include "targets/reference/client.h"
#include "targets/reference/errors.h"
#include "targets/registry.h"
#include "targets/server_process.h"

namespace assay::reference {
namespace {

using Options = std::map<std::string, std::string>;

TEST_CASE("errors: each row of the table, for an operation with and without effect") {
  struct Row {
    ClientError error;
    EventType with_effect;
    std::string text;
  };
  const std::vector<Row> rows{
      {ClientError::connect_refused, EventType::fail, "connection refused"},
      {ClientError::connect_timed_out, EventType::fail, "connecting timed out"},
      {ClientError::unsupported, EventType::fail, "unsupported operation"},
      {ClientError::precondition_failed, EventType::fail, "precondition failed"},
      {ClientError::no_leader, EventType::fail, "no leader"},
      {ClientError::busy, EventType::fail, "busy"},
      {ClientError::bad_request, EventType::fail, "bad request"},
      {ClientError::unavailable, EventType::fail, "unavailable"},
      {ClientError::timed_out, EventType::info, "timed out"},
      {ClientError::connection_lost, EventType::info, "connection lost"},
      {ClientError::malformed_reply, EventType::info, "malformed reply"},
      {ClientError::in_doubt, EventType::info, "in doubt"},
  };
  CHECK(rows.size() == error_table().size());
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(classify(row.error, true).type == row.with_effect);
    CHECK(classify(row.error, true).error == row.text);
    CHECK(classify(row.error, false).type == EventType::fail);
  }
  CHECK(classify(static_cast<ClientError>(99), true).type == EventType::info);
}

TEST_CASE("errors: a reply's outcome names its error") {
  CHECK(error_of(Outcome::mismatch) == ClientError::precondition_failed);
  CHECK(error_of(Outcome::no_leader) == ClientError::no_leader);
  CHECK(error_of(Outcome::busy) == ClientError::busy);
  CHECK(error_of(Outcome::bad_request) == ClientError::bad_request);
  CHECK(error_of(Outcome::unavailable) == ClientError::unavailable);
  CHECK(error_of(Outcome::in_doubt) == ClientError::in_doubt);
}

TEST_CASE("client: a node that refuses connections costs a pause and is a definite failure") {
  ReferenceClient client({"127.0.0.1", 1}, 1);
  const Nanos start = monotonic_now();
  const auto refused = client.invoke({"write", Value(1), Value(2)}, std::chrono::seconds(1));
  CHECK(refused.type == EventType::fail);
  CHECK(refused.error == "connection refused");
  CHECK(monotonic_now() - start >= std::chrono::milliseconds(50));
}

/// A list in a list in a list …
Value nested(int depth) {
  Value value = 1;
  for (int i = 0; i < depth; ++i) value = Value::List{value};
  return value;
}

TEST_CASE("client: what the store cannot hold is refused without being sent") {
  ReferenceClient client({"127.0.0.1", 1}, 1);
  const Nanos timeout = std::chrono::seconds(1);
  for (const Invocation& invocation :
       {Invocation{"write", Value(1), Value(0.5)}, Invocation{"write", Value(0.5), Value(1)},
        Invocation{"cas", Value(1), Value(1)}, Invocation{"push", Value(1), Value(1)},
        Invocation{"txn", {}, Value::List{Value::List{"cas", 1, 2}}}, Invocation{"txn", {}, 1},
        Invocation{"write", Value(1), nested(datum_depth_max + 1)}}) {
    const auto completion = client.invoke(invocation, timeout);
    CHECK(completion.type == EventType::fail);
    CHECK(completion.error == "unsupported operation");
  }
}

TEST_CASE("target: options that make no sense are refused, naming what is allowed") {
  const auto* entry = find_target("reference");
  REQUIRE(entry != nullptr);
  CHECK(find_target("nothing") == nullptr);
  struct Row {
    Options options;
    std::string names;
  };
  const std::vector<Row> rows{
      {{{"protocol", "gossip"}}, "raft, primary-backup"},
      {{{"protocol", "primary-backup"}, {"replication", "semi-sync:0"}}, "semi-sync:K"},
      {{{"protocol", "primary-backup"}, {"replication", "semi-sync:x"}}, "semi-sync:K"},
      {{{"protocol", "primary-backup"}, {"read-from", "follower"}}, "leader, any, replica"},
      {{{"protocol", "raft"}, {"replication", "sync"}}, "raft has no option --replication"},
      {{{"protocol", "raft"}, {"read-from", "any"}}, "raft has no option --read-from"},
      {{{"port", "0"}}, "1 to 65535"},
      {{{"port", "70000"}}, "1 to 65535"},
      {{{"speed", "9"}}, "--speed"},
      {{{"bug", "typo"}}, "vote-twice"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.names);
    const auto made = entry->make(row.options);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().kind == ErrorKind::configuration);
    CHECK(made.error().message.find(row.names) != std::string::npos);
  }
}

TEST_CASE("target: it promises linearizability except where any replica may answer reads") {
  const auto* entry = find_target("reference");
  const auto promises = [&](const Options& options) {
    auto made = entry->make(options);
    REQUIRE(made.ok());
    return made.value()->promises();
  };
  CHECK(promises({}) == std::vector<std::string>{"linearizable"});
  CHECK(promises({{"protocol", "primary-backup"}}) == std::vector<std::string>{"linearizable"});
  CHECK(promises({{"protocol", "primary-backup"}, {"read-from", "any"}}).empty());
  const Options semi{{"protocol", "primary-backup"}, {"replication", "semi-sync"}};
  CHECK(entry->make(semi).value()->facts().at("replication") == "semi-sync");
}

int shell(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }

TEST_CASE("server process: start and kill are idempotent and outlive the shell") {
  std::string folder = (std::filesystem::temp_directory_path() / "assay-server-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  ServerProcess server;
  server.program = program_folder() + "/assay-node";
  server.name = "assay-node";
  server.data_folder = folder + "/data folder";
  server.log_file = folder + "/log/it's.log";
  server.pid_file = folder + "/run/pid";
  server.arguments = {"--id",     "1",         "--peers", "1=127.0.0.1:47231",
                      "--listen", "127.0.0.1", "--data",  server.data_folder};
  const auto pid = [&] {
    std::string text;
    std::ifstream(server.pid_file) >> text;
    return text;
  };
  CHECK(shell(kill_command(server)) == 0);
  REQUIRE(shell(start_command(server)) == 0);
  const std::string first = pid();
  CHECK(std::filesystem::exists("/proc/" + first));
  CHECK(shell(start_command(server)) == 0);
  CHECK(pid() == first);
  CHECK(shell(kill_command(server)) == 0);
  CHECK(shell(kill_command(server)) == 0);
  CHECK(shell(start_command(server)) == 0);
  CHECK(pid() != first);
  CHECK(shell(kill_command(server)) == 0);
  CHECK(std::filesystem::file_size(server.log_file) > 0);

  // One that ends at once. assay-node with wrong options does so, too, but not on a busy machine.
  server.program = "false";
  server.name = "false";
  CHECK(shell(start_command(server)) != 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace assay::reference
