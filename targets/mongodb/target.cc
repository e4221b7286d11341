#include "targets/mongodb/target.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "targets/cluster.h"
#include "targets/mongodb/client.h"
#include "targets/mongodb/settings.h"

namespace assay::mongodb {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t default_port = 27017;
constexpr Nanos ready_timeout = 40s;
constexpr Nanos ask_timeout = 2s;
constexpr int namespace_exists = 48;

constexpr TargetOption user_option{
    "user", "", "a name", "of the login at --servers; its password is taken from ASSAY_PASSWORD"};
constexpr std::array options{write_concern_option, read_concern_option, reads_option, causal_option,
                             retry_option,         servers_option,      user_option};

std::unique_ptr<Driver> driver_of_one(const Endpoint& host, DriverSettings settings) {
  settings.hosts = {host};
  settings.direct = true;
  return make_driver(settings, ask_timeout);
}

/// Servers that say of themselves that they are primaries; in a partition more than one may.
class WritablePrimaries final : public Primaries {
 public:
  explicit WritablePrimaries(const DriverSettings& settings) : settings_(settings) {}
  std::vector<std::size_t> primaries() override {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < settings_.hosts.size(); ++i) {
      const Answer answer =
          driver_of_one(settings_.hosts[i], settings_)->admin("admin", Value::Map{{"hello", 1}});
      const Value* writable = find(answer.body, "isWritablePrimary");
      if (answer.ok() && writable != nullptr && *writable == Value(true)) found.push_back(i);
    }
    return found;
  }

 private:
  const DriverSettings& settings_;
};

class MongoTarget final : public ClusterTarget {
 public:
  explicit MongoTarget(DriverSettings settings)
      : ClusterTarget("mongodb", settings.hosts, default_port, ""),
        settings_(std::move(settings)) {}

  bool performs(std::string_view function) const override {
    return assay::performs(functions(), function);
  }
  Status expect(std::string_view datatype) override {
    if (auto status = check_datatype(functions(), datatype, name()); !status) return status;
    if (settings_.read_concern == "linearizable" && datatype != "register" && datatype != "set" &&
        datatype != "counter") {
      return Error{ErrorKind::usage, "--read-concern linearizable: not in transactions, which " +
                                         std::string(datatype) + " needs; use snapshot"};
    }
    datatype_ = std::string(datatype);
    return {};
  }
  Result<std::unique_ptr<Client>> connect(std::size_t /*node*/, ProcessId /*process*/) override {
    return std::unique_ptr<Client>(std::make_unique<MongoClient>(
        datatype_,
        [settings = settings_](Nanos timeout) { return make_driver(settings, timeout); }));
  }
  Primaries* primaries() override { return &primaries_; }
  Result<std::vector<std::string>> look() override;

 protected:
  // None is ever ours.
  ServerProcess server(std::size_t /*node*/) const override { return {}; }
  Status install(Node& /*node*/, std::size_t /*at*/) override { return {}; }
  Status form() override;
  void leave() noexcept override {
    if (!datatype_.empty()) static_cast<void>(admin("assay", Value::Map{{"dropDatabase", 1}}).ok());
  }

 private:
  Answer admin(const std::string& database, const Value& command) const {
    return make_driver(settings_, ask_timeout)->admin(database, command);
  }

  DriverSettings settings_;
  WritablePrimaries primaries_{settings_};
  std::string datatype_;
};

Result<std::vector<std::string>> MongoTarget::look() {
  std::vector<std::string> lines;
  for (const Endpoint& host : settings_.hosts) {
    const auto driver = driver_of_one(host, settings_);
    const std::string where = host.host + ":" + std::to_string(host.port);
    const Answer hello = driver->admin("admin", Value::Map{{"hello", 1}});
    const Answer build = driver->admin("admin", Value::Map{{"buildInfo", 1}});
    const Answer databases =
        driver->admin("admin", Value::Map{{"listDatabases", 1},
                                          {"filter", Value::Map{{"name", "assay"}}},
                                          {"nameOnly", true}});
    for (const Answer* answer : {&hello, &build, &databases}) {
      if (!answer->ok()) return Error{ErrorKind::unavailable, where + ": " + answer->message};
    }
    const Value* found = find(databases.body, "databases");
    const auto* list = found == nullptr ? nullptr : found->get_if<Value::List>();
    if (list == nullptr || !list->empty()) {
      return Error{ErrorKind::configuration, where + ": there is a database assay already"};
    }
    const Value* version = find(build.body, "version");
    const Value* set = find(hello.body, "setName");
    lines.push_back(where + " mongodb " + (version == nullptr ? "" : to_text(*version)) +
                    (set == nullptr ? ", in no replica set" : ", replica set " + to_text(*set)));
  }
  return lines;
}

Status MongoTarget::form() {
  return wait_for(ready_timeout, [&]() -> Status {
    // Transactions make no collection.
    const Answer made = admin("assay", Value::Map{{"create", datatype_}});
    const bool exists = made.kind == Answer::Kind::refused && made.code == namespace_exists;
    if (!made.ok() && !exists) return Error{ErrorKind::unavailable, made.message};
    const Answer build = admin("admin", Value::Map{{"buildInfo", 1}});
    const Value* version = find(build.body, "version");
    if (build.ok() && version != nullptr) add_fact("server_version", to_text(*version));
    return {};
  });
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  auto parsed = driver_settings(given);
  if (!parsed.ok()) return parsed.error();
  DriverSettings settings = *std::move(parsed);
  settings.user = given.at("user");
  if (const char* password = std::getenv("ASSAY_PASSWORD")) settings.password = password;
  auto hosts = parse_endpoints(given.at("servers"), default_port);
  if (!hosts.ok()) return hosts.error();
  if (hosts->empty()) {
    return Error{ErrorKind::configuration,
                 "target mongodb needs --servers HOST:PORT,…: no package of Debian has "
                 "its server"};
  }
  settings.hosts = std::move(*hosts);
  return std::unique_ptr<Target>(std::make_unique<MongoTarget>(std::move(settings)));
}

}  // namespace

TargetEntry mongodb_target_entry() {
  return {"mongodb", "MongoDB: a replica set that runs already", options, make};
}

}  // namespace assay::mongodb
