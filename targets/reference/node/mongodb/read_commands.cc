#include "targets/reference/node/mongodb/read_commands.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "targets/reference/node/mongodb/arguments.h"
#include "targets/reference/node/mongodb/bson.h"
#include "targets/reference/node/mongodb/writes.h"

namespace assay::mongodb_front {
namespace {

using reference::OwnCopy;
using reference::Position;

Refusal expired() { return {50, "MaxTimeMSExpired", "operation exceeded time limit"}; }

Refusal rolled_back() {
  return {11602, "InterruptedDueToReplStateChange", "another primary did not have what was read"};
}

}  // namespace

void ReadCommands::find_one(const Datum& command, const Respond& respond) {
  const Datum* filter = find(command, "filter");
  auto id = id_in(filter == nullptr ? Datum() : *filter);
  if (const auto* why = std::get_if<Refusal>(&id)) return respond(refusal(*why));
  const Datum* concern = find(command, "readConcern");
  const std::string level = concern == nullptr ? "" : text_in(*concern, "level");
  const Datum* time = concern == nullptr ? nullptr : find(*concern, "afterClusterTime");
  const auto after = time == nullptr ? Position() : position_of(*time).value_or(Position());
  constexpr std::array<std::string_view, 5> levels{"", "local", "available", "majority",
                                                   "linearizable"};
  if (std::find(levels.begin(), levels.end(), level) == levels.end()) {
    return respond(refusal({72, "InvalidOptions", "no read concern " + level + " here"}));
  }
  const bool from_primary = level == "linearizable" || !allows_secondaries(command);
  if (from_primary && !member_.leads()) {
    return respond(
        refusal({13435, "NotPrimaryNoSecondaryOk", "not primary and secondaryOk=false"}));
  }
  const Datum key = key_of(command, std::get<Datum>(std::move(id)));
  const OnFound done = [filter = *filter, name = namespace_of(command),
                        respond](const std::variant<Found, Refusal>& outcome) {
    if (const auto* why = std::get_if<Refusal>(&outcome)) return respond(refusal(*why));
    const auto& found = std::get<Found>(outcome);
    const auto fits = found.document.is_nil() ? false : matches(filter, found.document);
    if (!fits) return respond(refusal(malformed("filters compare with $eq or ask $exists")));
    Datum::List batch;
    if (*fits) batch.push_back(found.document);
    Datum reply =
        document({{"cursor", document({{"id", number(0)}, {"ns", name}, {"firstBatch", batch}})},
                  {"ok", number(1)}});
    add_times(reply, found.position);
    respond(std::move(reply));
  };
  const Nanos deadline = deadline_of(command, "maxTimeMS");
  member_.wait(deadline, [this, after, key, level, deadline, done](bool late) {
    if (member_.copy().applied() >= after) {
      read(key, level, deadline, done);
      return true;
    }
    if (late) done(expired());
    return late;
  });
}

void ReadCommands::read(const Datum& key, const std::string& level, Nanos deadline,
                        const OnFound& done) {
  if (level != "linearizable") {
    const Found found{StoredDocument::from(member_.read(key)).document, member_.copy().applied()};
    if (level != "majority") return done(found);
    return read_spread(found, deadline, done);
  }
  reference::Command command;
  command.kind = reference::CommandKind::read;
  command.key = key;
  member_.ask(std::move(command), [this, deadline, done](const reference::Reply& reply) {
    if (reply.outcome != reference::Outcome::ok) return done(stepped_down());
    read_spread({StoredDocument::from(reply.value).document, member_.copy().applied()}, deadline,
                done);
  });
}

void ReadCommands::read_spread(const Found& found, Nanos deadline, const OnFound& done) {
  member_.wait(deadline, [this, found, done](bool late) {
    const auto spread = member_.copy().spread_of(found.position);
    if (spread == OwnCopy::Spread::own && !late) return false;
    if (spread == OwnCopy::Spread::majority) {
      done(found);
    } else {
      done(spread == OwnCopy::Spread::lost ? rolled_back() : expired());
    }
    return true;
  });
}

}  // namespace assay::mongodb_front
