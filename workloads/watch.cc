// Watches: some commit changes of a few keys, others watch them, each from where its last watch had
// come to, so that what a client saw in all is a gapless feed or is not.

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 2> watch_options{{
    {"watch-share", "0.5", "0 to 1", "share of watches; the rest are commits"},
    {"keys", "8", "a number", "how many keys are changed"},
}};

std::int64_t integer_in(const Value& map, std::string_view name) {
  const Value* value = find(map, name);
  const auto* number = value == nullptr ? nullptr : value->get_if<std::int64_t>();
  return number == nullptr ? 0 : *number;
}

/// Where a feed goes on after this response: after what it delivered or has come to, or, if what
/// was asked for is forgotten, at what is not.
std::int64_t next_after(const Value& response) {
  if (const Value* events = find(response, "events"); events != nullptr) {
    const auto* list = events->get_if<Value::List>();
    return list == nullptr || list->empty() ? 0 : integer_in(list->back(), "revision") + 1;
  }
  const std::int64_t revision = integer_in(response, "revision");
  return find(response, "progress") != nullptr ? revision + 1 : revision;
}

class WatchOperations final : public Generator {
 public:
  WatchOperations(double watch_share, std::int64_t keys) : watch_share_(watch_share), keys_(keys) {}

  Next next(const Context& context) override {
    Random& random = *context.random;
    const int thread = any_free(context);
    if (random.chance(watch_share_)) return Invoke{{"watch", {}, watch(random, thread)}, thread};
    constexpr double delete_share = 0.2;
    // By itself: a delete of what is not there is no part of a revision.
    if (random.chance(delete_share)) {
      return Invoke{{"commit", {}, Value::List{Value::List{"delete", key(random)}}}, thread};
    }
    constexpr std::int64_t changes_max = 3;
    std::set<std::string> changed;
    for (auto left = random.between(1, changes_max); left > 0; --left) changed.insert(key(random));
    Value::List changes;
    for (const std::string& name : changed) {
      changes.emplace_back(Value::List{"put", name, next_value_++});
    }
    return Invoke{{"commit", {}, std::move(changes)}, thread};
  }

  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.f != "watch" || event.type != EventType::ok) return;
    const auto* responses = event.value.get_if<Value::List>();
    if (responses == nullptr || responses->empty()) return;
    if (const auto next = next_after(responses->back()); next > 0) resume_at_[thread] = next;
  }

 private:
  std::string key(Random& random) const {
    return "key-" + std::to_string(random.between(1, keys_));
  }
  Value watch(Random& random, int thread) {
    constexpr double whole_share = 0.7;
    const bool whole = random.chance(whole_share);
    Value::Map what{{"key", whole ? "key-" : key(random)}, {"prefix", whole}};
    const auto resume = resume_at_.try_emplace(thread, random.chance(0.5) ? 1 : 0).first;
    what.emplace_back("revision", resume->second);
    what.emplace_back("prev-kv", random.chance(0.5));
    return what;
  }

  double watch_share_;
  std::int64_t keys_;
  std::int64_t next_value_ = 1;
  std::map<int, std::int64_t> resume_at_;
};

Result<Workload> make_watch(const WorkloadSettings& settings) {
  const auto share = number_option<double>(settings, "watch-share", 0, 1);
  if (!share.ok()) return share.error();
  const auto keys = number_option<std::int64_t>(settings, "keys", 1, 1'000);
  if (!keys.ok()) return keys.error();
  Workload workload = judged_by("watch", {"watch"});
  workload.generator = std::make_unique<WatchOperations>(*share, *keys);
  return workload;
}

}  // namespace

WorkloadEntry watch_workload() {
  return {"watch", "commits, and watches that resume where the last one came to; watch",
          "commit watch", watch_options, make_watch};
}

}  // namespace assay
