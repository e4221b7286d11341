#pragma once
// Writes of documents, as commands of the store: a document is a register, and a change of it is a
// compare-and-set of the whole. Changes of one document follow each other.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <variant>

#include "targets/reference/node/mongodb/documents.h"
#include "targets/reference/node/mongodb/member.h"

namespace assay::mongodb_front {

/// A change that is in the primary's log, or that changed nothing.
struct Written {
  Effect effect;
  reference::Position position;  ///< the log up to here shows it
};

class Writes {
 public:
  using OnDone = std::function<void(std::variant<Written, Refusal>)>;
  explicit Writes(Member& member) : member_(member) {}
  /// `key`: of the document in the store. Done once the primary's disk has it: not yet the others'.
  void write(const Datum& key, Change change, OnDone done);

 private:
  struct Job {
    Datum key;
    Change change;
    OnDone done;
    int attempts = 0;
  };
  void attempt(const std::shared_ptr<Job>& job);
  void answered(const std::shared_ptr<Job>& job, Written written, reference::Term term,
                const reference::Reply& reply);
  void finish(const std::shared_ptr<Job>& job, std::variant<Written, Refusal> outcome);

  Member& member_;
  std::map<Datum, std::deque<std::shared_ptr<Job>>> queues_;  // the first one is under way
};

/// Of a member that does not lead.
Refusal not_primary();
/// Of one that no longer does, so that the outcome is not known.
Refusal stepped_down();

}  // namespace assay::mongodb_front
