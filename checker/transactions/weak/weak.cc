#include "checker/transactions/weak/weak.h"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "checker/transactions/weak/causal_clocks.h"
#include "checker/transactions/weak/commit_graph.h"
#include "checker/transactions/weak/report.h"

namespace assay {
namespace {

using weak::Level;

struct LevelName {
  std::string_view model;
  Level level;
};
constexpr std::array<LevelName, 4> level_names{{
    {"read-committed-be", Level::read_committed},
    {"monotonic-atomic-view", Level::monotonic_atomic_view},
    {"read-atomic", Level::read_atomic},
    {"transactional-causal", Level::transactional_causal},
}};

std::optional<Level> level_named(std::string_view model) {
  for (const LevelName& name : level_names) {
    if (name.model == model) return name.level;
  }
  return std::nullopt;
}

class WeakCheck {
 public:
  WeakCheck(const Transactions& transactions, std::string_view model, const CheckOptions& options)
      : transactions_(transactions), model_(model), options_(options) {
    if (const auto level = level_named(model); level.has_value()) level_ = *level;
    limits_.memory_bytes = options.memory_bytes;
    if (options.timeout.has_value()) {
      limits_.deadline = std::chrono::steady_clock::now() + *options.timeout;
    }
    outcome_.algorithm = "commit clocks";
  }

  LevelOutcome run() {
    const weak::Observations seen = weak::observe(transactions_, weak::Ambiguous::leave_out);
    attempt(seen);
    if (outcome_.verdict == Verdict::violation || !seen.ambiguous() || stopped_) {
      return std::move(outcome_);
    }
    for (const auto guess : {weak::Ambiguous::latest, weak::Ambiguous::earliest}) {
      const weak::Observations guessed = weak::observe(transactions_, guess);
      attempt(guessed);
      if (outcome_.verdict == Verdict::pass || stopped_) return std::move(outcome_);
    }
    outcome_ = {};
    outcome_.unknown_because = fmt::format(
        "{} reads returned a value that more than one transaction wrote, and no guess of whose "
        "it was gave an order of commits",
        seen.ambiguous_readers.size());
    outcome_.algorithm = "commit clocks";
    return std::move(outcome_);
  }

 private:
  bool with_sessions() const { return level_ != Level::monotonic_atomic_view; }

  void attempt(const weak::Observations& seen) {
    outcome_.verdict = Verdict::unknown;
    outcome_.anomalies.clear();
    outcome_.certificate = {};
    report_flaws(seen);
    if (outcome_.verdict == Verdict::violation) return;
    weak::CommitEdges edges;
    if (level_ == Level::transactional_causal) {
      const weak::CommitEdges none;
      weak::CommitGraph causality(seen, none, true);
      const auto topological = causality.order();
      if (topological.empty()) {
        report_cycles(seen, none, causality);
        return;
      }
      weak::CausalEdges found = weak::causal_edges(seen, topological, limits_);
      if (!found.complete) {
        stopped_ = true;
        outcome_.unknown_because = "the time or memory allowed was used up";
        return;
      }
      edges = std::move(found.edges);
    } else if (level_ == Level::read_atomic) {
      edges = weak::read_atomic_edges(seen);
    } else {
      edges = weak::read_committed_edges(seen);
    }
    weak::CommitGraph graph(seen, edges, with_sessions());
    const auto order = graph.order();
    if (order.empty()) {
      report_cycles(seen, edges, graph);
    } else {
      pass(seen, order);
    }
  }

  /// The levels below read atomic say nothing about what a transaction reads of its own writes.
  bool counts(const weak::FlawedRead& flaw) const {
    return flaw.flaw != weak::Flaw::internal ||
           (level_ != Level::monotonic_atomic_view && level_ != Level::read_committed);
  }

  void report_flaws(const weak::Observations& seen) {
    const weak::CommitEdges none;
    weak::CommitGraph graph(seen, none, with_sessions());
    const weak::Reporter reporter(seen, none, graph, level_, model_);
    for (const weak::FlawedRead& flaw : seen.flaws) {
      if (!counts(flaw)) continue;
      violated();
      if (outcome_.anomalies.size() >= static_cast<std::size_t>(options_.max_anomalies)) break;
      outcome_.anomalies.push_back(reporter.anomaly(flaw));
      outcome_.certificate.cycles.push_back(reporter.evidence(flaw));
    }
  }

  void report_cycles(const weak::Observations& seen, const weak::CommitEdges& edges,
                     weak::CommitGraph& graph) {
    violated();
    const weak::Reporter reporter(seen, edges, graph, level_, model_);
    for (const auto& cycle : graph.cycles(static_cast<std::size_t>(options_.max_anomalies))) {
      outcome_.anomalies.push_back(reporter.anomaly(cycle));
      outcome_.certificate.cycles.push_back(reporter.evidence(cycle));
    }
  }

  void violated() {
    outcome_.verdict = Verdict::violation;
    outcome_.unknown_because.clear();
    outcome_.certificate.verdict = "violation";
  }

  void pass(const weak::Observations& seen, const std::vector<weak::Node>& order) {
    outcome_.verdict = Verdict::pass;
    outcome_.unknown_because.clear();
    if (!options_.certificate) return;
    outcome_.certificate.verdict = "pass";
    LinearOrder commits;
    commits.order.reserve(order.size());
    for (const weak::Node node : order) {
      if (seen.position[node] != 0) commits.order.push_back(seen.txn(node).event);
    }
    outcome_.certificate.orders.push_back(std::move(commits));
    for (const weak::Guess& guess : seen.guesses) {
      ReadSource source;
      source.reader = seen.txn(guess.reader).event;
      source.key = transactions_.key(transactions_.all_ops()[guess.op].key);
      if (guess.writer != weak::initial_node) source.writer = seen.txn(guess.writer).event;
      outcome_.certificate.sources.push_back(source);
    }
  }

  const Transactions& transactions_;
  std::string_view model_;
  const CheckOptions& options_;
  Level level_ = Level::read_committed;
  SearchLimits limits_;
  bool stopped_ = false;
  LevelOutcome outcome_;
};

}  // namespace

bool is_weak_level(std::string_view model) { return level_named(model).has_value(); }

LevelOutcome check_weak(const Transactions& transactions, std::string_view model,
                        const CheckOptions& options) {
  const int threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
  const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  LevelOutcome outcome;
  arena.execute([&] { outcome = WeakCheck(transactions, model, options).run(); });
  return outcome;
}

}  // namespace assay
