#include "checker/certificate/units.h"

#include <fmt/format.h>

#include <algorithm>

#include "checker/certificate/refuse.h"
#include "history/word.h"

namespace assay::certified {
namespace {

Error malformed(const Unit& unit) {
  return refuse(fmt::format("event {} is no transaction of this datatype", unit.event));
}

std::uint64_t pair_of(Number key, Number value) { return (std::uint64_t{key} << 32U) | value; }

}  // namespace

Number Units::Numbers::of(const Value& value) {
  const auto* integer = value.get_if<std::int64_t>();
  const auto [at, fresh] = integer != nullptr ? [&] {
    const auto r = integers_.try_emplace(*integer, next_);
    return std::pair(r.first->second, r.second);
  }()
                                              : [&] {
                                                  const auto r = others_.try_emplace(value, next_);
                                                  return std::pair(r.first->second, r.second);
                                                }();
  if (fresh) ++next_;
  return at;
}

std::optional<Number> Units::Numbers::find(const Value& value) const {
  if (const auto* integer = value.get_if<std::int64_t>()) {
    const auto at = integers_.find(*integer);
    return at == integers_.end() ? std::nullopt : std::optional(at->second);
  }
  const auto at = others_.find(value);
  return at == others_.end() ? std::nullopt : std::optional(at->second);
}

Number Units::number_of(const Value& value) {
  return !lists_ && !sets_ && value == initial_ ? 0 : values_.of(value);
}

std::optional<Number> Units::value(const Value& value) const {
  if (!lists_ && !sets_ && value == initial_) return 0;
  return values_.find(value);
}

std::optional<UnitKind> unit_kind(std::string_view datatype) {
  if (datatype == "list-append") return UnitKind::lists;
  if (datatype == "grow-only-set") return UnitKind::sets;
  if (datatype == "rw-register" || datatype == "register") return UnitKind::registers;
  return std::nullopt;
}

Result<Units> Units::decode(const History& history, UnitKind kind) {
  Units units;
  units.single_ = kind == UnitKind::single_registers;
  units.lists_ = kind == UnitKind::lists;
  units.sets_ = kind == UnitKind::sets;
  units.initial_ = history.info().initial;
  units.nil_says_nothing_ = history.info().nil_read == NilRead::unconstrained;
  units.units_.reserve(history.size());
  for (OpIndex i = 0; units.sets_ && i < history.size(); ++i) {
    const bool ok = history[i].outcome == Outcome::ok;
    units.note_members(history.value(ok ? history[i].result : history[i].argument));
  }
  for (OpIndex i = 0; i < history.size(); ++i) {
    if (auto status = units.add(history, i); !status) return status.error();
  }
  for (std::size_t u = 0; u < units.size(); ++u) {
    const bool failed = units[u].outcome == Outcome::fail;
    units.at_.emplace(units[u].event, u);
    for (const Access& access : units[u].accesses) {
      if (!access.write) continue;
      Writers& writers = units.writers_[pair_of(access.key, access.value)];
      if (writers.certain == 0 && (!failed || writers.failed == 0)) writers.first = u;
      ++(failed ? writers.failed : writers.certain);
    }
  }
  units.note_committed();
  return units;
}

Status Units::add(const History& history, OpIndex index) {
  const Operation operation = history[index];
  const auto interval = history.interval(index);
  const bool ok = operation.outcome == Outcome::ok;
  Unit unit{operation.invoke_event,
            operation.outcome,
            static_cast<std::int32_t>(operation.process),
            interval.start,
            ok ? interval.end : never,
            {}};
  const std::string_view f = history.function_name(operation.function);
  const Value whole = history.value(ok ? operation.result : operation.argument);
  Status status;
  if (!lists_ && !sets_ && (f == "read" || f == "write" || f == "cas")) {
    const Value key = operation.key == no_key ? Value() : history.key(operation.key);
    const Value argument = history.value(operation.argument);
    const auto* pair = argument.get_if<Value::List>();
    if (f == "read" && ok) status = add_read(unit, key, whole);
    if (f == "write") add_write(unit, key, argument);
    if (f == "cas") {
      if (pair == nullptr || pair->size() != 2) return malformed(unit);
      // If it took effect at all, it found what it expected.
      const bool known = ok || (single_ && operation.outcome == Outcome::info);
      if (known) status = add_read(unit, key, (*pair)[0]);
      add_write(unit, key, (*pair)[1]);
    }
  } else {
    status = add_list(whole, unit);
  }
  units_.push_back(std::move(unit));
  return status;
}

Status Units::add_list(const Value& whole, Unit& unit) {
  if (whole.is_nil()) return {};
  const auto* operations = whole.get_if<Value::List>();
  if (operations == nullptr) return malformed(unit);
  for (const Value& operation : *operations) {
    const auto* parts = operation.get_if<Value::List>();
    if (parts == nullptr || parts->size() < 2 || parts->size() > 3) return malformed(unit);
    const Value value = parts->size() == 3 ? (*parts)[2] : Value();
    const std::string_view f = word_of((*parts)[0]);
    if (f == "r" || f == "read") {
      if (unit.outcome != Outcome::ok) continue;
      auto status =
          sets_ ? add_elements(unit, (*parts)[1], value) : add_read(unit, (*parts)[1], value);
      if (!status) return status;
    } else if (sets_) {
      if (f != "add" || value.is_nil()) return malformed(unit);
      add_write(unit, Value::List{(*parts)[1], value}, value);
    } else if (lists_ ? f == "append" : f == "w" || f == "write") {
      add_write(unit, (*parts)[1], value);
    } else {
      return malformed(unit);
    }
  }
  return {};
}

void Units::note_members(const Value& whole) {
  const auto* operations = whole.get_if<Value::List>();
  if (operations == nullptr) return;
  for (const Value& operation : *operations) {
    const auto* parts = operation.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3 || word_of((*parts)[0]) != "add") continue;
    members_[(*parts)[1]].insert((*parts)[2]);
  }
}

/// Asks after every element that anybody adds, and after those that nobody did.
Status Units::add_elements(Unit& unit, const Value& set, const Value& elements) {
  if (elements.is_nil() && nil_says_nothing_) return {};
  std::set<Value> there;
  if (const auto* as_set = elements.get_if<Value::Set>()) {
    there.insert(as_set->elements.begin(), as_set->elements.end());
  } else if (const auto* as_list = elements.get_if<Value::List>()) {
    there.insert(as_list->begin(), as_list->end());
  } else if (!elements.is_nil()) {
    return malformed(unit);
  }
  std::set<Value> all = there;
  if (const auto at = members_.find(set); at != members_.end()) {
    all.insert(at->second.begin(), at->second.end());
  }
  for (const Value& element : all) {
    const Number key = keys_.of(Value::List{set, element});
    unit.accesses.push_back({false, key, there.contains(element) ? values_.of(element) : 0, {}});
  }
  return {};
}

void Units::add_write(Unit& unit, const Value& key, const Value& value) {
  unit.accesses.push_back({true, keys_.of(key), number_of(value), {}});
}

Status Units::add_read(Unit& unit, const Value& key, const Value& value) {
  if (!lists_) {
    if (value.is_nil() && nil_says_nothing_) return {};
    unit.accesses.push_back({false, keys_.of(key), value.is_nil() ? 0 : number_of(value), {}});
    return {};
  }
  Access read{false, keys_.of(key), 0, {}};
  if (const auto* elements = value.get_if<Value::List>()) {
    for (const Value& element : *elements) read.list.push_back(number_of(element));
  } else if (!value.is_nil()) {
    return malformed(unit);
  }
  unit.accesses.push_back(std::move(read));
  return {};
}

void Units::note_committed() {
  committed_.resize(units_.size());
  for (std::size_t u = 0; u < units_.size(); ++u) committed_[u] = units_[u].outcome == Outcome::ok;
  const auto note = [&](Number key, Number value) {
    if (const auto from = source(key, value)) committed_[*from] = true;
  };
  for (const Unit& unit : units_) {
    for (const Access& access : unit.accesses) {
      if (access.write || unit.outcome != Outcome::ok) continue;
      if (!lists_) note(access.key, access.value);
      for (const Number element : access.list) note(access.key, element);
    }
  }
}

std::optional<std::size_t> Units::find(std::uint64_t event) const {
  const auto at = at_.find(event);
  return at == at_.end() ? std::nullopt : std::optional(at->second);
}

const Units::Writers* Units::writers(Number key, Number value) const {
  const auto at = writers_.find(pair_of(key, value));
  return at == writers_.end() ? nullptr : &at->second;
}

std::optional<std::size_t> Units::source(Number key, Number value) const {
  if (!lists_ && value == 0) return std::nullopt;
  const Writers* all = writers(key, value);
  return all != nullptr && all->certain == 1 ? std::optional(all->first) : std::nullopt;
}

std::vector<Seen> Units::reads(std::size_t u, std::optional<Number> key) const {
  std::vector<Seen> result;
  const auto& accesses = units_[u].accesses;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    const Access& read = accesses[i];
    if (read.write || (key.has_value() && read.key != *key)) continue;
    std::span<const Number> list(read.list);
    bool own = false;
    for (std::size_t j = i; j-- > 0 && !own;) {
      if (!accesses[j].write || accesses[j].key != read.key) continue;
      own = !lists_ || list.empty() || list.back() != accesses[j].value;
      if (!own) list = list.first(list.size() - 1);
    }
    if (!own) result.push_back({&read, i, list});
  }
  return result;
}

bool Units::contradicts_itself(std::size_t u, std::optional<Number> key) const {
  const auto& accesses = units_[u].accesses;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    const Access& read = accesses[i];
    if (read.write || (key.has_value() && read.key != *key)) continue;
    // What an earlier read and the writes since then say, or the writes alone.
    std::vector<Number> own;
    for (std::size_t j = i; j-- > 0;) {
      const Access& earlier = accesses[j];
      if (earlier.key != read.key) continue;
      if (!lists_) {
        if (earlier.value != read.value) return true;
        break;
      }
      if (earlier.write) {
        own.push_back(earlier.value);
        continue;
      }
      std::vector<Number> expected = earlier.list;
      expected.insert(expected.end(), own.rbegin(), own.rend());
      if (expected != read.list) return true;
      own.clear();
      break;
    }
    if (own.size() > read.list.size() || !std::equal(own.begin(), own.end(), read.list.rbegin())) {
      return true;
    }
  }
  return false;
}

bool Units::writes(std::size_t u, Number key) const { return leaves(u, key).has_value(); }

std::optional<Number> Units::leaves(std::size_t u, Number key) const {
  const auto& accesses = units_[u].accesses;
  const auto at = std::find_if(accesses.rbegin(), accesses.rend(), [&](const Access& access) {
    return access.write && access.key == key;
  });
  return at == accesses.rend() ? std::nullopt : std::optional(at->value);
}

}  // namespace assay::certified
