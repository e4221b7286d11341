#pragma once
// The command that reads: find, by every read concern that single-leader replication can serve.

#include <functional>
#include <string>
#include <variant>

#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/member.h"

namespace assay::mongodb_front {

class ReadCommands {
 public:
  explicit ReadCommands(Member& member) : member_(member) {}
  void find_one(const Datum& command, const Respond& respond);

 private:
  /// A document, nil if there is none, and what time it was.
  struct Found {
    Datum document;
    reference::Position position;
  };
  using OnFound = std::function<void(const std::variant<Found, Refusal>&)>;
  /// By the read concern of this level.
  void read(const Datum& key, const std::string& level, Nanos deadline, const OnFound& done);
  void read_spread(const Found& found, Nanos deadline, const OnFound& done);

  Member& member_;
};

}  // namespace assay::mongodb_front
