#pragma once
// One key of a History as calls on a string: failed operations and gets that say nothing are left
// out, texts are numbered and stay where the History keeps them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checker/linearizability/id_numbering.h"
#include "checker/models/kv_string.h"
#include "history/history.h"

namespace assay {

struct StringObject {
  std::vector<StringCall> calls;        ///< sorted by start
  std::vector<OpIndex> operations;      ///< by call: the operation it stands for
  std::vector<std::string_view> texts;  ///< by number; all different
  std::uint32_t initial = 0;            ///< a text
};

/// Reads keys of one history, which outlives the objects. Reuses its tables: give each thread its
/// own.
class StringReader {
 public:
  explicit StringReader(const History& history);

  /// Errors: bad_data (a function or value does not fit; names the event). O(n log n).
  Result<StringObject> read(KeyId key);

 private:
  ValueId text_of(const Operation& operation) const;
  Status add(const Operation& operation, StringObject& object);
  std::optional<std::uint32_t> number(ValueId id, StringObject& object);
  std::uint32_t number(std::string_view text, StringObject& object);

  const History& history_;
  std::vector<std::optional<StringFunction>> functions_;  ///< by FunctionId
  IdNumbering ids_;
  std::vector<std::uint32_t> text_of_id_;  ///< by number of the id
  std::optional<std::uint32_t> empty_;     ///< the number of the empty text
  std::string scratch_;
};

}  // namespace assay
