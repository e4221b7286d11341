// Databases from Debian packages, in a real lab: one that is quick to install stands for all here;
// the others are run by campaigns/findings. Needs root and the package servers; says so where they
// lack.

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/lab/layer.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

bool may_run() {
  if (geteuid() == 0) return true;
  MESSAGE("skipped: needs root");
  return false;
}

int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("a package that does not exist is a clear error, and leaves nothing") {
  if (!may_run()) return;
  auto site = lab_site();
  REQUIRE(site.ok());
  const auto silent = [](const std::string&) {};
  REQUIRE(ensure_base(*site, silent).ok());
  site->packages = {"no-such-package-of-assay"};
  const auto status = ensure_layer(*site, silent);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::configuration);
  CHECK(status.error().message.find("no-such-package-of-assay") != std::string::npos);
  CHECK_FALSE(fs::exists(site->layer()));
  site->packages = {"not a name; rm -rf /"};
  CHECK(ensure_layer(*site, silent).error().kind == ErrorKind::configuration);
}

TEST_CASE("redis: installed, run under kills of its only node, linearizable") {
  if (!may_run()) return;
  std::string store = (fs::temp_directory_path() / "assay-runs-XXXXXX").string();
  REQUIRE(mkdtemp(store.data()) != nullptr);
  CHECK(shell(std::string(ASSAY_BINARY_DIR) +
              "/assay run redis --nodes 1 --workload register --concurrency 6 --time-limit 8s "
              "--nemesis kill --nemesis-interval 2s --seed 5 --quiet --store " +
              store) == 0);
  const auto verdict = nlohmann::json::parse(std::ifstream(store + "/latest/verdict.json"));
  CHECK(verdict.at("verdict") == "pass");
  CHECK(verdict.at("operations") > 100);
  const auto plan = nlohmann::json::parse(std::ifstream(store + "/latest/plan.json"));
  CHECK(plan.at("facts").contains("redis-server"));
  CHECK(fs::file_size(store + "/latest/logs/n1/redis.log") > 0);
  fs::remove_all(store);
}

}  // namespace
}  // namespace assay
