#pragma once
// The commands that write: insert, update, delete and findAndModify, each acknowledged by its write
// concern.

#include <cstddef>
#include <memory>
#include <vector>

#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/member.h"
#include "targets/reference/node/mongodb/writes.h"

namespace assay::mongodb_front {

class WriteCommands {
 public:
  explicit WriteCommands(Member& member) : member_(member), writes_(member) {}
  void insert(const Datum& command, const Respond& respond);
  void update(const Datum& command, const Respond& respond);
  void remove(const Datum& command, const Respond& respond);
  void find_and_modify(const Datum& command, const Respond& respond);

 private:
  struct Bulk;
  void begin(const Datum& command, std::vector<Change> changes, const Respond& respond);
  /// With the next change, or to the reply.
  void go_on(const std::shared_ptr<Bulk>& bulk);
  void written(const std::shared_ptr<Bulk>& bulk, std::size_t at,
               const std::variant<Written, Refusal>& outcome);
  /// Responds once the write concern that the command names is met, or says why it is not.
  void acknowledge(const Datum& command, Datum reply, const reference::Position& position,
                   const Respond& respond);

  Member& member_;
  Writes writes_;
};

}  // namespace assay::mongodb_front
