#include "workloads/transactions.h"

#include "workloads/options.h"

namespace assay {
namespace {

GeneratorPtr transactions(KeyPool keys, std::int64_t length_max, double read_share,
                          WriteStep write_step) {
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

}  // namespace

Result<Workload> make_transactions(const WorkloadSettings& settings, const char* datatype,
                                   WriteStep write_step) {
  auto active = number_option<std::int64_t>(settings, "active-keys", 1, 1'000'000);
  if (!active.ok()) return active.error();
  auto writes = number_option<std::int64_t>(settings, "writes-per-key", 1, 10'000);
  if (!writes.ok()) return writes.error();
  auto length = number_option<std::int64_t>(settings, "txn-length", 1, 100);
  if (!length.ok()) return length.error();
  auto share = number_option<double>(settings, "read-share", 0, 1);
  if (!share.ok()) return share.error();
  Workload workload = judged_by(datatype, {"strict-serializable"});
  workload.generator = transactions({*active, *writes}, *length, *share, write_step);
  return workload;
}

}  // namespace assay
