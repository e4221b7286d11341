#include "checker/transactions/polygraph/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checker/transactions/polygraph/precedence.h"

namespace assay::polygraph {
namespace {

std::string text_of(const Transactions& transactions, TxnIndex t) {
  std::string text;
  for (const TxnOp& op : transactions.ops(t)) {
    const std::string value = op.value == unread ? "?" : to_text(transactions.value(op.value));
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", op.writes() ? "w" : "r",
                        to_text(transactions.key(op.key)), value);
  }
  return text;
}

/// An edge of the small graph, and why it is there.
struct Reason {
  Edge edge;
  NodeId before;
  NodeId after;
  bool anti;
  std::string rule;
  std::string because;
};

/// Writes a proof that the core has no order: what each assumption about two writers leads to.
class Prover {
 public:
  Prover(const Transactions& transactions, const Facts& facts, const Rules& rules)
      : transactions_(transactions), facts_(facts), rules_(rules) {}

  std::string run(std::vector<Step>& steps) {
    for (NodeId a = 0; a < facts_.nodes.size(); ++a) {
      for (NodeId b = 0; b < facts_.nodes.size(); ++b) {
        if (a != b && share_key(a, b).has_value() && a < b) pairs_.emplace_back(a, b);
      }
    }
    std::string text = "Let ";
    for (NodeId n = 0; n < facts_.nodes.size(); ++n) {
      text += fmt::format("{}{} = {{{}}}", n == 0 ? "" : ", ", name(n),
                          text_of(transactions_, facts_.nodes[n].txn));
    }
    Assumed assumed;
    bool closed = false;
    text += ". " + prove(assumed, 0, closed, &steps);
    return text;
  }

 private:
  using Assumed = std::set<std::pair<NodeId, NodeId>>;
  static constexpr int deepest = 4;

  std::string name(NodeId n) const { return fmt::format("T{}", n + 1); }
  std::string key(TxnKey k) const { return to_text(transactions_.key(facts_.key_names[k])); }
  std::optional<TxnKey> share_key(NodeId a, NodeId b) const {
    for (const TxnKey k : facts_.writes_of(a)) {
      const auto other = facts_.writes_of(b);
      if (std::find(other.begin(), other.end(), k) != other.end()) return k;
    }
    return std::nullopt;
  }
  bool writes(NodeId n, TxnKey k) const {
    const auto written = facts_.writes_of(n);
    return std::find(written.begin(), written.end(), k) != written.end();
  }

  std::vector<Reason> edges(const Assumed& assumed) const {
    const Precedence points(facts_, Rules{rules_.kind, false, false});
    std::vector<Reason> all;
    const auto add = [&](Edge edge, NodeId a, NodeId b, bool anti, std::string rule,
                         std::string because) {
      all.push_back({edge, a, b, anti, std::move(rule), std::move(because)});
    };
    for (NodeId n = 0; n < facts_.nodes.size(); ++n) {
      if (rules_.doubled()) add({points.begin(n), points.commit(n)}, n, n, false, "", "");
      for (NodeId m = 0; m < facts_.nodes.size(); ++m) {
        const Node& a = facts_.nodes[n];
        const Node& b = facts_.nodes[m];
        if (!a.certain || n == m) continue;
        if (rules_.session && a.session == b.session && a.place < b.place) {
          add(points.reads_from(n, m), n, m, false, "process",
              fmt::format("{} ended before {} in the same process", name(n), name(m)));
        } else if (rules_.real_time && a.end < b.start) {
          add(points.reads_from(n, m), n, m, false, "real-time",
              fmt::format("{} ended before {} began", name(n), name(m)));
        }
      }
      for (const ExternalRead& read : facts_.reads_of(n)) add_read(points, n, read, assumed, add);
    }
    for (const auto& [a, b] : assumed) {
      add(points.overwrites(a, b), a, b, false, "overwrites",
          fmt::format("{} overwrote {} of {}", name(b), key(*share_key(a, b)), name(a)));
    }
    return all;
  }

  template <class Add>
  void add_read(const Precedence& points, NodeId reader, const ExternalRead& read,
                const Assumed& assumed, Add add) const {
    const auto from = facts_.candidates_of(read);
    if (from.size() != 1) return;
    const NodeId writer = from[0];
    if (writer != initial_writer) {
      add(points.reads_from(writer, reader), writer, reader, false, "reads-from",
          fmt::format("{} read {} from {}", name(reader), key(read.key), name(writer)));
    }
    for (NodeId later = 0; later < facts_.nodes.size(); ++later) {
      if (later == reader || later == writer || !writes(later, read.key)) continue;
      if (writer != initial_writer && assumed.count({writer, later}) == 0) continue;
      const std::string what = writer == initial_writer ? "the initial value" : name(writer) + "'s";
      add(points.anti(reader, later), reader, later, true, "anti-dependency",
          fmt::format("{} read {} of {}, which {} overwrote", name(reader), what, key(read.key),
                      name(later)));
    }
  }

  /// The shortest cycle; in a parallel model with at most one anti-dependency.
  std::vector<Reason> cycle(const std::vector<Reason>& all) const {
    std::vector<Reason> best;
    for (const Reason& first : all) {
      std::map<Point, const Reason*> reached;
      std::vector<Point> queue{first.edge.to};
      for (std::size_t i = 0; i < queue.size() && reached.count(first.edge.from) == 0; ++i) {
        for (const Reason& next : all) {
          if (next.edge.from != queue[i] || (next.anti && rules_.kind == Kind::parallel)) continue;
          if (next.edge.to == first.edge.to || !reached.emplace(next.edge.to, &next).second)
            continue;
          queue.push_back(next.edge.to);
        }
      }
      if (reached.count(first.edge.from) == 0) continue;
      std::vector<Reason> found;
      for (Point p = first.edge.from; p != first.edge.to; p = reached[p]->edge.from) {
        found.push_back(*reached[p]);
      }
      found.push_back(first);
      std::reverse(found.begin(), found.end());
      std::erase_if(found, [](const Reason& r) { return r.before == r.after; });
      if (best.empty() || found.size() < best.size()) best = std::move(found);
    }
    return best;
  }

  std::string sentence(const std::vector<Reason>& reasons) const {
    std::string text;
    for (const Reason& r : reasons) {
      text += fmt::format("{}{} must come before {}, because {}", text.empty() ? "" : "; ",
                          name(r.before), name(r.after), r.because);
    }
    return text + ": a contradiction.";
  }

  std::string prove(Assumed assumed, int depth, bool& closed, std::vector<Step>* steps) const {
    std::string text;
    while (true) {
      const auto found = cycle(edges(assumed));
      if (!found.empty()) {
        closed = true;
        if (steps != nullptr) note(found, *steps);
        return text + sentence(found);
      }
      if (!force(assumed, text)) break;
    }
    if (depth < deepest) {
      for (const auto& [a, b] : pairs_) {
        if (assumed.count({a, b}) + assumed.count({b, a}) != 0) continue;
        text += fmt::format("Either {} or {} wrote {} first. ", name(a), name(b),
                            key(*share_key(a, b)));
        for (const auto& [u, v] : {std::pair(a, b), std::pair(b, a)}) {
          Assumed with = assumed;
          with.emplace(u, v);
          text += fmt::format("If {}: {} ", name(u), prove(with, depth + 1, closed, nullptr));
        }
        return text;
      }
    }
    return text + "All orders of these transactions were tried; none explains what they read.";
  }

  /// Decides one pair of writers, of which the other order contradicts itself at once.
  bool force(Assumed& assumed, std::string& text) const {
    for (const auto& [a, b] : pairs_) {
      if (assumed.count({a, b}) + assumed.count({b, a}) != 0) continue;
      for (const auto& [u, v] : {std::pair(a, b), std::pair(b, a)}) {
        Assumed with = assumed;
        with.emplace(u, v);
        const auto found = cycle(edges(with));
        if (found.empty()) continue;
        assumed.emplace(v, u);
        text += fmt::format("{} wrote {} before {}; otherwise {} ", name(v), key(*share_key(a, b)),
                            name(u), sentence(found));
        return true;
      }
    }
    return false;
  }

  void note(const std::vector<Reason>& found, std::vector<Step>& steps) const {
    for (const Reason& r : found) {
      steps.push_back({transactions_[facts_.nodes[r.before].txn].event,
                       transactions_[facts_.nodes[r.after].txn].event, r.rule, r.because});
    }
  }

  const Transactions& transactions_;
  const Facts& facts_;
  Rules rules_;
  std::vector<std::pair<NodeId, NodeId>> pairs_;
};

std::string claim(const Transactions& transactions, const Refutation& refutation) {
  const std::string read = fmt::format(
      "T1 = {{{}}} read {} of key {}", text_of(transactions, refutation.txns[0]),
      to_text(transactions.value(refutation.value)), to_text(transactions.key(refutation.key)));
  if (refutation.type == "G1a") return read + ", which only a transaction that failed wrote.";
  if (refutation.type == "G1b") return read + ", which its writer had overwritten itself.";
  if (refutation.type == "internal") return read + ", which its own earlier operations exclude.";
  if (refutation.type == "future-read") return read + ", which it wrote itself only later.";
  return read + ", which nobody wrote.";
}

}  // namespace

Anomaly explain(const Transactions& transactions, const Refutation& refutation,
                std::string_view model) {
  Anomaly anomaly;
  anomaly.type = refutation.type;
  anomaly.model = model;
  anomaly.key = transactions.key(refutation.key);
  for (const TxnIndex t : refutation.txns) anomaly.witness.push_back(transactions[t].event);
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.explanation = claim(transactions, refutation);
  anomaly.minimal = refutation.txns.size() == 1;
  return anomaly;
}

Anomaly explain(const Transactions& transactions, const Facts& facts, const Core& core,
                const Rules& rules, std::string_view model) {
  constexpr std::size_t readable = 8;
  Anomaly anomaly;
  anomaly.type = "no-order";
  anomaly.model = model;
  for (const NodeId n : core.nodes) {
    anomaly.witness.push_back(transactions[facts.nodes[n].txn].event);
  }
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.minimal = core.minimal;
  if (core.nodes.size() <= readable) {
    const Facts part = facts.part(core.nodes);
    anomaly.explanation = Prover(transactions, part, rules).run(anomaly.steps);
  } else {
    anomaly.explanation =
        fmt::format("No order of {} transactions explains what they read.", core.nodes.size());
  }
  return anomaly;
}

}  // namespace assay::polygraph
