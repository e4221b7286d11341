#include "targets/reference/node/mongodb/commands.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/bson.h"

namespace assay::mongodb_front {
namespace {

using reference::OwnCopy;
using reference::Position;
using reference::Role;

constexpr const char* set_name = "assay";
// Of MongoDB 6.0: the first that knows all that is answered here in the form of today.
constexpr int wire_version = 17;
constexpr Nanos patience = std::chrono::seconds(10);

Refusal failed(std::string message) { return {9, "FailedToParse", std::move(message)}; }

std::string text_in(const Datum& map, std::string_view name) {
  const Datum* field = find(map, name);
  const auto* held = field == nullptr ? nullptr : field->get_if<std::string>();
  return held == nullptr ? std::string() : *held;
}

std::optional<std::int64_t> number_in(const Datum& map, std::string_view name) {
  const Datum* field = find(map, name);
  const auto* held = field == nullptr ? nullptr : field->get_if<std::int64_t>();
  return held == nullptr ? std::nullopt : std::optional(*held);
}

bool is_true(const Datum& map, std::string_view name) {
  const Datum* field = find(map, name);
  return field != nullptr && *field == Datum(true);
}

const Datum::Map& fields_of(const Datum& command) { return *command.get_if<Datum::Map>(); }

/// database.collection
std::string namespace_of(const Datum& command) {
  const auto* collection = fields_of(command).front().second.get_if<std::string>();
  return text_in(command, "$db") + "." + (collection == nullptr ? "" : *collection);
}

Datum key_of(const Datum& command, const Datum& id) {
  return Datum::List{Datum(namespace_of(command)), id};
}

Nanos deadline_of(const Datum& options, std::string_view name) {
  const auto ms = number_in(options, name);
  const bool given = ms && *ms > 0 && *ms < std::numeric_limits<std::int32_t>::max();
  return monotonic_now() + (given ? Nanos(std::chrono::milliseconds(*ms)) : patience);
}

Refusal expired() { return {50, "MaxTimeMSExpired", "operation exceeded time limit"}; }

Refusal rolled_back() {
  return {11602, "InterruptedDueToReplStateChange", "another primary did not have what was read"};
}

/// Of `writeConcern`; nothing: the primary's disk is enough. A server's default is the majority.
std::variant<std::optional<Nanos>, Refusal> concern_of(const Datum& command) {
  const Datum* concern = find(command, "writeConcern");
  const Datum none;
  const Datum& given = concern == nullptr ? none : *concern;
  const Datum* w = find(given, "w");
  if (w == nullptr || is_text(w, "majority")) return std::optional(deadline_of(given, "wtimeout"));
  if (*w == number(0) || *w == number(1)) return std::optional<Nanos>();
  return Refusal{100, "UnsatisfiableWriteConcern", "w is 0, 1 or majority here"};
}

bool allows_secondaries(const Datum& command) {
  const Datum* preference = find(command, "$readPreference");
  return preference != nullptr && text_in(*preference, "mode") != "primary";
}

}  // namespace

struct Commands::Row {
  std::string_view name;
  void (Commands::*run)(const Datum& command, const Respond& respond);
};

const Commands::Row* Commands::find_row(const Datum& command) {
  static constexpr std::array rows{
      Row{"hello", &Commands::hello},
      Row{"isMaster", &Commands::hello},
      Row{"ismaster", &Commands::hello},
      Row{"ping", &Commands::agree},
      Row{"endSessions", &Commands::agree},
      Row{"create", &Commands::agree},
      Row{"buildInfo", &Commands::build_info},
      Row{"buildinfo", &Commands::build_info},
      Row{"find", &Commands::find_one},
      Row{"insert", &Commands::insert},
      Row{"update", &Commands::update},
      Row{"findAndModify", &Commands::find_and_modify},
      Row{"findandmodify", &Commands::find_and_modify},
  };
  const auto* map = command.get_if<Datum::Map>();
  if (map == nullptr || map->empty()) return nullptr;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) {
    return is_text(&map->front().first, each.name);
  });
  return row == rows.end() ? nullptr : &*row;
}

void Commands::run(const Datum& command, const Respond& respond) {
  const Row* row = find_row(command);
  if (row == nullptr) {
    respond(refusal({59, "CommandNotFound", "no such command here"}));
  } else if (find(command, "txnNumber") != nullptr) {
    respond(refusal({20, "IllegalOperation",
                     "Transaction numbers are not supported: neither retryable writes nor "
                     "transactions"}));
  } else {
    (this->*row->run)(command, respond);
  }
}

void Commands::hello(const Datum& /*command*/, const Respond& respond) {
  const auto status = member_.status();
  const bool leads = status.role == Role::leader;
  Datum::List hosts;
  for (auto& host : member_.hosts()) hosts.emplace_back(std::move(host));
  Datum reply = document({{"ismaster", leads},
                          {"isWritablePrimary", leads},
                          {"secondary", !leads},
                          {"setName", text(set_name)},
                          {"setVersion", number(1)},
                          {"hosts", hosts},
                          {"me", member_.host_of(member_.self())},
                          {"maxBsonObjectSize", number(1 << 20)},
                          {"maxMessageSizeBytes", number(1 << 22)},
                          {"maxWriteBatchSize", number(1000)},
                          {"logicalSessionTimeoutMinutes", number(30)},
                          {"minWireVersion", number(0)},
                          {"maxWireVersion", number(wire_version)},
                          {"readOnly", false},
                          {"ok", number(1)}});
  if (const std::string primary = member_.host_of(status.leader); !primary.empty()) {
    add_field(reply, "primary", primary);
  }
  if (leads) {
    // Drivers that have heard of a later election ignore this primary.
    constexpr std::size_t oid_digits = 24;
    const std::string digits = std::to_string(status.term);
    add_field(reply, "electionId",
              document({{"$oid", std::string(oid_digits - digits.size(), '0') + digits}}));
  }
  respond(std::move(reply));
}

void Commands::agree(const Datum& /*command*/, const Respond& respond) {
  respond(document({{"ok", number(1)}}));
}

void Commands::build_info(const Datum& /*command*/, const Respond& respond) {
  respond(document({{"version", text("assay-node " ASSAY_VERSION)}, {"ok", number(1)}}));
}

void Commands::find_one(const Datum& command, const Respond& respond) {
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
    if (!fits) return respond(refusal(failed("filters compare with $eq or ask $exists")));
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

void Commands::read(const Datum& key, const std::string& level, Nanos deadline,
                    const OnFound& done) {
  if (level != "linearizable") {
    const Found found{member_.read(key), member_.copy().applied()};
    if (level != "majority") return done(found);
    return read_spread(found, deadline, done);
  }
  reference::Command command;
  command.kind = reference::CommandKind::read;
  command.key = key;
  member_.ask(std::move(command), [this, deadline, done](const reference::Reply& reply) {
    if (reply.outcome != reference::Outcome::ok) return done(stepped_down());
    read_spread({reply.value, member_.copy().applied()}, deadline, done);
  });
}

void Commands::read_spread(const Found& found, Nanos deadline, const OnFound& done) {
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

void Commands::acknowledge(const Datum& command, Datum reply, const Position& position,
                           const Respond& respond) {
  add_times(reply, position);
  const auto concern = concern_of(command);
  const auto& deadline = std::get<std::optional<Nanos>>(concern);
  if (!deadline) return respond(std::move(reply));
  member_.wait(*deadline, [this, reply = std::move(reply), position, respond](bool late) {
    if (member_.copy().spread_of(position) == OwnCopy::Spread::majority) {
      respond(reply);
      return true;
    }
    const bool leads = member_.leads();
    if (leads && !late) return false;
    Datum unmet = reply;
    add_field(unmet, "writeConcernError",
              leads ? document({{"code", number(64)},
                                {"codeName", text("WriteConcernFailed")},
                                {"errmsg", text("waiting for replication timed out")}})
                    : document({{"code", number(189)},
                                {"codeName", text("PrimarySteppedDown")},
                                {"errmsg", text("stepped down while waiting for replication")}}));
    respond(std::move(unmet));
    return true;
  });
}

/// The documents of one insert or update, one after another.
struct Commands::Bulk {
  Datum command;
  std::vector<Change> changes;
  Respond respond;
  std::size_t at = 0;
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  Datum::List upserted;
  Datum::List errors;
  bool ordered = true;
  bool is_update = false;
  Position position;
};

void Commands::insert(const Datum& command, const Respond& respond) {
  const Datum* given = find(command, "documents");
  const auto* documents = given == nullptr ? nullptr : given->get_if<Datum::List>();
  if (documents == nullptr) return respond(refusal(failed("insert needs documents")));
  auto bulk = std::make_shared<Bulk>();
  for (const Datum& each : *documents) {
    const Datum* id = find(each, "_id");
    if (id == nullptr) return respond(refusal(failed("a document needs an _id")));
    bulk->changes.push_back({Change::Kind::insert, *id, {}, each, false});
  }
  bulk->command = command;
  bulk->respond = respond;
  go_on(bulk);
}

void Commands::update(const Datum& command, const Respond& respond) {
  const Datum* given = find(command, "updates");
  const auto* updates = given == nullptr ? nullptr : given->get_if<Datum::List>();
  if (updates == nullptr) return respond(refusal(failed("update needs updates")));
  auto bulk = std::make_shared<Bulk>();
  for (const Datum& each : *updates) {
    const Datum* filter = find(each, "q");
    const Datum* change = find(each, "u");
    if (filter == nullptr || change == nullptr) {
      return respond(refusal(failed("an update needs q and u")));
    }
    auto id = id_in(*filter);
    if (const auto* why = std::get_if<Refusal>(&id)) return respond(refusal(*why));
    bulk->changes.push_back({Change::Kind::update, std::get<Datum>(std::move(id)), *filter, *change,
                             is_true(each, "upsert")});
  }
  bulk->command = command;
  bulk->respond = respond;
  bulk->is_update = true;
  go_on(bulk);
}

void Commands::go_on(const std::shared_ptr<Bulk>& bulk) {
  if (bulk->at == 0) {
    const auto concern = concern_of(bulk->command);
    if (const auto* why = std::get_if<Refusal>(&concern)) return bulk->respond(refusal(*why));
    const Datum* ordered = find(bulk->command, "ordered");
    bulk->ordered = ordered == nullptr || *ordered == Datum(true);
    bulk->position = member_.copy().applied();
  }
  if (bulk->at == bulk->changes.size() || (bulk->ordered && !bulk->errors.empty())) {
    Datum reply = document({{"n", number(bulk->matched)}});
    if (bulk->is_update) add_field(reply, "nModified", number(bulk->modified));
    if (!bulk->upserted.empty()) add_field(reply, "upserted", bulk->upserted);
    if (!bulk->errors.empty()) add_field(reply, "writeErrors", bulk->errors);
    add_field(reply, "ok", number(1));
    return acknowledge(bulk->command, std::move(reply), bulk->position, bulk->respond);
  }
  const std::size_t at = bulk->at++;
  const Change& change = bulk->changes[at];
  writes_.write(
      key_of(bulk->command, change.id), change,
      [this, bulk, at](std::variant<Written, Refusal> outcome) {
        if (const auto* why = std::get_if<Refusal>(&outcome)) {
          // Of the first one the whole command can be refused, which drivers understand.
          const bool whole =
              at == 0 && (why->code == not_primary().code || why->code == stepped_down().code);
          if (whole) return bulk->respond(refusal(*why));
          bulk->errors.push_back(write_error(at, *why));
          return go_on(bulk);
        }
        const auto& written = std::get<Written>(outcome);
        const auto& changed = written.changed;
        bulk->position = std::max(bulk->position, written.position);
        if (changed.matched || changed.upserted) ++bulk->matched;
        if (changed.matched && !(changed.after == written.before)) ++bulk->modified;
        if (bulk->is_update && changed.upserted) {
          bulk->upserted.push_back(document(
              {{"index", number(static_cast<std::int64_t>(at))}, {"_id", bulk->changes[at].id}}));
        }
        go_on(bulk);
      });
}

void Commands::find_and_modify(const Datum& command, const Respond& respond) {
  const Datum* filter = find(command, "query");
  const Datum* change = find(command, "update");
  if (filter == nullptr || change == nullptr || is_true(command, "remove")) {
    return respond(refusal(failed("findAndModify needs a query and an update")));
  }
  const auto concern = concern_of(command);
  if (const auto* why = std::get_if<Refusal>(&concern)) return respond(refusal(*why));
  auto id = id_in(*filter);
  if (const auto* why = std::get_if<Refusal>(&id)) return respond(refusal(*why));
  const Datum& key = std::get<Datum>(id);
  writes_.write(
      key_of(command, key),
      {Change::Kind::update, key, *filter, *change, is_true(command, "upsert")},
      [this, command, key, respond](std::variant<Written, Refusal> outcome) {
        if (const auto* why = std::get_if<Refusal>(&outcome)) return respond(refusal(*why));
        const auto& written = std::get<Written>(outcome);
        const auto& changed = written.changed;
        const bool any = changed.matched || changed.upserted;
        Datum last = document({{"n", number(any ? 1 : 0)}, {"updatedExisting", changed.matched}});
        if (changed.upserted) add_field(last, "upserted", key);
        const Datum value = is_true(command, "new") ? changed.after
                            : changed.matched       ? written.before
                                                    : Datum();
        Datum reply = document({{"lastErrorObject", last}, {"value", value}, {"ok", number(1)}});
        acknowledge(command, std::move(reply), written.position, respond);
      });
}

}  // namespace assay::mongodb_front
