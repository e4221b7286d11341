// The rw-register workload: transactions that read and write registers, each value once.

#include <array>

#include "workloads/registry.h"
#include "workloads/transactions.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 4> rw_register_options{{
    {"active-keys", "5", "a number", "keys that are used at a time"},
    {"writes-per-key", "100", "a number", "then another key takes its place"},
    {"txn-length", "4", "a number", "steps of a transaction at most"},
    {"read-share", "0.5", "0 to 1", "share of reads among the steps"},
}};

Result<Workload> make_rw_register(const WorkloadSettings& settings) {
  return make_transactions(settings, "rw-register", write_step);
}

}  // namespace

WorkloadEntry rw_register_workload() {
  return {"rw-register", "transactions that read and write registers; strict-serializable", "txn",
          rw_register_options, make_rw_register};
}

}  // namespace assay
