// Throughput of the bundled cluster without faults: real processes on loopback, blocking clients.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "bench/arguments.h"
#include "tests/targets/local_cluster.h"

namespace {

using assay::EventType;
using assay::Nanos;
using assay::Value;

constexpr Nanos duration = std::chrono::seconds(5);
constexpr Nanos timeout = std::chrono::seconds(2);

void measure(const char* name, std::size_t nodes, int clients, std::vector<std::string> options) {
  assay::reference::LocalCluster cluster(nodes, std::move(options));
  const assay::Invocation first{"write", Value(0), Value(0)};
  for (std::size_t i = 0; i < nodes; ++i) {
    static_cast<void>(cluster.until_ok(i, first, std::chrono::seconds(20)));
  }
  std::atomic<long> ok{0};
  std::atomic<long> other{0};
  std::vector<std::vector<double>> latencies(static_cast<std::size_t>(clients));
  std::vector<std::thread> threads;
  const Nanos end = assay::monotonic_now() + duration;
  for (int i = 0; i < clients; ++i) {
    const auto index = static_cast<std::size_t>(i);
    threads.emplace_back([&, index, client = cluster.client(index % nodes)] {
      assay::Random random(index + 1);
      while (assay::monotonic_now() < end) {
        const Value key(random.between(0, 9));
        const bool read = random.chance(0.4);
        const assay::Invocation next{read ? "read" : "write", key,
                                     read ? Value() : Value(random.between(0, 1'000'000))};
        const Nanos start = assay::monotonic_now();
        const bool done = client->invoke(next, timeout).type == EventType::ok;
        (done ? ok : other).fetch_add(1);
        const Nanos took = assay::monotonic_now() - start;
        latencies[index].push_back(static_cast<double>(took.count()) / 1e6);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& part : latencies) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  std::printf("%-28s %5zu %7d %9ld %7ld %8.2f %8.2f\n", name, nodes, clients,
              ok.load() / (duration / std::chrono::seconds(1)), other.load(), at(0.5), at(0.99));
}

}  // namespace

int main(int argc, char** argv) {
  const auto words = assay::bench::read_arguments(
      argc, argv, "Measures real clusters on this machine; NAME: the number of a row, from 1.", 0);
  const auto wanted = [&](const char* row) { return words.only.empty() || words.only == row; };
  std::printf("%-28s %5s %7s %9s %7s %8s %8s\n", "protocol", "nodes", "clients", "ok/s", "not ok",
              "p50 ms", "p99 ms");
  if (wanted("1")) measure("raft", 5, 10, {});
  if (wanted("2")) measure("raft", 3, 10, {});
  if (wanted("3")) measure("raft", 1, 10, {});
  if (wanted("4")) measure("primary-backup async", 5, 10, {"--protocol", "primary-backup"});
  if (wanted("5"))
    measure("primary-backup sync", 5, 10,
            {"--protocol", "primary-backup", "--replication", "sync"});
}
