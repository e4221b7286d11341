#include "checker/lattice.h"

#include <algorithm>
#include <array>
#include <string>

namespace assay {
namespace {

using enum ModelFamily;

constexpr std::array model_table{
    ModelInfo{"linearizable", object,
              "every operation takes effect at one instant between its start and its end",
              "sequential set-full ordered-visibility"},
    ModelInfo{"sequential", session,
              "one order of all operations explains every result and keeps each process's order",
              "causal-memory causal-convergence"},
    ModelInfo{"causal-memory", session,
              "CM: causal, and each process's own past results stay explained",
              "causal pram writes-follow-reads"},
    ModelInfo{"causal-convergence", session,
              "CCv: causal, with one order of concurrent writes for all processes",
              "causal monotonic-reads monotonic-writes writes-follow-reads"},
    ModelInfo{"causal", session, "CC: nobody sees an effect without its causes",
              "read-your-writes"},
    ModelInfo{"pram", session, "each process's writes are seen by all in the order it made them",
              "read-your-writes monotonic-reads monotonic-writes"},
    ModelInfo{"read-your-writes", session, "a process sees what it wrote itself", ""},
    ModelInfo{"monotonic-reads", session, "what a process has seen does not vanish again", ""},
    ModelInfo{"monotonic-writes", session, "a process's writes take effect in its order", ""},
    ModelInfo{"writes-follow-reads", session, "a write is ordered after what its process had read",
              ""},
    ModelInfo{"strict-serializable", transaction,
              "serializable in an order that agrees with real time",
              "strong-session-serializable strong-snapshot-isolation"},
    ModelInfo{"strong-session-serializable", transaction,
              "serializable in an order that agrees with each session",
              "serializable strong-session-snapshot-isolation"},
    ModelInfo{"serializable", transaction, "as if transactions ran one after the other",
              "snapshot-isolation repeatable-read"},
    ModelInfo{"strong-snapshot-isolation", transaction,
              "snapshot isolation whose snapshots are as new as real time demands",
              "strong-session-snapshot-isolation"},
    ModelInfo{"strong-session-snapshot-isolation", transaction,
              "snapshot isolation whose snapshots hold what the session did before",
              "snapshot-isolation parallel-snapshot-isolation prefix"},
    ModelInfo{"snapshot-isolation", transaction,
              "a transaction reads one snapshot, and of concurrent writers of an object one wins",
              "consistent-view update-atomic"},
    ModelInfo{"parallel-snapshot-isolation", transaction,
              "snapshot isolation, but sites may order concurrent transactions differently",
              "transactional-causal consistent-view update-atomic"},
    ModelInfo{"prefix", transaction, "a transaction sees a prefix of one order of commits",
              "transactional-causal"},
    ModelInfo{"repeatable-read", transaction, "serializable but for predicates (Adya PL-2.99)",
              "cursor-stability monotonic-atomic-view"},
    ModelInfo{"consistent-view", transaction,
              "transactions see a consistent, perhaps old, state (Adya PL-2+)",
              "cursor-stability monotonic-atomic-view"},
    ModelInfo{"update-atomic", transaction,
              "of another transaction all effects are seen, or none, and no update is lost; "
              "sessions do not matter",
              "cursor-stability monotonic-atomic-view"},
    ModelInfo{"transactional-causal", transaction,
              "commits are seen with all their causes, in one order for all", "read-atomic"},
    ModelInfo{"cursor-stability", transaction, "read committed without lost updates",
              "read-committed"},
    ModelInfo{"read-atomic", transaction, "of another transaction all effects are seen, or none",
              "monotonic-atomic-view read-committed-be"},
    ModelInfo{"monotonic-atomic-view", transaction,
              "once some effect of a transaction is seen, all are", "read-committed"},
    ModelInfo{"read-committed-be", transaction,
              "read committed of Biswas and Enea: with session order, monotonic within a "
              "transaction",
              "read-committed"},
    ModelInfo{"read-committed", transaction,
              "Adya PL-2: no read of what was aborted, intermediate, or circular",
              "read-uncommitted"},
    ModelInfo{"read-uncommitted", transaction,
              "Adya PL-1: writes of transactions do not interleave", ""},
    ModelInfo{"set-full", visibility,
              "an element of a set that was acknowledged or read is not missing later for good",
              "set"},
    ModelInfo{"set", visibility,
              "the last read of a set shows all that was acknowledged, and nothing strange", ""},
    ModelInfo{"ordered-visibility", visibility,
              "no element of a set is seen without those whose adds were over before its own began",
              ""},
    ModelInfo{"serializable-log", log,
              "ordered-log, and the operations of transactions are nowhere interleaved",
              "ordered-log"},
    ModelInfo{"watch", log,
              "change feeds are ordered, unique, atomic, reliable, resumable and bookmarkable", ""},
    ModelInfo{"ordered-log", log,
              "acknowledged messages keep their offsets, are not lost, and are polled in order",
              ""},
};

constexpr std::array anomaly_table{
    AnomalyInfo{"nonlinearizable",
                "no order of the operations explains what they returned and respects time",
                "linearizable"},
    AnomalyInfo{"queue-order", "a queue gave a newer element before an older one", "linearizable"},
    AnomalyInfo{"stack-order", "no element of a stack can have lain under the others all the time",
                "linearizable"},
    AnomalyInfo{"priority-order", "a priority queue gave an element while a smaller one was inside",
                "linearizable"},
    AnomalyInfo{"false-empty",
                "a container was found empty while something was inside all the time",
                "linearizable"},
    AnomalyInfo{"duplicate-removal", "an element put in once was taken out more often",
                "linearizable"},
    AnomalyInfo{"duplicate-element", "an element is in a log more often than it was sent",
                "linearizable"},
    AnomalyInfo{"duplicate-elements", "a list or set holds an element twice that was added once",
                "read-committed set-full"},
    AnomalyInfo{"early-removal", "an element was taken out before it was put in", "linearizable"},
    AnomalyInfo{"early-read", "an element was read before its add began", "linearizable"},
    AnomalyInfo{"stale-read", "a read misses what had returned before it began", "linearizable"},
    AnomalyInfo{"incomparable-reads", "two reads of a growing set each show what the other lacks",
                "linearizable"},
    AnomalyInfo{"element-order",
                "no order of the changes of an element explains what was seen of it",
                "linearizable"},
    AnomalyInfo{"counter-bounds", "a counter was read outside what can have been added",
                "linearizable"},
    AnomalyInfo{"lock-overlap", "more holders at a time than the lock has permits", "linearizable"},
    AnomalyInfo{"release-without-hold", "a release succeeded although nothing was held",
                "linearizable"},
    AnomalyInfo{"renew-without-hold", "a lease was renewed that its process did not hold",
                "linearizable"},
    AnomalyInfo{"two-leaders", "one term has two leaders", "linearizable"},
    AnomalyInfo{"term-went-back", "a process saw a term, and later an older one", "linearizable"},
    AnomalyInfo{"stale-token", "tokens of a fenced lock do not grow with time", "linearizable"},
    AnomalyInfo{"stale-use", "a resource acted for a token after it had acted for a larger one",
                "linearizable"},
    AnomalyInfo{"log-conflict", "an offset of a log shows two elements", "linearizable"},
    AnomalyInfo{"duplicate-offset", "two sends were told the same offset", "linearizable"},
    AnomalyInfo{"log-gap", "an offset of a log that no send can have filled", "linearizable"},
    AnomalyInfo{"nonmonotonic-log", "the offsets of a log contradict real time", "linearizable"},
    AnomalyInfo{"inconsistent-offsets", "one offset of a log holds two messages", "ordered-log"},
    AnomalyInfo{"duplicate", "one message is in a log twice", "ordered-log"},
    AnomalyInfo{"lost-write", "an acknowledged message was passed over by every poll",
                "ordered-log"},
    AnomalyInfo{"poll-skip", "a process's next poll leaves out messages", "ordered-log"},
    AnomalyInfo{"nonmonotonic-poll", "a process's next poll goes back in the log", "ordered-log"},
    AnomalyInfo{"nonmonotonic-send", "a process's next message was put before its last one",
                "ordered-log"},
    AnomalyInfo{"int-poll-skip", "polls of one operation leave out messages", "ordered-log"},
    AnomalyInfo{"int-nonmonotonic-poll", "polls of one operation go back in the log",
                "ordered-log"},
    AnomalyInfo{"int-nonmonotonic-send",
                "messages of one operation are in the log the wrong way "
                "round",
                "ordered-log"},
    AnomalyInfo{"watch-ordered", "a watch delivered revisions out of order", "watch"},
    AnomalyInfo{"watch-unique", "a watch delivered a change twice", "watch"},
    AnomalyInfo{"watch-atomic", "a watch delivered the changes of one revision in parts", "watch"},
    AnomalyInfo{"watch-reliable", "a watch left out a change, or delivered one never made",
                "watch"},
    AnomalyInfo{"watch-resumable", "a watch did not start where it was asked to", "watch"},
    AnomalyInfo{"watch-bookmarkable", "a bookmark of a watch promised too much", "watch"},
    AnomalyInfo{"watch-filter", "a watch delivered what was not asked for", "watch"},
    AnomalyInfo{"watch-is-create", "a watch took a change for a creation, or the other way round",
                "watch"},
    AnomalyInfo{"watch-prev-kv", "a watch told a wrong previous value", "watch"},
    AnomalyInfo{"int-send-skip", "between messages of one operation lie others",
                "serializable-log"},
    AnomalyInfo{"precommitted-read", "a poll returned a message before its transaction committed",
                "serializable-log"},
    // Of single objects.
    AnomalyInfo{"unexpected-element", "an element was returned that nobody put in", "set"},
    AnomalyInfo{"lost-element", "an element that was put in is missing where it should be", "set"},
    // Models of sessions: the bad patterns of Bouajjani et al., and the like for the others.
    AnomalyInfo{"thin-air-read", "a read of a value that nobody wrote",
                "read-your-writes monotonic-reads monotonic-writes writes-follow-reads "
                "read-committed"},
    AnomalyInfo{"own-write-unseen", "a process does not see what it wrote itself",
                "read-your-writes"},
    AnomalyInfo{"nonmonotonic-read", "what a process has read vanishes again", "monotonic-reads"},
    AnomalyInfo{"nonmonotonic-write", "a process's writes are seen in another order",
                "monotonic-writes"},
    AnomalyInfo{"write-without-reads", "a write is seen without what its process had read before",
                "writes-follow-reads"},
    AnomalyInfo{"cyclic-pram", "no order of the writes explains what one process read", "pram"},
    AnomalyInfo{"write-pram-init-read",
                "a process reads the initial value although a write must come before", "pram"},
    AnomalyInfo{"cyclic-co", "CyclicCO: an effect precedes its own cause", "causal"},
    AnomalyInfo{"write-co-init-read",
                "WriteCOInitRead: the initial value is read causally after a write", "causal"},
    AnomalyInfo{"write-co-read",
                "WriteCORead: a value is read that was overwritten in the read's causal past",
                "causal"},
    AnomalyInfo{"cyclic-cf", "CyclicCF: no order of concurrent writes serves all processes",
                "causal-convergence"},
    AnomalyInfo{"write-hb-init-read",
                "WriteHBInitRead: a process reads the initial value although its earlier reads put "
                "a write before",
                "causal-memory"},
    AnomalyInfo{"cyclic-hb",
                "CyclicHB: no causal order of the writes explains all that one "
                "process read",
                "causal-memory"},
    AnomalyInfo{"cyclic-sc", "every order of all operations runs in a circle", "sequential"},
    AnomalyInfo{"write-sc-init-read",
                "the initial value is read although every order puts a write before", "sequential"},
    AnomalyInfo{"nonsequential", "no order of the operations explains what they returned",
                "sequential"},
    // Anomalies of transactions that one look at the operations shows.
    AnomalyInfo{"G1a", "aborted read: a read of what was rolled back",
                "read-committed ordered-log"},
    AnomalyInfo{"G1b", "intermediate read: a read of what its transaction had not finished",
                "read-committed"},
    AnomalyInfo{"dirty-update", "a committed write is built upon one that was rolled back",
                "read-committed"},
    AnomalyInfo{"garbage-read", "a read of a value that nobody wrote", "read-committed"},
    AnomalyInfo{"incompatible-order", "two reads of a list disagree on the order of its elements",
                "read-committed"},
    AnomalyInfo{"future-read", "a transaction reads what it writes only afterwards",
                "read-committed"},
    AnomalyInfo{"cyclic-versions", "the versions of one object follow each other in a circle",
                "read-committed"},
    AnomalyInfo{"internal", "a transaction's read contradicts its own earlier reads and writes",
                "read-atomic update-atomic"},
    AnomalyInfo{"OTV",
                "observed transaction vanishes: one effect of a transaction is seen, and later on "
                "another one is not",
                "monotonic-atomic-view"},
    AnomalyInfo{"nonmonotonic-commit",
                "a transaction reads of one commit and then what it had overwritten",
                "read-committed-be"},
    AnomalyInfo{"causality-cycle", "sessions and what was read from whom form a circle",
                "read-committed-be"},
    AnomalyInfo{"causal-violation", "a commit is seen without one of its causes",
                "transactional-causal"},
    AnomalyInfo{"fractured-read-process",
                "one effect of a transaction, or of the session before, is seen and another one is "
                "not",
                "read-atomic"},
    AnomalyInfo{"fractured-read", "one effect of a transaction is seen and another one is not",
                "update-atomic read-atomic"},
    AnomalyInfo{"lost-update", "a transaction replaces a version that was no longer the newest",
                "cursor-stability"},
    AnomalyInfo{"long-fork", "two transactions see two independent writes in opposite orders",
                "snapshot-isolation prefix repeatable-read"},
    AnomalyInfo{"causal-reverse", "a later write is seen without one that was over before it began",
                "strong-snapshot-isolation ordered-visibility"},
    AnomalyInfo{"wrong-total", "the accounts read do not add up to the constant total",
                "consistent-view"},
    AnomalyInfo{"negative-balance", "an account is below zero", "consistent-view"},
    AnomalyInfo{"unexpected-account", "a read of the accounts lacks one or has one too many",
                "consistent-view"},
    AnomalyInfo{"nonserial", "no order of the transactions that respects time explains the reads",
                "strict-serializable"},
    AnomalyInfo{"observed-transaction-vanishes",
                "an effect of a transaction is seen, and later another one is not",
                "read-committed-be monotonic-atomic-view"},
    AnomalyInfo{"no-order",
                "no order of the transactions explains what they read, as the model wants it", ""},
    // Cycles of dependencies, by Adya's classes; -item: no predicate is involved.
    AnomalyInfo{"G0", "dirty write: a circle of ww dependencies",
                "read-uncommitted serializable-log"},
    AnomalyInfo{"G1c", "circular information flow: a circle of ww and wr dependencies",
                "read-committed serializable-log"},
    AnomalyInfo{"G-single", "read skew: a circle with one anti-dependency", "consistent-view"},
    AnomalyInfo{"G-single-item", "read skew: a circle with one anti-dependency",
                "consistent-view repeatable-read"},
    AnomalyInfo{"G-nonadjacent", "a circle with several anti-dependencies, no two of them in a row",
                "snapshot-isolation"},
    AnomalyInfo{"G-nonadjacent-item",
                "a circle with several anti-dependencies, no two of them in a row",
                "snapshot-isolation repeatable-read"},
    AnomalyInfo{"G2-item", "write skew: a circle with anti-dependencies", "repeatable-read"},
    AnomalyInfo{"G2", "a circle with anti-dependencies, through a predicate", "serializable"},
    // The same with the order of each process.
    AnomalyInfo{"G0-process", "a circle of ww dependencies and the order of processes",
                "read-atomic"},
    AnomalyInfo{"G1c-process", "a circle of ww and wr dependencies and the order of processes",
                "read-atomic"},
    AnomalyInfo{"G-single-process", "read skew against the order of processes",
                "parallel-snapshot-isolation"},
    AnomalyInfo{"G-single-item-process", "read skew against the order of processes",
                "parallel-snapshot-isolation"},
    AnomalyInfo{"G-nonadjacent-process", "as G-nonadjacent, with the order of processes",
                "strong-session-snapshot-isolation"},
    AnomalyInfo{"G-nonadjacent-item-process", "as G-nonadjacent, with the order of processes",
                "strong-session-snapshot-isolation"},
    AnomalyInfo{"G2-item-process", "write skew against the order of processes",
                "strong-session-serializable"},
    AnomalyInfo{"G2-process", "as G2, with the order of processes", "strong-session-serializable"},
    // The same with real time.
    AnomalyInfo{"G0-realtime", "a circle of ww dependencies and real time",
                "strong-snapshot-isolation"},
    AnomalyInfo{"G1c-realtime", "a circle of ww and wr dependencies and real time",
                "strong-snapshot-isolation"},
    AnomalyInfo{"G-single-realtime", "read skew against real time: a stale read",
                "strong-snapshot-isolation"},
    AnomalyInfo{"G-single-item-realtime", "read skew against real time: a stale read",
                "strong-snapshot-isolation"},
    AnomalyInfo{"G-nonadjacent-realtime", "as G-nonadjacent, with real time",
                "strong-snapshot-isolation"},
    AnomalyInfo{"G-nonadjacent-item-realtime", "as G-nonadjacent, with real time",
                "strong-snapshot-isolation"},
    AnomalyInfo{"G2-item-realtime", "write skew against real time", "strict-serializable"},
    AnomalyInfo{"G2-realtime", "as G2, with real time", "strict-serializable"},
};

/// Calls `visit` with each word of a space separated list until it returns true.
template <class Visit>
bool any_word(std::string_view words, Visit visit) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end != 0 && visit(words.substr(0, end))) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

}  // namespace

std::span<const ModelInfo> model_lattice() { return model_table; }
std::span<const AnomalyInfo> anomaly_lattice() { return anomaly_table; }

const ModelInfo* find_model(std::string_view name) {
  const auto at = std::find_if(model_table.begin(), model_table.end(),
                               [&](const ModelInfo& model) { return model.name == name; });
  return at == model_table.end() ? nullptr : &*at;
}

const AnomalyInfo* find_anomaly(std::string_view name) {
  const auto at = std::find_if(anomaly_table.begin(), anomaly_table.end(),
                               [&](const AnomalyInfo& anomaly) { return anomaly.name == name; });
  return at == anomaly_table.end() ? nullptr : &*at;
}

bool implies(std::string_view stronger, std::string_view weaker) {
  if (stronger == weaker) return true;
  const ModelInfo* model = find_model(stronger);
  return model != nullptr &&
         any_word(model->implies, [&](std::string_view below) { return implies(below, weaker); });
}

bool implies_for(std::string_view datatype, std::string_view stronger, std::string_view weaker) {
  if (datatype == "list-append" &&
      (stronger == "read-atomic" || stronger == "transactional-causal" ||
       stronger == "read-committed-be") &&
      weaker != "read-atomic") {
    return stronger == weaker;
  }
  return implies(stronger, weaker);
}

std::vector<std::string_view> refuted_by(std::string_view anomaly) {
  std::vector<std::string_view> result;
  const AnomalyInfo* info = find_anomaly(anomaly);
  if (info == nullptr) return result;
  for (const ModelInfo& model : model_table) {
    if (any_word(info->refutes,
                 [&](std::string_view refuted) { return implies(model.name, refuted); })) {
      result.push_back(model.name);
    }
  }
  return result;
}

}  // namespace assay
