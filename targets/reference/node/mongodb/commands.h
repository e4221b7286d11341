#pragma once
// The table of MongoDB's commands that a member answers.

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "targets/reference/node/mongodb/documents.h"
#include "targets/reference/node/mongodb/member.h"
#include "targets/reference/node/mongodb/writes.h"

namespace assay::mongodb_front {

/// Takes the reply; called once.
using Respond = std::function<void(Datum reply)>;

class Commands {
 public:
  explicit Commands(Member& member) : member_(member), writes_(member) {}
  /// A map whose first name is the command's.
  void run(const Datum& command, const Respond& respond);

 private:
  struct Row;
  struct Bulk;
  static const Row* find_row(const Datum& command);

  void hello(const Datum& command, const Respond& respond);
  void agree(const Datum& command, const Respond& respond);
  void build_info(const Datum& command, const Respond& respond);
  void find_one(const Datum& command, const Respond& respond);
  void insert(const Datum& command, const Respond& respond);
  void update(const Datum& command, const Respond& respond);
  void find_and_modify(const Datum& command, const Respond& respond);

  /// A document, nil if there is none, and what time it was.
  struct Found {
    Datum document;
    reference::Position position;
  };
  using OnFound = std::function<void(const std::variant<Found, Refusal>&)>;
  /// By the read concern of this level.
  void read(const Datum& key, const std::string& level, Nanos deadline, const OnFound& done);
  void read_spread(const Found& found, Nanos deadline, const OnFound& done);
  void go_on(const std::shared_ptr<Bulk>& bulk);
  /// Responds once the write concern that the command names is met, or says why it is not.
  void acknowledge(const Datum& command, Datum reply, const reference::Position& position,
                   const Respond& respond);

  Member& member_;
  Writes writes_;
};

}  // namespace assay::mongodb_front
