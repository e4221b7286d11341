#include "checker/certificate/closure.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "checker/certificate/bank.h"
#include "checker/certificate/leases.h"
#include "checker/certificate/refuse.h"
#include "checker/certificate/rules.h"
#include "checker/certificate/text.h"
#include "history/word.h"

namespace assay {
namespace {

Error missing(std::uint64_t event, std::string_view why) {
  return {ErrorKind::bad_data,
          fmt::format("certificate: the witness is not closed: event {} {}, but is not in it",
                      event, why)};
}

bool holds(const std::vector<Act>& acts, OpIndex index) {
  return std::any_of(acts.begin(), acts.end(), [&](const Act& act) { return act.index == index; });
}

/// What began later than this comes after every operation of the witness whose result it could
/// change; `tells` says which operations have such a result.
template <class Tells>
std::int64_t latest_end(const std::vector<Act>& acts, Tells tells) {
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (const Act& act : acts) {
    if (act.returned && tells(act)) latest = std::max(latest, act.end);
  }
  return latest;
}

// --- registers: every write that a read could have read from ---

bool writes(const Act& act) { return act.f != "read"; }
bool needs(const Act& act) { return act.f != "write"; }
const Value* cas_part(const Act& act, std::size_t part) {
  const auto* pair = act.argument.get_if<Value::List>();
  return pair != nullptr && pair->size() == 2 ? &(*pair)[part] : nullptr;
}
Value left_by(const Act& act) {
  if (act.f != "cas") return act.argument;
  const Value* part = cas_part(act, 1);
  return part == nullptr ? Value() : *part;
}
Value found_by(const Act& act) {
  if (act.f != "cas") return act.result;
  const Value* part = cas_part(act, 0);
  return part == nullptr ? Value() : *part;
}

/// Could `reader` have found what `writer` left? Not if it returned before the write began, nor if
/// a returned write of the witness certainly lies between the two.
bool could_supply(const Act& writer, const Act& reader, const std::vector<Act>& acts) {
  if (reader.end < writer.start) return false;
  return std::none_of(acts.begin(), acts.end(), [&](const Act& between) {
    return writes(between) && between.returned && writer.end < between.start &&
           between.end < reader.start;
  });
}

Status close_register(const EachAct& each, Evidence& evidence) {
  std::vector<Act>& acts = evidence.acts;
  for (const Act& act : acts) {
    if (act.f == "read" || act.f == "write" || act.f == "cas") continue;
    return refuse(fmt::format("event {} is no operation of a register", act.event));
  }
  std::vector<std::optional<std::uint64_t>> writer(acts.size());
  each([&](const Act& act) {
    if (!writes(act) || holds(acts, act.index)) return;
    for (std::size_t i = 0; i < acts.size(); ++i) {
      if (needs(acts[i]) && found_by(acts[i]) == left_by(act) && could_supply(act, acts[i], acts)) {
        writer[i] = act.event;
      }
    }
  });
  for (std::size_t i = 0; i < acts.size(); ++i) {
    if (!writer[i].has_value()) continue;
    if (acts[i].f == "read") {
      return missing(*writer[i],
                     fmt::format("could have written what event {} read", acts[i].event));
    }
    acts[i].argument = left_by(acts[i]);
    acts[i].f = "write";
  }
  return {};
}

// --- containers: all operations on the values that occur ---

Status close_container(bool bag, const EachAct& each, const Evidence& evidence) {
  const std::vector<Act>& acts = evidence.acts;
  std::map<Value, std::int64_t> left_over;
  for (const Act& act : acts) {
    if (puts_in(act.f)) ++left_over[act.argument];
    if (puts_in(act.f) || !act.returned || found_nothing(act.result)) continue;
    left_over[act.result] -= takes_out(act.f) ? 1 : 0;
  }
  const std::int64_t latest = latest_end(acts, [](const Act& act) { return !puts_in(act.f); });
  Status status;
  std::vector<std::pair<std::int64_t, std::uint64_t>> open;  // removals that never returned
  each([&](const Act& act) {
    const bool in = puts_in(act.f);
    if (looks_in(act.f)) return;
    if (!in && !act.returned) {
      open.emplace_back(act.start, act.event);
      return;
    }
    const Value& value = in ? act.argument : act.result;
    if (!status || (!in && found_nothing(value)) || !left_over.contains(value)) return;
    if (act.start <= latest && !holds(acts, act.index)) {
      status = missing(act.event, in ? "put in one of its values" : "took out one of its values");
    }
  });
  if (!status) return status;
  // What leaves a bag is missed by nobody who finds what he looks for.
  const bool empty = std::any_of(acts.begin(), acts.end(), [](const Act& act) {
    return !puts_in(act.f) && act.returned && found_nothing(act.result);
  });
  if (bag && !empty) return {};
  // Any such removal may have taken a value that is left over. They differ in their start only, and
  // as many as there are values suffice.
  std::int64_t needed = 0;
  for (const auto& [value, count] : left_over) needed += std::max<std::int64_t>(0, count);
  std::sort(open.begin(), open.end());
  for (std::size_t k = 0; k < open.size() && static_cast<std::int64_t>(k) < needed; ++k) {
    if (open[k].first > latest) break;
    // Another one with the same start serves as well.
    const auto as_early =
        static_cast<std::int64_t>(std::count_if(acts.begin(), acts.end(), [&](const Act& act) {
          return takes_out(act.f) && !act.returned && act.start <= open[k].first;
        }));
    if (as_early <= static_cast<std::int64_t>(k)) {
      return missing(open[k].second, "may have taken out one of its values");
    }
  }
  return {};
}

// --- sets: all additions and removals of the elements in question ---

void restrict_read(Act& act, const std::set<Value>& elements) {
  const auto* set = act.result.get_if<Value::Set>();
  const Value::List* list = set != nullptr ? &set->elements : act.result.get_if<Value::List>();
  if (list == nullptr) return;
  Value::List kept;
  for (const Value& value : *list) {
    if (elements.contains(value)) kept.push_back(value);
  }
  act.result = Value(std::move(kept));
}

/// The answer of an add or remove that told whether it changed anything.
const bool* changed(const Act& act) {
  return act.returned && !act.argument.is<bool>() ? act.result.get_if<bool>() : nullptr;
}

Status close_set(const Witness& witness, const EachAct& each, Evidence& evidence) {
  std::vector<Act>& acts = evidence.acts;
  std::set<Value> elements(witness.values.begin(), witness.values.end());
  for (const Act& act : acts) {
    if (act.f != "read") elements.insert(act.argument);
  }
  // Without a choice of elements, whole reads speak about all of them.
  const bool all =
      witness.values.empty() &&
      std::any_of(acts.begin(), acts.end(), [](const Act& act) { return act.f == "read"; });
  for (Act& act : acts) {
    if (act.f == "read" && !all) restrict_read(act, elements);
  }
  const std::int64_t latest = latest_end(acts, [](const Act& act) {
    return act.f == "read" || act.f == "contains" || changed(act) != nullptr;
  });
  Status status;
  each([&](const Act& act) {
    if (!status || act.f == "read" || act.f == "contains" || act.start > latest) return;
    if ((!all && !elements.contains(act.argument)) || holds(acts, act.index)) return;
    // Whoever was told that nothing changed only looked.
    const bool* did = changed(act);
    if (did != nullptr && !*did) return;
    status = missing(act.event, "adds or removes one of its elements");
  });
  return status;
}

// --- counters: all additions that overlap ---

Status close_counter(const EachAct& each, Evidence& evidence) {
  const std::vector<Act>& acts = evidence.acts;
  const std::int64_t latest = latest_end(acts, [](const Act& act) { return act.f == "read"; });
  std::int64_t first = never;
  for (const Act& act : acts) first = std::min(first, act.start);
  const auto* initial = evidence.info.initial.get_if<std::int64_t>();
  auto base = static_cast<std::uint64_t>(initial == nullptr ? 0 : *initial);
  Status status;
  each([&](const Act& act) {
    std::int64_t amount = 0;
    if (!status || !adds(act, amount) || act.start > latest || holds(acts, act.index)) return;
    if (act.returned && act.end < first) {
      base += static_cast<std::uint64_t>(amount);
    } else {
      status = missing(act.event, "adds while its operations run");
    }
  });
  evidence.info.initial = Value(static_cast<std::int64_t>(base));
  return status;
}

// --- locks with holders: whole holds ---

Status close_holds(const EachAct& each, const Evidence& evidence) {
  const std::vector<Act>& acts = evidence.acts;
  std::map<std::int32_t, Act> previous;
  Status status;
  each([&](const Act& act) {
    const auto before = previous.find(act.process);
    if (status && before != previous.end()) {
      const Act& b = before->second;
      const bool has = holds(acts, act.index);
      if (b.f == "acquire" && act.f == "release" && holds(acts, b.index) && !has &&
          act.start <= latest_end(acts, [](const Act&) { return true; })) {
        status = missing(act.event, "releases what an acquire of it took");
      }
      if (act.f == "release" && has && !holds(acts, b.index)) {
        status = missing(b.event, "precedes a release of its process");
      }
    }
    previous.insert_or_assign(act.process, act);
  });
  return status;
}

// --- several registers: every write that a read could have read from ---

/// The steps of a kind, [register value] each; of one register the first read and the last write.
std::map<Value, Value> steps_of(const Act& act, bool writes_wanted) {
  std::map<Value, Value> found;
  std::set<Value> written;
  const auto* steps = (act.returned ? act.result : act.argument).get_if<Value::List>();
  if (steps == nullptr) return found;
  for (const Value& step : *steps) {
    const auto* parts = step.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3) continue;
    const std::string_view name = word_of((*parts)[0]);
    const bool writes = name == "w" || name == "write";
    if (writes) written.insert((*parts)[1]);
    if (writes && writes_wanted) found.insert_or_assign((*parts)[1], (*parts)[2]);
    const bool own = !writes && written.contains((*parts)[1]);
    if (!writes && !writes_wanted && act.returned && !own) found.emplace((*parts)[1], (*parts)[2]);
  }
  return found;
}

/// Did a returned transaction not find again what it had read or written itself?
bool contradicts_itself(const Act& act) {
  std::map<Value, Value> known;
  const auto* steps = act.returned ? act.result.get_if<Value::List>() : nullptr;
  if (steps == nullptr) return false;
  for (const Value& step : *steps) {
    const auto* parts = step.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3) continue;
    const std::string_view name = word_of((*parts)[0]);
    if (name == "w" || name == "write") {
      known.insert_or_assign((*parts)[1], (*parts)[2]);
      continue;
    }
    const auto [at, added] = known.emplace((*parts)[1], (*parts)[2]);
    if (!added && !(at->second == (*parts)[2])) return true;
  }
  return false;
}

/// Leaves out that `act` read the register before it wrote it itself.
void forget_read(Act& act, const Value& name) {
  auto* steps = act.result.get_if<Value::List>();
  if (steps == nullptr) return;
  for (std::size_t i = 0; i < steps->size();) {
    const auto* parts = (*steps)[i].get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3 || !((*parts)[1] == name)) {
      ++i;
      continue;
    }
    const std::string_view kind = word_of((*parts)[0]);
    if (kind == "w" || kind == "write") return;
    steps->erase(steps->begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// A read whose writer may be missing is not counted; what its operation wrote still is.
void close_registers(const EachAct& each, Evidence& evidence) {
  std::vector<Act>& acts = evidence.acts;
  evidence.refuted = evidence.info.nil_read == NilRead::absent &&
                     std::any_of(acts.begin(), acts.end(), contradicts_itself);
  each([&](const Act& act) {
    if (holds(acts, act.index)) return;
    const auto left = steps_of(act, true);
    for (Act& reader : acts) {
      if (act.start > reader.end) continue;
      for (const auto& [name, value] : steps_of(reader, false)) {
        const auto at = left.find(name);
        if (at != left.end() && at->second == value) forget_read(reader, name);
      }
    }
  });
}

}  // namespace

bool has_rule(std::string_view datatype) {
  return datatype == "mutex" || datatype == "semaphore" || datatype == "log" ||
         datatype == "counter" || datatype == "lease" || datatype == "bank";
}

Status close_witness(std::string_view datatype, const Witness& witness, const EachAct& each,
                     Evidence& evidence) {
  if (datatype == "register") return close_register(each, evidence);
  if (datatype == "set") return close_set(witness, each, evidence);
  if (datatype == "owned-mutex" || datatype == "fenced-lock") return close_holds(each, evidence);
  if (datatype == "mutex") evidence.info.initial = Value(1);
  if (datatype == "mutex" || datatype == "semaphore") return refute_permits(each, evidence);
  if (datatype == "log") return refute_log(each, evidence);
  if (datatype == "lease") return refute_lease(each, evidence);
  // Whatever else happened cannot undo that one term names two leaders, or that tokens went back.
  if (datatype == "leader-election" || datatype == "fencing") return {};
  if (datatype == "counter") {
    if (refute_counter(each, evidence)) return {};
    return close_counter(each, evidence);
  }
  if (datatype == "bank") return refute_totals(evidence);
  if (datatype == "kv-string") return close_text(witness, each, evidence);
  if (datatype == "multi-register") {
    close_registers(each, evidence);
    return {};
  }
  return close_container(datatype == "queue", each, evidence);
}

}  // namespace assay
