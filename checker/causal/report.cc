#include "checker/causal/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::causal {
namespace {

constexpr std::array<std::string_view, 4> rule_names{"session", "reads-from", "commit",
                                                     "overwritten"};

std::string_view name_of_rule(Rule rule) { return rule_names.at(static_cast<std::size_t>(rule)); }

bool is_derived(const Step& step) {
  return step.rule == Rule::commit || step.rule == Rule::overwritten;
}

}  // namespace

/// A, B, C, … in the order in which the explanation first speaks of them.
struct Reporter::Names {
  std::vector<Node> nodes;

  std::string of(Node node) {
    auto at = std::find(nodes.begin(), nodes.end(), node);
    if (at == nodes.end()) at = nodes.insert(nodes.end(), node);
    const auto number = static_cast<std::size_t>(at - nodes.begin());
    if (number < 26) return std::string(1, static_cast<char>('A' + number));
    return fmt::format("O{}", number + 1);
  }
};

std::string Reporter::text_of(Node node) const {
  const Transactions& txns = *seen_.transactions;
  std::string text;
  for (const TxnOp& op : txns.ops(node - 1)) {
    const std::string value = op.value == unread ? "?" : to_text(txns.value(op.value));
    const std::string key = history_.keyed() ? to_text(txns.key(op.key)) + " " : "";
    text += fmt::format("{}{} {}{}", text.empty() ? "" : " and ", op.writes() ? "write" : "read",
                        key, value);
  }
  return fmt::format("{} by process {}", text,
                     static_cast<std::int32_t>(history_[seen_.txn(node).operation].process));
}

std::string Reporter::because(const View& view, const Step& step, Names& names) const {
  if (step.rule == Rule::session) return "they are of one process, in this order";
  if (step.rule == Rule::reads_from) {
    return fmt::format("{} returned what {} wrote", names.of(step.to), names.of(step.from));
  }
  const Derived& derived = view.derived()[step.index];
  const std::string reader = names.of(derived.reader);
  if (step.rule == Rule::overwritten) {
    const Node source = seen_.reads[derived.read].writer;
    if (source == weak::initial_node) {
      return fmt::format("{} returned the initial value, which {} overwrote", reader,
                         names.of(step.to));
    }
    return fmt::format("{} returned what {} wrote, and {} overwrote it", reader, names.of(source),
                       names.of(step.to));
  }
  if (step.to == weak::initial_node) {
    return fmt::format("{} precedes {}, which returned the initial value all the same",
                       names.of(step.from), reader);
  }
  return fmt::format("{} precedes {}, which still returned what {} wrote", names.of(step.from),
                     reader, names.of(step.to));
}

CycleStep Reporter::certified(const View& view, const Step& step) const {
  CycleStep result;
  result.before = event(step.from);
  if (step.to != weak::initial_node) result.after = event(step.to);
  result.rule = name_of_rule(step.rule);
  if (step.rule == Rule::session) return result;
  const std::uint32_t read = is_derived(step) ? view.derived()[step.index].read : step.index;
  result.key = seen_.transactions->key(seen_.reads[read].key);
  if (!is_derived(step)) return result;
  const Derived& derived = view.derived()[step.index];
  result.reader = event(derived.reader);
  for (const Step& hop : view.path_of(derived)) {
    if (result.path.empty()) result.path.push_back(event(hop.from));
    result.path.push_back(event(hop.to));
  }
  return result;
}

void Reporter::add_lemmas(const View& view, const std::vector<Step>& steps,
                          std::vector<bool>& known, std::vector<CycleStep>& lemmas) const {
  for (const Step& step : steps) {
    if (!is_derived(step)) continue;
    for (const Step& hop : view.path_of(view.derived()[step.index])) {
      if (!is_derived(hop) || known[hop.index]) continue;
      known[hop.index] = true;
      add_lemmas(view, {hop}, known, lemmas);
      lemmas.push_back(certified(view, hop));
    }
  }
}

void Reporter::introduce(const Names& names, Anomaly& anomaly, const std::string& claims) const {
  std::string let;
  Names letters = names;
  for (const Node node : names.nodes) {
    let += fmt::format("{}{} = {}", let.empty() ? "Let " : ", ", letters.of(node), text_of(node));
    anomaly.witness.push_back(event(node));
  }
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.explanation = fmt::format("{}. {}.", let, claims);
}

Finding Reporter::cycle(const View& view, const std::vector<Step>& steps,
                        const std::string& type) const {
  Finding result;
  Names names;
  std::string claims;
  result.anomaly.type = type;
  result.anomaly.model = model_;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const std::string from = names.of(step.from);
    const std::string why = because(view, step, names);
    const std::string_view link = i == 0 ? "" : i + 1 == steps.size() ? "; yet " : "; ";
    if (step.to == weak::initial_node) {
      const Node reader = view.derived()[step.index].reader;
      claims += why;
      result.anomaly.steps.push_back({event(step.from), event(reader), "visible", why});
      result.anomaly.steps.push_back({event(reader), event(step.from), "initial", why});
    } else {
      claims += fmt::format("{}{} must precede {} because {}", link, from, names.of(step.to), why);
      result.anomaly.steps.push_back(
          {event(step.from), event(step.to), std::string(name_of_rule(step.rule)), why});
    }
    result.evidence.steps.push_back(certified(view, step));
  }
  std::vector<bool> known(view.derived().size(), false);
  add_lemmas(view, steps, known, result.evidence.lemmas);
  // What the paths of derived steps lead over is part of the witness.
  for (const auto* part : {&result.evidence.lemmas, &result.evidence.steps}) {
    for (const CycleStep& step : *part) {
      for (const std::uint64_t on_path : step.path) {
        for (Node node = 1; node < seen_.node_count(); ++node) {
          if (seen_.txn(node).event == on_path) names.of(node);
        }
      }
    }
  }
  introduce(names, result.anomaly, claims + ": a contradiction");
  return result;
}

Finding Reporter::contradiction(const View& view, const std::string& type) const {
  return cycle(view, view.contradiction(), type);
}

Finding Reporter::flaw(const weak::FlawedRead& flaw) const {
  Finding result;
  Names names;
  const std::string reader = names.of(flaw.reader);
  std::string claims = fmt::format("{} returned a value that nobody wrote", reader);
  result.anomaly.type = "ThinAirRead";
  std::string rule = "thin-air-read";
  if (flaw.flaw == weak::Flaw::aborted) {
    claims = fmt::format("{} returned what {} wrote, which failed: it did not happen", reader,
                         names.of(flaw.source));
    rule = "G1a";
  } else if (flaw.flaw == weak::Flaw::future) {
    claims = fmt::format("{} returned what it only wrote itself", reader);
    rule = "future-read";
  }
  result.anomaly.model = model_;
  result.anomaly.minimal = true;
  introduce(names, result.anomaly, claims);
  CycleStep step;
  if (flaw.source != weak::initial_node) step.before = event(flaw.source);
  step.after = event(flaw.reader);
  step.rule = rule;
  step.key = seen_.transactions->key(seen_.transactions->all_ops()[flaw.op].key);
  result.evidence.steps.push_back(std::move(step));
  return result;
}

Finding Reporter::broken(const Broken& broken, const std::string& type) const {
  Finding result;
  Names names;
  std::vector<Node> shown = broken.operations;
  const Node last = shown.back();
  for (const weak::Read& read : seen_.reads_of(last)) {
    if (read.writer != weak::initial_node) shown.push_back(read.writer);
  }
  for (const Node node : shown) names.of(node);
  const std::string reader = names.of(last);
  std::string claims;
  if (broken.initial) {
    claims = fmt::format("{} returned the initial value, although {} was visible to its process",
                         reader, names.of(broken.operations.front()));
  } else {
    std::string all;
    for (const Node node : broken.operations) {
      all += fmt::format("{}{}", all.empty() ? "" : ", ", names.of(node));
    }
    claims = fmt::format("no order of the writes explains {} together", all);
  }
  result.anomaly.type = type;
  result.anomaly.model = model_;
  introduce(names, result.anomaly, claims);
  CycleStep step;
  step.before = event(broken.operations.front());
  step.after = event(last);
  step.rule = type;
  step.reader = event(seen_.nodes_of(broken.session).front());
  for (const Node node : broken.operations) step.path.push_back(event(node));
  result.evidence.steps.push_back(std::move(step));
  return result;
}

}  // namespace assay::causal
