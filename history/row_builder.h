#pragma once
// RowBuilder: the rules of a history, over numbers. HistoryBuilder names things for it; the reader
// of the journal, whose files number everything themselves, speaks to it directly. After an error
// it goes on as if only this event were wrong, for those who want to know every problem of an
// input; the History is then not what was recorded.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "history/history.h"
#include "history/rows.h"

namespace assay {

class RowBuilder {
 public:
  using Columns = History::Columns;
  /// A completion that says nothing about its function: it is the invocation's.
  static constexpr std::uint32_t same = std::numeric_limits<std::uint32_t>::max();
  /// A completion whose key occurs in no invocation, or on which there is none.
  static constexpr KeyId unknown_key = no_key - 1;

  struct Stamp {
    std::uint64_t index;
    Nanos time;
    ProcessId process;
  };

  explicit RowBuilder(HistoryInfo info);

  /// Every event begins here: indices increase, processes are numbered from 0.
  Status begin(const Stamp& stamp) {
    if (stamp.index < next_index_ || stamp.index > index_max || number_of(stamp.process) < -1) {
      return bad_stamp(stamp);
    }
    next_index_ = stamp.index + 1;
    columns_->duration_of_run = std::max(columns_->duration_of_run, stamp.time);
    return {};
  }
  /// `node` is its number in nodes plus one, 0 for none.
  Status invoke(const Stamp& stamp, std::uint32_t function, KeyId key, ValueId argument,
                std::uint32_t node);
  /// What a completion says about its invocation: `function` is a number or `same`, `key` a number
  /// or no_key (says nothing). The texts of what is not numbered are for the message.
  struct Claim {
    std::uint32_t function = same;
    std::string_view function_name{};
    KeyId key = no_key;
    const Value* key_value = nullptr;
  };
  struct Completion {
    EventType type;
    ValueId value;  ///< kept for an ok; of another if it is not the argument again
    std::uint32_t node;
    std::string_view error;
  };
  /// Closes the open operation of a process. Error: there is none, or it is another than what the
  /// completion says.
  Status complete(const Stamp& stamp, const Claim& claim, const Completion& completion);
  void add_fault(FaultEvent fault) { columns_->faults.push_back(std::move(fault)); }

  KeyId key(ValueId id);
  History::Columns& columns() { return *columns_; }
  /// As HistoryBuilder::finish.
  Result<std::unique_ptr<History::Columns>> finish();

 private:
  struct Slot {
    OpIndex operation = none;
    bool open = false;
    Nanos last = unknown_time;
  };
  /// Event indices are also ticks of an order, which is signed.
  static constexpr std::uint64_t index_max = static_cast<std::uint64_t>(never) - 1;
  static constexpr OpIndex none = std::numeric_limits<OpIndex>::max();
  static constexpr std::uint32_t dense_max = 1U << 20U;

  static std::int32_t number_of(ProcessId process) { return static_cast<std::int32_t>(process); }
  Slot& slot(ProcessId process) {
    const auto number = static_cast<std::uint32_t>(process);
    return number < dense_.size() ? dense_[number] : new_slot(number);
  }
  Slot& new_slot(std::uint32_t number);
  void note_time(const Stamp& stamp, Slot& slot) {
    if (stamp.time < Nanos(0)) {
      ++untimed_;
      return;
    }
    ++timed_;
    if (stamp.time < slot.last && !time_error_) time_goes_back(stamp, slot);
    slot.last = stamp.time;
  }
  void time_goes_back(const Stamp& stamp, const Slot& slot);
  Error bad_stamp(const Stamp& stamp);
  Error still_open(const Stamp& stamp, std::uint32_t function, const Slot& slot) const;
  Error not_open(const Stamp& stamp, EventType type, const Claim& claim, const Slot& slot) const;
  std::string key_text(KeyId key) const;

  std::unique_ptr<History::Columns> columns_;
  std::vector<Slot> dense_;
  std::unordered_map<std::uint32_t, Slot> sparse_;
  std::uint64_t next_index_ = 0;  ///< the least that the next event may have
  std::uint64_t timed_ = 0;       ///< client events with a time
  std::uint64_t untimed_ = 0;     ///< client events without
  std::optional<Error> time_error_;
};

}  // namespace assay
