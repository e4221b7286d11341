#pragma once
// A container as its clients saw it: what was put in, what was taken out, when it was found empty.
// One form for bags, queues, stacks and priority queues; the algorithms differ, this does not.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checker/linearizability/extent.h"
#include "checker/linearizability/id_numbering.h"
#include "history/history.h"

namespace assay {

enum class ContainerKind : std::uint8_t { bag, fifo, stack, priority };

/// A value that was put in at most once and taken out at most once.
struct Element {
  Extent in;
  Extent out;  ///< start and end are `never` if nobody took it
  ValueId value{};
  std::uint32_t rank = 0;  ///< priority queues: by priority, the smallest is 0
};

struct Container {
  std::vector<Element> elements;    ///< by in.start
  std::vector<Extent> empties;      ///< removals that returned ok and found nothing
  std::vector<Extent> pending;      ///< removals that may have taken any element; by start
  std::vector<std::uint64_t> echo;  ///< of a flawed one: all operations on the value in question
};

/// What is wrong with the values alone, before any order is looked at.
enum class ContainerFlaw : std::uint8_t {
  none,
  duplicates,  ///< a value was put in twice: only a search can decide
  looks,       ///< somebody looked at a value and left it there: only a search can decide
  fresh,       ///< a value was taken out that nobody put in
  repeated     ///< a value was put in once and taken out more often
};

/// Reads containers from a history, one key after the other. Insertions: enqueue, enq, push,
/// insert, add, put; removals: dequeue, deq, pop, remove, poll, take, extract-min, delete-min,
/// remove-min; looks, which leave the value inside: peek, top, front, head, find-min. A removal or
/// look that returns nil, :empty, :nil or "empty" found nothing.
class ContainerReader {
 public:
  ContainerReader(const History& history, ContainerKind kind);

  struct Read {
    Container container;
    ContainerFlaw flaw = ContainerFlaw::none;
  };
  /// O(n log n). Errors: bad_data, a function that a container does not have.
  Result<Read> read(KeyId key);

 private:
  enum class Action : std::uint8_t { unknown, insert, remove, look };
  void rank_by_priority(std::vector<Element>& elements) const;

  const History& history_;
  ContainerKind kind_;
  std::vector<Action> actions_;  ///< by FunctionId
  std::vector<ValueId> empty_;   ///< results that mean "there was nothing"
  IdNumbering numbers_;
};

bool is_insertion(std::string_view function);
bool is_removal(std::string_view function);
bool is_look(std::string_view function);
/// Does a removal with this result say that the container was empty?
bool means_empty(const Value& result);

}  // namespace assay
