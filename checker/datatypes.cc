#include "checker/datatypes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/suggestion.h"
#include "history/word.h"

namespace assay {
namespace {

using enum DatatypeKind;

constexpr std::array table{
    DatatypeInfo{"register", object, "read write cas", "", "linearizable",
                 "read, write and cas (compare-and-set) of single values"},
    DatatypeInfo{"multi-register", object, "txn", "r w read write", "linearizable",
                 "several registers read and written at once by one operation"},
    DatatypeInfo{"kv-string", object, "get put append", "", "linearizable",
                 "strings by key: get, put, and append to the end"},
    DatatypeInfo{"counter", object, "read add increment inc incr decrement dec decr sub", "",
                 "linearizable", "add amounts, read the sum"},
    DatatypeInfo{"set", object, "add remove contains read", "", "linearizable",
                 "add and remove elements, ask for one or read all"},
    DatatypeInfo{"queue", object, "enqueue dequeue enq deq peek", "", "linearizable",
                 "a bag: dequeue takes any element"},
    DatatypeInfo{"fifo-queue", object, "enqueue dequeue enq deq peek", "", "linearizable",
                 "dequeue takes the oldest element"},
    DatatypeInfo{"stack", object, "push pop peek top", "", "linearizable",
                 "pop takes the newest element"},
    DatatypeInfo{"priority-queue", object,
                 "insert pop add remove extract-min delete-min remove-min peek find-min", "",
                 "linearizable", "pop takes the smallest element"},
    DatatypeInfo{"mutex", object, "acquire release", "", "linearizable",
                 "a lock with one holder at a time, which anybody may release"},
    DatatypeInfo{"owned-mutex", object, "acquire release", "", "linearizable",
                 "a lock with one holder at a time, which only the holder releases"},
    DatatypeInfo{"semaphore", object, "acquire release", "", "linearizable",
                 "a lock with as many holders as there are permits"},
    DatatypeInfo{"fenced-lock", object, "acquire release", "", "linearizable",
                 "a lock whose acquire returns a token larger than all before"},
    DatatypeInfo{"lease", object, "acquire release renew", "", "linearizable",
                 "a lock that is lost when its time is over"},
    DatatypeInfo{"fencing", object, "acquire use release", "", "linearizable",
                 "tokens that grow, and a resource that refuses old ones"},
    DatatypeInfo{"leader-election", object, "elect leader", "", "linearizable",
                 "at most one leader a term, terms that do not go back"},
    DatatypeInfo{"log", log, "send poll txn assign subscribe", "send poll", "linearizable",
                 "append-only logs with offsets: send and poll"},
    DatatypeInfo{"watch", log, "commit watch", "", "watch",
                 "commits at revisions, and watches that deliver them"},
    DatatypeInfo{"list-append", transactions, "txn read write append", "append r read",
                 "strict-serializable", "transactions that append to lists and read them"},
    DatatypeInfo{"rw-register", transactions, "txn read write", "r w read write",
                 "strict-serializable", "transactions that read and write registers"},
    DatatypeInfo{"grow-only-set", transactions, "txn", "add r read", "strict-serializable",
                 "transactions that add elements to sets and read them"},
    DatatypeInfo{"bank", transactions, "read transfer", "", "snapshot-isolation",
                 "transfers between accounts whose total must not change"},
    DatatypeInfo{"closed-predicate", transactions, "txn init", "r w read write insert delete rp",
                 "serializable",
                 "transactions with inserts, deletes and reads by predicate over known keys"},
};

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// What the steps of the first transactions are called; nothing if an operation is no list of
/// steps.
std::set<std::string, std::less<>> step_names(const History& history) {
  constexpr OpIndex looked_at = 1'000;
  std::set<std::string, std::less<>> names;
  for (OpIndex i = 0; i < history.size() && i < looked_at; ++i) {
    const Operation operation = history[i];
    const Value value = history.value(operation.argument);
    const auto* steps = value.get_if<Value::List>();
    if (steps == nullptr) continue;
    for (const Value& step : *steps) {
      const auto* parts = step.get_if<Value::List>();
      if (parts == nullptr || parts->empty() || word_of((*parts)[0]).empty()) return {};
      names.emplace(word_of((*parts)[0]));
    }
  }
  return names;
}

bool fits_steps(const DatatypeInfo& info, const std::set<std::string, std::less<>>& names,
                bool has_init) {
  if (names.empty()) return true;
  // A closed world without anything of its own is a store of registers.
  const bool plain =
      !names.contains("rp") && !names.contains("insert") && !names.contains("delete");
  if (info.name == "closed-predicate" && plain && !has_init) return false;
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return has_word(info.steps, name); });
}

bool fits(const History& history, const DatatypeInfo& info) {
  for (std::size_t i = 0; i < history.function_count(); ++i) {
    if (!has_word(info.functions, history.function_name(static_cast<FunctionId>(i)))) return false;
  }
  return true;
}

/// A register that is asked to append holds text, whatever the history calls it.
const DatatypeInfo* as_operated(const History& history, const DatatypeInfo* named) {
  const DatatypeInfo* text = find_datatype("kv-string");
  const bool appends = named->name == "register" && history.function_named("append").has_value();
  return appends && fits(history, *text) ? text : named;
}

std::string names() {
  std::string result;
  for (const DatatypeInfo& info : table) {
    result += fmt::format("{}{}", result.empty() ? "" : ", ", info.name);
  }
  return result;
}

}  // namespace

std::span<const DatatypeInfo> datatype_table() { return table; }

const DatatypeInfo* find_datatype(std::string_view name) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const DatatypeInfo& info) { return info.name == name; });
  return at == table.end() ? nullptr : &*at;
}

Result<ChosenDatatype> choose_datatype(const History& history, std::string_view asked) {
  std::string name(asked);
  if (name == "auto" && !history.info().datatype.empty()) name = history.info().datatype;
  if (name != "auto") {
    if (const DatatypeInfo* info = find_datatype(name)) {
      return ChosenDatatype{as_operated(history, info), false};
    }
    std::vector<std::string_view> known;
    for (const DatatypeInfo& each : table) known.push_back(each.name);
    return Error{ErrorKind::usage, fmt::format("datatype '{}' is not supported{}; supported: {}",
                                               name, did_you_mean(name, known), names())};
  }
  std::string seen;
  std::vector<const DatatypeInfo*> candidates;
  const auto steps = step_names(history);
  const bool has_init = history.function_named("init").has_value();
  for (const DatatypeInfo& info : table) {
    // Plain operations are the business of the plain datatypes.
    if (steps.empty() && info.kind == transactions && !has_word(info.functions, "transfer") &&
        !history.function_named("txn") && !has_init) {
      continue;
    }
    if (fits(history, info) && fits_steps(info, steps, has_init)) candidates.push_back(&info);
  }
  // A history of reads alone fits several; the first of the table is the plainest.
  if (candidates.size() == 1 || (!candidates.empty() && candidates.front()->name == "register")) {
    return ChosenDatatype{candidates.front(), true};
  }
  for (std::size_t i = 0; i < history.function_count(); ++i) {
    seen += fmt::format("{}{}", seen.empty() ? "" : ", ",
                        history.function_name(static_cast<FunctionId>(i)));
  }
  std::string fitting;
  for (const DatatypeInfo* info : candidates) {
    fitting += fmt::format("{}{}", fitting.empty() ? "" : ", ", info->name);
  }
  return Error{ErrorKind::usage,
               fmt::format("cannot tell the datatype from the functions {}; name it with "
                           "--datatype ({}: {})",
                           seen, candidates.empty() ? "supported" : "fitting",
                           candidates.empty() ? names() : fitting)};
}

}  // namespace assay
