#pragma once
// The table of MongoDB's commands that a member answers.

#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/member.h"
#include "targets/reference/node/mongodb/read_commands.h"
#include "targets/reference/node/mongodb/write_commands.h"

namespace assay::mongodb_front {

class Commands {
 public:
  explicit Commands(Member& member) : member_(member), reads_(member), writes_(member) {}
  /// A map whose first name is the command's.
  void run(const Datum& command, const Respond& respond);

 private:
  struct Row;
  static const Row* find_row(const Datum& asked);

  const Member& member_;
  ReadCommands reads_;
  WriteCommands writes_;
};

}  // namespace assay::mongodb_front
