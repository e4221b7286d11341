#pragma once
// Small histories of every datatype but the register, and the oracle: linearizability by its
// definition, trying every order, with specifications of its own.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay::oracle {

/// What an operation can be, whatever it is called: put in / add / acquire / send; take out /
/// remove / release / poll; ask; read all.
enum class Kind : std::uint8_t { put, take, ask, all };

struct Op {
  Kind kind = Kind::put;
  int argument = 0;
  int result = 0;         ///< ask, take, send, read: what came back; nothing: none
  std::vector<int> many;  ///< poll, whole reads
  int process = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;  ///< never: indeterminate
  bool failed = false;

  bool pending() const { return end == never; }
};

inline constexpr int none = -1;    ///< found empty
inline constexpr int untold = -2;  ///< add and remove: did not say whether anything changed

/// Names: those of the table of datatypes, and `set-reads` for grow-only sets read as a whole.
bool is_linearizable(std::string_view datatype, const std::vector<Op>& ops);

struct Choices {
  std::size_t count = 6;
  int values = 3;
  bool duplicates = false;  ///< containers: values may be put in twice
  double pending = 0.2;
  double failed = 0.1;
  double wrong = 0.15;  ///< results replaced
  double looks = 0.4;   ///< the share of operations that only look
  std::int64_t length = 4;
};
Choices random_choices(Random& random);
/// Operations of a simulated object, some of whose results are then changed.
std::vector<Op> random_ops(std::string_view datatype, Random& random, const Choices& choices);

/// As a history with times. `event_of`: by operation, the event of the invocation.
History as_history(std::string_view datatype, const std::vector<Op>& ops);

std::string to_text(std::string_view datatype, const std::vector<Op>& ops);

}  // namespace assay::oracle
