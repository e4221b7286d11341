#include "targets/reference/node/mongodb/write_commands.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "targets/reference/node/mongodb/arguments.h"
#include "targets/reference/node/mongodb/bson.h"

namespace assay::mongodb_front {

using reference::Position;

/// The documents of one command, one after another.
struct WriteCommands::Bulk {
  Datum command;
  std::vector<Change> changes;
  Respond respond;
  bool ordered = true;
  std::size_t at = 0;
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  Datum::List upserted;
  Datum::List errors;
  Position position;

  bool is_update() const {
    return !changes.empty() && changes.front().kind == Change::Kind::update;
  }
};

void WriteCommands::insert(const Datum& command, const Respond& respond) {
  const auto* documents = list_in(command, "documents");
  if (documents == nullptr) return respond(refusal(malformed("insert needs documents")));
  std::vector<Change> changes;
  for (const Datum& each : *documents) {
    const Datum* id = find(each, "_id");
    if (id == nullptr) return respond(refusal(malformed("a document needs an _id")));
    changes.push_back({Change::Kind::insert, *id, {}, each, false});
  }
  begin(command, std::move(changes), respond);
}

void WriteCommands::update(const Datum& command, const Respond& respond) {
  const auto* updates = list_in(command, "updates");
  if (updates == nullptr) return respond(refusal(malformed("update needs updates")));
  std::vector<Change> changes;
  for (const Datum& each : *updates) {
    const Datum* filter = find(each, "q");
    const Datum* change = find(each, "u");
    if (filter == nullptr || change == nullptr) {
      return respond(refusal(malformed("an update needs q and u")));
    }
    auto id = id_in(*filter);
    if (const auto* why = std::get_if<Refusal>(&id)) return respond(refusal(*why));
    changes.push_back({Change::Kind::update, std::get<Datum>(std::move(id)), *filter, *change,
                       is_true(each, "upsert")});
  }
  begin(command, std::move(changes), respond);
}

void WriteCommands::remove(const Datum& command, const Respond& respond) {
  const auto* deletes = list_in(command, "deletes");
  if (deletes == nullptr) return respond(refusal(malformed("delete needs deletes")));
  std::vector<Change> changes;
  for (const Datum& each : *deletes) {
    const Datum* filter = find(each, "q");
    if (filter == nullptr) return respond(refusal(malformed("a delete needs q")));
    auto id = id_in(*filter);
    if (const auto* why = std::get_if<Refusal>(&id)) return respond(refusal(*why));
    changes.push_back({Change::Kind::remove, std::get<Datum>(std::move(id)), *filter, {}, false});
  }
  begin(command, std::move(changes), respond);
}

void WriteCommands::begin(const Datum& command, std::vector<Change> changes,
                          const Respond& respond) {
  const auto concern = concern_of(command);
  if (const auto* why = std::get_if<Refusal>(&concern)) return respond(refusal(*why));
  auto bulk = std::make_shared<Bulk>();
  bulk->command = command;
  bulk->changes = std::move(changes);
  bulk->respond = respond;
  const Datum* ordered = find(command, "ordered");
  bulk->ordered = ordered == nullptr || *ordered == Datum(true);
  bulk->position = member_.copy().applied();
  go_on(bulk);
}

void WriteCommands::go_on(const std::shared_ptr<Bulk>& bulk) {
  if (bulk->at == bulk->changes.size() || (bulk->ordered && !bulk->errors.empty())) {
    Datum reply = document({{"n", number(bulk->matched)}});
    if (bulk->is_update()) add_field(reply, "nModified", number(bulk->modified));
    if (!bulk->upserted.empty()) add_field(reply, "upserted", bulk->upserted);
    if (!bulk->errors.empty()) add_field(reply, "writeErrors", bulk->errors);
    add_field(reply, "ok", number(1));
    return acknowledge(bulk->command, std::move(reply), bulk->position, bulk->respond);
  }
  const std::size_t at = bulk->at++;
  Change& change = bulk->changes[at];
  change.number = number_of(bulk->command, at);
  writes_.write(key_of(bulk->command, change.id), change,
                [this, bulk, at](const std::variant<Written, Refusal>& outcome) {
                  written(bulk, at, outcome);
                });
}

void WriteCommands::written(const std::shared_ptr<Bulk>& bulk, std::size_t at,
                            const std::variant<Written, Refusal>& outcome) {
  if (const auto* why = std::get_if<Refusal>(&outcome)) {
    // Of the first one the whole command can be refused, which drivers understand.
    const bool whole =
        at == 0 && (why->code == not_primary().code || why->code == stepped_down().code);
    if (whole) return bulk->respond(refusal(*why));
    bulk->errors.push_back(write_error(at, *why));
    return go_on(bulk);
  }
  const auto& [effect, position] = std::get<Written>(outcome);
  bulk->position = std::max(bulk->position, position);
  if (effect.matched || effect.upserted) ++bulk->matched;
  if (effect.modified) ++bulk->modified;
  if (bulk->is_update() && effect.upserted) {
    bulk->upserted.push_back(document(
        {{"index", number(static_cast<std::int64_t>(at))}, {"_id", bulk->changes[at].id}}));
  }
  go_on(bulk);
}

void WriteCommands::find_and_modify(const Datum& command, const Respond& respond) {
  const Datum* filter = find(command, "query");
  const Datum* change = find(command, "update");
  const bool removes = is_true(command, "remove");
  if (filter == nullptr || (change == nullptr) != removes) {
    return respond(refusal(malformed("findAndModify needs a query, and an update or remove")));
  }
  const auto concern = concern_of(command);
  if (const auto* why = std::get_if<Refusal>(&concern)) return respond(refusal(*why));
  auto id = id_in(*filter);
  if (const auto* why = std::get_if<Refusal>(&id)) return respond(refusal(*why));
  const Datum& key = std::get<Datum>(id);
  Change modification;
  modification.kind = removes ? Change::Kind::remove : Change::Kind::update;
  modification.id = key;
  modification.filter = *filter;
  if (!removes) modification.update = *change;
  modification.upsert = is_true(command, "upsert");
  modification.shows = is_true(command, "new") ? Change::Shows::after : Change::Shows::before;
  modification.number = number_of(command, 0);
  writes_.write(
      key_of(command, key), std::move(modification),
      [this, command, key, removes, respond](const std::variant<Written, Refusal>& outcome) {
        if (const auto* why = std::get_if<Refusal>(&outcome)) return respond(refusal(*why));
        const auto& [effect, position] = std::get<Written>(outcome);
        const bool any = effect.matched || effect.upserted;
        Datum last = document({{"n", number(any ? 1 : 0)}});
        if (!removes) add_field(last, "updatedExisting", effect.matched);
        if (effect.upserted) add_field(last, "upserted", key);
        Datum reply =
            document({{"lastErrorObject", last}, {"value", effect.value}, {"ok", number(1)}});
        acknowledge(command, std::move(reply), position, respond);
      });
}

void WriteCommands::acknowledge(const Datum& command, Datum reply, const Position& position,
                                const Respond& respond) {
  add_times(reply, position);
  const auto concern = concern_of(command);
  const auto& deadline = std::get<std::optional<Nanos>>(concern);
  if (!deadline) return respond(std::move(reply));
  member_.wait(*deadline, [this, reply = std::move(reply), position, respond](bool late) {
    if (member_.copy().spread_of(position) == reference::OwnCopy::Spread::majority) {
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

}  // namespace assay::mongodb_front
