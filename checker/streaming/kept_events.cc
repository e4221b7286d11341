#include "checker/streaming/kept_events.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t share_count = 256;

/// Gives every event of an input that is read again, with the key of its operation, to `visit`,
/// which says whether it wants more.
class EachEvent : public EventSink {
 public:
  using Visit = std::function<Result<bool>(const Event& event, const StreamValue& key)>;
  explicit EachEvent(Visit visit) : visit_(std::move(visit)) {}

  Status add(const Event& event) override {
    StreamValue key{};
    if (event.process != nemesis_process) {
      StreamValue& of_process = keys_[static_cast<std::int32_t>(event.process)];
      if (event.type == EventType::invoke) {
        of_process = event.key ? stream_value(*event.key) : the_only_key;
      }
      key = of_process;
    }
    auto more = visit_(event, key);
    if (!more) return more.error();
    if (*more) return {};
    ended_ = true;
    return Error{ErrorKind::internal, "nothing more is wanted"};
  }
  /// `read` is what the reader returned.
  Status outcome(const Status& read) const { return ended_ ? Status() : read; }

 private:
  Visit visit_;
  std::unordered_map<std::int32_t, StreamValue> keys_;  ///< by process: of its open operation
  bool ended_ = false;
};

}  // namespace

KeptEvents::KeptEvents(Reread reread) : reread_(std::move(reread)) {
  if (reread_ == nullptr) spill_ = std::make_unique<Spill>(share_count);
}

Status KeptEvents::add(const Event& event, const StreamValue& key) {
  ++events_;
  return spill_ == nullptr ? Status() : spill_->add(event, key);
}

Status KeptEvents::divide() {
  if (spill_ != nullptr) return {};
  spill_ = std::make_unique<Spill>(share_count);
  EachEvent each([&](const Event& event, const StreamValue& key) -> Result<bool> {
    if (auto status = spill_->add(event, key); !status) return status.error();
    return true;
  });
  return each.outcome(reread_(each));
}

Result<History> KeptEvents::load(const Part& part, const HistoryInfo& info) {
  const auto wanted = [&](const Event& event, const StreamValue& key) {
    if (part.until && event.index > *part.until) return false;
    if (part.keys.empty()) return true;
    return event.process != nemesis_process &&
           std::find(part.keys.begin(), part.keys.end(), key) != part.keys.end();
  };
  if (spill_ != nullptr) {
    return part.keys.empty() ? spill_->load_all(wanted, info)
                             : spill_->load_keys(part.keys, wanted, info);
  }
  HistoryBuilder builder(info);
  EachEvent each([&](const Event& event, const StreamValue& key) -> Result<bool> {
    if (part.until && event.index > *part.until) return false;
    if (!wanted(event, key)) return true;
    if (auto status = builder.add(event); !status) return status.error();
    return true;
  });
  if (auto status = each.outcome(reread_(each)); !status) return status.error();
  return builder.finish();
}

}  // namespace assay
