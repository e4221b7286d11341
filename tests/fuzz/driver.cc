// Runs a fuzz target without a fuzzing engine: the samples of its format, then as many damaged
// ones. The same seed gives the same inputs.
// Usage: fuzz_FORMAT [ROUNDS [SEED]] | FILE…   a FILE is an input that did harm before
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../history/samples.h"
#include "base/random.h"
#include "history/formats/format.h"
#include "history/formats/streams.h"
#include "history/sink.h"
#include "mutation.h"

extern "C" const char* assay_fuzz_format();
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

const std::string format = assay_fuzz_format();

void run(const std::string& bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes.
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string compressed_as(const std::string& name, const std::string& bytes) {
  std::stringbuf out;
  const auto sink = assay::compressed(out, name);
  sink->sputn(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return sink->finish() ? out.str() : std::string();
}

/// The sample as a journal.
std::string journal_of(const assay::testing::Sample& sample) {
  const assay::Format* journal = nullptr;
  const assay::Format* own = nullptr;
  for (const assay::Format& known : assay::formats()) {
    if (known.name == "assay") journal = &known;
    if (known.name == sample.format) own = &known;
  }
  if (journal == nullptr || own == nullptr) return {};
  std::istringstream input(sample.bytes);
  assay::HistorySink sink;
  if (!own->read(input, {}, sink)) return {};
  const auto history = sink.finish();
  std::ostringstream output;
  return history && journal->write(*history, output) ? output.str() : std::string();
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds;
  for (const assay::testing::Sample& sample : assay::testing::samples()) {
    if (sample.format == format) seeds.push_back(sample.bytes);
    if (format == "assay") seeds.push_back(journal_of(sample));
  }
  if (format == "compressed") {
    const std::string zeros(std::size_t{4} << 20U, '\0');
    seeds = {assay::testing::tar_of("history.jsonl", "{}"),
             compressed_as(".gz", "a history, say"),
             compressed_as(".zst", "a history, say"),
             compressed_as(".gz", zeros),
             compressed_as(".zst", zeros),
             compressed_as(".zst", assay::testing::tar_of("a/b.edn", std::string(2000, 'x')))};
  }
  return seeds;
}

/// More than this for a small file means that the reader believed a number in it.
constexpr long resident_kib_max = 1L << 20U;

int fuzz(std::uint64_t rounds, std::uint64_t seed) {
  const std::vector<std::string> samples = seeds();
  if (samples.empty()) {
    std::fprintf(stderr, "no sample of %s\n", format.c_str());
    return 1;
  }
  for (const std::string& sample : samples) run(sample);
  assay::Random random(seed);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const std::string& sample = random.pick(samples);
    std::string bytes = assay::testing::mutated(sample, random.pick(samples), random);
    if (format == "assay" && random.chance(0.7)) {
      bytes = assay::testing::with_checksums(std::move(bytes));
    }
    run(bytes);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%s: %zu samples, %llu rounds from seed %llu, %ld MiB at most\n", format.c_str(),
              samples.size(), static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(seed), usage.ru_maxrss / 1024);
  return usage.ru_maxrss > resident_kib_max ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && std::filesystem::exists(arguments[0])) {
    for (const std::string& path : arguments) {
      std::ifstream file(path, std::ios::binary);
      std::stringstream text;
      text << file.rdbuf();
      run(text.str());
    }
    return 0;
  }
  return fuzz(arguments.empty() ? 2000 : std::stoull(arguments[0]),
              arguments.size() < 2 ? 17 : std::stoull(arguments[1]));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s: %s\n", format.c_str(), error.what());
  return 1;
}
