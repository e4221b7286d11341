#include "targets/mongodb/settings.h"

#include <array>

#include "targets/cluster.h"

namespace assay::mongodb {
namespace {

/// By the position of the option's value.
Value write_concern_of(std::size_t choice) {
  if (choice == 0) return Value::Map{{"w", "majority"}};
  if (choice == 1) return Value::Map{{"w", 1}};
  return Value::Map{{"w", 1}, {"j", true}};
}

}  // namespace

Result<DriverSettings> driver_settings(const std::map<std::string, std::string>& given) {
  std::array<std::size_t, 5> choices{};
  std::size_t at = 0;
  for (const auto* option : {&write_concern_option, &read_concern_option, &reads_option,
                             &causal_option, &retry_option}) {
    const auto choice = option_choice(given, *option);
    if (!choice.ok()) return choice.error();
    choices.at(at++) = *choice;
  }
  DriverSettings settings;
  settings.write_concern = write_concern_of(choices[0]);
  settings.read_concern = given.at("read-concern");
  settings.secondary_reads = choices[2] == 1;
  settings.causal = choices[3] == 1;
  settings.retry_writes = choices[4] == 1;
  if (settings.read_concern == "linearizable" && (settings.causal || settings.secondary_reads)) {
    return Error{ErrorKind::configuration,
                 "--read-concern linearizable: only with --reads primary and --causal no"};
  }
  return settings;
}

}  // namespace assay::mongodb
