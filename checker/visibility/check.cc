#include "checker/visibility/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "checker/lattice.h"
#include "checker/linearizability/extent.h"

namespace assay {
namespace {

using Element = std::uint32_t;

struct Add {
  Value value;
  Extent span;                ///< of the first attempt that may have taken effect
  bool acknowledged = false;  ///< `span.end` is then the first acknowledgement
  bool attempted = false;     ///< failed attempts count: somebody tried
};

struct Read {
  Extent span;
  std::vector<Element> elements;  ///< ascending
  bool twice = false;             ///< some element is there twice

  bool shows(Element element) const {
    return std::binary_search(elements.begin(), elements.end(), element);
  }
};

class GrowingSet {
 public:
  explicit GrowingSet(const History& history) : history_(history) {}

  Status read(KeyId key) {
    for (const OpIndex index : history_.operations_on(key)) {
      const Operation operation = history_[index];
      const auto f = history_.function_name(operation.function);
      if (f == "add" || f == "write") {
        note_add(operation);
      } else if (f != "read") {
        return Error{
            ErrorKind::bad_data,
            fmt::format("event {}: '{}' says nothing about a set that only grows; expected "
                        "add and read",
                        operation.invoke_event, f)};
      } else if (operation.outcome == Outcome::ok && operation.result != nil_value) {
        if (auto status = note_read(operation); !status) return status;
      }
    }
    std::stable_sort(reads.begin(), reads.end(),
                     [](const Read& a, const Read& b) { return a.span.start < b.span.start; });
    return {};
  }

  std::vector<Add> adds;    ///< by element
  std::vector<Read> reads;  ///< by start

 private:
  Element number(const Value& value) {
    const auto [at, fresh] = numbers_.emplace(value, static_cast<Element>(adds.size()));
    if (fresh) adds.push_back({value, {}});
    return at->second;
  }

  void note_add(const Operation& operation) {
    Add& add = adds[number(history_.value(operation.argument))];
    add.attempted = true;
    if (operation.outcome == Outcome::fail) return;
    const Extent span = extent_of(history_, operation);
    if (!add.span.exists()) {
      add.span = span;
    } else {
      add.span.end = std::min(add.span.end, span.end);
    }
    add.acknowledged = add.acknowledged || operation.outcome == Outcome::ok;
  }

  Status note_read(const Operation& operation) {
    const Value result = history_.value(operation.result);
    const auto* set = result.get_if<Value::Set>();
    const Value::List* list = set != nullptr ? &set->elements : result.get_if<Value::List>();
    if (list == nullptr) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a read of a set must return a list or set",
                               operation.invoke_event)};
    }
    Read read{extent_of(history_, operation), {}};
    for (const Value& element : *list) read.elements.push_back(number(element));
    std::sort(read.elements.begin(), read.elements.end());
    const auto end = std::unique(read.elements.begin(), read.elements.end());
    read.twice = end != read.elements.end();
    read.elements.erase(end, read.elements.end());
    reads.push_back(std::move(read));
    return {};
  }

  const History& history_;
  std::map<Value, Element> numbers_;
};

class VisibilityCheck {
 public:
  VisibilityCheck(const History& history, std::string_view model, const CheckOptions& options)
      : history_(history), model_(model), options_(options) {}

  Result<CheckResult> run() {
    for (KeyId key = 0; key < history_.key_count(); ++key) {
      GrowingSet set(history_);
      if (auto status = set.read(key); !status) return status.error();
      key_ = key;
      check(set);
    }
    result_.model = model_;
    result_.statistics.algorithm = "visibility";
    result_.statistics.keys_checked = history_.key_count();
    if (violated_) {
      result_.verdict = Verdict::violation;
    } else if (!open_because_.empty()) {
      result_.unknown_because = open_because_;
    } else {
      result_.verdict = Verdict::pass;
    }
    result_.models = {{result_.model, result_.verdict, result_.unknown_because}};
    return std::move(result_);
  }

 private:
  void check(const GrowingSet& set) {
    if (set.reads.empty()) {
      open_because_ = "nothing was read";
      return;
    }
    if (model_ == "ordered-visibility") {
      check_order(set);
    } else {
      check_strangers(set);
      model_ == "set" ? check_last(set) : check_stable(set);
    }
  }

  void check_strangers(const GrowingSet& set) {
    for (Element e = 0; e < set.adds.size(); ++e) {
      if (set.adds[e].attempted) continue;
      const auto reader = std::find_if(set.reads.begin(), set.reads.end(),
                                       [&](const Read& read) { return read.shows(e); });
      found("unexpected-element", {reader->span.event},
            fmt::format("a read shows {}, which nobody tried to add", name(set, e)));
    }
    for (const Read& read : set.reads) {
      if (!read.twice || model_ == "set") continue;
      found("duplicate-elements", {read.span.event}, "a read of the set shows an element twice");
    }
  }

  void check_last(const GrowingSet& set) {
    const Read& last = set.reads.back();
    for (Element e = 0; e < set.adds.size(); ++e) {
      const Add& add = set.adds[e];
      if (!add.acknowledged || add.span.end > last.span.start || last.shows(e)) continue;
      found("lost-element", {add.span.event, last.span.event},
            fmt::format("{} was acknowledged, and the last read does not show it", name(set, e)));
    }
  }

  /// Lost: known, and then missing in a read after the last one that shows it, for good.
  void check_stable(const GrowingSet& set) {
    bool stable = false;
    for (Element e = 0; e < set.adds.size(); ++e) {
      const Add& add = set.adds[e];
      std::int64_t known = add.acknowledged ? add.span.end : never;
      const Read* present = nullptr;
      const Read* absent = nullptr;
      for (const Read& read : set.reads) {
        if (read.shows(e)) {
          known = std::min(known, read.span.end);
          present = &read;
        } else if (known < read.span.start) {
          absent = &read;
        }
      }
      if (absent == nullptr || (present != nullptr && present->span.end >= absent->span.start)) {
        stable = stable || present != nullptr;
        continue;
      }
      std::vector<std::uint64_t> witness{absent->span.event};
      if (present != nullptr) {
        witness.push_back(present->span.event);
      } else {
        witness.push_back(add.span.event);
      }
      found("lost-element", std::move(witness),
            fmt::format("{} was {}, and a later read does not show it, nor does any after that",
                        name(set, e), present != nullptr ? "read" : "acknowledged"));
    }
    if (!stable && !violated_) open_because_ = "no element was seen to stay";
  }

  void check_order(const GrowingSet& set) {
    std::vector<Element> by_end;
    for (Element e = 0; e < set.adds.size(); ++e) {
      if (set.adds[e].acknowledged) by_end.push_back(e);
    }
    std::sort(by_end.begin(), by_end.end(),
              [&](Element a, Element b) { return set.adds[a].span.end < set.adds[b].span.end; });
    for (const Read& read : set.reads) {
      std::optional<Element> latest;
      for (const Element e : read.elements) {
        if (!set.adds[e].span.exists()) continue;
        if (!latest || set.adds[e].span.start > set.adds[*latest].span.start) latest = e;
      }
      const auto missing =
          std::find_if(by_end.begin(), by_end.end(), [&](Element e) { return !read.shows(e); });
      if (!latest || missing == by_end.end()) continue;
      const Add& early = set.adds[*missing];
      const Add& late = set.adds[*latest];
      if (early.span.end >= late.span.start) continue;
      found("causal-reverse", {early.span.event, late.span.event, read.span.event},
            fmt::format("a read shows {} and not {}, whose add was over before the other's began",
                        name(set, *latest), name(set, *missing)));
    }
  }

  static std::string name(const GrowingSet& set, Element element) {
    std::string text = to_text(set.adds[element].value);
    if (text.size() > 40) text = text.substr(0, 37) + "...";
    return text;
  }

  void found(const char* type, std::vector<std::uint64_t> witness, std::string what) {
    violated_ = true;
    if (result_.anomalies.size() >= static_cast<std::size_t>(options_.max_anomalies)) return;
    Anomaly anomaly;
    anomaly.type = type;
    anomaly.model = model_;
    if (history_.keyed()) anomaly.key = history_.key(key_);
    anomaly.witness = std::move(witness);
    std::sort(anomaly.witness.begin(), anomaly.witness.end());
    anomaly.explanation = std::move(what);
    anomaly.minimal = true;
    result_.anomalies.push_back(std::move(anomaly));
  }

  const History& history_;
  std::string model_;
  const CheckOptions& options_;
  KeyId key_ = 0;
  bool violated_ = false;
  std::string open_because_;
  CheckResult result_;
};

}  // namespace

Result<CheckResult> check_visibility(const History& history, std::span<const std::string> models,
                                     const CheckOptions& options) {
  std::optional<CheckResult> merged;
  for (const std::string& model : models) {
    auto one = VisibilityCheck(history, model, options).run();
    if (!one) return one.error();
    if (!merged) {
      merged = std::move(one).value();
      continue;
    }
    merged->models.push_back(std::move(one->models.front()));
    std::move(one->anomalies.begin(), one->anomalies.end(), std::back_inserter(merged->anomalies));
    if (one->verdict <= merged->verdict) continue;
    merged->verdict = one->verdict;
    merged->model = one->model;
    merged->unknown_because = one->unknown_because;
  }
  return std::move(*merged);
}

}  // namespace assay
