#include "checker/transactions/predicates/versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace assay::predicates {
namespace {

class Finder {
 public:
  explicit Finder(const ClosedWorld& world) : world_(world) {
    out_.of.resize(world.keys.size(), std::vector<Version>(1));
    out_.order.resize(world.keys.size());
    out_.known.resize(world.keys.size(), true);
    out_.steps.resize(world.keys.size());
    initial_.resize(world.keys.size(), false);
  }

  Versions run() {
    const auto& txns = world_.transactions;
    for (const Transaction& txn : txns) out_.committed.push_back(txn.outcome == Outcome::ok);
    for (std::uint32_t t = 0; t < txns.size(); ++t) add_writes(t);
    for (std::uint32_t t = 0; t < txns.size(); ++t) {
      if (txns[t].outcome == Outcome::ok) add_reads(t);
    }
    for (const Sight& sight : out_.sights) add_step(sight);
    for (Key key = 0; key < world_.keys.size(); ++key) find_order(key);
    return std::move(out_);
  }

 private:
  using Function = Step::Function;

  void add_writes(std::uint32_t t) {
    const Transaction& txn = world_.transactions[t];
    std::map<Key, const Step*> last;
    for (const Step& step : txn.steps) {
      if (step.function != Function::write && step.function != Function::erase) continue;
      const auto [at, fresh] = last.emplace(step.key, &step);
      if (!fresh) {
        if (at->second->value) intermediate_[{step.key, *at->second->value}] = t;
        at->second = &step;
      }
    }
    for (const auto& [key, step] : last) {
      if (txn.outcome == Outcome::fail) {
        if (step->value) aborted_[{key, *step->value}] = t;
        continue;
      }
      const auto number = static_cast<std::uint32_t>(out_.of[key].size());
      if (step->value && !number_of_.emplace(std::pair(key, *step->value), number).second) {
        out_.ambiguous = fmt::format("{} was written to {} twice, so reads of it cannot be matched",
                                     to_text(*step->value), to_text(world_.keys[key]));
      }
      out_.of[key].push_back({t, step->value});
      if (step->value) keys_of_value_[*step->value].push_back(key);
      if (txn.init) initial_[key] = true;
    }
  }

  void add_reads(std::uint32_t t) {
    own_.clear();
    seen_.clear();
    for (const Step& step : world_.transactions[t].steps) {
      switch (step.function) {
        case Function::write:
        case Function::erase:
          own_[step.key] = step.value;
          break;
        case Function::read:
          read(t, step.key, step.value);
          break;
        case Function::select:
          select(t, step);
          break;
      }
    }
  }

  void read(std::uint32_t t, Key key, const std::optional<Value>& value) {
    if (const auto own = own_.find(key); own != own_.end()) {
      if (own->second != value) {
        flaw("internal", key, {t},
             fmt::format("a transaction read {} as {}, which it had written as {} itself",
                         name(key), text(value), text(own->second)));
      }
      return;
    }
    if (const auto [at, fresh] = seen_.emplace(key, value); !fresh && at->second != value) {
      flaw("internal", key, {t},
           fmt::format("a transaction read {} as {} and as {}", name(key), text(at->second),
                       text(value)));
      return;
    }
    if (value) {
      see_value(t, key, *value);
    } else {
      see_absent(
          t, key, [](const Value&) { return false; }, false);
    }
  }

  void select(std::uint32_t t, const Step& step) {
    std::map<Key, Value> found;
    for (const auto& [key, value] : step.found) {
      found.emplace(key, value);
      if (matches(step.predicate, value) == std::optional(false)) {
        flaw("garbage-read", key, {t},
             fmt::format("a read of {} returned {} = {}, which does not match",
                         to_text(step.predicate), name(key), to_text(value)));
      }
    }
    for (const Key key : keys_of_interest(step.predicate, found)) {
      const auto at = found.find(key);
      const auto own = own_.find(key);
      if (own == own_.end()) {
        if (at != found.end()) {
          see_value(t, key, at->second);
        } else {
          see_absent(
              t, key,
              [&](const Value& value) {
                // Nothing is known of a strange predicate: anything may have been there.
                return !matches(step.predicate, value).value_or(false);
              },
              true);
        }
        continue;
      }
      const bool expected = own->second && matches(step.predicate, *own->second).value_or(false);
      const bool same = at == found.end() ? !expected : own->second == at->second;
      const bool judged = !own->second || matches(step.predicate, *own->second).has_value();
      if (!same && judged) {
        flaw("internal", key, {t},
             fmt::format("a read of {} does not show what its transaction had done to {} itself",
                         to_text(step.predicate), name(key)));
      }
    }
  }

  /// The objects that the read says something of. One that never has the value that is asked for
  /// is not returned, whatever state it is in.
  std::vector<Key> keys_of_interest(const Value& predicate,
                                    const std::map<Key, Value>& found) const {
    std::vector<Key> keys;
    const auto* parts = predicate.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 2 || matches(predicate, (*parts)[1]) != true) {
      keys.resize(world_.keys.size());
      std::iota(keys.begin(), keys.end(), Key{0});
      return keys;
    }
    if (const auto at = keys_of_value_.find((*parts)[1]); at != keys_of_value_.end()) {
      keys = at->second;
    }
    for (const auto& [key, value] : found) keys.push_back(key);
    for (const auto& [key, value] : own_) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
  }

  void see_value(std::uint32_t t, Key key, const Value& value) {
    if (const auto at = number_of_.find({key, value}); at != number_of_.end()) {
      const std::uint32_t writer = out_.of[key][at->second].writer;
      if (writer == t) {
        flaw("future-read", key, {t},
             fmt::format("a transaction read {} = {}, which it wrote only later", name(key),
                         to_text(value)));
        return;
      }
      out_.committed[writer] = true;
      out_.sights.push_back({t, key, false, {at->second}});
      return;
    }
    if (const auto at = intermediate_.find({key, value}); at != intermediate_.end()) {
      flaw("G1b", key, {t, at->second},
           fmt::format("a transaction read {} = {}, which its writer wrote over itself", name(key),
                       to_text(value)));
    } else if (const auto failed = aborted_.find({key, value}); failed != aborted_.end()) {
      flaw("G1a", key, {t, failed->second},
           fmt::format("a transaction read {} = {}, which was rolled back", name(key),
                       to_text(value)));
    } else {
      flaw(
          "garbage-read", key, {t},
          fmt::format("a transaction read {} = {}, which nobody wrote", name(key), to_text(value)));
    }
  }

  /// `hidden`: would a version with this value not have been returned?
  template <class Hidden>
  void see_absent(std::uint32_t t, Key key, const Hidden& hidden, bool by_predicate) {
    Sight sight{t, key, by_predicate, {}};
    const auto& versions = out_.of[key];
    for (std::uint32_t v = 1; v < versions.size(); ++v) {
      if (versions[v].writer == t) continue;
      if (!versions[v].value || hidden(*versions[v].value)) sight.candidates.push_back(v);
    }
    // What `init` puts there exists before anything else; that it did not yet is the last resort.
    if (!initial_[key] || sight.candidates.empty()) {
      sight.candidates.insert(sight.candidates.begin(), 0);
    }
    if (sight.candidates.size() == 1 && sight.candidates[0] != 0) {
      out_.committed[versions[sight.candidates[0]].writer] = true;
    }
    out_.sights.push_back(std::move(sight));
  }

  /// First that the object does not exist, then what init or the only insert made; a deletion is
  /// the last, if there is one. Between them, what was read and replaced.
  void find_order(Key key) {
    const auto& versions = out_.of[key];
    std::vector<std::uint32_t> births;
    std::vector<std::uint32_t> middle;
    std::vector<std::uint32_t> deaths;
    for (std::uint32_t v = 1; v < versions.size(); ++v) {
      if (!versions[v].value) {
        deaths.push_back(v);
      } else {
        (is_birth(key, versions[v]) ? births : middle).push_back(v);
      }
    }
    auto& order = out_.order[key];
    order = {0};
    if (births.size() > 1 || deaths.size() > 1) {
      // Inserted or deleted again: nothing is known but that it did not exist at first.
      out_.known[key] = versions.size() <= 2;
      return;
    }
    order.insert(order.end(), births.begin(), births.end());
    out_.known[key] = middle.size() <= 1 || chain(key, middle);
    if (out_.known[key]) order.insert(order.end(), middle.begin(), middle.end());
    order.insert(order.end(), deaths.begin(), deaths.end());
  }

  bool is_birth(Key key, const Version& version) const {
    const Transaction& txn = world_.transactions[version.writer];
    return std::any_of(txn.steps.begin(), txn.steps.end(), [&](const Step& step) {
      return step.function == Function::write && step.key == key && step.inserts;
    });
  }

  void add_step(const Sight& sight) {
    if (sight.candidates.size() != 1) return;
    const auto& versions = out_.of[sight.key];
    for (std::uint32_t v = 1; v < versions.size(); ++v) {
      if (versions[v].writer == sight.reader) {
        out_.steps[sight.key].emplace_back(sight.candidates[0], v);
      }
    }
  }

  /// Sorts `middle` if each of them was made from the one before.
  bool chain(Key key, std::vector<std::uint32_t>& middle) const {
    std::map<std::uint32_t, std::uint32_t> next;
    std::set<std::uint32_t> reached;
    for (const auto& [before, after] : out_.steps[key]) {
      const auto is_middle = [&](std::uint32_t v) {
        return std::find(middle.begin(), middle.end(), v) != middle.end();
      };
      if (!is_middle(before) || !is_middle(after)) continue;
      if (!next.emplace(before, after).second || !reached.insert(after).second) return false;
    }
    std::vector<std::uint32_t> sorted;
    for (const std::uint32_t v : middle) {
      if (!reached.contains(v)) sorted.push_back(v);
    }
    if (sorted.size() != 1) return false;
    while (next.contains(sorted.back()) && sorted.size() < middle.size()) {
      sorted.push_back(next.at(sorted.back()));
    }
    if (sorted.size() != middle.size()) return false;
    middle = std::move(sorted);
    return true;
  }

  void flaw(const char* type, Key key, std::vector<std::uint32_t> transactions,
            std::string because) {
    out_.flaws.push_back({type, key, std::move(transactions), std::move(because)});
  }
  std::string name(Key key) const { return to_text(world_.keys[key]); }
  static std::string text(const std::optional<Value>& value) {
    return value ? to_text(*value) : "absent";
  }

  const ClosedWorld& world_;
  Versions out_;
  std::vector<bool> initial_;  ///< by key
  std::map<std::pair<Key, Value>, std::uint32_t> number_of_;
  std::map<std::pair<Key, Value>, std::uint32_t> intermediate_;  ///< to the writer
  std::map<std::pair<Key, Value>, std::uint32_t> aborted_;
  std::map<Value, std::vector<Key>> keys_of_value_;
  std::map<Key, std::optional<Value>> own_;
  std::map<Key, std::optional<Value>> seen_;
};

}  // namespace

Versions find_versions(const ClosedWorld& world) { return Finder(world).run(); }

}  // namespace assay::predicates
