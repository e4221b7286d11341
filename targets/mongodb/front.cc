#include "targets/mongodb/front.h"

#include <array>
#include <string>
#include <utility>

#include "targets/cluster.h"
#include "targets/mongodb/client.h"
#include "targets/mongodb/settings.h"
#include "targets/reference/target.h"

namespace assay::mongodb {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t front_port = 27017;
constexpr Nanos ready_timeout = 20s;
constexpr Nanos ask_timeout = 1s;

constexpr std::array options{write_concern_option, read_concern_option, reads_option, causal_option,
                             retry_option};

// It has no transactions.
constexpr std::array function_rows{
    FunctionRow{"read", "register"},    FunctionRow{"write", "register"},
    FunctionRow{"cas", "register"},     FunctionRow{"read", "set"},
    FunctionRow{"add", "set"},          FunctionRow{"read", "counter"},
    FunctionRow{"increment", "counter"}};

/// The members are the reference target's; only how they are asked is MongoDB's.
class FrontTarget final : public Target {
 public:
  FrontTarget(std::unique_ptr<Target> members, DriverSettings settings)
      : members_(std::move(members)), settings_(std::move(settings)) {}

  std::string_view name() const override { return "mongodb-front"; }
  std::map<std::string, std::string> facts() const override { return members_->facts(); }
  std::vector<std::string> promises() const override {
    const bool linearizable = settings_.read_concern == "linearizable" &&
                              find(settings_.write_concern, "w") != nullptr &&
                              *find(settings_.write_concern, "w") == Value("majority");
    return linearizable ? std::vector<std::string>{"linearizable"} : std::vector<std::string>{};
  }
  bool performs(std::string_view function) const override {
    return assay::performs(function_rows, function);
  }
  Status expect(std::string_view datatype) override {
    datatype_ = std::string(datatype);
    return check_datatype(function_rows, datatype, name());
  }

  Status set_up(Nodes& nodes) override {
    if (auto status = members_->set_up(nodes); !status) return status;
    settings_.hosts.clear();
    for (const auto& node : nodes) settings_.hosts.push_back({node->address().host, front_port});
    return wait_for(ready_timeout, [&]() -> Status {
      const Answer answer =
          make_driver(settings_, ask_timeout)->admin("admin", Value::Map{{"ping", 1}});
      if (answer.ok()) return {};
      return Error{ErrorKind::unavailable, "MongoDB's driver finds no primary: " + answer.message};
    });
  }
  void tear_down(Nodes& nodes) noexcept override { members_->tear_down(nodes); }
  Result<std::unique_ptr<Client>> connect(std::size_t /*node*/, ProcessId /*process*/) override {
    return std::unique_ptr<Client>(std::make_unique<MongoClient>(
        datatype_,
        [settings = settings_](Nanos timeout) { return make_driver(settings, timeout); }));
  }

  ProcessControl* process_control() override { return members_->process_control(); }
  Primaries* primaries() override { return members_->primaries(); }
  std::vector<LogFile> log_files(std::size_t node) const override {
    return members_->log_files(node);
  }

 private:
  std::unique_ptr<Target> members_;
  DriverSettings settings_;
  std::string datatype_;
};

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  auto settings = driver_settings(given);
  if (!settings.ok()) return settings.error();
  if (settings->read_concern == "snapshot") {
    return Error{ErrorKind::configuration,
                 "--read-concern snapshot: only in transactions, which mongodb-front has not"};
  }
  // Acknowledged by the primary's disk; who asks for more by a write concern waits for more.
  auto members =
      reference::reference_target_entry().make({{"protocol", "primary-backup"},
                                                {"replication", "async"},
                                                {"failover", "on"},
                                                {"mongodb-port", std::to_string(front_port)}});
  if (!members.ok()) return members.error();
  return std::unique_ptr<Target>(
      std::make_unique<FrontTarget>(std::move(*members), *std::move(settings)));
}

}  // namespace

TargetEntry front_target_entry() {
  return {"mongodb-front", "the bundled store as a replica set for MongoDB's own driver", options,
          make};
}

}  // namespace assay::mongodb
