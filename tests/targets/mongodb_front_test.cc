// The front for MongoDB's drivers: frames that lie, what updates make of documents, and real
// members that the unmodified driver takes for a replica set.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "targets/mongodb/client.h"
#include "targets/mongodb/driver.h"
#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/bson.h"
#include "targets/reference/node/mongodb/documents.h"
#include "targets/reference/node/mongodb/retries.h"
#include "targets/reference/node/mongodb/wire.h"
#include "tests/targets/local_cluster.h"
#include "tests/targets/mongodb_server.h"

namespace assay::mongodb_front {
namespace {

using namespace std::chrono_literals;

std::string little_endian(std::uint32_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string message(const std::string& sections, std::uint32_t flags = 0) {
  const auto length = static_cast<std::uint32_t>(wire_header_bytes + 4 + sections.size());
  return little_endian(length) + little_endian(7) + little_endian(0) + little_endian(2013) +
         little_endian(flags) + sections;
}

TEST_CASE("mongodb front: frames of drivers, and frames that lie") {
  const std::string ping = to_bson(document({{"ping", number(1)}}));
  const std::string command = std::string(1, '\0') + ping;
  const std::string sequence = little_endian(static_cast<std::uint32_t>(4 + 10 + 2 * ping.size())) +
                               std::string("documents\0", 10) + ping + ping;
  const auto plain = message(command);
  REQUIRE(parse_wire_request(plain));
  CHECK(parse_wire_request(plain)->id == 7);
  CHECK(from_bson(parse_wire_request(plain)->document) == document({{"ping", number(1)}}));
  const auto checked = message(command + "sums", 1);
  CHECK(parse_wire_request(checked));
  const auto bulk = message(command + std::string(1, '\1') + sequence);
  REQUIRE(parse_wire_request(bulk));
  REQUIRE(parse_wire_request(bulk)->sequences.size() == 1);
  CHECK(parse_wire_request(bulk)->sequences[0].documents.size() == 2);
  for (const std::string& whole : {plain, bulk}) {
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      CAPTURE(cut);
      CHECK_FALSE(parse_wire_request(whole.substr(0, cut)));
    }
  }
  CHECK_FALSE(parse_wire_request(message(command + command)));
  CHECK_FALSE(parse_wire_request(message(std::string(1, '\2') + ping)));
  CHECK(wire_frame_length(std::string(16, '\xFF')) == 0);
  CHECK(wire_frame_length(little_endian(15) + std::string(12, '\0')) == 0);
}

TEST_CASE("mongodb front: BSON comes back as it went, and what is broken is none") {
  const Datum all = document({{"text", text("x")},
                              {"small", number(-3)},
                              {"large", number(1LL << 40)},
                              {"truth", true},
                              {"nothing", {}},
                              {"list", Datum::List{number(1), text("two"), Datum::List{}}},
                              {"time", timestamp({3, 9})},
                              {"id", document({{"$oid", text("00000000000000000000002a")}})},
                              {"bytes", document({{"$binary", text("raw")}})},
                              {"date", document({{"$date", number(12)}})}});
  const std::string bytes = to_bson(all);
  CHECK(from_bson(bytes) == all);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) CHECK_FALSE(from_bson(bytes.substr(0, cut)));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    // Whatever it makes of it, the sanitizers look on.
    static_cast<void>(from_bson(changed));
  }
  Datum deep = number(1);
  for (int i = 0; i < 40; ++i) deep = document({{"d", deep}});
  CHECK_FALSE(from_bson(to_bson(deep)));
}

TEST_CASE("mongodb front: what changes make of a document") {
  const Datum id = number(1);
  const Datum five = document({{"_id", id}, {"value", number(5)}});
  const Datum by_id = document({{"_id", id}});
  const auto update = [&](const Datum& before, const Datum& filter, const char* operation,
                          const Datum& fields, bool upsert) {
    return change_document(
        {Change::Kind::update, id, filter, document({{operation, fields}}), upsert}, before);
  };
  const auto after = [](const std::variant<Changed, Refusal>& result) {
    REQUIRE(std::holds_alternative<Changed>(result));
    return std::get<Changed>(result).after;
  };
  const auto code = [](const std::variant<Changed, Refusal>& result) {
    REQUIRE(std::holds_alternative<Refusal>(result));
    return std::get<Refusal>(result).code;
  };
  const Datum value = document({{"value", number(5)}});
  CHECK(after(update({}, by_id, "$set", value, true)) == five);
  CHECK(after(update({}, by_id, "$set", value, false)).is_nil());
  CHECK(after(update({}, by_id, "$inc", value, true)) == five);
  CHECK(*find(after(update(five, by_id, "$inc", value, false)), "value") == number(10));
  CHECK(code(update(five, by_id, "$push", value, false)) == 14);
  const Datum element = document({{"elements", number(2)}});
  const Datum once = after(update({}, by_id, "$addToSet", element, true));
  CHECK(after(update(once, by_id, "$addToSet", element, true)) == once);
  CHECK(find(after(update(once, by_id, "$push", element, true)), "elements")
            ->get_if<Datum::List>()
            ->size() == 2);
  const Datum wrong = document({{"_id", id}, {"value", number(6)}});
  const auto unmatched = update(five, wrong, "$set", value, false);
  CHECK_FALSE(std::get<Changed>(unmatched).matched);
  CHECK(code(update(five, wrong, "$set", value, true)) == 11000);
  const Datum absent = document({{"_id", id}, {"value", document({{"$exists", false}})}});
  CHECK(code(update(five, absent, "$set", value, true)) == 11000);
  CHECK(after(update({}, absent, "$set", value, true)) == five);
  CHECK(code(update(five, document({{"_id", id}, {"$or", Datum::List{}}}), "$set", value, true)) ==
        2);
  CHECK(code(update(five, by_id, "$rename", value, true)) == 9);
  CHECK(code(change_document({Change::Kind::insert, id, {}, five, false}, five)) == 11000);
  const auto removed = [&](const Datum& before, const Datum& filter) {
    const auto result = change_document({Change::Kind::remove, id, filter, {}, false}, before);
    REQUIRE(std::holds_alternative<Changed>(result));
    return std::get<Changed>(result);
  };
  CHECK(removed(five, by_id).matched);
  CHECK(removed(five, by_id).after.is_nil());
  CHECK_FALSE(removed(five, wrong).matched);
  CHECK(removed(five, wrong).after == five);
  CHECK_FALSE(removed({}, by_id).matched);
}

TEST_CASE("mongodb front: what numbered writes did stays with the document") {
  const Datum five = document({{"_id", number(1)}, {"value", number(5)}});
  StoredDocument stored = StoredDocument::from(five);
  CHECK(stored.document == five);
  CHECK(stored.to_value() == five);
  stored.remember({"a", 1, 0}, {true, false, true, five});
  stored.remember({"a", 1, 1}, {false, true, false, {}});
  stored.remember({"b", 1, 0}, {});
  stored = StoredDocument::from(stored.to_value());
  CHECK(stored.document == five);
  REQUIRE(stored.effect_of({"a", 1, 0}));
  CHECK(stored.effect_of({"a", 1, 0})->matched);
  CHECK(stored.effect_of({"a", 1, 0})->value == five);
  CHECK(stored.effect_of({"a", 1, 1})->upserted);
  CHECK_FALSE(stored.effect_of({"a", 2, 0}));
  CHECK_FALSE(stored.effect_of({"c", 1, 0}));
  // Its next command ends the last; a document that is gone keeps them.
  stored.remember({"a", 2, 0}, {true, false, true, {}});
  stored.document = {};
  stored = StoredDocument::from(stored.to_value());
  CHECK(stored.document.is_nil());
  CHECK_FALSE(stored.effect_of({"a", 1, 0}));
  CHECK(stored.effect_of({"a", 2, 0}));
  CHECK(stored.effect_of({"b", 1, 0}));
  for (std::size_t i = 0; i < StoredDocument::sessions_max; ++i) {
    stored.remember({"s" + std::to_string(i), 1, 0}, {});
  }
  CHECK_FALSE(stored.effect_of({"b", 1, 0}));
  CHECK(stored.effect_of({"s0", 1, 0}));
  CHECK(stored.writes.size() == StoredDocument::sessions_max);
}

/// Members that MongoDB's driver finds, and clients of its own kind.
class ReplicaSet {
 public:
  explicit ReplicaSet(std::size_t size)
      : port_(mongodb::ScriptedServer([](const Value&) { return Value(); }).port()),
        members(size, {"--protocol", "primary-backup", "--failover", "on", "--mongodb-port",
                       std::to_string(port_)}) {}

  mongodb::DriverSettings settings(const Value& write_concern,
                                   const std::string& read_concern) const {
    mongodb::DriverSettings settings;
    for (std::size_t i = 0; i < members.size(); ++i) {
      settings.hosts.push_back({members.address(i).host, port_});
    }
    settings.write_concern = Value::Map{{"w", write_concern}};
    settings.read_concern = read_concern;
    return settings;
  }
  static mongodb::MongoClient client_with(const mongodb::DriverSettings& settings,
                                          const std::string& datatype = "register") {
    return {datatype,
            [settings](Nanos timeout) { return mongodb::make_driver(settings, timeout); }};
  }
  mongodb::MongoClient client(const Value& write_concern, const std::string& read_concern,
                              const std::string& datatype = "register") const {
    return client_with(settings(write_concern, read_concern), datatype);
  }

 private:
  std::uint16_t port_;

 public:
  reference::LocalCluster members;
};

/// By a new client each time: one asks a member that did not answer only after five seconds again.
Completion until_ok(const ReplicaSet& set, const std::string& read_concern,
                    const Invocation& invocation) {
  constexpr int attempts = 100;
  Completion last;
  for (int i = 0; i < attempts && last.type != EventType::ok; ++i) {
    last = set.client("majority", read_concern).invoke(invocation, 1s);
  }
  return last;
}

TEST_CASE("mongodb front: MongoDB's driver finds the primary, writes, reads, and is refused") {
  const ReplicaSet set(3);
  const Value majority("majority");
  REQUIRE(until_ok(set, "linearizable", {"write", 1, 5}).type == EventType::ok);
  auto client = set.client(majority, "linearizable");
  CHECK(client.invoke({"read", 1, {}}, 2s).value == Value(5));
  CHECK(client.invoke({"read", 2, {}}, 2s).value == Value());
  CHECK(client.invoke({"cas", 1, Value::List{5, 6}}, 2s).type == EventType::ok);
  CHECK(client.invoke({"cas", 1, Value::List{5, 7}}, 2s).error == unmet_precondition);
  CHECK(client.invoke({"cas", 2, Value::List{Value(), 7}}, 2s).type == EventType::ok);
  CHECK(client.invoke({"cas", 2, Value::List{Value(), 8}}, 2s).error == unmet_precondition);
  CHECK(client.invoke({"read", 1, {}}, 2s).value == Value(6));
  auto sets = set.client(majority, "majority", "set");
  for (const int element : {3, 1, 3}) {
    CHECK(sets.invoke({"add", 1, element}, 2s).type == EventType::ok);
  }
  CHECK(sets.invoke({"read", 1, {}}, 2s).value == Value(Value::List{3, 1}));
  auto lists = set.client(majority, "majority", "list-append");
  const Value step = Value::List{"append", 1, 5};
  const auto transaction = lists.invoke({"txn", {}, Value::List{step, step}}, 2s);
  CHECK(transaction.type == EventType::fail);
  CHECK(transaction.error.find("transactions") != std::string::npos);

  // What a session wrote it reads, of whatever member.
  auto in_session = set.settings(Value(1), "local");
  in_session.secondary_reads = true;
  in_session.causal = true;
  auto session = ReplicaSet::client_with(in_session);
  int compared = 0;
  for (int i = 0; i < 50; ++i) {
    if (session.invoke({"write", 3, i}, 2s).type != EventType::ok) continue;
    const auto read = session.invoke({"read", 3, {}}, 2s);
    if (read.type != EventType::ok) continue;
    CHECK(read.value == Value(i));
    ++compared;
  }
  CHECK(compared > 25);
}

TEST_CASE("mongodb front: what is deleted is gone, once") {
  const ReplicaSet set(3);
  REQUIRE(until_ok(set, "linearizable", {"write", 1, 5}).type == EventType::ok);
  const auto driver = mongodb::make_driver(set.settings("majority", "majority"), 2s);
  const Value by_id = Value::Map{{"_id", "1"}};
  const auto remove = [&] {
    return driver->write(
        Value::Map{{"delete", "register"},
                   {"deletes", Value::List{Value::Map{{"q", by_id}, {"limit", 1}}}}},
        monotonic_now() + 2s);
  };
  const auto removed = remove();
  REQUIRE(removed.ok());
  CHECK(*find(removed.body, "n") == Value(1));
  CHECK(*find(remove().body, "n") == Value(0));
  auto client = set.client("majority", "linearizable");
  CHECK(client.invoke({"read", 1, {}}, 2s).value == Value());
  CHECK(client.invoke({"cas", 1, Value::List{Value(), 7}}, 2s).type == EventType::ok);
  const auto taken =
      driver->write(Value::Map{{"findAndModify", "register"}, {"query", by_id}, {"remove", true}},
                    monotonic_now() + 2s);
  REQUIRE(taken.ok());
  CHECK(*find(*find(taken.body, "value"), "value") == Value(7));
  CHECK(client.invoke({"read", 1, {}}, 2s).value == Value());
}

TEST_CASE("mongodb front: a write that is sent again is done once") {
  const ReplicaSet set(3);
  REQUIRE(until_ok(set, "linearizable", {"write", 1, 5}).type == EventType::ok);
  const auto driver = mongodb::make_driver(set.settings("majority", "majority"), 2s);
  const auto send = [&](const char* session, int number, int by) {
    const Value id = Value::Map{{"$binary", Value::Map{{"base64", session}, {"subType", "04"}}}};
    return driver->admin(
        "assay", Value::Map{{"findAndModify", "counter"},
                            {"query", Value::Map{{"_id", "1"}}},
                            {"update", Value::Map{{"$inc", Value::Map{{"value", by}}}}},
                            {"upsert", true},
                            {"new", true},
                            {"lsid", Value::Map{{"id", id}}},
                            {"txnNumber", Value::Map{{"$numberLong", std::to_string(number)}}}});
  };
  constexpr const char* session = "AAAAAAAAAAAAAAAAAAAAAA==";
  constexpr const char* another = "BBBBBBBBBBBBBBBBBBBBBA==";
  const auto value_of = [](const mongodb::Answer& answer) {
    REQUIRE_MESSAGE(answer.ok(), answer.message);
    return *find(*find(answer.body, "value"), "value");
  };
  CHECK(value_of(send(session, 1, 1)) == Value(1));
  CHECK(value_of(send(session, 1, 1)) == Value(1));
  CHECK(value_of(send(another, 1, 1)) == Value(2));
  CHECK(value_of(send(session, 1, 1)) == Value(1));
  CHECK(value_of(send(session, 2, 1)) == Value(3));
  auto counters = set.client("majority", "linearizable", "counter");
  CHECK(counters.invoke({"read", 1, {}}, 2s).value == Value(3));
}

TEST_CASE("mongodb front: retried writes of MongoDB's driver survive their primary") {
  ReplicaSet set(3);
  REQUIRE(until_ok(set, "linearizable", {"write", 1, 5}).type == EventType::ok);
  auto settings = set.settings("majority", "majority");
  settings.retry_writes = true;
  auto counters = ReplicaSet::client_with(settings, "counter");
  std::int64_t certain = 0;
  std::int64_t possible = 0;
  const auto increment = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const auto type = counters.invoke({"increment", 1, 1}, 8s).type;
      certain += type == EventType::ok ? 1 : 0;
      possible += type == EventType::fail ? 0 : 1;
    }
  };
  increment(20);
  CHECK(certain == 20);
  const std::size_t primary = set.members.leader(5s);
  REQUIRE(primary < 3);
  set.members.kill(primary);
  increment(20);
  set.members.start(primary);
  std::optional<std::int64_t> counted;
  for (int i = 0; i < 100 && !counted; ++i) {
    const auto read = set.client("majority", "linearizable", "counter").invoke({"read", 1, {}}, 1s);
    if (read.type == EventType::ok) counted = *read.value.get_if<std::int64_t>();
  }
  REQUIRE(counted);
  CHECK(*counted >= certain);
  CHECK(*counted <= possible);
  CHECK(certain > 20);
}

/// Whether a primary that was alone acknowledged w:1 before it stepped down: then it was lost.
bool loses_a_write() {
  ReplicaSet set(3);
  const Value majority("majority");
  REQUIRE(until_ok(set, "majority", {"write", 1, 1}).type == EventType::ok);
  auto most = set.client(majority, "majority");
  auto one = set.client(Value(1), "majority");
  // Connected before anything fails.
  REQUIRE(most.invoke({"read", 1, {}}, 2s).value == Value(1));
  REQUIRE(one.invoke({"read", 1, {}}, 2s).value == Value(1));
  const std::size_t primary = set.members.leader(5s);
  REQUIRE(primary < 3);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != primary) set.members.kill(i);
  }
  const bool acknowledged = one.invoke({"write", 1, 2}, 2s).type == EventType::ok;
  CHECK(most.invoke({"write", 2, 2}, 200ms).type != EventType::ok);
  set.members.kill(primary);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != primary) set.members.start(i);
  }
  CHECK(until_ok(set, "majority", {"read", 1, {}}).value == Value(1));
  CHECK(until_ok(set, "majority", {"read", 2, {}}).value == Value());
  return acknowledged;
}

TEST_CASE("mongodb front: w:1 is lost with its primary, w:majority was not acknowledged") {
  // A disk that is busy for longer than a primary stays one makes another attempt worth it.
  constexpr int attempts = 3;
  bool lost = false;
  for (int i = 0; i < attempts && !lost; ++i) lost = loses_a_write();
  CHECK(lost);
}

}  // namespace
}  // namespace assay::mongodb_front
