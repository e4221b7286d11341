// The lab and its control: how long nodes take to come up and to go, whether anything is left
// behind, and what a short command over SSH costs. Needs root and a lab that nobody uses.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "harness/lab/lab.h"
#include "harness/lab/leftovers.h"

namespace assay {
namespace {

constexpr int cycles = 25;
constexpr int commands = 1'000;  ///< on all nodes together

/// For errors of what is only measured here.
template <class T>
T must(Result<T> result) {
  if (result.ok()) return std::move(*result);
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(result.error().exit_code());
}
void must(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", status.error().message);
  std::exit(status.error().exit_code());
}

std::string row(std::vector<Nanos> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t percent) {
    return format_duration(times[std::min(times.size() - 1, times.size() * percent / 100)]);
  };
  return fmt::format("{:>9} {:>9} {:>9}", at(50), at(99), format_duration(times.back()));
}

template <class Action>
Nanos time_of(const Action& action) {
  const Nanos begun = monotonic_now();
  action();
  return monotonic_now() - begun;
}

std::size_t measure_cycles(Lab& lab, int nodes) {
  std::vector<Nanos> up;
  std::vector<Nanos> down;
  std::size_t left = 0;
  for (int i = 0; i < cycles; ++i) {
    up.push_back(time_of([&] { must(lab.up(nodes, [](const std::string&) {})); }));
    down.push_back(time_of([&] { must(lab.down()); }));
    left += lab_leftovers(lab.site()).size();
  }
  fmt::print("{:<28}{}\n{:<28}{}\n", fmt::format("{} nodes up", nodes), row(up),
             fmt::format("{} nodes down", nodes), row(down));
  return left;
}

void measure_commands(Lab& lab) {
  must(lab.up(lab_nodes_default, [](const std::string&) {}));
  const auto addresses = must(lab_nodes(lab.site()));
  std::vector<std::vector<Nanos>> times(addresses.size());
  const Nanos all = time_of([&] {
    std::vector<std::thread> threads;
    for (std::size_t at = 0; at < addresses.size(); ++at) {
      threads.emplace_back([&, at] {
        const auto node = must(connect_ssh(addresses[at], std::chrono::seconds(10)));
        for (std::size_t i = 0; i < commands / addresses.size(); ++i) {
          times[at].push_back(time_of([&] { must(node->must_run("hostname")); }));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::vector<Nanos> together;
  for (const auto& some : times) together.insert(together.end(), some.begin(), some.end());
  fmt::print("{:<28}{}   {} in {}\n", fmt::format("a command, {} nodes at once", addresses.size()),
             row(together), together.size(), format_duration(all));
  must(lab.down());
}

int measure() {
  const LabSite site = must(lab_site());
  Lab lab = must(Lab::lock(site));
  must(lab.up(1, [](const std::string& text) { fmt::print(stderr, "{}\n", text); }));
  must(lab.down());
  fmt::print("{:<28}{:>9} {:>9} {:>9}\n", "", "median", "99 %", "worst");
  const std::size_t left = measure_cycles(lab, 5) + measure_cycles(lab, 9);
  fmt::print("left behind after {} cycles: {}\n", 2 * cycles,
             left == 0 ? "nothing" : fmt::format("{} parts", left));
  measure_commands(lab);
  return left == 0 ? 0 : 1;
}

}  // namespace
}  // namespace assay

int main() { return assay::measure(); }
