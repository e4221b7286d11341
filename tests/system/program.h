#pragma once
// The program as people use it, in a lab, with a store of its own.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/temporary_folder.h"

namespace assay {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

inline const std::string program = std::string(ASSAY_BINARY_DIR) + "/assay";

inline std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

inline bool may_run() {
  if (geteuid() == 0) return true;
  MESSAGE("skipped: needs root");
  return false;
}

/// A run store of its own.
class TestStore {
 public:
  int run(const std::string& arguments) const {
    return shell(program + " run reference --workload register --quiet --store " + path_ + " " +
                 arguments);
  }
  fs::path latest(const std::string& file) const { return fs::path(path_) / "latest" / file; }
  const std::string& path() const { return path_; }
  nlohmann::json verdict() const { return nlohmann::json::parse(read(latest("verdict.json"))); }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.path.string();
};

/// Polls a condition; true as soon as it holds, false after `limit`.
template <class Condition>
bool await(std::chrono::nanoseconds limit, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(50ms);
  }
  return condition();
}

}  // namespace assay
