#include "targets/reference/node/mongodb/arguments.h"

#include <limits>
#include <utility>

#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/bson.h"

namespace assay::mongodb_front {
namespace {

constexpr Nanos patience = std::chrono::seconds(10);

}  // namespace

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

const Datum::List* list_in(const Datum& map, std::string_view name) {
  const Datum* field = find(map, name);
  return field == nullptr ? nullptr : field->get_if<Datum::List>();
}

std::string namespace_of(const Datum& command) {
  const Datum::Map& fields = *command.get_if<Datum::Map>();
  const auto* collection = fields.front().second.get_if<std::string>();
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

std::optional<WriteNumber> number_of(const Datum& command, std::size_t place) {
  const auto number = number_in(command, "txnNumber");
  const Datum* session = find(command, "lsid");
  const Datum* id = session == nullptr ? nullptr : find(*session, "id");
  if (!number || id == nullptr) return std::nullopt;
  return WriteNumber{text_in(*id, "$binary"), *number, static_cast<std::int64_t>(place)};
}

Refusal malformed(std::string message) { return {9, "FailedToParse", std::move(message)}; }

}  // namespace assay::mongodb_front
