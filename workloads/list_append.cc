// The list-append workload: transactions that append unique elements to lists and read them. A list
// shows the order of its elements to everyone who reads it, so nearly every dependency is known.
// Source: Kingsbury and Alvaro, "Elle", 2020.

#include <array>

#include "workloads/registry.h"
#include "workloads/transactions.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 4> list_append_options{{
    {"active-keys", "5", "a number", "keys that are used at a time"},
    {"writes-per-key", "32", "a number", "then another key takes its place"},
    {"txn-length", "4", "a number", "steps of a transaction at most"},
    {"read-share", "0.5", "0 to 1", "share of reads among the steps"},
}};

Result<Workload> make_list_append(const WorkloadSettings& settings) {
  return make_transactions(settings, "list-append", append_step);
}

}  // namespace

WorkloadEntry list_append_workload() {
  return {"list-append", "transactions that append to lists and read them; strict-serializable",
          "txn", list_append_options, make_list_append};
}

}  // namespace assay
