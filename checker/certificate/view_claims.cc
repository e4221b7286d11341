// Violations of models of sessions and weak isolation levels: each claim is looked up in the
// history, and that they lead back to where they began.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "checker/certificate/refuse.h"
#include "checker/certificate/views.h"

namespace assay::certified {
namespace {

constexpr std::size_t largest_witness = 20;

bool is_forced(const CycleStep& step) {
  return step.rule == "commit" || step.rule == "overwritten";
}

class ClaimVerifier {
 public:
  ClaimVerifier(const Observed& seen, const Certificate& certificate, const ViewModel& model)
      : seen_(seen),
        units_(seen.units()),
        certificate_(certificate),
        sees_(model.sees),
        transactions_(model.transactions),
        sessions_(seen.by_session()) {}

  Status run() {
    if (certificate_.cycles.empty() && certificate_.witnesses.empty()) {
      return refuse("a violation without evidence");
    }
    for (const CertifiedCycle& cycle : certificate_.cycles) {
      if (auto status = check(cycle); !status) return status;
    }
    for (const Witness& witness : certificate_.witnesses) {
      if (auto status = refute(witness); !status) return status;
    }
    return {};
  }

 private:
  bool per_session() const {
    return sees_ == Sees::own_writes || sees_ == Sees::own_reads || grows() ||
           sees_ == Sees::all_writes || sees_ == Sees::own_past;
  }
  bool grows() const { return sees_ == Sees::writes_in_order || sees_ == Sees::writes_and_reads; }
  bool has_lemmas() const {
    return sees_ == Sees::all_writes || sees_ == Sees::own_past || sees_ == Sees::everything;
  }

  Result<std::size_t> unit(const std::optional<std::uint64_t>& event) const {
    if (!event.has_value()) return refuse("a claim about nobody");
    const auto u = units_.find(*event);
    if (!u.has_value()) return refuse(fmt::format("event {} is no invocation", *event));
    if (!seen_.committed(*u)) {
      return refuse(fmt::format("event {} need not have taken effect", *event));
    }
    return *u;
  }

  Status check(const CertifiedCycle& cycle) {
    const auto& steps = cycle.steps;
    if (steps.empty()) return refuse("a contradiction without steps");
    if (steps.size() == 1 && steps[0].path.empty() && !is_forced(steps[0])) return flaw(steps[0]);
    lemmas_.clear();
    owner_.reset();
    if (auto status = find_owner(cycle); !status) return status;
    if (!cycle.lemmas.empty() && !has_lemmas()) return refuse("the model knows no lemmas");
    for (const CycleStep& lemma : cycle.lemmas) {
      if (!is_forced(lemma) || !lemma.after.has_value()) return refuse("that is no lemma");
      if (auto status = forced(lemma); !status) return status;
      lemmas_.emplace(*units_.find(*lemma.before), *units_.find(*lemma.after));
    }
    std::size_t commits = 0;
    for (const CycleStep& step : steps) {
      commits += is_forced(step) ? 1U : 0U;
      if (auto status = claim(step); !status) return status;
    }
    if (sees_ == Sees::past && commits > 1) {
      return refuse("this model has no one order of commits");
    }
    if (grows() && !owner_.has_value()) return refuse("nobody sees these writes");
    if (grows() && !must_grow(*owner_)) return refuse("the process need not read monotonically");
    if (!steps.back().after.has_value()) {
      return steps.size() == 1 ? Status() : refuse("a step to the initial state among others");
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const CycleStep& next = steps[(i + 1) % steps.size()];
      if (steps[i].after != next.before) return refuse("the steps are no circle");
      if (sees_ == Sees::writes_and_reads && next.rule == "session" &&
          steps[i].rule != "reads-from") {
        return refuse("a write follows what was read, not what was written");
      }
    }
    return {};
  }

  /// The process whose view the steps are about: whose reads force them. If none is forced, one to
  /// which one of the writes is visible, and so all of them.
  Status find_owner(const CertifiedCycle& cycle) {
    if (!per_session()) return {};
    for (const auto* part : {&cycle.lemmas, &cycle.steps}) {
      for (const CycleStep& step : *part) {
        if (!is_forced(step)) continue;
        const auto reader = unit(step.reader);
        if (!reader) return reader.error();
        owner_ = seen_.session(*reader);
        return {};
      }
    }
    for (const CycleStep& step : cycle.steps) {
      if (step.rule != "reads-from") continue;
      const bool named = grows() && step.reader.has_value();
      const auto reader = unit(named ? step.reader : step.after);
      if (!reader) return reader.error();
      if (grows() && (!named || !brings(step, *reader))) continue;
      owner_ = seen_.session(*reader);
      return {};
    }
    return {};
  }

  /// The path of the step shows that its source is visible to the process of the reader.
  bool brings(const CycleStep& step, std::size_t reader) const {
    std::vector<std::size_t> path;
    for (const std::uint64_t event : step.path) {
      const auto at = unit(event);
      if (!at.ok()) return false;
      path.push_back(*at);
    }
    return !path.empty() && units_[path.front()].event == step.before && path.back() == reader &&
           is_brought_by_reads(path);
  }

  /// Whatever its reads returned, it has monotonic reads.
  bool must_grow(std::uint32_t session) const {
    if (seen_.goes_back(sessions_[session])) return false;
    for (const std::size_t u : sessions_[session]) {
      if (!seen_.committed(u)) continue;
      for (const Seen& read : units_.reads(u)) {
        if (!seen_.source(u, read.access->key, read.access->value).has_value()) return false;
      }
    }
    return true;
  }

  Status claim(const CycleStep& step) {
    if (is_forced(step)) return forced(step);
    const auto before = unit(step.before);
    if (!before) return before.error();
    const auto after = unit(step.after);
    if (!after) return after.error();
    bool good = false;
    if (step.rule == "session") {
      good = comes_first(*before, *after) && session_counts(*before, *after);
    } else if (step.rule == "reads-from") {
      good = reads_count(*after) && key_of(step).has_value() &&
             reads_from(*after, *before, key_of(step));
    } else if (step.rule == "version") {
      good = units_.lists() && key_of(step).has_value() && lists_in_order(step, *before, *after);
    }
    if (good) return {};
    return refuse(fmt::format("event {} does not precede event {} by the rule '{}'", *step.before,
                              *step.after, step.rule));
  }

  std::optional<Number> key_of(const CycleStep& step) const {
    return step.key.has_value() ? units_.key(*step.key) : std::nullopt;
  }

  bool comes_first(std::size_t a, std::size_t b) const {
    return seen_.session(a) == seen_.session(b) && units_[a].event < units_[b].event;
  }

  bool writes(std::size_t u) const {
    const auto& accesses = units_[u].accesses;
    return std::any_of(accesses.begin(), accesses.end(),
                       [](const Access& access) { return access.write; });
  }

  /// Does the order of one process order these two, in this model?
  bool session_counts(std::size_t a, std::size_t b) const {
    switch (sees_) {
      case Sees::own_writes:
      case Sees::own_reads:
        return false;
      case Sees::writes_in_order:
        return writes(a) && writes(b);
      case Sees::writes_and_reads:
        return writes(b);
      default:
        return true;
    }
  }

  bool reads_count(std::size_t reader) const {
    switch (sees_) {
      case Sees::own_writes:
      case Sees::own_reads:
      case Sees::writes_in_order:
        return false;
      case Sees::all_writes:
        return owner_.has_value() && *owner_ == seen_.session(reader);
      default:
        return true;
    }
  }

  /// Only `writer` can have supplied what `reader` read, of the key if one is given.
  bool reads_from(std::size_t reader, std::size_t writer, std::optional<Number> key = {},
                  std::size_t before = nobody) const {
    for (const Seen& read : units_.reads(reader, key)) {
      if (read.place >= before) continue;
      if (!units_.lists()) {
        if (seen_.source(reader, read.access->key, read.access->value) == writer) return true;
        continue;
      }
      for (const Number element : read.list) {
        if (seen_.source(reader, read.access->key, element) == writer) return true;
      }
    }
    return false;
  }

  bool lists_in_order(const CycleStep& step, std::size_t before, std::size_t after) const {
    const auto reader = unit(step.reader);
    if (!reader.ok()) return false;
    for (const Seen& read : units_.reads(*reader, key_of(step))) {
      bool met = false;
      for (const Number element : read.list) {
        const auto from = seen_.source(*reader, read.access->key, element);
        if (from == after && met) return true;
        if (from == before) met = true;
      }
    }
    return false;
  }

  /// commit: the reader sees `before`, which writes the key too, and yet shows `after`.
  /// overwritten: the reader shows what `after` comes after.
  Status forced(const CycleStep& step) {
    const auto before = unit(step.before);
    if (!before) return before.error();
    const auto reader = unit(step.reader);
    if (!reader) return reader.error();
    const auto key = key_of(step);
    if (!key.has_value()) return refuse("a step without a key");
    if (per_session() && *owner_ != seen_.session(*reader)) {
      return refuse("steps of two processes");
    }
    std::size_t after = nobody;
    if (step.after.has_value()) {
      const auto found = unit(step.after);
      if (!found) return found.error();
      after = *found;
    }
    std::vector<std::size_t> path;
    for (const std::uint64_t event : step.path) {
      const auto at = unit(event);
      if (!at) return at.error();
      path.push_back(*at);
    }
    const bool good = step.rule == "commit" ? commits(*before, after, *reader, *key, path)
                                            : overwrites(*before, after, *reader, *key, path);
    if (good) return {};
    return refuse(fmt::format("the read of event {} does not show that event {} comes first",
                              units_[*reader].event, units_[*before].event));
  }

  bool commits(std::size_t before, std::size_t after, std::size_t reader, Number key,
               const std::vector<std::size_t>& path) const {
    if (before == after || !units_.writes(before, key)) return false;
    // A cas that its own process had read the write of before sees that write.
    if (before == reader && sees_ != Sees::own_reads && !grows()) return false;
    if (path.empty() || path.front() != before || path.back() != reader) return false;
    for (const Seen& read : units_.reads(reader, key)) {
      if (!shows(reader, read, before, after)) continue;
      if (is_visible(path, read.place)) return true;
    }
    return false;
  }

  /// The read shows what `after` left, or (nobody) nothing of what `before` wrote.
  bool shows(std::size_t reader, const Seen& read, std::size_t before, std::size_t after) const {
    if (!units_.lists()) {
      return seen_.source(reader, read.access->key, read.access->value) == after;
    }
    if (after != nobody) return false;
    const auto& accesses = units_[before].accesses;
    return std::none_of(accesses.begin(), accesses.end(), [&](const Access& access) {
      return access.write && access.key == read.access->key &&
             std::find(read.list.begin(), read.list.end(), access.value) != read.list.end();
    });
  }

  bool overwrites(std::size_t before, std::size_t after, std::size_t reader, Number key,
                  const std::vector<std::size_t>& path) const {
    if (sees_ != Sees::everything || before != reader || after == nobody || after == reader ||
        !units_.writes(after, key)) {
      return false;
    }
    for (const Seen& read : units_.reads(reader, key)) {
      const auto from = seen_.source(reader, key, read.access->value);
      if (!from.has_value() || *from == after) continue;
      if (*from == nobody) return path.empty();
      if (path.empty() || path.front() != *from || path.back() != after) continue;
      if (precedes(path)) return true;
    }
    return false;
  }

  bool is_visible(const std::vector<std::size_t>& path, std::size_t place) const {
    const std::size_t reader = path.back();
    switch (sees_) {
      case Sees::own_writes:
        return path.size() == 2 && comes_first(path[0], reader);
      case Sees::read_before:
        return path.size() == 2 && reads_from(reader, path[0], std::nullopt, place);
      case Sees::direct:
        return path.size() == 2 && (comes_first(path[0], reader) || reads_from(reader, path[0]));
      case Sees::own_reads:
        return path.size() == 3 && reads_from(path[1], path[0]) && comes_first(path[1], reader);
      case Sees::writes_in_order:
        return is_brought_by_writes(path);
      case Sees::writes_and_reads:
        return is_brought_by_reads(path);
      default:
        return precedes(path);
    }
  }

  /// (write, session,) write, read by the process, session
  bool is_brought_by_writes(std::span<const std::size_t> path) const {
    if (path.size() > 2 && comes_first(path[0], path[1]) && writes(path[1]) &&
        is_brought_by_writes(path.subspan(1))) {
      return true;
    }
    if (path.size() < 2 || path.size() > 3 || !reads_from(path[1], path[0])) return false;
    return path.size() == 2 || comes_first(path[1], path[2]);
  }

  /// write, read, (session) write, read, … by the process, session
  bool is_brought_by_reads(const std::vector<std::size_t>& path) const {
    if (path.size() < 2) return false;
    bool read = false;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      if (reads_from(path[i + 1], path[i])) {
        read = true;
        continue;
      }
      if (!read || !comes_first(path[i], path[i + 1])) return false;
      if (i + 2 < path.size() && !writes(path[i + 1])) return false;
      read = false;
    }
    const std::size_t last = path[path.size() - 1];
    const std::size_t by = read ? last : path[path.size() - 2];
    return seen_.session(by) == seen_.session(last);
  }

  bool precedes(const std::vector<std::size_t>& path) const {
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      const bool step = comes_first(path[i], path[i + 1]) ||
                        (reads_count(path[i + 1]) && reads_from(path[i + 1], path[i])) ||
                        lemmas_.contains({path[i], path[i + 1]});
      if (!step) return false;
    }
    return path.size() > 1;
  }

  // Reads that no order can excuse.

  Status flaw(const CycleStep& step) const {
    const auto reader = unit(step.after);
    if (!reader) return reader.error();
    const auto key = key_of(step);
    if (!key.has_value()) return refuse("a read of no key");
    std::size_t source = nobody;
    if (step.before.has_value()) {
      const auto found = units_.find(*step.before);
      if (!found.has_value()) return refuse("a source that is no invocation");
      source = *found;
    }
    bool good = false;
    if (step.rule == "internal") {
      const bool counts = sees_ == Sees::direct || sees_ == Sees::arbitrated_past;
      good =
          counts && transactions_ && source == *reader && units_.contradicts_itself(*reader, key);
    } else if (step.rule == "duplicate-elements") {
      good = has_twice(*reader, *key, source);
    } else {
      for (const Seen& read : units_.reads(*reader, key)) {
        if (!units_.lists())
          good = good || unsupported(step.rule, *reader, *key, read.access->value, source);
        for (std::size_t e = 0; e < read.list.size(); ++e) {
          good = good || unsupported(step.rule, *reader, *key, read.list[e], source) ||
                 (step.rule == "G1b" && is_part(*reader, read, e, source));
        }
      }
    }
    if (good) return {};
    return refuse(fmt::format("event {} shows no '{}'", units_[*reader].event, step.rule));
  }

  /// Nobody can have supplied the value, for the reason that the rule names.
  bool unsupported(std::string_view rule, std::size_t reader, Number key, Number value,
                   std::size_t source) const {
    if ((value == 0 && !units_.lists()) || !seen_.suppliers(reader, key, value).empty()) {
      return false;
    }
    std::size_t writers = 0;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (source != nobody && u != source) continue;
      for (const Access& access : units_[u].accesses) {
        if (access.write && access.key == key && access.value == value) ++writers;
      }
    }
    if (rule == "thin-air-read") return source == nobody && writers == 0;
    if (source == nobody || writers == 0) return false;
    if (rule == "G1a") return units_[source].outcome == Outcome::fail;
    if (rule == "future-read") return source == reader;
    return rule == "G1b" && source != reader && units_[source].outcome != Outcome::fail &&
           !units_.lists();
  }

  /// The element stands without another one that its only supplier appended beside it.
  bool is_part(std::size_t reader, const Seen& read, std::size_t at, std::size_t source) const {
    if (source == nobody || seen_.source(reader, read.access->key, read.list[at]) != source) {
      return false;
    }
    std::vector<Number> whole;
    for (const Access& access : units_[source].accesses) {
      if (access.write && access.key == read.access->key) whole.push_back(access.value);
    }
    return std::search(read.list.begin(), read.list.end(), whole.begin(), whole.end()) ==
           read.list.end();
  }

  bool has_twice(std::size_t reader, Number key, std::size_t source) const {
    for (const Seen& read : units_.reads(reader, key)) {
      std::set<Number> met;
      for (const Number element : read.list) {
        if (!met.insert(element).second && seen_.source(reader, key, element) == source) {
          return true;
        }
      }
    }
    return false;
  }

  // Sequential: a witness, all of whose orders are tried.

  Status refute(const Witness& witness) const {
    if (sees_ != Sees::everything) return refuse("this model is not refuted by a witness");
    if (witness.key.has_value() || !witness.values.empty()) {
      return refuse("a witness of one key");
    }
    if (witness.operations.empty() || witness.operations.size() > largest_witness) {
      return refuse(fmt::format("a witness of {} operations; 1 to {} can be refuted",
                                witness.operations.size(), largest_witness));
    }
    std::set<std::size_t> members;
    for (const std::uint64_t event : witness.operations) {
      const auto u = units_.find(event);
      if (!u.has_value()) return refuse(fmt::format("event {} is no invocation", event));
      if (units_[*u].outcome == Outcome::fail) return refuse("a failed operation in a witness");
      if (!members.insert(*u).second) return refuse(fmt::format("event {} occurs twice", event));
    }
    for (const std::size_t u : members) {
      for (const Seen& read : units_.reads(u)) {
        for (const std::size_t w : seen_.suppliers(u, read.access->key, read.access->value)) {
          if (!members.contains(w)) {
            return refuse(
                fmt::format("event {} could have supplied a read of the witness", units_[w].event));
          }
        }
      }
    }
    const std::vector<std::size_t> all(members.begin(), members.end());
    if (!has_order(all)) return {};
    return refuse(fmt::format("the operations of the witness (first event {}) have an order",
                              witness.operations.front()));
  }

  bool has_order(const std::vector<std::size_t>& members) const {
    using State = std::map<Number, Number>;
    std::uint32_t must = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (units_[members[i]].outcome == Outcome::ok) must |= 1U << i;
    }
    std::set<std::pair<std::uint32_t, State>> tried;
    std::vector<std::pair<std::uint32_t, State>> open{{0U, State()}};
    while (!open.empty()) {
      const auto [placed, state] = open.back();
      open.pop_back();
      if ((placed & must) == must) return true;
      for (std::size_t i = 0; i < members.size(); ++i) {
        if ((placed >> i & 1U) != 0 || waits(members, placed, must, i)) continue;
        State next = state;
        if (!apply(members[i], next)) continue;
        auto entry = std::pair(placed | 1U << i, std::move(next));
        if (tried.insert(entry).second) open.push_back(std::move(entry));
      }
    }
    return false;
  }

  /// An earlier one of its process that returned must come first; one of unknown outcome may, and
  /// must not come later.
  bool waits(const std::vector<std::size_t>& members, std::uint32_t placed, std::uint32_t must,
             std::size_t i) const {
    for (std::size_t j = 0; j < members.size(); ++j) {
      const bool is_placed = (placed >> j & 1U) != 0;
      if (comes_first(members[j], members[i]) && !is_placed && (must >> j & 1U) != 0) return true;
      if (comes_first(members[i], members[j]) && is_placed) return true;
    }
    return false;
  }

  bool apply(std::size_t u, std::map<Number, Number>& state) const {
    for (const Access& access : units_[u].accesses) {
      if (access.write) {
        state[access.key] = access.value;
      } else {
        const auto at = state.find(access.key);
        if ((at == state.end() ? 0 : at->second) != access.value) return false;
      }
    }
    return true;
  }

  const Observed& seen_;
  const Units& units_;
  const Certificate& certificate_;
  Sees sees_;
  bool transactions_;
  std::vector<std::vector<std::size_t>> sessions_;
  std::set<std::pair<std::size_t, std::size_t>> lemmas_;
  std::optional<std::uint32_t> owner_;  ///< the session whose view the steps are about
};

}  // namespace

Status verify_claims(const Observed& seen, const Certificate& certificate, const ViewModel& model) {
  return ClaimVerifier(seen, certificate, model).run();
}

}  // namespace assay::certified
