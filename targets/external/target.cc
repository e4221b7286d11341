#include "targets/external/target.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <utility>

#include "targets/completions.h"
#include "targets/external/driver.h"

namespace assay::external {
namespace {

using namespace std::chrono_literals;

constexpr Nanos set_up_timeout = 60s;
/// A program of another language may take longer to start than an operation may take.
constexpr Nanos open_timeout = 20s;

constexpr TargetOption driver_option{"driver", "", "a shell command",
                                     "the program that performs the operations: docs/drivers.md"};
constexpr TargetOption endpoints_option{"endpoints", "local", "NAME,…",
                                        "told to the drivers, one a node; Assay opens none itself"};
constexpr std::array options{driver_option, endpoints_option};

/// Starts its driver at the first operation, and again after one in doubt.
class DriverClient final : public Client {
 public:
  DriverClient(std::string command, std::string open_line)
      : command_(std::move(command)), open_line_(std::move(open_line)) {}

  Completion invoke(const Invocation& invocation, Nanos timeout) override {
    const Nanos start = monotonic_now();
    if (!driver_ || !driver_->is_running()) {
      if (auto opened = open(start + std::max(timeout, open_timeout));
          opened.type != EventType::ok) {
        driver_.reset();
        const Completion failed{EventType::fail, {}, "opening: " + opened.error};
        pause_after_failure(failed, start, timeout);
        return failed;
      }
    }
    const auto answer = driver_->ask(invoke_line(invocation), monotonic_now() + timeout);
    if (answer.kind == Driver::Answer::Kind::silent) return {EventType::info, {}, answer.text};
    return read_answer(answer.text, invocation.value);
  }

 private:
  Completion open(Nanos deadline) {
    auto driver = Driver::start(command_);
    if (!driver.ok()) return {EventType::fail, {}, driver.error().message};
    driver_ = std::move(*driver);
    const auto answer = driver_->ask(open_line_, deadline);
    if (answer.kind == Driver::Answer::Kind::silent) return {EventType::fail, {}, answer.text};
    return read_answer(answer.text, {});
  }

  std::string command_;
  std::string open_line_;
  std::optional<Driver> driver_;
};

class ExternalTarget final : public Target {
 public:
  ExternalTarget(std::string command, std::vector<std::string> endpoints)
      : command_(std::move(command)), endpoints_(std::move(endpoints)) {}

  std::string_view name() const override { return "external"; }
  std::map<std::string, std::string> facts() const override { return {{"driver", command_}}; }
  std::vector<std::string> endpoints() const override { return endpoints_; }
  Status expect(std::string_view datatype) override {
    datatype_ = std::string(datatype);
    return {};
  }

  Status set_up(Nodes& /*nodes*/) override { return tell("set-up"); }
  void tear_down(Nodes& /*nodes*/) noexcept override {
    // What a driver cannot clean up is its user's to see.
    static_cast<void>(tell("tear-down").ok());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override {
    return std::unique_ptr<Client>(std::make_unique<DriverClient>(
        command_, request_line("open", endpoints_.at(node), process, datatype_)));
  }

 private:
  Status tell(std::string_view what) {
    auto driver = Driver::start(command_);
    if (!driver.ok()) return driver.error();
    const auto answer = driver->ask(request_line(what, endpoints_.front(), ProcessId{}, datatype_),
                                    monotonic_now() + set_up_timeout);
    const std::string where = "the driver's " + std::string(what) + " ('" + command_ + "'): ";
    if (answer.kind == Driver::Answer::Kind::silent) {
      return Error{ErrorKind::unavailable, where + answer.text};
    }
    const auto completion = read_answer(answer.text, {});
    if (completion.type == EventType::ok) return {};
    return Error{ErrorKind::unavailable, where + completion.error};
  }

  std::string command_;
  std::vector<std::string> endpoints_;
  std::string datatype_;
};

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  if (given.at("driver").empty()) {
    return Error{ErrorKind::configuration,
                 "target external needs --driver, such as --driver 'python3 driver.py'; the "
                 "protocol is in docs/drivers.md"};
  }
  std::vector<std::string> endpoints;
  std::istringstream list(given.at("endpoints"));
  for (std::string name; std::getline(list, name, ',');) endpoints.push_back(name);
  if (endpoints.empty()) {
    return Error{ErrorKind::configuration, "--endpoints: expected at least one name"};
  }
  return std::unique_ptr<Target>(
      std::make_unique<ExternalTarget>(given.at("driver"), std::move(endpoints)));
}

}  // namespace

TargetEntry external_target_entry() {
  return {"external", "whatever a program of yours can reach, in any language", options, make};
}

}  // namespace assay::external
