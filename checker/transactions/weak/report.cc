#include "checker/transactions/weak/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace assay::weak {
namespace {

std::string element_text(const Transactions& txns, const TxnOp& op) {
  const std::string key = to_text(txns.key(op.key));
  switch (op.function) {
    case TxnFunction::write:
      return fmt::format("w {} {}", key, to_text(txns.value(op.value)));
    case TxnFunction::append:
      return fmt::format("append {} {}", key, to_text(txns.value(op.value)));
    case TxnFunction::read:
      return fmt::format("r {} {}", key, op.value == unread ? "?" : to_text(txns.value(op.value)));
    case TxnFunction::read_list: {
      std::string list;
      for (const TxnValue value : txns.list(op.value)) {
        list += fmt::format("{}{}", list.empty() ? "" : " ", to_text(txns.value(value)));
      }
      return fmt::format("r {} [{}]", key, list);
    }
  }
  return key;
}

}  // namespace

/// T1, T2, … in the order of their invocations: so does every report call the witness.
struct Reporter::Names {
  std::vector<Node> nodes;

  void sort() { std::sort(nodes.begin(), nodes.end()); }

  std::string of(Node node) {
    auto at = std::find(nodes.begin(), nodes.end(), node);
    if (at == nodes.end()) at = nodes.insert(nodes.end(), node);
    return fmt::format("T{}", at - nodes.begin() + 1);
  }
};

std::string Reporter::text_of(Node node) const {
  constexpr std::size_t shown = 8;
  const Transactions& txns = *seen_.transactions;
  std::string text;
  std::size_t count = 0;
  for (const TxnOp& op : txns.ops(node - 1)) {
    if (++count > shown) return text + ", …";
    text += (text.empty() ? "" : ", ") + element_text(txns, op);
  }
  return text;
}

/// "x = 3", "x = [1 2]": what a read returned.
std::string Reporter::found(const Read& read) const {
  const Transactions& txns = *seen_.transactions;
  const TxnOp& op = txns.all_ops()[read.op];
  std::string text = element_text(txns, op);
  const std::string key = to_text(txns.key(op.key));
  return fmt::format("{} = {}", key, text.substr(std::min(text.size(), 3 + key.size())));
}

TxnKey Reporter::key_of(const CycleEdge& edge) const {
  switch (edge.rule) {
    case Rule::session:
      return 0;
    case Rule::reads_from:
      return seen_.reads[edge.index].key;
    case Rule::version:
      return seen_.transactions->all_ops()[seen_.versions[edge.index].op].key;
    case Rule::commit:
      return seen_.reads[edges_[edge.index].read].key;
  }
  return 0;
}

Cycle Reporter::path_of(const CommitEdge& edge) const {
  if (level_ == Level::transactional_causal) return graph_.visibility_path(edge.from, edge.reader);
  if (level_ == Level::read_atomic && seen_.session[edge.from] == seen_.session[edge.reader] &&
      seen_.position[edge.from] < seen_.position[edge.reader]) {
    return {{edge.from, edge.reader, Rule::session, 0}};
  }
  for (std::uint32_t r = seen_.read_begin[edge.reader]; r < seen_.read_begin[edge.reader + 1];
       ++r) {
    if (seen_.reads[r].writer == edge.from) return {{edge.from, edge.reader, Rule::reads_from, r}};
  }
  return {};
}

/// Does a step rest on what the reader's session did before?
bool Reporter::sees_session(const Cycle& cycle) const {
  return std::any_of(cycle.begin(), cycle.end(), [&](const CycleEdge& edge) {
    if (edge.rule != Rule::commit) return false;
    const Cycle path = path_of(edges_[edge.index]);
    return std::any_of(path.begin(), path.end(),
                       [](const CycleEdge& hop) { return hop.rule == Rule::session; });
  });
}

std::string Reporter::type_of(const Cycle& cycle) const {
  const auto has = [&](Rule rule) {
    return std::any_of(cycle.begin(), cycle.end(),
                       [&](const CycleEdge& edge) { return edge.rule == rule; });
  };
  if (!has(Rule::commit)) return has(Rule::session) ? "causality-cycle" : "G1c";
  switch (level_) {
    case Level::read_committed:
      return "nonmonotonic-commit";
    case Level::monotonic_atomic_view:
      return "OTV";
    case Level::read_atomic:
      return has(Rule::session) || sees_session(cycle) ? "fractured-read-process"
                                                       : "fractured-read";
    case Level::transactional_causal:
      return "causal-violation";
  }
  return "causal-violation";
}

/// "it read y = 2 from T1": why the reader of a commit edge sees its source.
std::string Reporter::seen_through(const CommitEdge& edge, Names& names) const {
  std::string text;
  for (const CycleEdge& step : path_of(edge)) {
    text += text.empty() ? "" : ", ";
    if (step.rule == Rule::session) {
      text +=
          fmt::format("{} comes before {} in one session", names.of(step.from), names.of(step.to));
    } else {
      text += fmt::format("{} read {} from {}", names.of(step.to), found(seen_.reads[step.index]),
                          names.of(step.from));
    }
  }
  return text;
}

std::string Reporter::because(const CycleEdge& edge, Names& names) const {
  const std::string key = to_text(seen_.transactions->key(key_of(edge)));
  switch (edge.rule) {
    case Rule::session:
      return "they are of one session, in this order";
    case Rule::reads_from:
      return fmt::format("{} read {} from it", names.of(edge.to), found(seen_.reads[edge.index]));
    case Rule::version:
      return fmt::format("{} read the list of {} with its element first",
                         names.of(seen_.versions[edge.index].reader), key);
    case Rule::commit:
      break;
  }
  const CommitEdge& commit = edges_[edge.index];
  const std::string reader = names.of(commit.reader);
  const std::string from = names.of(commit.from);
  const std::string through = seen_through(commit, names);
  if (commit.to == initial_node) {
    return fmt::format("{} reads {} without what {} wrote to {}, although it sees {} ({})", reader,
                       found(seen_.reads[commit.read]), from, key, from, through);
  }
  return fmt::format("{} sees {} ({}), which wrote {} too, and yet reads {} from {}", reader, from,
                     through, key, found(seen_.reads[commit.read]), names.of(commit.to));
}

Anomaly Reporter::anomaly(const Cycle& cycle) const {
  Names names;
  describe(cycle, names);  // finds who is spoken of
  names.sort();
  return describe(cycle, names);
}

Anomaly Reporter::describe(const Cycle& cycle, Names& names) const {
  Anomaly result;
  result.type = type_of(cycle);
  result.model = model_;
  std::string claims;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const CycleEdge& edge = cycle[i];
    const std::string from = names.of(edge.from);
    if (edge.to == initial_node) {
      const Node reader = edges_[edge.index].reader;
      const std::string why = because(edge, names);
      claims = fmt::format("{}: a contradiction", why);
      result.steps.push_back(
          {event(edge.from), event(reader), "visible", seen_through(edges_[edge.index], names)});
      result.steps.push_back({event(reader), event(edge.from), "unseen", why});
      continue;
    }
    const std::string to = names.of(edge.to);
    const std::string why = because(edge, names);
    constexpr std::array<std::string_view, 4> rules{"session", "reads-from", "version", "commit"};
    result.steps.push_back({event(edge.from), event(edge.to),
                            std::string(rules.at(static_cast<std::size_t>(edge.rule))), why});
    claims += fmt::format("{}{} must commit before {} because {}",
                          i == 0                  ? ""
                          : i + 1 == cycle.size() ? "; yet "
                                                  : "; ",
                          from, to, why);
    if (i + 1 == cycle.size()) claims += ": a contradiction";
  }
  std::string let;
  for (const Node node : names.nodes) {
    let += fmt::format("{}{} = [{}]", let.empty() ? "Let " : ", ", names.of(node), text_of(node));
    result.witness.push_back(event(node));
  }
  std::sort(result.witness.begin(), result.witness.end());
  result.explanation = fmt::format("{}. {}.", let, claims);
  result.minimal = cycle.size() <= 2;
  return result;
}

Anomaly Reporter::anomaly(const FlawedRead& flaw) const {
  Names names;
  const Transactions& txns = *seen_.transactions;
  const std::string read = element_text(txns, txns.all_ops()[flaw.op]);
  names.of(flaw.reader);
  if (flaw.source != initial_node) names.of(flaw.source);
  names.sort();
  const std::string reader = names.of(flaw.reader);
  const std::string source = flaw.source == initial_node ? "" : names.of(flaw.source);
  std::string claim;
  switch (flaw.flaw) {
    case Flaw::thin_air:
      claim = "returned a value that nobody wrote";
      break;
    case Flaw::aborted:
      claim = fmt::format("returned what {} wrote, which failed", source);
      break;
    case Flaw::intermediate:
      claim = fmt::format("returned a state inside {}, which wrote the key again", source);
      break;
    case Flaw::internal:
      claim = fmt::format("did not return what {} had written itself just before", reader);
      break;
    case Flaw::future:
      claim = fmt::format("returned what {} wrote only later", reader);
      break;
    case Flaw::duplicate:
      claim = fmt::format("has an element twice that {} appended once", source);
      break;
  }
  Anomaly result;
  result.type = name_of(flaw.flaw);
  result.model = model_;
  std::string let;
  for (const Node node : names.nodes) {
    let += fmt::format("{}{} = [{}]", let.empty() ? "Let " : ", ", names.of(node), text_of(node));
    result.witness.push_back(event(node));
  }
  std::sort(result.witness.begin(), result.witness.end());
  result.explanation = fmt::format("{}. The read [{}] of {} {}.", let, read, reader, claim);
  result.minimal = true;
  return result;
}

CertifiedCycle Reporter::evidence(const Cycle& cycle) const {
  CertifiedCycle result;
  for (const CycleEdge& edge : cycle) {
    CycleStep step;
    step.before = event(edge.from);
    if (edge.to != initial_node) step.after = event(edge.to);
    constexpr std::array<std::string_view, 4> rules{"session", "reads-from", "version", "commit"};
    step.rule = rules.at(static_cast<std::size_t>(edge.rule));
    if (edge.rule != Rule::session) step.key = seen_.transactions->key(key_of(edge));
    if (edge.rule == Rule::version) step.reader = event(seen_.versions[edge.index].reader);
    if (edge.rule == Rule::commit) {
      const CommitEdge& commit = edges_[edge.index];
      step.reader = event(commit.reader);
      step.path.push_back(event(commit.from));
      for (const CycleEdge& hop : path_of(commit)) step.path.push_back(event(hop.to));
    }
    result.steps.push_back(std::move(step));
  }
  return result;
}

CertifiedCycle Reporter::evidence(const FlawedRead& flaw) const {
  CycleStep step;
  if (flaw.source != initial_node) step.before = event(flaw.source);
  step.after = event(flaw.reader);
  step.rule = name_of(flaw.flaw);
  step.key = seen_.transactions->key(seen_.transactions->all_ops()[flaw.op].key);
  CertifiedCycle result;
  result.steps.push_back(std::move(step));
  return result;
}

}  // namespace assay::weak
