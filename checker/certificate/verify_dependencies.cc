#include "checker/certificate/verify_dependencies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/certificate/anomalies.h"
#include "checker/certificate/isolation.h"
#include "checker/certificate/refuse.h"
#include "checker/certificate/units.h"

namespace assay {
namespace {

using namespace certified;

/// Re-checks that an order of versions and one of transactions satisfy a level.
class OrderVerifier {
 public:
  OrderVerifier(const Units& units, const HistoryInfo& info, const Isolation& level,
                const TransactionOrder& claim)
      : units_(units), info_(info), level_(level), claim_(claim) {}

  Status run() {
    const bool doubled =
        level_.forbidden == Forbidden::snapshot || level_.forbidden == Forbidden::prefix;
    if (claim_.snapshots != doubled) return refuse("not the kind of order that the level needs");
    if (level_.realtime && info_.real_time == RealTime::none) {
      return refuse("the history has no real-time order, so it cannot be kept");
    }
    if (auto status = place_transactions(); !status) return status;
    if (auto status = place_versions(); !status) return status;
    if (level_.process) {
      if (auto status = keep_sessions(); !status) return status;
    }
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (units_[u].outcome != Outcome::ok) continue;
      if (level_.internal && units_.contradicts_itself(u)) {
        return refuse(fmt::format("event {} contradicts itself", units_[u].event));
      }
      if (auto status = explain_reads(u); !status) return status;
    }
    return level_.forbidden == Forbidden::single ? no_way_back() : Status();
  }

 private:
  struct Place {
    std::size_t begin = 0;  ///< 0: nowhere
    std::size_t commit = 0;
  };

  /// Each transaction that returned ok is there once, with a snapshot before its commit if the
  /// level has any; none that failed is.
  Status place_transactions() {
    places_.resize(units_.size());
    for (std::size_t i = 0; i < claim_.order.size(); ++i) {
      const std::uint64_t entry = claim_.order[i];
      const std::uint64_t event = claim_.snapshots ? entry / 2 : entry;
      const bool commits = !claim_.snapshots || entry % 2 == 1;
      const auto u = units_.find(event);
      if (!u) return refuse(fmt::format("event {} is no invocation", event));
      if (units_[*u].outcome == Outcome::fail) {
        return refuse(fmt::format("event {} failed, so it has no place here", event));
      }
      Place& place = places_[*u];
      if (commits ? place.commit != 0 : place.begin != 0) {
        return refuse(fmt::format("event {} occurs twice", event));
      }
      if (!claim_.snapshots) place.begin = i + 1;
      if (commits && place.begin == 0) {
        return refuse(fmt::format("event {} commits before it reads", event));
      }
      (commits ? place.commit : place.begin) = i + 1;
      if (commits) in_order_.push_back(*u);
    }
    for (std::size_t u = 0; u < units_.size(); ++u) {
      const bool committed = places_[u].commit != 0;
      if (units_[u].outcome == Outcome::ok ? !committed : committed != (places_[u].begin != 0)) {
        return refuse(fmt::format("event {} does not commit", units_[u].event));
      }
    }
    return {};
  }

  /// Every write of a transaction in the order is a version, and nothing else is.
  Status place_versions() {
    writers_.resize(units_.key_count());
    for (const auto& versions : claim_.versions) {
      const auto key = units_.key(versions.key);
      if (!key || !writers_[*key].empty()) return refuse("a key that is not there, or there twice");
      for (const std::uint64_t event : versions.writers) {
        const auto u = units_.find(event);
        if (!u || places_[*u].commit == 0 || !units_.writes(*u, *key)) {
          return refuse(fmt::format("event {} left no version of a key", event));
        }
        if (!index_.emplace(pair_of(*u, *key), writers_[*key].size()).second) {
          return refuse(fmt::format("event {} left two versions of a key", event));
        }
        writers_[*key].push_back(*u);
      }
    }
    for (const std::size_t u : in_order_) {
      for (const Access& access : units_[u].accesses) {
        if (access.write && !index_.contains(pair_of(u, access.key))) {
          return refuse(fmt::format("a version of event {} is missing", units_[u].event));
        }
      }
    }
    contents_.resize(writers_.size());
    ends_.resize(writers_.size());
    for (Number key = 0; key < writers_.size(); ++key) {
      if (auto status = lay_out(key); !status) return status;
    }
    return {};
  }
  static std::uint64_t pair_of(std::size_t u, Number key) {
    return (std::uint64_t{u} << 32U) | key;
  }

  /// What the key holds after each version; the versions in order of the transactions.
  Status lay_out(Number key) {
    const auto& writers = writers_[key];
    for (std::size_t i = 0; i < writers.size(); ++i) {
      if (i > 0 && !in_order(writers[i - 1], writers[i], Rule::ww)) {
        return refuse(fmt::format("versions of events {} and {} are not in the order",
                                  units_[writers[i - 1]].event, units_[writers[i]].event));
      }
      if (units_.lists()) {
        for (const Access& access : units_[writers[i]].accesses) {
          if (access.write && access.key == key) contents_[key].push_back(access.value);
        }
        ends_[key].push_back(contents_[key].size());
        continue;
      }
      const Number value = *units_.leaves(writers[i], key);
      if (value == 0 || !version_of_.emplace(pair_of(key, value), i).second) {
        return refuse(
            fmt::format("event {} left a value that is not unique", units_[writers[i]].event));
      }
    }
    return {};
  }

  /// Does `a` come before `b` as this dependency demands?
  bool in_order(std::size_t a, std::size_t b, Rule rule) const {
    const Place& from = places_[a];
    const Place& to = places_[b];
    if (!claim_.snapshots) return from.commit < to.commit;
    if (rule == Rule::rw) return from.begin < to.commit;
    if (rule == Rule::ww && level_.forbidden == Forbidden::prefix) return from.commit < to.commit;
    return from.commit < to.begin;
  }

  /// What returned ok commits before anything later in its session, or in real time, begins.
  Status keep_sessions() const {
    std::unordered_map<std::int32_t, std::uint64_t> begun;
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (const std::uint64_t entry : claim_.order) {
      const Unit& unit = units_[*units_.find(claim_.snapshots ? entry / 2 : entry)];
      const bool begins = !claim_.snapshots || entry % 2 == 0;
      const bool commits = !claim_.snapshots || entry % 2 == 1;
      std::uint64_t& last = begun.try_emplace(unit.process, unit.event).first->second;
      if (commits && unit.outcome == Outcome::ok &&
          (last > unit.event || (level_.realtime && unit.end < latest))) {
        return refuse(fmt::format("event {} comes too late in the order", unit.event));
      }
      if (!begins) continue;
      last = std::max(last, unit.event);
      latest = std::max(latest, unit.start);
    }
    return {};
  }

  /// How many versions of its key the read had before it; none: it is no beginning of them.
  std::optional<std::size_t> version_read(const Seen& seen) const {
    const Number key = seen.access->key;
    if (!units_.lists()) {
      if (seen.access->value == 0) return 0;
      const auto at = version_of_.find(pair_of(key, seen.access->value));
      return at == version_of_.end() ? std::nullopt : std::optional(at->second + 1);
    }
    const auto& list = seen.list;
    if (list.size() > contents_[key].size() ||
        !std::equal(list.begin(), list.end(), contents_[key].begin())) {
      return std::nullopt;
    }
    if (list.empty()) return 0;
    const auto end = std::lower_bound(ends_[key].begin(), ends_[key].end(), list.size());
    if (*end != list.size()) return std::nullopt;
    return static_cast<std::size_t>(end - ends_[key].begin()) + 1;
  }
  std::optional<std::size_t> own_version(std::size_t u, Number key) const {
    const auto at = index_.find(pair_of(u, key));
    return at == index_.end() ? std::nullopt : std::optional(at->second);
  }

  Status explain_reads(std::size_t u) {
    const bool effects = level_.later_effects || level_.all_effects;
    const auto reads = units_.reads(u);
    std::vector<std::size_t> versions;
    const bool only_writes = level_.forbidden == Forbidden::writes;
    for (const Seen& seen : reads) {
      const auto version = version_read(seen);
      if (!version && only_writes) continue;
      if (!version) {
        return refuse(fmt::format("event {} read what no version of a key is", units_[u].event));
      }
      versions.push_back(*version);
      if (only_writes) continue;
      if (auto status = explain_read(u, seen.access->key, *version); !status) return status;
    }
    for (std::size_t i = 0; i < reads.size() && effects; ++i) {
      for (std::size_t j = level_.all_effects ? 0 : i + 1; j < reads.size(); ++j) {
        const Number saw = reads[i].access->key;
        const std::size_t first = units_.lists() || versions[i] == 0 ? 0 : versions[i] - 1;
        for (std::size_t v = first; v < versions[i]; ++v) {
          const std::size_t writer = writers_[saw][v];
          const auto other = own_version(writer, reads[j].access->key);
          if (other && *other >= versions[j]) {
            return refuse(fmt::format("event {} saw only some effects of event {}", units_[u].event,
                                      units_[writer].event));
          }
        }
      }
    }
    return {};
  }

  Status explain_read(std::size_t u, Number key, std::size_t version) {
    const auto& writers = writers_[key];
    const auto own = own_version(u, key);
    if (own && *own < version) {
      return refuse(fmt::format("event {} read its own write too early", units_[u].event));
    }
    if (own && *own > version && level_.newest_replaced) {
      return refuse(
          fmt::format("event {} replaced a version that was not the newest", units_[u].event));
    }
    if (version > 0 && !in_order(writers[version - 1], u, Rule::wr)) {
      return refuse(fmt::format("event {} read from event {}, which is later in the order",
                                units_[u].event, units_[writers[version - 1]].event));
    }
    // Its own next version is before all others: the order of the versions says the rest.
    if (version == writers.size() || writers[version] == u) return {};
    if (level_.forbidden == Forbidden::information) return {};
    if (level_.forbidden == Forbidden::single) {
      anti_.emplace_back(u, writers[version]);
      return {};
    }
    if (!in_order(u, writers[version], Rule::rw)) {
      return refuse(
          fmt::format("event {} read a version that event {}, earlier in the order, "
                      "had replaced",
                      units_[u].event, units_[writers[version]].event));
    }
    return {};
  }

  /// No overwriter of what a transaction read leads, without another anti-dependency, to it.
  Status no_way_back() {
    std::vector<std::vector<std::size_t>> next;
    for (const auto& [reader, overwriter] : anti_) {
      if (places_[overwriter].commit > places_[reader].commit) continue;
      if (next.empty()) next = information();
      std::vector<std::size_t> open{overwriter};
      std::unordered_map<std::size_t, bool> met{{overwriter, true}};
      while (!open.empty()) {
        const std::size_t u = open.back();
        open.pop_back();
        if (u == reader) {
          return refuse(fmt::format("event {} saw an effect of event {} and misses another",
                                    units_[reader].event, units_[overwriter].event));
        }
        for (const std::size_t v : next[u]) {
          if (places_[v].commit <= places_[reader].commit && met.emplace(v, true).second) {
            open.push_back(v);
          }
        }
      }
    }
    return {};
  }
  std::vector<std::vector<std::size_t>> information() const {
    std::vector<std::vector<std::size_t>> next(units_.size());
    for (const auto& writers : writers_) {
      for (std::size_t i = 1; i < writers.size(); ++i) next[writers[i - 1]].push_back(writers[i]);
    }
    std::unordered_map<std::int32_t, std::size_t> last;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (places_[u].commit == 0) continue;
      for (const Seen& seen : units_.reads(u)) {
        const std::size_t version = version_read(seen).value_or(0);
        if (version > 0) next[writers_[seen.access->key][version - 1]].push_back(u);
      }
      if (!level_.process) continue;
      // Units come in the order of their invocations.
      const auto before = last.find(units_[u].process);
      if (before != last.end()) next[before->second].push_back(u);
      if (units_[u].outcome == Outcome::ok) last[units_[u].process] = u;
    }
    return next;
  }

  const Units& units_;
  const HistoryInfo& info_;
  const Isolation& level_;
  const TransactionOrder& claim_;
  std::vector<Place> places_;
  std::vector<std::size_t> in_order_;              ///< those that commit
  std::vector<std::vector<std::size_t>> writers_;  ///< by key
  std::vector<std::vector<Number>> contents_;      ///< lists: by key, all its elements
  std::vector<std::vector<std::size_t>> ends_;     ///< and how many there are after each version
  std::unordered_map<std::uint64_t, std::size_t> index_;       ///< of a unit's version of a key
  std::unordered_map<std::uint64_t, std::size_t> version_of_;  ///< of a register's value
  std::vector<std::pair<std::size_t, std::size_t>> anti_;
};

/// Where a proof supposes which of two versions comes first, the one beside it must suppose the
/// opposite.
Status both_cases(const std::vector<TransactionProof>& proofs) {
  std::vector<const TransactionProof::Step*> supposed(proofs.size(), nullptr);
  bool any = false;
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    for (const TransactionProof::Step& step : proofs[i].steps) {
      if (step.rule != "either") continue;
      if (supposed[i] != nullptr) return refuse("a proof supposes more than one thing");
      supposed[i] = &step;
      any = true;
    }
  }
  if (!any) return {};
  const bool opposite = proofs.size() == 2 && supposed[0] != nullptr && supposed[1] != nullptr &&
                        supposed[0]->before == supposed[1]->after &&
                        supposed[0]->after == supposed[1]->before &&
                        supposed[0]->key == supposed[1]->key;
  return opposite ? Status() : refuse("a case is missing");
}

}  // namespace

bool is_dependency_certificate(const Certificate& certificate) {
  return certificate.transaction_order.has_value() || !certificate.proofs.empty();
}

bool is_dependency_level(std::string_view model) { return isolation_named(model) != nullptr; }

Status verify_dependencies(const History& history, const Certificate& certificate) {
  const Isolation* level = isolation_named(certificate.model);
  if (level == nullptr) return refuse(fmt::format("{} is no isolation level", certificate.model));
  const std::string& datatype = certificate.datatype;
  const auto kind = certified::unit_kind(datatype);
  if (!kind) {
    return refuse(
        fmt::format("datatype is '{}', expected list-append, rw-register or "
                    "grow-only-set",
                    datatype));
  }
  if (certificate.history_digest != history.digest())
    return refuse("it belongs to another history");
  if (!(certificate.initial == history.info().initial)) return refuse("another initial value");
  if (!certificate.orders.empty() || !certificate.witnesses.empty() ||
      !certificate.cycles.empty() || !certificate.sources.empty()) {
    return refuse("it mixes two kinds of evidence");
  }
  const auto units = Units::decode(history, *kind);
  if (!units) return units.error();
  if (certificate.verdict == "pass") {
    if (!certificate.transaction_order || !certificate.proofs.empty()) {
      return refuse("a pass needs an order and nothing else");
    }
    return OrderVerifier(*units, history.info(), *level, *certificate.transaction_order).run();
  }
  if (certificate.verdict != "violation")
    return refuse("the verdict is neither pass nor violation");
  if (certificate.transaction_order || certificate.proofs.empty()) {
    return refuse("a violation needs an anomaly and nothing else");
  }
  if (auto status = both_cases(certificate.proofs); !status) return status;
  for (const TransactionProof& proof : certificate.proofs) {
    if (auto status = show_anomaly(*units, history.info(), *level, proof); !status) return status;
  }
  return {};
}

}  // namespace assay
