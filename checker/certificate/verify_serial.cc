#include "checker/certificate/verify_serial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "checker/certificate/refuse.h"
#include "checker/certificate/units.h"

namespace assay {
namespace {

constexpr std::size_t largest_witness = 12;

enum class See : std::uint8_t { all, snapshot, prefix, causes };

struct Rule {
  std::string_view model;
  See see;
  bool session;
  bool real_time;
  bool internal = true;  ///< what a transaction's own operations exclude is forbidden
};
constexpr Rule rules[] = {{"serializable", See::all, false, false},
                          {"strong-session-serializable", See::all, true, false},
                          {"strict-serializable", See::all, true, true},
                          {"repeatable-read", See::all, false, false, false},
                          {"snapshot-isolation", See::snapshot, false, false},
                          {"strong-session-snapshot-isolation", See::snapshot, true, false},
                          {"strong-snapshot-isolation", See::snapshot, true, true},
                          {"parallel-snapshot-isolation", See::causes, true, false},
                          {"prefix", See::prefix, true, false}};

const Rule* rule_of(std::string_view model) {
  const auto* at = std::find_if(std::begin(rules), std::end(rules),
                                [&](const Rule& rule) { return rule.model == model; });
  return at == std::end(rules) ? nullptr : at;
}

using certified::Access;
using certified::Number;
using certified::Units;

/// A transaction as a replay sees it.
struct Unit {
  std::uint64_t event;
  Outcome outcome;
  std::int32_t session;
  std::int64_t start;
  std::int64_t end;
  std::vector<Access> needs;        ///< what it read of others, each key once
  std::map<Number, Number> leaves;  ///< by key: its last write
  bool contradicts_self = false;    ///< its own earlier operations exclude a read
};

class SerialVerifier {
 public:
  SerialVerifier(const History& history, const Certificate& certificate)
      : history_(history), certificate_(certificate), rule_(*rule_of(certificate.model)) {}

  Status run() {
    const Certificate& c = certificate_;
    if (c.history_digest != history_.digest()) return refuse("it belongs to another history");
    if (!(c.initial == history_.info().initial)) return refuse("another initial value");
    if (auto status = decode(); !status) return status;
    if (c.verdict == "violation") return refute_all();
    if (c.verdict != "pass") return refuse("the verdict is neither pass nor violation");
    if (rule_.real_time && history_.info().real_time == RealTime::none) {
      return refuse("the history has no real-time order, so it cannot be kept");
    }
    if (c.orders.size() != 1 || c.orders[0].key.has_value()) return refuse("not exactly one order");
    return rule_.see == See::causes ? replay_causes(c.orders[0].order) : replay(c.orders[0].order);
  }

 private:
  // Decoding.

  Status decode() {
    const auto decoded = Units::decode(history_, *certified::unit_kind(certificate_.datatype));
    if (!decoded) return decoded.error();
    key_count_ = decoded->key_count();
    for (std::size_t u = 0; u < decoded->size(); ++u) {
      const certified::Unit& from = (*decoded)[u];
      Unit unit{from.event, from.outcome, from.process, from.start, from.end, {}, {}};
      for (const Access& access : from.accesses) digest(access, unit);
      at_.emplace(unit.event, units_.size());
      units_.push_back(std::move(unit));
    }
    return {};
  }

  /// What the access means after those before it.
  static void digest(const Access& access, Unit& unit) {
    if (access.write) {
      unit.leaves[access.key] = access.value;
      return;
    }
    const auto same_key = [&](const Access& other) { return other.key == access.key; };
    const auto own = unit.leaves.find(access.key);
    if (own != unit.leaves.end()) {
      if (own->second != access.value) unit.contradicts_self = true;
      return;
    }
    const auto before = std::find_if(unit.needs.begin(), unit.needs.end(), same_key);
    if (before == unit.needs.end()) {
      unit.needs.push_back(access);
    } else if (before->value != access.value) {
      unit.contradicts_self = true;
    }
  }

  // Pass.

  Result<std::size_t> unit_at(std::uint64_t event) const {
    const auto found = at_.find(event);
    if (found == at_.end()) return refuse(fmt::format("event {} is no invocation", event));
    const Unit& unit = units_[found->second];
    if (unit.outcome == Outcome::fail) {
      return refuse(fmt::format("event {} failed, so it has no place here", event));
    }
    if (unit.contradicts_self) {
      return refuse(fmt::format("event {} contradicts itself", event));
    }
    return found->second;
  }
  Status all_there(const std::vector<bool>& committed) const {
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (units_[i].outcome == Outcome::ok && !committed[i]) {
        return refuse(fmt::format("event {} returned ok but does not commit", units_[i].event));
      }
    }
    return {};
  }
  static bool must_precede(const Rule& rule, const Unit& a, const Unit& b) {
    if (a.outcome != Outcome::ok) return false;
    if (rule.real_time && a.end < b.start) return true;
    return rule.session && a.session == b.session && a.event < b.event;
  }

  /// Of those that began so far, the latest of all and of each session: what commits now must not
  /// have had to come before them.
  struct Latest {
    std::int64_t start = std::numeric_limits<std::int64_t>::min();
    std::map<std::int32_t, std::uint64_t> event_of_session;

    void begin(const Unit& unit) {
      start = std::max(start, unit.start);
      auto& event = event_of_session.try_emplace(unit.session, unit.event).first->second;
      event = std::max(event, unit.event);
    }
    bool too_late(const Rule& rule, const Unit& unit) const {
      if (unit.outcome != Outcome::ok) return false;
      const auto own = event_of_session.find(unit.session);
      return (rule.real_time && unit.end < start) ||
             (rule.session && own != event_of_session.end() && unit.event < own->second);
    }
  };

  Status replay(const std::vector<std::uint64_t>& order) {
    const bool doubled = rule_.see != See::all;
    std::vector<std::size_t> began(units_.size(), 0);
    std::vector<bool> committed(units_.size(), false);
    struct Cell {
      Number value = 0;
      std::size_t since = 0;
    };
    std::vector<Cell> state(key_count_);
    Latest latest;
    for (std::size_t now = 1; now <= order.size(); ++now) {
      const auto found = unit_at(order[now - 1]);
      if (!found) return found.error();
      const Unit& unit = units_[*found];
      if (committed[*found]) return refuse(fmt::format("event {} occurs too often", unit.event));
      const bool begins = began[*found] == 0;
      if (begins) {
        began[*found] = now;
        for (const Access& need : unit.needs) {
          if (state[need.key].value != need.value) {
            return refuse(
                fmt::format("event {} cannot have read what it did in this order", unit.event));
          }
        }
        if (doubled) latest.begin(unit);
      }
      if (doubled && begins) continue;
      if (latest.too_late(rule_, unit)) {
        return refuse(fmt::format("event {} comes too late in the order", unit.event));
      }
      if (!doubled) latest.begin(unit);
      committed[*found] = true;
      for (const auto& [key, value] : unit.leaves) {
        if (rule_.see == See::snapshot && state[key].since > began[*found]) {
          return refuse(fmt::format("event {} overwrites what it could not see", unit.event));
        }
        state[key] = {value, now};
      }
    }
    return all_there(committed);
  }

  /// Each transaction sees what its session committed, the earlier writers of its keys, those it
  /// read from, and all that these saw: the least that the model allows. Indeterminate ones count
  /// as sessions of their own.
  Status replay_causes(const std::vector<std::uint64_t>& order) {
    using Clock = std::vector<std::uint32_t>;
    std::map<std::int32_t, std::uint32_t> columns;
    for (const Unit& unit : units_) {
      const auto next = static_cast<std::uint32_t>(columns.size());
      if (unit.outcome == Outcome::ok) columns.try_emplace(unit.session, next);
    }
    std::size_t width = columns.size();
    std::vector<std::uint32_t> column(units_.size(), 0);
    for (std::size_t i = 0; i < units_.size(); ++i) {
      column[i] = units_[i].outcome == Outcome::ok ? columns[units_[i].session]
                                                   : static_cast<std::uint32_t>(width++);
    }
    struct Written {
      std::size_t unit;
      Number value;
    };
    std::vector<std::vector<Written>> chains(key_count_);
    std::vector<Clock> clock(units_.size());  ///< what it saw, itself included
    std::vector<std::uint32_t> length(width, 0);
    std::vector<std::uint32_t> place(units_.size(), 0);
    std::map<std::int32_t, std::size_t> last_of;
    std::vector<bool> committed(units_.size(), false);
    Latest latest;
    for (const std::uint64_t event : order) {
      const auto found = unit_at(event);
      if (!found) return found.error();
      const std::size_t me = *found;
      const Unit& unit = units_[me];
      if (committed[me]) return refuse(fmt::format("event {} occurs twice", event));
      if (latest.too_late(rule_, unit)) {
        return refuse(fmt::format("event {} comes too late in the order", event));
      }
      latest.begin(unit);
      Clock past(width, 0);
      const auto join = [&](std::size_t other) {
        for (std::size_t c = 0; c < width; ++c) past[c] = std::max(past[c], clock[other][c]);
      };
      if (const auto own = last_of.find(unit.session); own != last_of.end()) join(own->second);
      for (const auto& [key, value] : unit.leaves) {
        if (!chains[key].empty()) join(chains[key].back().unit);
      }
      bool grew = true;
      while (grew) {
        grew = false;
        for (const Access& need : unit.needs) {
          const auto& chain = chains[need.key];
          const auto unseen = std::partition_point(
              chain.begin(), chain.end(),
              [&](const Written& w) { return past[column[w.unit]] > place[w.unit]; });
          const Number seen = unseen == chain.begin() ? 0 : (unseen - 1)->value;
          if (seen == need.value) continue;
          const auto source = std::find_if(unseen, chain.end(),
                                           [&](const Written& w) { return w.value == need.value; });
          if (source == chain.end()) {
            return refuse(
                fmt::format("event {} cannot have read what it did in this order", event));
          }
          join(source->unit);
          grew = true;
        }
      }
      place[me] = length[column[me]]++;
      past[column[me]] = place[me] + 1;
      clock[me] = std::move(past);
      for (const auto& [key, value] : unit.leaves) chains[key].push_back({me, value});
      if (unit.outcome == Outcome::ok) last_of[unit.session] = me;
      committed[me] = true;
    }
    return all_there(committed);
  }

  // Violation.

  Status refute_all() {
    if (certificate_.witnesses.empty()) return refuse("a violation without a witness");
    for (const Witness& witness : certificate_.witnesses) {
      if (auto status = refute(witness.operations); !status) return status;
    }
    return {};
  }

  /// Nobody in the history that may have committed could have supplied a read that is kept, except
  /// those inside: any order of the history, restricted to the witness, explains it.
  Status refute(const std::vector<std::uint64_t>& events) {
    if (events.empty() || events.size() > largest_witness) {
      return refuse(fmt::format("a witness of {} transactions; 1 to {} can be refuted",
                                events.size(), largest_witness));
    }
    std::vector<Unit> witness;
    std::set<std::uint64_t> inside;
    for (const std::uint64_t event : events) {
      const auto found = at_.find(event);
      if (found == at_.end()) return refuse(fmt::format("event {} is no invocation", event));
      if (!inside.insert(event).second) return refuse(fmt::format("event {} occurs twice", event));
      const Unit& unit = units_[found->second];
      if (unit.contradicts_self && unit.outcome == Outcome::ok && rule_.internal) {
        return {};
      }
      if (unit.outcome != Outcome::fail) witness.push_back(unit);
    }
    std::set<std::pair<Number, Number>> supplied_outside;
    for (const Unit& unit : units_) {
      if (unit.outcome == Outcome::fail || inside.count(unit.event) != 0) continue;
      for (const auto& [key, value] : unit.leaves) supplied_outside.emplace(key, value);
    }
    for (Unit& unit : witness) {
      std::erase_if(unit.needs, [&](const Access& need) {
        return supplied_outside.count({need.key, need.value}) != 0;
      });
    }
    if (has_order(witness)) {
      return refuse(fmt::format("the transactions of the witness (first event {}) have an order",
                                events.front()));
    }
    return {};
  }

  /// A state of the enumeration: who has begun and committed, who wrote each key last, and, where
  /// only causes are seen, what each one saw and the writers of each key in their order.
  struct Partial {
    std::uint32_t begun = 0;
    std::uint32_t committed = 0;
    std::map<Number, std::vector<std::uint32_t>> writers;
    std::vector<std::uint32_t> saw;
    auto operator<=>(const Partial&) const = default;
  };

  bool has_order(const std::vector<Unit>& units) {
    std::uint32_t must = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (units[i].outcome == Outcome::ok) must |= 1U << i;
    }
    std::set<Partial> tried;
    std::vector<Partial> open(1);
    open[0].saw.assign(units.size(), 0);
    while (!open.empty()) {
      const Partial state = std::move(open.back());
      open.pop_back();
      if ((state.committed & must) == must) return true;
      for (std::uint32_t i = 0; i < units.size(); ++i) {
        for (Partial& next : successors(units, state, i)) {
          if (tried.insert(next).second) open.push_back(std::move(next));
        }
      }
    }
    return false;
  }

  std::vector<Partial> successors(const std::vector<Unit>& units, const Partial& state,
                                  std::uint32_t i) const {
    const std::uint32_t bit = 1U << i;
    std::vector<Partial> result;
    if ((state.committed & bit) != 0) return result;
    const bool begins = (state.begun & bit) == 0;
    if (begins) {
      for (std::uint32_t j = 0; j < units.size(); ++j) {
        const bool missing = (state.committed >> j & 1U) == 0 && j != i;
        if (missing && must_precede(rule_, units[j], units[i])) return result;
      }
      if (rule_.see == See::causes) return causes_successors(units, state, i);
      if (!explained(units, state, i)) return result;
    }
    Partial next = state;
    next.begun |= bit;
    if (rule_.see != See::all && begins) {
      result.push_back(std::move(next));
      return result;
    }
    next.committed |= bit;
    if (rule_.see == See::snapshot) {
      for (std::uint32_t j = 0; j < units.size(); ++j) {
        const bool is_open = (next.begun & ~next.committed) >> j & 1U;
        if (is_open && share_key(units[i], units[j])) return result;
      }
    }
    for (const auto& [key, value] : units[i].leaves) next.writers[key].assign(1, i);
    result.push_back(std::move(next));
    return result;
  }

  static bool share_key(const Unit& a, const Unit& b) {
    return std::any_of(a.leaves.begin(), a.leaves.end(),
                       [&](const auto& left) { return b.leaves.count(left.first) != 0; });
  }
  static bool explained(const std::vector<Unit>& units, const Partial& state, std::uint32_t i) {
    return std::all_of(units[i].needs.begin(), units[i].needs.end(), [&](const Access& need) {
      const auto at = state.writers.find(need.key);
      const Number value =
          at == state.writers.end() ? 0 : units[at->second.back()].leaves.at(need.key);
      return value == need.value;
    });
  }

  /// Every set of committed transactions that it may see: closed under what they saw.
  static std::vector<Partial> causes_successors(const std::vector<Unit>& units,
                                                const Partial& state, std::uint32_t i) {
    std::vector<Partial> result;
    std::uint32_t needed = 0;
    for (std::uint32_t j = 0; j < units.size(); ++j) {
      if ((state.committed >> j & 1U) == 0) continue;
      const bool own = units[j].outcome == Outcome::ok && units[j].session == units[i].session &&
                       units[j].event < units[i].event;
      if (own || share_key(units[i], units[j])) needed |= 1U << j;
    }
    for (std::uint32_t set = state.committed;; set = (set - 1) & state.committed) {
      bool fits = (set & needed) == needed;
      for (std::uint32_t j = 0; j < units.size() && fits; ++j) {
        if ((set >> j & 1U) != 0) fits = (set & state.saw[j]) == state.saw[j];
      }
      for (const Access& need : units[i].needs) {
        if (!fits) break;
        Number value = 0;
        const auto chain = state.writers.find(need.key);
        if (chain != state.writers.end()) {
          for (const std::uint32_t w : chain->second) {
            if ((set >> w & 1U) != 0) value = units[w].leaves.at(need.key);
          }
        }
        fits = value == need.value;
      }
      if (fits) {
        Partial next = state;
        next.begun |= 1U << i;
        next.committed |= 1U << i;
        next.saw[i] = set;
        for (const auto& [key, value] : units[i].leaves) next.writers[key].push_back(i);
        result.push_back(std::move(next));
      }
      if (set == 0) return result;
    }
  }

  const History& history_;
  const Certificate& certificate_;
  const Rule& rule_;
  std::size_t key_count_ = 0;
  std::vector<Unit> units_;
  std::map<std::uint64_t, std::size_t> at_;
};

}  // namespace

bool is_serial_certificate(std::string_view model, std::string_view datatype) {
  const auto kind = certified::unit_kind(datatype);
  return rule_of(model) != nullptr && kind && *kind != certified::UnitKind::lists;
}

Status verify_serial(const History& history, const Certificate& certificate) {
  return SerialVerifier(history, certificate).run();
}

}  // namespace assay
