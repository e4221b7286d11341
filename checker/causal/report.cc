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

}  // namespace

/// A, B, C, … in the order of their invocations: so does every report call the witness.
struct Reporter::Names {
  std::vector<Node> nodes;

  void sort() { std::sort(nodes.begin(), nodes.end()); }

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

/// " (through B, C)": what the path of a claim leads over.
std::string Reporter::through(const Claim& claim, Names& names) {
  std::string out;
  for (std::size_t i = 1; i + 1 < claim.path.size(); ++i) {
    out += fmt::format("{}{}", out.empty() ? " (through " : ", ", names.of(claim.path[i]));
  }
  return out.empty() ? out : out + ")";
}

std::string Reporter::because(const Claim& claim, Names& names) const {
  if (claim.rule == Rule::session) return "they are of one process, in this order";
  if (claim.rule == Rule::reads_from) {
    return fmt::format("{} returned what {} wrote", names.of(claim.to), names.of(claim.from));
  }
  const std::string reader = names.of(claim.reader);
  if (claim.rule == Rule::overwritten) {
    const Node source = seen_.reads[claim.read].writer;
    if (source == weak::initial_node) {
      return fmt::format("{} returned the initial value, which {} overwrote", reader,
                         names.of(claim.to));
    }
    return fmt::format("{} returned what {} wrote, and {} overwrote it", reader, names.of(source),
                       names.of(claim.to));
  }
  const std::string from = names.of(claim.from);
  const std::string returned = claim.to == weak::initial_node
                                   ? "the initial value"
                                   : fmt::format("what {} wrote", names.of(claim.to));
  return fmt::format("{} was visible to {}{}, which still returned {}", from, reader,
                     through(claim, names), returned);
}

CycleStep Reporter::certified(const Claim& claim) const {
  CycleStep result;
  result.before = event(claim.from);
  if (claim.to != weak::initial_node) result.after = event(claim.to);
  result.rule = name_of_rule(claim.rule);
  if (claim.rule == Rule::session) return result;
  result.key = seen_.transactions->key(seen_.reads[claim.read].key);
  if (claim.reader == weak::initial_node) return result;
  result.reader = event(claim.reader);
  for (const Node node : claim.path) result.path.push_back(event(node));
  return result;
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

Finding Reporter::found(const Contradiction& contradiction, std::string_view type) const {
  Names names;
  describe(contradiction, type, names);  // finds who is spoken of
  names.sort();
  return describe(contradiction, type, names);
}

Finding Reporter::describe(const Contradiction& contradiction, std::string_view type,
                           Names& names) const {
  Finding result;
  std::string claims;
  result.anomaly.type = type;
  result.anomaly.model = model_;
  const auto& steps = contradiction.steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Claim& step = steps[i];
    const std::string from = names.of(step.from);
    const std::string why = because(step, names);
    if (step.to == weak::initial_node) {
      claims += why;
      const std::string reader = names.of(step.reader);
      result.anomaly.steps.push_back(
          {event(step.from), event(step.reader), "visible",
           fmt::format("{} must be visible to {}{}", from, reader, through(step, names))});
      result.anomaly.steps.push_back(
          {event(step.reader), event(step.from), "initial",
           fmt::format("{} still returned the initial value, which {} replaced", reader, from)});
    } else {
      const std::string_view link = i == 0 ? "" : i + 1 == steps.size() ? "; yet " : "; ";
      claims += fmt::format("{}{} must precede {} because {}", link, from, names.of(step.to), why);
      result.anomaly.steps.push_back(
          {event(step.from), event(step.to), std::string(name_of_rule(step.rule)), why});
    }
    result.evidence.steps.push_back(certified(step));
  }
  for (const Claim& lemma : contradiction.lemmas) {
    claims += fmt::format("; here {} precedes {} because {}", names.of(lemma.from),
                          names.of(lemma.to), because(lemma, names));
    result.evidence.lemmas.push_back(certified(lemma));
  }
  // What the paths lead over is part of the witness.
  for (const auto* part : {&contradiction.lemmas, &contradiction.steps}) {
    for (const Claim& claim : *part) {
      for (const Node node : claim.path) names.of(node);
    }
  }
  introduce(names, result.anomaly, claims + ": a contradiction");
  return result;
}

Finding Reporter::flaw(const weak::FlawedRead& flaw) const {
  Finding result;
  Names names;
  names.of(flaw.reader);
  if (flaw.source != weak::initial_node) names.of(flaw.source);
  names.sort();
  const std::string reader = names.of(flaw.reader);
  std::string claims = fmt::format("{} returned a value that nobody wrote", reader);
  result.anomaly.type = "thin-air-read";
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

}  // namespace assay::causal
