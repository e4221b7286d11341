#include "checker/certificate/leases.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace assay {
namespace {

/// The end of the time of a grant.
std::optional<std::int64_t> end_of(const Act& act, const Value& usual) {
  const Value& said = act.argument.is_nil() ? usual : act.argument;
  const auto* ms = said.get_if<std::int64_t>();
  if (ms == nullptr || *ms < 0 || *ms > (std::int64_t{1} << 40U)) return std::nullopt;
  return act.start + *ms * 1'000'000;
}

class Lease final : public Machine<Lease> {
 public:
  explicit Lease(Value usual) : usual_(std::move(usual)) {}

  bool apply(const Act& act) override {
    if (act.f == "release") {
      if (holder_ == act.process) holder_.reset();
      return true;
    }
    const auto until = end_of(act, usual_);
    if (!until.has_value() || (act.f != "acquire" && act.f != "renew")) return false;
    const bool own = holder_ == act.process;
    if (act.f == "renew" && !own) return false;
    if (holder_.has_value() && !own) {
      // The other one's time must be over by then.
      if (act.end < until_) return false;
      now_ = std::max(now_, until_);
    }
    until_ = own ? std::max(until_, *until) : *until;
    holder_ = act.process;
    return true;
  }
  std::string encode() const override {
    return (holder_.has_value() ? std::to_string(*holder_) : "-") + "/" + std::to_string(until_) +
           "/" + std::to_string(now_);
  }
  std::int64_t not_before() const override { return now_; }

 private:
  Value usual_;
  std::optional<std::int32_t> holder_;
  std::int64_t until_ = 0;
  std::int64_t now_ = std::numeric_limits<std::int64_t>::min();
};

class Election final : public Machine<Election> {
 public:
  bool apply(const Act& act) override {
    if (act.f != "elect" && act.f != "leader") return false;
    if (!act.tells() || act.result.is_nil()) return true;
    const auto* pair = act.result.get_if<Value::List>();
    const auto* term =
        pair != nullptr && pair->size() == 2 ? (*pair)[0].get_if<std::int64_t>() : nullptr;
    if (term == nullptr) return false;
    const auto [leader, is_new] = leaders_.emplace(*term, (*pair)[1]);
    if (!is_new && !(leader->second == (*pair)[1])) return false;
    const auto [seen, first] = seen_.emplace(act.process, *term);
    if (!first && seen->second > *term) return false;
    seen->second = *term;
    return true;
  }
  std::string encode() const override {
    std::string text;
    for (const auto& [term, leader] : leaders_) {
      text += std::to_string(term) + ":" + to_text(leader) + ",";
    }
    for (const auto& [process, term] : seen_) {
      text += std::to_string(process) + "@" + std::to_string(term) + ",";
    }
    return text;
  }

 private:
  std::map<std::int64_t, Value> leaders_;
  std::map<std::int32_t, std::int64_t> seen_;
};

/// The last token that was granted, and the largest that was used.
class Fencing final : public Machine<Fencing> {
 public:
  bool apply(const Act& act) override {
    if (act.f == "release") return true;
    if (act.f != "acquire" && act.f != "use") return false;
    if (!act.returned) return true;
    const bool grants = act.f == "acquire";
    const auto* token = (grants ? act.result : act.argument).get_if<std::int64_t>();
    if (token == nullptr) return false;
    auto& last = grants ? granted_ : used_;
    if (last.has_value() && (grants ? *token <= *last : *token < *last)) return false;
    last = *token;
    return true;
  }
  std::string encode() const override {
    return (granted_ ? std::to_string(*granted_) : "-") + "/" +
           (used_ ? std::to_string(*used_) : "-");
  }

 private:
  std::optional<std::int64_t> granted_;
  std::optional<std::int64_t> used_;
};

/// A process held the lease all through (from, to).
struct Held {
  std::int64_t from;
  std::int64_t to;
};

/// What the grants of the witness show about one process, whose operations are `acts`.
class Holder {
 public:
  Holder(const std::vector<Act>& acts, const std::vector<Act>& witness, const Value& usual)
      : acts_(acts), usual_(usual) {
    for (const Act& act : witness) shown_.insert(act.index);
    std::optional<std::int64_t> since;  // the end of the latest grant shown, if nothing ended it
    for (std::size_t i = 0; i < acts_.size(); ++i) {
      const Act& act = acts_[i];
      if (act.f != "renew") since.reset();
      const auto until = end_of(act, usual_);
      if (act.f == "release" || !act.returned || !until.has_value()) continue;
      if (!shown_.contains(act.index)) continue;
      const std::int64_t to = std::min(*until, released(i));
      if (since.has_value()) held_.push_back({*since, std::max(act.start, to)});
      held_.push_back({act.end, to});
      since = act.end;
    }
    std::erase_if(held_, [](const Held& held) { return held.from >= held.to; });
  }

  const std::vector<Held>& held() const { return held_; }

  /// A renew that is shown although its process did not hold the lease.
  bool renews_nothing() const {
    bool held = false;
    for (const Act& act : acts_) {
      if (act.f == "renew" && act.returned && !held && shown_.contains(act.index)) return true;
      if (act.f != "renew") held = act.f == "acquire";
    }
    return false;
  }

  /// When acquires that are shown took effect or still counted, but returned only later.
  std::vector<Held> instants() const {
    std::vector<Held> result;
    for (std::size_t i = 0; i < acts_.size(); ++i) {
      const Act& act = acts_[i];
      const auto until = end_of(act, usual_);
      if (act.f != "acquire" || !act.returned || !until.has_value()) continue;
      if (!shown_.contains(act.index)) continue;
      const std::int64_t from = std::max(act.start, std::min(*until, released(i)));
      if (from <= act.end) result.push_back({from, act.end});
    }
    return result;
  }

 private:
  std::int64_t released(std::size_t i) const {
    for (++i; i < acts_.size(); ++i) {
      if (acts_[i].f == "release") return acts_[i].start;
    }
    return never;
  }

  const std::vector<Act>& acts_;
  const Value& usual_;
  std::set<OpIndex> shown_;
  std::vector<Held> held_;
};

/// Does the process that held the lease leave no instant of [from, to] to others?
bool covers(std::vector<Held> held, const Held& instants) {
  std::sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return a.from < b.from; });
  std::int64_t at = instants.from;
  for (const Held& h : held) {
    if (h.from < at && at < h.to) at = h.to;
    if (at > instants.to) return true;
  }
  return false;
}

bool overlap(const std::vector<Held>& a, const std::vector<Held>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Held& x) {
    return std::any_of(b.begin(), b.end(), [&](const Held& y) {
      return std::max(x.from, y.from) < std::min(x.to, y.to);
    });
  });
}

}  // namespace

std::unique_ptr<Specification> make_lease(const HistoryInfo& info) {
  return std::make_unique<Lease>(info.initial);
}
std::unique_ptr<Specification> make_election() { return std::make_unique<Election>(); }
std::unique_ptr<Specification> make_fencing() { return std::make_unique<Fencing>(); }

Status refute_lease(const EachAct& each, Evidence& evidence) {
  std::map<std::int32_t, std::vector<Act>> acts;
  for (const Act& act : evidence.acts) acts[act.process];
  each([&](const Act& act) {
    if (const auto at = acts.find(act.process); at != acts.end()) at->second.push_back(act);
  });
  std::vector<Holder> holders;
  for (const auto& [process, own] : acts) {
    holders.emplace_back(own, evidence.acts, evidence.info.initial);
  }
  for (const Holder& a : holders) {
    if (a.renews_nothing()) evidence.refuted = true;
    const std::vector<Held> instants = a.instants();
    for (const Holder& b : holders) {
      if (&a == &b) continue;
      if (overlap(a.held(), b.held())) evidence.refuted = true;
      for (const Held& instant : instants) {
        if (covers(b.held(), instant)) evidence.refuted = true;
      }
    }
  }
  if (evidence.refuted) return {};
  return Error{ErrorKind::bad_data,
               "certificate: the operations of the witness do not hold the lease at one time"};
}

}  // namespace assay
