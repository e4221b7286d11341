#include "checker/certificate/anomalies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checker/certificate/refuse.h"
#include "checker/lattice.h"

namespace assay::certified {
namespace {

bool contains(std::span<const Number> list, Number value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Of two versions of a key one comes first; verify_dependencies looks for the other case.
constexpr std::string_view either = "either";

std::optional<Rule> rule_named(std::string_view name) {
  if (name == "ww" || name == either) return Rule::ww;
  if (name == "wr") return Rule::wr;
  if (name == "rw") return Rule::rw;
  if (name == "process") return Rule::process;
  if (name == "realtime") return Rule::realtime;
  return std::nullopt;
}

class Anomalies {
 public:
  Anomalies(const Units& units, const HistoryInfo& info, const Isolation& level,
            const TransactionProof& proof)
      : units_(units),
        info_(info),
        level_(level),
        proof_(proof),
        later_effects_(implies(level.model, "monotonic-atomic-view")),
        all_effects_(implies(level.model, "update-atomic") || implies(level.model, "read-atomic")),
        newest_replaced_(implies(level.model, "cursor-stability")) {}

  Status show() {
    if (!proof_.steps.empty()) return show_cycle();
    const auto refuted = refuted_by(proof_.type);
    if (std::find(refuted.begin(), refuted.end(), level_.model) == refuted.end()) {
      return refuse(fmt::format("{} does not refute {}", proof_.type, level_.model));
    }
    return show_finding();
  }

  Status show_step(const TransactionProof::Step& step, Rule& rule) {
    const auto a = units_.find(step.before);
    const auto b = units_.find(step.after);
    const auto known = rule_named(step.rule);
    if (!a || !b || *a == *b || !known)
      return fails(step, "it is no step between two transactions");
    if (!units_.committed(*a) || !units_.committed(*b)) return fails(step, "one did not commit");
    rule = *known;
    if (rule == Rule::process || rule == Rule::realtime) {
      if (step.key || step.shown_by) return fails(step, "it has a key or a reader");
      const bool holds = rule == Rule::process ? by_process(*a, *b) : by_real_time(*a, *b);
      return holds ? Status() : fails(step, "the history does not order them so");
    }
    const auto key = step.key ? units_.key(*step.key) : std::nullopt;
    if (!key) return fails(step, "no such key");
    if (step.rule == either) {
      const bool versions = !step.shown_by && units_.writes(*a, *key) && units_.writes(*b, *key);
      return versions ? Status() : fails(step, "they are no two versions of the key");
    }
    std::optional<std::size_t> reader;
    if (step.shown_by) {
      reader = units_.find(*step.shown_by);
      if (!reader || units_[*reader].outcome != Outcome::ok) {
        return fails(step, "whoever shows it did not return ok");
      }
    }
    bool holds = false;
    if (rule == Rule::wr) holds = !reader && reads_from(*b, *a, *key);
    if (rule == Rule::rw) holds = !reader && misses(*a, *b, *key);
    if (rule == Rule::ww) holds = overwrites(*a, *b, *key, reader);
    return holds ? Status() : fails(step, "the history does not show it");
  }

 private:
  Error fails(const TransactionProof::Step& step, const std::string& why) const {
    return refuse(fmt::format("the {} step from event {} to event {} does not hold: {}", step.rule,
                              step.before, step.after, why));
  }

  // Steps.

  bool by_process(std::size_t a, std::size_t b) const {
    // An indeterminate transaction may take effect at any later time.
    return units_[a].outcome == Outcome::ok && units_[a].process == units_[b].process &&
           units_[a].event < units_[b].event;
  }
  bool by_real_time(std::size_t a, std::size_t b) const {
    return info_.real_time != RealTime::none && units_[a].outcome == Outcome::ok &&
           units_[a].end < units_[b].start;
  }
  /// `reader` read from `writer`: its register's value; a list that holds an append of it.
  bool reads_from(std::size_t reader, std::size_t writer, Number key) const {
    const auto from = [&](Number value) { return units_.source(key, value) == writer; };
    for (const Seen& seen : units_.reads(reader, key)) {
      if (units_.lists() ? std::any_of(seen.list.begin(), seen.list.end(), from)
                         : from(seen.access->value)) {
        return true;
      }
    }
    return false;
  }
  /// Committed appends of a unit to the key, none of which anybody else may have made.
  bool appends_outside(std::size_t u, Number key, std::span<const Number> list) const {
    return std::any_of(units_[u].accesses.begin(), units_[u].accesses.end(), [&](const Access& a) {
      return a.write && a.key == key && !contains(list, a.value);
    });
  }
  bool initial_is_unique(Number key) const {
    const auto* writers = units_.writers(key, 0);
    return writers == nullptr || writers->certain == 0;
  }

  /// `reader` read a version that `writer` replaced, or appended to.
  bool misses(std::size_t reader, std::size_t writer, Number key) const {
    for (const Seen& seen : units_.reads(reader, key)) {
      if (units_.lists()) {
        if (appends_outside(writer, key, seen.list)) return true;
        continue;
      }
      const Number value = seen.access->value;
      if (!units_.writes(writer, key)) continue;
      if (value == 0 && initial_is_unique(key)) return true;
      if (replaces(writer, value, key)) return true;
      if (const auto from = units_.source(key, value); from && made_later(*from, writer, key)) {
        return true;
      }
    }
    return false;
  }
  /// `u` read the value from the one that wrote it, or found the initial one, and then wrote the
  /// key.
  bool replaces(std::size_t u, Number value, Number key) const {
    if (value == 0 ? !initial_is_unique(key) : !units_.source(key, value).has_value()) return false;
    for (const Seen& seen : units_.reads(u, key)) {
      if (seen.access->value != value || units_.source(key, value) == u) continue;
      const auto& all = units_[u].accesses;
      if (std::any_of(all.begin() + static_cast<std::ptrdiff_t>(seen.place), all.end(),
                      [&](const Access& a) { return a.write && a.key == key; })) {
        return true;
      }
    }
    return false;
  }
  /// Some reader of `b`'s version would, at this level, have had to see `a`'s if that were later.
  bool made_later(std::size_t a, std::size_t b, Number key) const {
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (units_[u].outcome == Outcome::ok && sees_after(u, a, b, key)) return true;
    }
    return false;
  }
  bool sees_after(std::size_t reader, std::size_t a, std::size_t b, Number key) const {
    if (!later_effects_ && !all_effects_) return false;
    if (!units_.writes(a, key)) return false;
    const auto reads = units_.reads(reader);
    for (const Seen& late : reads) {
      if (late.access->key != key || units_.source(key, late.access->value) != b) continue;
      for (const Seen& early : reads) {
        if (!all_effects_ && early.place >= late.place) continue;
        if (units_.source(early.access->key, early.access->value) == a) return true;
      }
    }
    return false;
  }

  bool overwrites(std::size_t a, std::size_t b, Number key,
                  std::optional<std::size_t> reader) const {
    if (!units_.writes(a, key) || !units_.writes(b, key)) return false;
    if (!units_.lists()) {
      if (reader) return sees_after(*reader, a, b, key);
      const auto left = units_.leaves(a, key);
      return units_.source(key, *left) == a && replaces(b, *left, key);
    }
    if (!reader) return false;
    if (newest_replaced_ && *reader == a) {
      // Its version is the next after what it read.
      for (const Seen& seen : units_.reads(a, key)) {
        if (appends_outside(b, key, seen.list)) return true;
      }
    }
    // The first append of `a` in the list, and one of `b` behind it or not yet there.
    for (const Seen& seen : units_.reads(*reader, key)) {
      const auto& list = seen.list;
      const auto first = std::find_if(list.begin(), list.end(),
                                      [&](Number value) { return units_.source(key, value) == a; });
      if (first == list.end()) continue;
      const std::span<const Number> before(list.begin(), first);
      if (appends_outside(b, key, before)) return true;
    }
    return false;
  }

  Status show_cycle() {
    const std::size_t n = proof_.steps.size();
    if (proof_.key || !proof_.values.empty() || proof_.transactions.size() != n) {
      return refuse("a cycle has a transaction a step, and nothing else");
    }
    std::vector<Rule> rules(n, Rule::ww);
    std::set<std::uint64_t> met;
    for (std::size_t i = 0; i < n; ++i) {
      const auto& step = proof_.steps[i];
      if (step.after != proof_.steps[(i + 1) % n].before || proof_.transactions[i] != step.before) {
        return refuse("the steps do not lead back to where they began");
      }
      if (!met.insert(step.before).second) return refuse("the cycle meets a transaction twice");
      if (auto status = show_step(step, rules[i]); !status) return status;
    }
    if (proof_.type != certified::type_of(rules)) {
      return refuse(
          fmt::format("a cycle of {} is said to be {}", certified::type_of(rules), proof_.type));
    }
    if (!forbids(level_, rules)) {
      return refuse(fmt::format("{} allows such a cycle", level_.model));
    }
    return {};
  }

  // Anomalies that need no cycle.

  bool returned(std::size_t i) const { return units_[txns_[i]].outcome == Outcome::ok; }
  bool is_read(std::size_t u, Number value) const {
    const auto reads = units_.reads(u, key_);
    return std::any_of(reads.begin(), reads.end(), [&](const Seen& seen) {
      return units_.lists() ? contains(seen.list, value) : seen.access->value == value;
    });
  }
  bool only_failed(Number value) const {
    const auto* writers = units_.writers(key_, value);
    return writers != nullptr && writers->certain == 0 && (units_.lists() || value != 0);
  }

  Status show_finding() {
    const auto key = proof_.key ? units_.key(*proof_.key) : std::nullopt;
    if (!key) return refuse("no such key");
    key_ = *key;
    for (const std::uint64_t event : proof_.transactions) {
      const auto u = units_.find(event);
      if (!u) return refuse(fmt::format("event {} is no invocation", event));
      txns_.push_back(*u);
    }
    for (const Value& value : proof_.values) {
      const auto number = units_.value(value);
      if (!number) return refuse("a value that is not in the history");
      values_.push_back(*number);
    }
    struct Form {
      std::string_view type;
      std::size_t transactions;
      std::size_t values;
      bool (Anomalies::*holds)() const;
    };
    static constexpr std::array forms{
        Form{"G1a", 2, 1, &Anomalies::aborted_read},
        Form{"G1b", 2, 1, &Anomalies::intermediate_read},
        Form{"dirty-update", 2, 2, &Anomalies::dirty_update},
        Form{"garbage-read", 1, 1, &Anomalies::garbage_read},
        Form{"duplicate-elements", 1, 1, &Anomalies::duplicate_elements},
        Form{"incompatible-order", 2, 0, &Anomalies::incompatible_order},
        Form{"incompatible-order", 2, 2, &Anomalies::split_appends},
        Form{"future-read", 1, 1, &Anomalies::future_read},
        Form{"internal", 1, 0, &Anomalies::internal},
        Form{"lost-update", 2, 0, &Anomalies::lost_update},
        Form{"lost-update", 2, 1, &Anomalies::lost_update},
        Form{"OTV", 2, 1, &Anomalies::vanished},
        Form{"fractured-read", 2, 1, &Anomalies::vanished},
        Form{"cyclic-versions", 0, 0, &Anomalies::cyclic_versions},
    };
    for (const Form& form : forms) {
      if (form.type != proof_.type || form.values != values_.size()) continue;
      if (form.transactions != 0 && form.transactions != txns_.size()) continue;
      if (!txns_.empty() && returned(0) && (this->*form.holds)()) return {};
      return refuse(fmt::format("the history does not show the {}", proof_.type));
    }
    return refuse(fmt::format("this is not how a {} is shown", proof_.type));
  }

  bool aborted_read() const {
    return is_read(txns_[0], values_[0]) && only_failed(values_[0]) && writes(txns_[1], values_[0]);
  }
  bool writes(std::size_t u, Number value) const {
    return std::any_of(units_[u].accesses.begin(), units_[u].accesses.end(), [&](const Access& a) {
      return a.write && a.key == key_ && a.value == value;
    });
  }
  bool intermediate_read() const {
    const auto reads = units_.reads(txns_[0], key_);
    const bool last = std::any_of(reads.begin(), reads.end(), [&](const Seen& seen) {
      return units_.lists() ? !seen.list.empty() && seen.list.back() == values_[0]
                            : seen.access->value == values_[0];
    });
    return last && txns_[0] != txns_[1] && units_.source(key_, values_[0]) == txns_[1] &&
           units_.leaves(txns_[1], key_) != values_[0];
  }
  bool dirty_update() const {
    if (!only_failed(values_[0]) || !writes(txns_[1], values_[0]) ||
        units_.source(key_, values_[1]) != txns_[0]) {
      return false;
    }
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (units_[u].outcome != Outcome::ok) continue;
      for (const Seen& seen : units_.reads(u, key_)) {
        const auto dirty = std::find(seen.list.begin(), seen.list.end(), values_[0]);
        if (std::find(dirty, seen.list.end(), values_[1]) != seen.list.end()) return true;
      }
    }
    return false;
  }
  bool garbage_read() const {
    return is_read(txns_[0], values_[0]) && units_.writers(key_, values_[0]) == nullptr &&
           (units_.lists() || values_[0] != 0);
  }
  bool duplicate_elements() const {
    const auto* writers = units_.writers(key_, values_[0]);
    if (writers != nullptr && writers->certain > 1) return false;
    const auto& all = units_[txns_[0]].accesses;
    return std::any_of(all.begin(), all.end(), [&](const Access& a) {
      return !a.write && a.key == key_ && std::count(a.list.begin(), a.list.end(), values_[0]) > 1;
    });
  }
  bool incompatible_order() const {
    if (!returned(1)) return false;
    for (const Seen& a : units_.reads(txns_[0], key_)) {
      for (const Seen& b : units_.reads(txns_[1], key_)) {
        const std::size_t common = std::min(a.list.size(), b.list.size());
        if (!std::equal(a.list.begin(), a.list.begin() + static_cast<std::ptrdiff_t>(common),
                        b.list.begin())) {
          return true;
        }
      }
    }
    return false;
  }
  /// The second one appended one value and then the other, which the first one read without the
  /// former in front of it.
  bool split_appends() const {
    if (units_.source(key_, values_[0]) != txns_[1] ||
        units_.source(key_, values_[1]) != txns_[1]) {
      return false;
    }
    for (const Access& access : units_[txns_[1]].accesses) {
      if (!access.write || access.key != key_) continue;
      if (access.value == values_[1]) return false;
      if (access.value == values_[0]) break;
    }
    const auto reads = units_.reads(txns_[0], key_);
    return std::any_of(reads.begin(), reads.end(), [&](const Seen& seen) {
      const auto later = std::find(seen.list.begin(), seen.list.end(), values_[1]);
      return later != seen.list.end() && std::find(seen.list.begin(), later, values_[0]) == later;
    });
  }
  bool future_read() const {
    const auto& all = units_[txns_[0]].accesses;
    if (units_.source(key_, values_[0]) != txns_[0]) return false;
    for (const Seen& seen : units_.reads(txns_[0], key_)) {
      const bool read =
          units_.lists() ? contains(seen.list, values_[0]) : seen.access->value == values_[0];
      if (read && std::any_of(all.begin() + static_cast<std::ptrdiff_t>(seen.place), all.end(),
                              [&](const Access& a) {
                                return a.write && a.key == key_ && a.value == values_[0];
                              })) {
        return true;
      }
    }
    return false;
  }
  bool internal() const { return units_.contradicts_itself(txns_[0], key_); }

  /// Both wrote the key, and each had read it without what the other one wrote; or the first one
  /// had, although the other's version lay before its own, as some list shows.
  bool lost_update() const {
    const std::size_t a = txns_[0];
    const std::size_t b = txns_[1];
    if (a == b || !units_.committed(b) || !units_.writes(a, key_) || !units_.writes(b, key_)) {
      return false;
    }
    if (!units_.lists()) {
      return values_.size() == 1 && (read_and_wrote(a) && read_and_wrote(b));
    }
    for (const Seen& read : units_.reads(a, key_)) {
      if (values_.empty()) {
        for (const Seen& other : units_.reads(b, key_)) {
          if (std::equal(read.list.begin(), read.list.end(), other.list.begin(),
                         other.list.end()) &&
              appends_outside(a, key_, read.list) && appends_outside(b, key_, read.list)) {
            return true;
          }
        }
      } else if (units_.source(key_, values_[0]) == b && !contains(read.list, values_[0]) &&
                 lies_before(values_[0], a)) {
        return true;
      }
    }
    return false;
  }
  /// The value, whoever wrote it, and after that a write.
  bool read_and_wrote(std::size_t u) const {
    for (const Seen& seen : units_.reads(u, key_)) {
      if (seen.access->value != values_[0] || !single_version(values_[0])) continue;
      const auto& all = units_[u].accesses;
      if (std::any_of(all.begin() + static_cast<std::ptrdiff_t>(seen.place), all.end(),
                      [&](const Access& a) { return a.write && a.key == key_; })) {
        return true;
      }
    }
    return false;
  }
  /// At most one version has this value.
  bool single_version(Number value) const {
    if (value == 0) return initial_is_unique(key_);
    const auto* writers = units_.writers(key_, value);
    return writers == nullptr || writers->certain <= 1;
  }
  /// Some list has the value, and before it no append of `u`.
  bool lies_before(Number value, std::size_t u) const {
    for (std::size_t reader = 0; reader < units_.size(); ++reader) {
      if (units_[reader].outcome != Outcome::ok) continue;
      for (const Seen& seen : units_.reads(reader, key_)) {
        const auto at = std::find(seen.list.begin(), seen.list.end(), value);
        if (at == seen.list.end()) continue;
        if (std::none_of(seen.list.begin(), at, [&](Number v) { return writes(u, v); }))
          return true;
      }
    }
    return false;
  }

  /// The first one read something from the second, and the key without what the second left.
  bool vanished() const {
    const std::size_t reader = txns_[0];
    const std::size_t writer = txns_[1];
    if (reader == writer || !units_.committed(writer)) return false;
    // A list without the value is without everybody's.
    if (units_.lists() ? !writes(writer, values_[0]) : units_.source(key_, values_[0]) != writer) {
      return false;
    }
    const auto reads = units_.reads(reader);
    for (const Seen& missing : reads) {
      if (missing.access->key != key_ || !is_without(missing)) continue;
      for (const Seen& saw : reads) {
        if (proof_.type == "OTV" && saw.place >= missing.place) continue;
        const auto from = [&](Number value) {
          return units_.source(saw.access->key, value) == writer;
        };
        if (units_.lists() ? std::any_of(saw.list.begin(), saw.list.end(), from)
                           : from(saw.access->value)) {
          return true;
        }
      }
    }
    return false;
  }
  /// A list without the value, or a register's version that the value came after: walked back from
  /// it over those who replaced what they had read.
  bool is_without(const Seen& read) const {
    if (units_.lists()) return !contains(read.list, values_[0]);
    const Number wanted = read.access->value;
    if (wanted == 0 && initial_is_unique(key_)) return true;
    std::optional<Number> value = values_[0];
    for (std::size_t steps = 0; steps <= units_.size() && value; ++steps) {
      const auto writer = units_.source(key_, *value);
      if (!writer) return false;
      std::optional<Number> before;
      for (const Seen& seen : units_.reads(*writer, key_)) {
        if (replaces(*writer, seen.access->value, key_)) before = seen.access->value;
      }
      if (before == wanted) return true;
      value = before;
    }
    return false;
  }
  /// Each replaced what it had read from the one before it, all the way round.
  bool cyclic_versions() const {
    if (units_.lists() || txns_.size() < 2) return false;
    for (std::size_t i = 0; i < txns_.size(); ++i) {
      const std::size_t a = txns_[i];
      const auto left = units_.leaves(a, key_);
      if (!left || units_.source(key_, *left) != a) return false;
      if (!replaces(txns_[(i + 1) % txns_.size()], *left, key_)) return false;
    }
    return true;
  }

  const Units& units_;
  const HistoryInfo& info_;
  const Isolation& level_;
  const TransactionProof& proof_;
  // What weaker levels demand of the reads, so does this one, by the lattice.
  const bool later_effects_;
  const bool all_effects_;
  const bool newest_replaced_;
  Number key_ = 0;
  std::vector<std::size_t> txns_;
  std::vector<Number> values_;
};

}  // namespace

Status show_anomaly(const Units& units, const HistoryInfo& info, const Isolation& level,
                    const TransactionProof& proof) {
  return Anomalies(units, info, level, proof).show();
}

}  // namespace assay::certified
