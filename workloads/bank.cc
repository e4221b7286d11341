// The bank workload: transfers between accounts, reads of them all. The total must never change.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 3> bank_options{{
    {"accounts", "8", "a number", "accounts"},
    {"balance", "20", "a number", "what each has at first"},
    {"read-share", "0.4", "0 to 1", "share of reads; the rest are transfers"},
}};

GeneratorPtr bank_operations(std::int64_t accounts, double read_share) {
  return generate([=](const Context& context) {
    Random& random = *context.random;
    if (random.chance(read_share)) return Invocation{"read", {}, {}};
    const std::int64_t from = random.between(0, accounts - 1);
    std::int64_t to = random.between(0, accounts - 2);
    if (to >= from) ++to;
    constexpr std::int64_t amount_max = 5;
    return Invocation{
        "transfer",
        {},
        Value::Map{{"from", from}, {"to", to}, {"amount", random.between(1, amount_max)}}};
  });
}

Result<Workload> make_bank(const WorkloadSettings& settings) {
  auto accounts = number_option<std::int64_t>(settings, "accounts", 2, 1'000);
  if (!accounts.ok()) return accounts.error();
  auto balance = number_option<std::int64_t>(settings, "balance", 0, 1'000'000'000);
  if (!balance.ok()) return balance.error();
  auto share = number_option<double>(settings, "read-share", 0, 1);
  if (!share.ok()) return share.error();
  Value::Map opened;
  for (std::int64_t account = 0; account < *accounts; ++account) {
    opened.emplace_back(account, *balance);
  }
  Workload workload = judged_by("bank", {"strict-serializable"}, opened);
  workload.set_up = {{"cas", {}, Value::List{{}, opened}}};
  workload.generator = bank_operations(*accounts, *share);
  return workload;
}

}  // namespace

WorkloadEntry bank_workload() {
  return {"bank", "transfers between accounts whose total must not change; strict-serializable",
          "cas read transfer", bank_options, make_bank};
}

}  // namespace assay
