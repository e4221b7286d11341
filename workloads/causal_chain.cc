// The causal chain workload: somebody posts; who sees the post comments on it; who sees the comment
// looks for the post, and must find it. A store that replicates the two on their own shows the
// comment before its post.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 1> causal_chain_options{{
    {"open-posts", "3", "a number", "how many of the latest posts are looked at"},
}};

/// Post n is key 2n, its comment key 2n+1; both are written once, with n.
class ChainOperations final : public Generator {
 public:
  explicit ChainOperations(std::int64_t open) : open_(open) {}

  Next next(const Context& context) override {
    Random& random = *context.random;
    const int thread = any_free(context);
    if (const auto due = due_.extract(thread)) return Invoke{due.mapped(), thread};
    constexpr double post_share = 0.15;
    if (posts_ == 0 || random.chance(post_share)) {
      const std::int64_t post = posts_++;
      return Invoke{{"write", 2 * post, post}, thread};
    }
    const std::int64_t post = posts_ - 1 - random.between(0, std::min(open_, posts_) - 1);
    return Invoke{{"read", 2 * post + random.between(0, 1), {}}, thread};
  }

  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.type == EventType::info) due_.erase(thread);
    if (event.type != EventType::ok || event.f != "read" || event.value.is_nil()) return;
    const std::int64_t key = *event.key->get_if<std::int64_t>();
    const bool is_comment = key % 2 == 1;
    if (is_comment) {
      due_[thread] = {"read", key - 1, {}};
    } else if (commented_.insert(key).second) {
      due_[thread] = {"write", key + 1, key / 2};
    }
  }

 private:
  std::int64_t open_;
  std::int64_t posts_ = 0;
  std::set<std::int64_t> commented_;
  std::map<int, Invocation> due_;  // what a thread does next because of what it saw
};

Result<Workload> make_causal_chain(const WorkloadSettings& settings) {
  auto open = number_option<std::int64_t>(settings, "open-posts", 1, 1'000);
  if (!open.ok()) return open.error();
  Workload workload = judged_by("register", {"causal"});
  workload.generator = std::make_unique<ChainOperations>(*open);
  return workload;
}

}  // namespace

WorkloadEntry causal_chain_workload() {
  return {"causal-chain", "posts, comments on posts that were seen, and looks for both; causal",
          "read write", causal_chain_options, make_causal_chain};
}

}  // namespace assay
