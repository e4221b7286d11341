// The atomic-commit workload: transfers between accounts that lie on different shards, and nothing
// else until all faults are over and everything in doubt has had time to end. Then the accounts are
// read: each transfer happened on both sides or on neither. What is half done in between is not
// asked, so sagas pass; and how long something blocks is seen in the transfers that are turned
// away.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 2> atomic_commit_options{{
    {"accounts", "5", "a number", "accounts"},
    {"balance", "100", "a number", "what each has at first"},
}};

constexpr Nanos settling = std::chrono::seconds(8);
constexpr std::uint64_t reads = 20;

GeneratorPtr transfers(std::int64_t accounts) {
  return generate([=](const Context& context) {
    Random& random = *context.random;
    const std::int64_t from = random.between(0, accounts - 1);
    const std::int64_t to = (from + random.between(1, accounts - 1)) % accounts;
    // All alike, so that the many orders in which they may have happened lead to few states.
    return Invocation{
        "transfer", {}, Value::Map{{"from", from}, {"to", to}, {"amount", std::int64_t{1}}}};
  });
}

Result<Workload> make_atomic_commit(const WorkloadSettings& settings) {
  auto accounts = number_option<std::int64_t>(settings, "accounts", 2, 1'000);
  if (!accounts.ok()) return accounts.error();
  auto balance = number_option<std::int64_t>(settings, "balance", 0, 1'000'000'000);
  if (!balance.ok()) return balance.error();
  Value::Map opened;
  for (std::int64_t account = 0; account < *accounts; ++account) {
    opened.emplace_back(account, *balance);
  }
  Workload workload = judged_by("bank", {"consistent-view"}, opened);
  workload.set_up = {{"cas", {}, Value::List{{}, opened}}};
  workload.generator = transfers(*accounts);
  auto read = generate([](const Context&) { return Invocation{"read", {}, {}}; });
  workload.final_generator = delay(settling, limit(reads, std::move(read)));
  return workload;
}

}  // namespace

WorkloadEntry atomic_commit_workload() {
  return {"atomic-commit",
          "transfers over several shards: in the end, each on both sides or on neither",
          "cas read transfer", atomic_commit_options, make_atomic_commit};
}

}  // namespace assay
