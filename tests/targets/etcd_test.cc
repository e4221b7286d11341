// What the client of etcd asks, and how it reads the answers, against a gateway that is scripted.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "targets/etcd/client.h"
#include "tests/targets/http_server.h"

namespace assay::etcd {
namespace {

using Response = ScriptedHttpServer::Response;
using namespace std::chrono_literals;

/// A gateway that answers requests of each path in turn; the last answer again and again.
class Scripted {
 public:
  using Answers = std::map<std::string, std::vector<Response>>;

  Scripted(const char* datatype, Answers answers, WatchSettings watch = {})
      : answers_(std::move(answers)), server_([this](const std::string& path, const std::string&) {
          auto& left = answers_[path];
          if (left.empty()) return Response{};
          Response next = left.front();
          if (left.size() > 1) left.erase(left.begin());
          return next;
        }) {
    ClientSettings settings;
    settings.datatype = datatype;
    settings.watch = watch;
    client_ = std::make_unique<EtcdClient>(Endpoint{"127.0.0.1", server_.port()}, settings);
  }
  Completion ask(const char* f, Value value = {}) {
    return client_->invoke({f, Value(7), std::move(value)}, 2s);
  }
  std::vector<std::pair<std::string, std::string>> requests() const { return server_.requests(); }

 private:
  Answers answers_;
  ScriptedHttpServer server_;
  std::unique_ptr<EtcdClient> client_;
};

const Response granted{R"({"header":{"revision":"3"},"ID":"77","TTL":"2"})"};
const Response alive{R"({"result":{"ID":"77","TTL":"2"}})"};
const Response over{R"({"result":{"ID":"77"}})"};
const Response taken{R"({"header":{"revision":"9"},"succeeded":true,"responses":[]})"};
const Response held_by_another{
    R"({"header":{"revision":"9"},"responses":[{"response_range":{"kvs":[)"
    R"({"create_revision":"5","lease":"66"}]}}]})"};
const Response refused{R"({"error":"requested lease not found","code":5})", false, 404};

TEST_CASE("etcd: a key that a lease holds is a lock; its token is the revision that made it") {
  Scripted etcd("lease", {{"/v3/lease/grant", {granted}},
                          {"/v3/lease/keepalive", {alive, over}},
                          {"/v3/kv/txn", {taken, held_by_another}}});
  CHECK(etcd.ask("renew").error == unmet_precondition);
  CHECK(etcd.requests().empty());
  Completion completion = etcd.ask("acquire");
  CHECK(completion.type == EventType::ok);
  CHECK(completion.value == Value(9));
  CHECK(etcd.requests()[1].second.find(R"("lease":"77")") != std::string::npos);
  CHECK(etcd.ask("renew").type == EventType::ok);
  CHECK(etcd.ask("renew").error == unmet_precondition);
  // Not its lease any more: a new one is granted before it tries again.
  CHECK(etcd.ask("acquire").error == unmet_precondition);
  CHECK(etcd.requests()[4].first == "/v3/lease/grant");
}

TEST_CASE("etcd: who asks again for a lock first renews its lease") {
  Scripted etcd("lease", {{"/v3/lease/grant", {granted}},
                          {"/v3/lease/keepalive", {alive}},
                          {"/v3/kv/txn", {held_by_another}}});
  CHECK(etcd.ask("acquire").error == unmet_precondition);
  CHECK(etcd.ask("acquire").error == unmet_precondition);
  CHECK(etcd.requests()[2].first == "/v3/lease/keepalive");
}

TEST_CASE("etcd: releasing revokes the lease; one that is over was no lock any more") {
  for (const bool is_over : {false, true}) {
    Scripted etcd("fencing", {{"/v3/lease/grant", {granted}},
                              {"/v3/kv/txn", {taken}},
                              {"/v3/lease/revoke", {is_over ? refused : Response{"{}"}}}});
    CHECK(etcd.ask("acquire").type == EventType::ok);
    const Completion completion = etcd.ask("release");
    CHECK(completion.type == (is_over ? EventType::fail : EventType::ok));
    CHECK(etcd.ask("release").error == unmet_precondition);
  }
}

TEST_CASE("etcd: what is not answered is in doubt, but for a lease without a lock") {
  Scripted lease("lease", {});
  CHECK(lease.ask("acquire").type == EventType::fail);
  Scripted lock("lease", {{"/v3/lease/grant", {granted}}});
  CHECK(lock.ask("acquire").type == EventType::info);
  Scripted feed("watch", {});
  CHECK(feed.ask("watch", Value::Map{{"key", "key-"}}).type == EventType::fail);
  CHECK(feed.ask("commit", Value::List{Value::List{"put", "key-1", 1}}).type == EventType::info);
}

TEST_CASE("etcd: a resource refuses a token that is smaller than one that it has seen") {
  Scripted etcd("fencing", {{"/v3/kv/txn", {{R"({"header":{}})"}, taken}}});
  CHECK(etcd.ask("use", 12).value == Value(12));
  CHECK(etcd.ask("use", 3).error == unmet_precondition);
  CHECK(etcd.ask("use", "3").type == EventType::fail);
  CHECK(etcd.requests().size() == 2);
}

TEST_CASE("etcd: a candidate leads the term of its key, or learns who does") {
  Scripted etcd("leader-election",
                {{"/v3/lease/grant", {granted}},
                 {"/v3/lease/keepalive", {alive}},
                 {"/v3/kv/txn", {taken, held_by_another}},
                 {"/v3/kv/range",
                  {{R"({"header":{}})"}, {R"({"kvs":[{"create_revision":"9","lease":"77"}]})"}}}});
  CHECK(etcd.ask("elect").value == Value(Value::List{9, "77"}));
  CHECK(etcd.ask("elect").value == Value(Value::List{5, "66"}));
  CHECK(etcd.ask("leader").value.is_nil());
  CHECK(etcd.ask("leader").value == Value(Value::List{9, "77"}));
}

TEST_CASE("etcd: a commit returns its revision, or none if nothing was there to delete") {
  Scripted etcd("watch",
                {{"/v3/kv/txn",
                  {{R"({"header":{"revision":"12"},"responses":[{"response_put":{}}]})"},
                   {R"({"header":{"revision":"12"},"responses":[{"response_delete_range":{}}]})"},
                   {R"({"header":{"revision":"13"},)"
                    R"("responses":[{"response_delete_range":{"deleted":"1"}}]})"}}}});
  const Value deletion = Value::List{Value::List{"delete", "key-1"}};
  CHECK(etcd.ask("commit", Value::List{Value::List{"put", "key-1", 4}}).value == Value(12));
  CHECK(etcd.ask("commit", deletion).value.is_nil());
  CHECK(etcd.ask("commit", deletion).value == Value(13));
  CHECK(etcd.ask("commit", Value::List{Value::List{"put", "key-1"}}).type == EventType::fail);
  CHECK(etcd.requests().size() == 3);
}

std::string of(const std::string& text) { return '"' + base64(text) + '"'; }

TEST_CASE("etcd: a watch returns what it hears in its time, also of a stream that breaks") {
  const std::string stream = R"({"result":{"header":{"revision":"9"},"created":true}})"
                             "\n"
                             R"({"result":{"header":{"revision":"9"},"events":[{"kv":{"key":)" +
                             of("assay/key-1") +
                             R"(,"create_revision":"7","mod_revision":"7","value":)" + of("4") +
                             R"(}},{"type":"DELETE","kv":{"key":)" + of("assay/key-1") +
                             R"(,"mod_revision":"8"},"prev_kv":{"key":)" + of("assay/key-1") +
                             R"(,"mod_revision":"7","value":)" + of("4") +
                             "}}]}}\n"
                             R"({"result":{"header":{"revision":"9"},"watch_id":"-1"}})"
                             "\n";
  const Value put = Value::Map{
      {"type", "put"}, {"key", "key-1"}, {"revision", 7}, {"value", 4}, {"create", true}};
  const Value deletion = Value::Map{{"type", "delete"},
                                    {"key", "key-1"},
                                    {"revision", 8},
                                    {"prev-value", 4},
                                    {"prev-revision", 7}};
  const Value expected = Value::List{Value::Map{{"events", Value::List{put, deletion}}},
                                     Value::Map{{"progress", true}, {"revision", 9}}};
  for (const bool stays_open : {true, false}) {
    Scripted etcd("watch", {{"/v3/watch", {{stream, stays_open}}}}, {5, true});
    const Completion completion = etcd.ask(
        "watch", Value::Map{{"key", "key-"}, {"prefix", true}, {"revision", 1}, {"prev-kv", true}});
    CHECK(completion.type == EventType::ok);
    CHECK(to_text(completion.value) == to_text(expected));
    // What was there before the run is not asked for.
    CHECK(etcd.requests()[0].second.find(R"("start_revision":"5")") != std::string::npos);
    CHECK(etcd.requests()[0].second.find("progress_request") != std::string::npos);
  }
}

TEST_CASE("etcd: a watch that is cancelled says from where on there is something") {
  Scripted etcd("watch", {{"/v3/watch",
                           {{R"({"result":{"canceled":true,"created":true,)"
                             R"("compact_revision":"40"}})"
                             "\n",
                             true}}}});
  const Completion completion = etcd.ask("watch", Value::Map{{"key", "key-1"}});
  const Value expected = Value::List{Value::Map{{"error", "compacted"}, {"revision", 40}}};
  CHECK(to_text(completion.value) == to_text(expected));
}

TEST_CASE("etcd: a watch that is refused, or gets no message, failed") {
  Scripted refusing("watch",
                    {{"/v3/watch", {{R"({"error":{"grpc_code":14,"message":"no leader"}})"}}}});
  CHECK(refusing.ask("watch", Value::Map{{"key", "k"}}).error == "no leader");
  Scripted silent("watch", {{"/v3/watch", {{"\n", true}}}});
  CHECK(silent.ask("watch", Value::Map{{"key", "k"}}).type == EventType::fail);
}

}  // namespace
}  // namespace assay::etcd
