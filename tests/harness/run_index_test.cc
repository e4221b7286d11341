// The index of the run store: it knows what the folders hold, whatever happened to it.
#include "harness/run_index.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "harness/run_store.h"
#include "tests/temporary_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class Store {
 public:
  const std::string& path() const { return path_; }

  /// A run with a plan, and with a summary if it has a verdict.
  std::string add(std::uint64_t seed, const std::string& verdict) const {
    auto folder = RunFolder::create(path_, "reference", "register", seed);
    REQUIRE(folder.ok());
    REQUIRE(write_file(folder->file("plan.json"),
                       R"({"target":"reference","workload":"register","seed":)" +
                           std::to_string(seed) + R"(,"started":"2026-01-01T00:00:00Z"})")
                .ok());
    if (!verdict.empty()) finish(folder->path(), seed, verdict);
    return fs::path(folder->path()).lexically_relative(path_).string();
  }
  static void finish(const std::string& path, std::uint64_t seed, const std::string& verdict) {
    RunRecord record;
    record.target = "reference";
    record.workload = "register";
    record.seed = seed;
    record.started = "2026-01-01T00:00:0" + std::to_string(seed % 10) + "Z";
    record.verdict = verdict;
    record.campaign = seed % 2 == 0 ? "even" : "odd";
    record.measures["throughput"] = 1.5;
    record.in_flight["kill"] = 7;
    if (verdict == "violation") {
      Finding finding;
      finding.fingerprint = "f1";
      finding.family = "f";
      finding.claim = "a \"claim\" \x01 \xff '); DROP TABLE runs; --";
      finding.count = 2;
      record.findings.push_back(finding);
    }
    REQUIRE(write_file(path + "/summary.json", to_json(record)).ok());
  }

  std::vector<RunRecord> runs(const RunFilter& filter = {}) const {
    auto index = RunIndex::open(path_);
    REQUIRE_MESSAGE(index.ok(), (index.ok() ? "" : index.error().message));
    auto runs = index->runs(filter);
    REQUIRE(runs.ok());
    return *runs;
  }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.path.string();
};

}  // namespace

TEST_CASE("run index: runs come, get a verdict and go, and the index follows the folders") {
  const Store store;
  CHECK(store.runs().empty());
  const std::string first = store.add(1, "pass");
  const std::string second = store.add(2, "violation");
  const std::string third = store.add(3, "");
  auto runs = store.runs();
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].folder == second);
  CHECK(runs[0].findings.size() == 1);
  CHECK(runs[0].measures.at("throughput") == 1.5);
  CHECK(runs[0].in_flight.at("kill") == 7);
  CHECK(runs[2].folder == third);
  CHECK(runs[2].verdict == unfinished);
  Store::finish(store.path() + "/" + third, 3, "unknown");
  runs = store.runs();
  CHECK(runs[0].verdict == "unknown");
  const auto count = [&](std::string RunFilter::*field, const char* value) {
    RunFilter filter;
    filter.*field = value;
    return store.runs(filter).size();
  };
  CHECK(count(&RunFilter::verdict, "pass") == 1);
  CHECK(count(&RunFilter::campaign, "odd") == 2);
  CHECK(count(&RunFilter::workload, "register") == 3);
  CHECK(count(&RunFilter::target, "other") == 0);
  CHECK(count(&RunFilter::fingerprint, "f1") == 1);
  CHECK(count(&RunFilter::fingerprint, "f") == 1);
  CHECK(count(&RunFilter::fingerprint, "f2") == 0);
  REQUIRE(remove_run(store.path(), first).ok());
  CHECK(store.runs().size() == 2);
  CHECK_FALSE(fs::exists(store.path() + "/" + first));
}

TEST_CASE("run index: of runs that began in one second, the one that ended last is the newest") {
  const Store store;
  const auto now = fs::file_time_type::clock::now();
  std::vector<std::string> added;
  for (const std::uint64_t seed : {2U, 22U, 12U}) {
    added.push_back(store.add(seed, "pass"));
    fs::last_write_time(store.path() + "/" + added.back() + "/summary.json",
                        now + std::chrono::milliseconds(added.size()));
  }
  const std::vector<RunRecord> runs = store.runs();
  REQUIRE(runs.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(runs[i].folder == added[2 - i]);
}

TEST_CASE("run index: missing, damaged, cut short or of another version, it is made again") {
  const Store store;
  store.add(1, "pass");
  store.add(2, "violation");
  const std::string file = store.path() + "/index.sqlite";
  REQUIRE(store.runs().size() == 2);
  fs::remove(file);
  CHECK(store.runs().size() == 2);
  fs::resize_file(file, fs::file_size(file) / 2);
  CHECK(store.runs().size() == 2);
  std::ofstream(file, std::ios::trunc) << "this is no database";
  CHECK(store.runs().size() == 2);
  std::ofstream(file, std::ios::trunc).close();
  CHECK(store.runs().size() == 2);
}

TEST_CASE("run index: what is no run is left alone, what cannot be read is said") {
  const Store store;
  const std::string good = store.add(1, "pass");
  const std::string bad = store.add(2, "");
  std::ofstream(store.path() + "/" + bad + "/summary.json") << "{\"schema\":\"assay.run/1\"";
  fs::create_directories(store.path() + "/a/b/c/d");
  auto index = RunIndex::open(store.path());
  REQUIRE(index.ok());
  CHECK(index->notes().size() == 1);
  CHECK(index->runs()->size() == 1);
  CHECK_FALSE(remove_run(store.path(), "a/b/c").ok());
  CHECK_FALSE(remove_run(store.path(), "../" + good).ok());
  CHECK_FALSE(remove_run(store.path(), "/tmp").ok());
  CHECK(fs::exists(store.path() + "/a/b/c/d"));
  CHECK(RunIndex::open(store.path() + "/none").error().kind == ErrorKind::no_input);
}

TEST_CASE("run index: a staged run is not seen before it is published, and then whole") {
  const Store store;
  auto staged = RunFolder::stage(store.path(), "sim", "register", 7);
  REQUIRE(staged.ok());
  REQUIRE(write_file(staged->file("plan.json"), "{}").ok());
  Store::finish(staged->path(), 7, "pass");
  CHECK(store.runs().empty());
  REQUIRE(staged->publish().ok());
  REQUIRE(store.runs().size() == 1);
  CHECK(fs::canonical(store.path() + "/latest") == fs::canonical(staged->path()));
}

TEST_CASE("run index: two processes may bring it up to date at once") {
  const Store store;
  for (std::uint64_t seed = 0; seed < 10; ++seed) store.add(seed, "pass");
  std::vector<std::thread> threads;
  std::vector<std::size_t> counts(4);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto index = RunIndex::open(store.path());
      if (index.ok()) counts[i] = index->runs()->size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t count : counts) CHECK(count == 10);
}

TEST_CASE("run store: runs of one seed that begin and end together get folders of their own") {
  const Store store;
  constexpr std::size_t threads = 8;
  constexpr std::size_t runs = 200;  // of each
  std::vector<std::vector<std::string>> taken(threads);
  std::vector<std::thread> all;
  for (auto& paths : taken) {
    all.emplace_back([&store, &paths] {
      for (std::size_t i = 0; i < runs; ++i) {
        auto folder = RunFolder::stage(store.path(), "sim", "register", 1);
        if (!folder.ok() || !folder->publish().ok()) return;
        paths.push_back(folder->path());
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  std::set<std::string> different;
  for (const auto& paths : taken) different.insert(paths.begin(), paths.end());
  CHECK(different.size() == threads * runs);
}

}  // namespace assay
