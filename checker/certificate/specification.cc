#include "checker/certificate/specification.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include "checker/certificate/bank.h"
#include "checker/certificate/leases.h"
#include "history/codec.h"
#include "history/word.h"

namespace assay {
namespace {

template <class Values>
std::string encoded(const Values& values) {
  std::string text;
  for (const Value& value : values) append_value(value, text);
  return text;
}

class Register final : public Machine<Register> {
 public:
  Register(Value initial, NilRead nil_read) : value_(std::move(initial)), nil_read_(nil_read) {}

  bool apply(const Act& act) override {
    if (act.f == "read") {
      const bool open = act.result.is_nil() && nil_read_ == NilRead::unconstrained;
      return !act.tells() || open || act.result == value_;
    }
    if (act.f == "write") {
      value_ = act.argument;
      return true;
    }
    if (act.f != "cas") return false;
    const auto* pair = act.argument.get_if<Value::List>();
    if (pair == nullptr || pair->size() != 2 || !((*pair)[0] == value_)) return false;
    value_ = Value((*pair)[1]);
    return true;
  }
  std::string encode() const override { return encoded(std::vector<Value>{value_}); }

 private:
  Value value_;
  NilRead nil_read_;
};

class Queue final : public Machine<Queue> {
 public:
  bool apply(const Act& act) override {
    if (puts_in(act.f)) {
      items_.push_back(act.argument);
      return true;
    }
    if (!takes_out(act.f) && !looks_in(act.f)) return false;
    if (items_.empty()) return !act.tells() || found_nothing(act.result);
    if (act.tells() && !(items_.front() == act.result)) return false;
    if (takes_out(act.f)) items_.pop_front();
    return true;
  }
  std::string encode() const override { return encoded(items_); }

 private:
  std::deque<Value> items_;
};

class Stack final : public Machine<Stack> {
 public:
  bool apply(const Act& act) override {
    if (puts_in(act.f)) {
      items_.push_back(act.argument);
      return true;
    }
    if (!takes_out(act.f) && !looks_in(act.f)) return false;
    if (items_.empty()) return !act.tells() || found_nothing(act.result);
    if (act.tells() && !(items_.back() == act.result)) return false;
    if (takes_out(act.f)) items_.pop_back();
    return true;
  }
  std::string encode() const override { return encoded(items_); }

 private:
  std::vector<Value> items_;
};

/// The smallest leaves first, or, for a bag, any.
class Heap final : public Machine<Heap> {
 public:
  explicit Heap(bool any) : any_(any) {}

  bool apply(const Act& act) override {
    if (puts_in(act.f)) {
      items_.insert(act.argument);
      return true;
    }
    const bool looks = looks_in(act.f);
    if (!takes_out(act.f) && !looks) return false;
    if (items_.empty()) return !act.tells() || found_nothing(act.result);
    if (!act.tells()) {
      if (looks) return true;
      if (any_) return false;  // which one it took must be said
      items_.erase(items_.begin());
      return true;
    }
    const auto at = any_ ? items_.find(act.result) : items_.begin();
    if (at == items_.end() || !(*at == act.result)) return false;
    if (!looks) items_.erase(at);
    return true;
  }
  std::string encode() const override { return encoded(items_); }
  std::vector<Value> choices(const Act& act) const override {
    if (!any_ || !takes_out(act.f)) return {};
    return {items_.begin(), items_.end()};
  }

 private:
  bool any_;
  std::multiset<Value> items_;
};

class Set final : public Machine<Set> {
 public:
  bool apply(const Act& act) override {
    if (act.f == "read") return !act.tells() || same(act.result);
    const bool present = items_.contains(act.argument);
    // Whether an add or remove changed anything; other results only repeat the argument.
    const auto* flag = act.argument.is<bool>() ? nullptr : act.result.get_if<bool>();
    const bool told = act.tells() && flag != nullptr;
    if (act.f == "add") {
      if (told && *flag == present) return false;
      items_.insert(act.argument);
      return true;
    }
    if (act.f == "remove") {
      if (told && *flag != present) return false;
      items_.erase(act.argument);
      return true;
    }
    if (act.f != "contains") return false;
    const auto* answer = act.result.get_if<bool>();
    return !act.tells() || act.result.is_nil() || (answer != nullptr && *answer == present);
  }
  std::string encode() const override { return encoded(items_); }

 private:
  bool same(const Value& result) const {
    const Value::List* list = result.get_if<Value::List>();
    if (const auto* set = result.get_if<Value::Set>()) list = &set->elements;
    if (list == nullptr) return result.is_nil();  // the answer is not known
    if (list->size() != items_.size()) return false;
    if (!std::all_of(list->begin(), list->end(),
                     [&](const Value& value) { return items_.contains(value); })) {
      return false;
    }
    return std::set<Value>(list->begin(), list->end()).size() == list->size();
  }

  std::set<Value> items_;
};

class Counter final : public Machine<Counter> {
 public:
  explicit Counter(std::int64_t initial) : sum_(initial) {}

  bool apply(const Act& act) override {
    if (act.f == "read") {
      const auto* found = act.result.get_if<std::int64_t>();
      return !act.tells() || act.result.is_nil() || (found != nullptr && *found == sum_);
    }
    std::int64_t amount = 0;
    if (!adds(act, amount)) return false;
    sum_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum_) +
                                     static_cast<std::uint64_t>(amount));
    return true;
  }
  std::string encode() const override { return std::to_string(sum_); }

 private:
  std::int64_t sum_;
};

/// A mutex (one permit) or a semaphore; whose a permit is does not matter.
class Permits final : public Machine<Permits> {
 public:
  explicit Permits(std::int64_t permits) : permits_(permits) {}

  bool apply(const Act& act) override {
    if (act.f == "acquire") return ++held_ <= permits_;
    return act.f == "release" && --held_ >= 0;
  }
  std::string encode() const override { return std::to_string(held_); }

 private:
  std::int64_t permits_;
  std::int64_t held_ = 0;
};

/// A lock that only its holder releases; fenced: tokens grow.
class OwnedLock final : public Machine<OwnedLock> {
 public:
  explicit OwnedLock(bool fenced) : fenced_(fenced) {}

  bool apply(const Act& act) override {
    if (act.f == "release") return std::exchange(holder_, std::nullopt) == act.process;
    if (act.f != "acquire" || holder_.has_value()) return false;
    holder_ = act.process;
    if (!fenced_ || !act.tells()) return true;
    const auto* token = act.result.get_if<std::int64_t>();
    if (token == nullptr || (last_.has_value() && *token <= *last_)) return false;
    last_ = *token;
    return true;
  }
  std::string encode() const override {
    return (holder_.has_value() ? std::to_string(*holder_) : "-") + "/" +
           (last_.has_value() ? std::to_string(*last_) : "-");
  }

 private:
  bool fenced_;
  std::optional<std::int32_t> holder_;
  std::optional<std::int64_t> last_;
};

class Log final : public Machine<Log> {
 public:
  bool apply(const Act& act) override {
    if (act.f == "send") {
      const auto* offset = act.result.get_if<std::int64_t>();
      if (act.tells() &&
          (offset == nullptr || *offset != static_cast<std::int64_t>(items_.size()))) {
        return false;
      }
      items_.push_back(act.argument);
      return true;
    }
    if (act.f != "poll") return false;
    if (!act.tells()) return true;
    const auto* from = act.argument.get_if<std::int64_t>();
    const std::size_t first =
        from == nullptr ? 0 : static_cast<std::size_t>(std::max<std::int64_t>(*from, 0));
    const auto* found = act.result.get_if<Value::List>();
    const std::size_t there = first < items_.size() ? items_.size() - first : 0;
    if (found == nullptr) return act.result.is_nil();  // the answer is not known
    return found->size() == there &&
           std::equal(found->begin(), found->end(),
                      items_.begin() + static_cast<std::ptrdiff_t>(items_.size() - there));
  }
  std::string encode() const override { return encoded(items_); }

 private:
  std::vector<Value> items_;
};

/// A string: get, put, and append to its end.
class Text final : public Machine<Text> {
 public:
  Text(const Value& initial, NilRead nil_read) : nil_read_(nil_read) {
    if (const auto* text = initial.get_if<std::string>()) text_ = *text;
  }

  bool apply(const Act& act) override {
    if (act.f == "get") {
      if (!act.tells()) return true;
      if (act.result.is_nil()) return nil_read_ == NilRead::unconstrained || text_.empty();
      const auto* found = act.result.get_if<std::string>();
      return found != nullptr && *found == text_;
    }
    const auto* argument = act.argument.get_if<std::string>();
    if (argument == nullptr || (act.f != "put" && act.f != "append")) return false;
    if (act.f == "put") text_.clear();
    text_ += *argument;
    return true;
  }
  std::string encode() const override { return text_; }

 private:
  std::string text_;
  NilRead nil_read_;
};

/// Several registers, read and written by one operation, step after step.
class Registers final : public Machine<Registers> {
 public:
  explicit Registers(const HistoryInfo& info) : info_(&info) {}

  bool apply(const Act& act) override {
    const Value& said = act.tells() ? act.result : act.argument;
    const auto* steps = said.get_if<Value::List>();
    if (act.f != "txn" || steps == nullptr) return false;
    for (const Value& step : *steps) {
      const auto* parts = step.get_if<Value::List>();
      if (parts == nullptr || parts->size() != 3) return false;
      const std::string_view name = word_of((*parts)[0]);
      if (name == "w" || name == "write") {
        values_.insert_or_assign((*parts)[1], (*parts)[2]);
      } else if (name != "r" && name != "read") {
        return false;
      } else if (act.tells() && !reads((*parts)[1], (*parts)[2])) {
        return false;
      }
    }
    return true;
  }
  std::string encode() const override {
    std::string text;
    for (const auto& [name, value] : values_) {
      append_value(name, text);
      append_value(value, text);
    }
    return text;
  }

 private:
  bool reads(const Value& name, const Value& found) const {
    if (found.is_nil() && info_->nil_read == NilRead::unconstrained) return true;
    if (const auto at = values_.find(name); at != values_.end()) return at->second == found;
    const auto* each = info_->initial.get_if<Value::Map>();
    if (each == nullptr) return info_->initial == found;
    for (const auto& [key, value] : *each) {
      if (key == name) return value == found;
    }
    return found.is_nil();
  }

  const HistoryInfo* info_;
  std::map<Value, Value> values_;
};

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::vector<Value> Specification::choices(const Act& act) const {
  static_cast<void>(act);
  return {};
}

std::unique_ptr<Specification> make_specification(std::string_view datatype,
                                                  const HistoryInfo& info) {
  const auto* number = info.initial.get_if<std::int64_t>();
  if (datatype == "register") return std::make_unique<Register>(info.initial, info.nil_read);
  if (datatype == "fifo-queue") return std::make_unique<Queue>();
  if (datatype == "stack") return std::make_unique<Stack>();
  if (datatype == "priority-queue") return std::make_unique<Heap>(false);
  if (datatype == "queue") return std::make_unique<Heap>(true);
  if (datatype == "set") return std::make_unique<Set>();
  if (datatype == "counter") return std::make_unique<Counter>(number == nullptr ? 0 : *number);
  if (datatype == "mutex") return std::make_unique<Permits>(1);
  if (datatype == "semaphore") return std::make_unique<Permits>(number == nullptr ? 1 : *number);
  if (datatype == "owned-mutex") return std::make_unique<OwnedLock>(false);
  if (datatype == "fenced-lock") return std::make_unique<OwnedLock>(true);
  if (datatype == "lease") return make_lease(info);
  if (datatype == "leader-election") return make_election();
  if (datatype == "fencing") return make_fencing();
  if (datatype == "log") return std::make_unique<Log>();
  if (datatype == "kv-string") return std::make_unique<Text>(info.initial, info.nil_read);
  if (datatype == "multi-register") return std::make_unique<Registers>(info);
  if (datatype == "bank") return make_bank(info);
  return nullptr;
}

bool puts_in(std::string_view f) {
  return one_of(f, {"enqueue", "enq", "push", "insert", "add", "put"});
}

bool takes_out(std::string_view f) {
  return one_of(f, {"dequeue", "deq", "pop", "remove", "poll", "take", "extract-min", "delete-min",
                    "remove-min"});
}

bool looks_in(std::string_view f) {
  return one_of(f, {"peek", "top", "front", "head", "find-min"});
}

bool found_nothing(const Value& result) {
  if (result.is_nil() || result == Value("empty")) return true;
  const auto* keyword = result.get_if<Value::Keyword>();
  return keyword != nullptr && one_of(keyword->name, {"empty", "nil"});
}

bool adds(const Act& act, std::int64_t& amount) {
  const auto* number = act.argument.get_if<std::int64_t>();
  if (number == nullptr && !act.argument.is_nil()) return false;
  const std::int64_t given = number == nullptr ? 1 : *number;
  if (one_of(act.f, {"add", "increment", "inc", "incr"})) {
    amount = given;
    return true;
  }
  if (!one_of(act.f, {"decrement", "dec", "decr", "sub"})) return false;
  amount = given == std::numeric_limits<std::int64_t>::min() ? given : -given;
  return true;
}

namespace {

/// A transaction whose reads did not return or found what says nothing, and that writes nothing.
bool reads_nothing(const Act& act, const HistoryInfo& info) {
  const auto* steps = (act.returned ? act.result : act.argument).get_if<Value::List>();
  if (steps == nullptr) return false;
  return std::all_of(steps->begin(), steps->end(), [&](const Value& step) {
    const auto* parts = step.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3) return false;
    const std::string_view name = word_of((*parts)[0]);
    const bool reads = name == "r" || name == "read";
    const bool open = (*parts)[2].is_nil() && info.nil_read == NilRead::unconstrained;
    return reads && (!act.returned || open);
  });
}

}  // namespace

bool says_nothing(std::string_view datatype, const HistoryInfo& info, const Act& act) {
  if (datatype == "register") {
    return act.f == "read" &&
           (!act.returned || (act.result.is_nil() && info.nil_read == NilRead::unconstrained));
  }
  if (datatype == "counter") return act.f == "read" && (!act.returned || act.result.is_nil());
  if (datatype == "set") {
    const bool read = act.f == "read" || act.f == "contains";
    return read && (!act.returned || act.result.is_nil());
  }
  if (datatype == "bank") return act.f == "read" && !act.returned;
  if (datatype == "log") return act.f == "poll" && (!act.returned || act.result.is_nil());
  if (datatype == "leader-election") return !act.returned || act.result.is_nil();
  if (datatype == "fencing") return !act.returned || act.f == "release";
  if (datatype == "kv-string") {
    const bool open = act.result.is_nil() && info.nil_read == NilRead::unconstrained;
    return act.f == "get" && (!act.returned || open);
  }
  if (datatype == "multi-register") return reads_nothing(act, info);
  return looks_in(act.f) && !act.returned;
}

}  // namespace assay
