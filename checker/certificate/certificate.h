#pragma once
// Certificate: what lets the independent verifier re-check a verdict without searching.
// Its JSON form is docs/certificates.md; the verifier is verify.h and shares no code with any
// checker. This header is all that the two have in common.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/history.h"

namespace assay {

/// For pass: per key, an order of the operations that took effect, as event indices of their
/// invocations. Replayed through the sequential specification and checked against real time.
struct LinearOrder {
  std::optional<Value> key;
  std::vector<std::uint64_t> order;
  /// What indeterminate operations of the order returned, where the specification leaves a choice:
  /// which element of a bag a removal took.
  std::vector<std::pair<std::uint64_t, Value>> completions = {};
};

/// For violation: operations of one key that no order explains. They contain every operation that
/// could matter to one of them (closure.h says which, by datatype), so any linearization of the
/// whole key, restricted to them, would be one of them alone: refuting the witness refutes the
/// history.
struct Witness {
  std::optional<Value> key;
  std::vector<std::uint64_t> operations;
  /// Sets: the elements that reads of the whole set are restricted to.
  std::vector<Value> values = {};
};

/// One step of a contradiction: `before` precedes `after`, and the history itself says why.
/// docs/certificates.md lists the rules and what each of them names.
struct CycleStep {
  std::optional<std::uint64_t> before;  ///< absent: nobody, or the initial state
  std::optional<std::uint64_t> after;   ///< absent: the initial state, which nothing precedes
  std::string rule;
  std::optional<Value> key;
  std::optional<std::uint64_t> reader;  ///< whose read forces the step
  std::vector<std::uint64_t> path;      ///< how `before` is visible to the reader
};

/// For violation of a model of sessions or transactions: steps that lead back to where they began,
/// or a single one that is impossible by itself.
struct CertifiedCycle {
  std::vector<CycleStep> lemmas;  ///< steps that paths may use, each after those it rests on
  std::vector<CycleStep> steps;
};

/// For pass where values repeat: whose write a read of the key is taken to have returned.
struct ReadSource {
  std::uint64_t reader = 0;
  Value key;
  std::optional<std::uint64_t> writer;  ///< absent: the initial value
};

/// For violation of an isolation level: an anomaly. A cycle has steps, each with its rule (ww, wr,
/// rw, process, realtime) and, for data, the key and a transaction whose read shows the order;
/// any other anomaly has the transactions and values that show it.
struct TransactionProof {
  struct Step {
    std::uint64_t before = 0;  ///< event indices of invocations
    std::uint64_t after = 0;
    std::string rule;
    std::optional<Value> key;
    std::optional<std::uint64_t> shown_by;
  };
  std::string type;
  std::optional<Value> key;
  std::vector<std::uint64_t> transactions;
  std::vector<Value> values;
  std::vector<Step> steps;
};

/// For pass of an isolation level: per key the transactions that wrote it, as event indices, in the
/// order of their versions; and the transactions in an order that satisfies the level. With
/// `snapshots` each is there twice, 2 e where it reads and 2 e + 1 where its writes take effect.
struct TransactionOrder {
  struct Versions {
    Value key;
    std::vector<std::uint64_t> writers;
  };
  std::vector<Versions> versions;
  std::vector<std::uint64_t> order;
  bool snapshots = false;
};

/// A violation seen while a history still grew, or in one that did not fit the memory, is about a
/// part of it: what happened up to an event, or on some keys. What no order explains there, no
/// order of the whole explains, if the model is about real time (and, for keys, about each by
/// itself).
struct HistoryPart {
  std::optional<std::uint64_t> last_event;  ///< this event and those before it
  std::vector<Value> keys;                  ///< the operations on these; empty: all
};

struct Certificate {
  std::string verdict;  ///< "pass", "violation", or empty: no certificate
  std::string model;
  std::string datatype;
  std::string history_digest;  ///< History::digest() of the history it belongs to, or of its part
  std::optional<HistoryPart> part;
  Value initial;
  std::vector<LinearOrder> orders;
  std::vector<Witness> witnesses;
  std::vector<CertifiedCycle> cycles;
  std::vector<ReadSource> sources;
  std::optional<TransactionOrder> transaction_order;
  std::vector<TransactionProof> proofs;

  bool empty() const { return verdict.empty(); }
};

std::string to_json(const Certificate& certificate);
/// Error (bad_data) names what is missing or of the wrong type.
Result<Certificate> certificate_from_json(const std::string& text);

}  // namespace assay
