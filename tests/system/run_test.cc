// The main job in a real lab: five nodes, real SSH, real faults. Needs root; says so where it is
// missing.

#include "tests/system/program.h"

namespace assay {
namespace {

bool reachable(int from, int to) {
  return shell(program + " lab exec n" + std::to_string(from) + " -- ping -c1 -W1 n" +
               std::to_string(to) + " >/dev/null 2>&1") == 0;
}

}  // namespace

TEST_CASE("run: raft under partition, kill, pause and clock skew is linearizable") {
  if (!may_run()) return;
  const TestStore store;
  REQUIRE(store.run("--protocol raft --nodes 5 --nemesis partition,kill,pause,clock "
                    "--time-limit 20s --seed 7") == 0);
  std::set<std::string> kinds;
  std::ifstream faults(store.latest("faults.jsonl"));
  for (std::string line; std::getline(faults, line);) {
    const auto fault = nlohmann::json::parse(line);
    if (fault.value("action", "") == "start" && fault.at("type") == "ok") {
      kinds.insert(fault.at("fault").get<std::string>());
    }
  }
  CHECK(kinds == std::set<std::string>{"partition", "kill", "pause", "clock"});
  CHECK(shell(program + " verify " + store.path() + "/latest >/dev/null") == 0);
  for (const char* file : {"plan.json", "history.assay", "report.html", "junit.xml"}) {
    CAPTURE(file);
    CHECK(fs::file_size(store.latest(file)) > 0);
  }
  CHECK(fs::exists(fs::path(store.path()) / "index.sqlite"));
}

TEST_CASE("run: asynchronous replication read from any replica is caught, in a few operations") {
  if (!may_run()) return;
  const TestStore store;
  REQUIRE(store.run("--protocol primary-backup --replication async --read-from any "
                    "--nemesis partition --time-limit 15s --seed 3") == 1);
  const auto verdict = store.verdict();
  REQUIRE_FALSE(verdict.at("anomalies").empty());
  for (const auto& anomaly : verdict.at("anomalies")) {
    CHECK(anomaly.at("witness").size() <= 6);
    CHECK(anomaly.at("minimal") == true);
  }
  CHECK(shell(program + " verify " + store.path() + "/latest >/dev/null") == 0);
}

TEST_CASE("run: asynchronous replication read from the leader passes without faults") {
  if (!may_run()) return;
  const TestStore store;
  CHECK(store.run("--protocol primary-backup --replication async --read-from leader "
                  "--time-limit 5s --seed 3") == 0);
}

TEST_CASE("run: kill -9 of the controller in a partition heals the nodes and keeps the history") {
  if (!may_run()) return;
  const TestStore store;
  REQUIRE(shell(program + " lab up --nodes 5 2>/dev/null") == 0);
  const pid_t controller = fork();
  if (controller == 0) {
    execl(program.c_str(), "assay", "run", "reference", "--protocol", "raft", "--nemesis",
          "partition-halves", "--nemesis-interval", "60s", "--time-limit", "120s", "--quiet",
          "--store", store.path().c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  REQUIRE(controller > 0);
  const bool cut = await(90s, [&] {
    const std::string faults = read(store.latest("faults.jsonl"));
    return faults.find("\"ok\"") != std::string::npos;
  });
  kill(controller, SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  waitpid(controller, nullptr, 0);
  REQUIRE(cut);
  for (int from = 1; from <= 5; ++from) {
    for (int to = 1; to <= 5; ++to) {
      CAPTURE(from);
      CAPTURE(to);
      // 15 s since the kill, but to look takes its time, too.
      const auto left = killed + 15s - std::chrono::steady_clock::now();
      CHECK(await(std::max(left, left.zero()), [&] { return reachable(from, to); }));
    }
  }
  // No violation; unknown would mean that nothing was left of the journal.
  CHECK(shell(program + " check " + store.path() + "/latest 2>/dev/null") == 0);
  CHECK(shell(program + " lab down") == 0);
}

TEST_CASE("run: Ctrl-C heals, checks what there is and exits 130") {
  if (!may_run()) return;
  const TestStore store;
  const pid_t controller = fork();
  if (controller == 0) {
    execl(program.c_str(), "assay", "run", "reference", "--protocol", "raft", "--time-limit",
          "120s", "--quiet", "--store", store.path().c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  REQUIRE(controller > 0);
  CHECK(await(90s, [&] {
    std::error_code ignored;
    return fs::file_size(store.latest("history.assay"), ignored) > 10'000 && !ignored;
  }));
  kill(controller, SIGINT);
  int status = 0;
  waitpid(controller, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(store.verdict().at("verdict") == "pass");
}

TEST_CASE("campaign: rows of the chapter come out in the lab as they do in the simulated world") {
  if (!may_run()) return;
  const TestStore store;
  const std::string chapter = std::string(ASSAY_SOURCE_DIR) + "/campaigns/chapter";
  const std::string table = store.path() + "/table.json";
  CHECK(shell(program + " campaign " + chapter +
              " --lab --json --select lag-stale-read,cp-refuses" + " --store " + store.path() +
              "/runs >" + table) == 0);
  const auto rows = nlohmann::json::parse(read(table), nullptr, false);
  REQUIRE(rows.is_object());
  CHECK(rows.at("total") == 2);
  CHECK(rows.at("as_expected") == 2);
  CHECK(shell(program + " lab down") == 0);
}

}  // namespace assay
