// The rw-register workload: transactions that read and write registers, each value once.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"
#include "workloads/transactions.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 4> options{{
    {"active-keys", "5", "a number", "keys that are used at a time"},
    {"writes-per-key", "100", "a number", "then another key takes its place"},
    {"txn-length", "4", "a number", "steps of a transaction at most"},
    {"read-share", "0.5", "0 to 1", "share of reads among the steps"},
}};

GeneratorPtr transactions(KeyPool keys, std::int64_t length_max, double read_share) {
  return generate([=](const Context& context) mutable {
    Random& random = *context.random;
    Value::List steps;
    for (auto left = random.between(1, length_max); left > 0; --left) {
      if (random.chance(read_share)) {
        steps.push_back(read_step(keys.key(random)));
      } else {
        const auto [key, value] = keys.write(random);
        steps.push_back(write_step(key, value));
      }
    }
    return Invocation{"txn", {}, std::move(steps)};
  });
}

Result<Workload> make(const WorkloadSettings& settings) {
  auto active = number_option<std::int64_t>(settings, "active-keys", 1, 1'000'000);
  if (!active.ok()) return active.error();
  auto writes = number_option<std::int64_t>(settings, "writes-per-key", 1, 10'000);
  if (!writes.ok()) return writes.error();
  auto length = number_option<std::int64_t>(settings, "txn-length", 1, 100);
  if (!length.ok()) return length.error();
  auto share = number_option<double>(settings, "read-share", 0, 1);
  if (!share.ok()) return share.error();
  Workload workload = judged_by("rw-register", {"strict-serializable"});
  workload.generator = transactions({*active, *writes}, *length, *share);
  return workload;
}

}  // namespace

WorkloadEntry rw_register_workload() {
  return {"rw-register", "transactions that read and write registers; strict-serializable", "txn",
          options, make};
}

}  // namespace assay
