// Leader election: everybody stands for election, and looks who leads. A thread pauses now and then
// for so long that it loses its place, which makes room for the next leader.

#include <array>
#include <memory>
#include <utility>

#include "workloads/naps.h"
#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 5> leader_election_options{{
    threads_per_key_option,
    ops_per_key_option("1000000"),
    pause_share_option("0.02"),
    pause_option,
    {"elect-share", "0.5", "0 to 1", "share of candidacies; the rest only look who leads"},
}};

class ElectionOperations final : public Generator {
 public:
  ElectionOperations(const Naps& naps, double elect_share)
      : naps_(naps), elect_share_(elect_share) {}

  Next next(const Context& context) override {
    Nanos wake{0};
    const int thread = naps_.any_awake(context, wake);
    if (thread < 0) return Pending{wake};
    if (naps_.nods_off(context, thread)) return Pending{context.now};
    const bool stands = context.random->chance(elect_share_);
    return Invoke{{stands ? "elect" : "leader", {}, {}}, thread};
  }

 private:
  Naps naps_;
  double elect_share_;
};

Result<Workload> make_leader_election(const WorkloadSettings& settings) {
  auto naps = Naps::of(settings);
  if (!naps.ok()) return naps.error();
  const auto share = number_option<double>(settings, "elect-share", 0, 1);
  if (!share.ok()) return share.error();
  auto generator = over_keys(settings, [naps = *naps, share = *share](KeyNumber) {
    return std::make_unique<ElectionOperations>(naps, share);
  });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("leader-election", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry leader_election_workload() {
  return {"leader-election", "elections with one leader a term, and terms that do not go back",
          "elect leader", leader_election_options, make_leader_election};
}

}  // namespace assay
