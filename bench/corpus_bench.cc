// The check of the corpus of other projects' histories (cases.json in ASSAY_CORPORA, or in
// ../shared/corpora beside the sources): for each folder and datatype of its rows of one model
// (argument; by default linearizable) the sum of the CPU time of check(), without reading, and the
// slowest file. Each file is checked three times on one thread; the fastest counts.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/arguments.h"
#include "bench/usage.h"
#include "checker/checker.h"
#include "history/formats/format.h"

namespace assay::bench {
namespace {

struct Group {
  int files = 0;
  int undecided = 0;
  std::size_t operations = 0;
  double seconds = 0;
  double slowest = 0;
  std::string slowest_file;
};

std::string corpora() {
  const char* named = std::getenv("ASSAY_CORPORA");
  return named != nullptr ? named : std::string(ASSAY_SOURCE_DIR) + "/../shared/corpora";
}

/// False, with a message, if the file cannot be read or checked.
bool measure(const nlohmann::json& row, Group& group) {
  const std::string file = row.at("file").get<std::string>();
  ReadOptions reading;
  reading.format = row.at("format").get<std::string>();
  reading.datatype = row.at("datatype").get<std::string>();
  const auto history = read_history(corpora() + "/" + file, reading);
  CheckOptions options;
  options.datatype = reading.datatype;
  options.models = {row.at("model").get<std::string>()};
  options.threads = 1;
  double best = std::numeric_limits<double>::max();
  for (int round = 0; history && round < 3; ++round) {
    const double before = cpu_seconds();
    const auto result = check(*history, options);
    best = std::min(best, cpu_seconds() - before);
    if (!result) {
      fmt::print(stderr, "{}: {}\n", file, result.error().message);
      return false;
    }
    if (round == 0 && result->verdict == Verdict::unknown) ++group.undecided;
  }
  if (!history) {
    fmt::print(stderr, "{}: {}\n", file, history.error().message);
    return false;
  }
  ++group.files;
  group.operations += history->size();
  group.seconds += best;
  if (best >= group.slowest) {
    group.slowest = best;
    group.slowest_file = file;
  }
  return true;
}

int run(const std::string& model) {
  std::ifstream input(corpora() + "/cases.json");
  if (!input) {
    fmt::print(stderr, "the corpus is not here; set ASSAY_CORPORA\n");
    return 66;
  }
  std::map<std::string, Group> groups;
  bool all_well = true;
  for (const auto& row : nlohmann::json::parse(input)) {
    if (row.at("model").get<std::string>() != model) continue;
    const std::string file = row.at("file").get<std::string>();
    const std::string name =
        fmt::format("{} {}", file.substr(0, file.find('/')), row.at("datatype").get<std::string>());
    all_well = measure(row, groups[name]) && all_well;
  }
  fmt::print("{:<28} {:>6} {:>9} {:>9} {:>10} {:>10}  {}\n", model, "files", "unknown", "ops",
             "CPU ms", "slowest", "");
  for (const auto& [name, group] : groups) {
    fmt::print("{:<28} {:>6} {:>9} {:>9} {:>10.3f} {:>10.3f}  {}\n", name, group.files,
               group.undecided, group.operations, group.seconds * 1e3, group.slowest * 1e3,
               group.slowest_file);
  }
  return all_well ? 0 : 65;
}

}  // namespace
}  // namespace assay::bench

int main(int argc, char** argv) {
  const auto words = assay::bench::read_arguments(
      argc, argv, "Measures the check of the corpus; NAME: the model, else linearizable.", 0);
  return assay::bench::run(words.only.empty() ? "linearizable" : words.only);
}
