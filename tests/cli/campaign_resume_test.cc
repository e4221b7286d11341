// A campaign that is killed at any moment and resumed makes every run once: none is lost, none is
// there twice.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "cli/campaign_ledger.h"
#include "harness/run_index.h"
#include "tests/rounds.h"
#include "tests/temporary_folder.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* campaign_file = R"(schema = "assay.campaign/1"
name = "killed"
[retain]
passing = "summary"
[defaults]
protocol = "raft"
nodes = 3
rate = "50/s"
time-limit = "1s"
seeds = 20
[matrix]
workload = ["register", "list-append"]
nemesis = [[], ["partition"]]
)";
constexpr std::size_t runs_in_all = 80;

class Folder {
 public:
  Folder() { std::ofstream(path_ + "/campaign.toml") << campaign_file; }
  const std::string& path() const { return path_; }
  std::string store() const { return path_ + "/runs"; }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.path.string();
};

/// Starts `assay campaign`; its process.
pid_t start(const Folder& folder, bool resume) {
  const std::string program = std::string(ASSAY_BINARY_DIR) + "/assay";
  const std::string file = folder.path() + "/campaign.toml";
  const std::string store = folder.store();
  const pid_t process = fork();
  if (process != 0) return process;
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  std::vector<const char*> words{program.c_str(), "campaign", file.c_str(), "--store",
                                 store.c_str(),   "-j",       "2"};
  if (resume) words.push_back("--resume");
  words.push_back(nullptr);
  execv(program.c_str(), const_cast<char* const*>(words.data()));
  _exit(127);
}

/// Its exit status; -1: killed.
int wait_for(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Whether it goes on; it is not taken leave of, so that its number stays its own.
bool goes_on(pid_t process) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(process);
  return waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool has_ledger(const Folder& folder) { return newest_campaign(folder.store(), "killed").ok(); }

std::size_t lines_so_far(const Folder& folder) {
  const auto newest = newest_campaign(folder.store(), "killed");
  if (!newest.ok()) return 0;
  const auto ledger = read_ledger(*newest);
  return ledger.ok() ? ledger->runs.size() : 0;
}

void check_complete(const Folder& folder) {
  const auto newest = newest_campaign(folder.store(), "killed");
  REQUIRE(newest.ok());
  const auto ledger = read_ledger(*newest);
  REQUIRE(ledger.ok());
  CHECK(ledger->runs.size() == runs_in_all);
  std::set<std::pair<std::string, std::uint64_t>> made;
  std::set<std::string> folders;
  for (const RunRecord& run : ledger->runs) {
    CHECK(made.emplace(run.experiment, run.seed).second);
    CHECK(folders.insert(run.folder).second);
    CHECK(run.verdict == "pass");
  }
  CHECK(made.size() == runs_in_all);
  const auto index = RunIndex::open(folder.store());
  REQUIRE(index.ok());
  const auto stored = index->runs();
  REQUIRE(stored.ok());
  CHECK(stored->size() == runs_in_all);
  for (const RunRecord& run : *stored) CHECK(folders.contains(run.folder));
}

int rounds() { return is_dense() ? 10 : 2; }

}  // namespace

TEST_CASE("campaign: killed at random moments and resumed, no run is lost or made twice") {
  Random random(random_seed());
  for (int round = 0; round < rounds(); ++round) {
    CAPTURE(round);
    const Folder folder;
    // Three kills, each a random while after another run was written down.
    for (int kills = 0; kills < 3; ++kills) {
      const std::size_t wanted = lines_so_far(folder) + 1 + random.below(5);
      const pid_t process = start(folder, has_ledger(folder));
      while (lines_so_far(folder) < wanted && goes_on(process)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(20'000)));
      kill(process, SIGKILL);
      // It was killed: the campaign was not over.
      CHECK(wait_for(process) == -1);
      CHECK(lines_so_far(folder) < runs_in_all);
    }
    CHECK(wait_for(start(folder, true)) == 0);
    check_complete(folder);
    // Once more there is nothing left to do.
    CHECK(wait_for(start(folder, true)) == 0);
    check_complete(folder);
  }
}

TEST_CASE("campaign: a ledger cut off within a line goes on from its last whole one") {
  const Folder folder;
  REQUIRE(wait_for(start(folder, false)) == 0);
  const auto newest = newest_campaign(folder.store(), "killed");
  REQUIRE(newest.ok());
  const std::string path = *newest + "/ledger.jsonl";
  fs::resize_file(path, fs::file_size(path) - 20);
  CHECK(read_ledger(*newest)->runs.size() == runs_in_all - 1);
  CHECK(wait_for(start(folder, true)) == 0);
  check_complete(folder);
  // Another file is another campaign.
  std::ofstream(folder.path() + "/campaign.toml", std::ios::app)
      << "[[experiment]]\nname = \"x\"\n";
  CHECK(wait_for(start(folder, true)) == 78);
}

}  // namespace assay::cli
