#include "targets/reference/protocols/catalogue.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/suggestion.h"

namespace assay::reference {
namespace {

Result<std::map<std::string, std::string>> with_fallbacks(const ProtocolEntry& entry,
                                                          const ProtocolSettings& settings) {
  std::map<std::string, std::string> options;
  for (const auto& row : entry.options) options[std::string(row.name)] = row.fallback;
  for (const auto& [name, value] : settings.options) {
    const auto known = options.find(name);
    if (known == options.end()) {
      return Error{ErrorKind::usage,
                   "protocol " + std::string(entry.name) + " has no option --" + name};
    }
    known->second = value;
  }
  return options;
}

}  // namespace

std::span<const ProtocolEntry> protocols() {
  static const std::array table{raft_entry(),         primary_backup_entry(), quorum_entry(),
                                multi_leader_entry(), causal_entry(),         paxos_entry(),
                                sharded_entry(),      coordination_entry()};
  return table;
}

Result<const ProtocolEntry*> find_protocol(std::string_view name) {
  std::string known;
  std::vector<std::string_view> names;
  for (const auto& entry : protocols()) {
    if (entry.name == name) return &entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
    names.push_back(entry.name);
  }
  return Error{ErrorKind::usage, "no protocol '" + std::string(name) + "'" +
                                     did_you_mean(name, names) + "; there are " + known};
}

Result<std::unique_ptr<Protocol>> make_protocol(const ProtocolSettings& settings,
                                                const Membership& membership,
                                                const Random& random) {
  const auto entry = find_protocol(settings.protocol);
  if (!entry) return entry.error();
  const auto options = with_fallbacks(**entry, settings);
  if (!options) return options.error();
  return (*entry)->make(*options, settings.bugs, membership, random);
}

Status check_settings(const ProtocolSettings& settings, std::size_t members) {
  Membership membership;
  for (std::uint32_t i = 1; i <= members; ++i) membership.members.push_back(NodeId{i});
  membership.self = membership.members.empty() ? NodeId::none : membership.members.front();
  const auto made = make_protocol(settings, membership, Random(0));
  if (!made) return made.error();
  return {};
}

bool performs(const ProtocolEntry& entry, std::string_view function) {
  const CommandEntry* command = find_command(function);
  return command != nullptr && std::find(entry.commands.begin(), entry.commands.end(),
                                         command->kind) != entry.commands.end();
}

Result<std::size_t> number_of(const std::map<std::string, std::string>& options, const char* name,
                              std::size_t low, std::size_t high) {
  const std::string& text = options.at(name);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= low && number <= high) {
    return number;
  }
  return Error{ErrorKind::usage, std::string("--") + name + ": expected a number from " +
                                     std::to_string(low) + " to " + std::to_string(high) +
                                     ", got '" + text + "'"};
}

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  std::size_t from = 0;
  while (from <= list.size()) {
    const auto comma = std::min(list.find(',', from), list.size());
    if (comma > from) names.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  return names;
}

Result<std::vector<std::string_view>> promises_of(const ProtocolSettings& settings) {
  const auto entry = find_protocol(settings.protocol);
  if (!entry) return entry.error();
  const auto options = with_fallbacks(**entry, settings);
  if (!options) return options.error();
  return (*entry)->promises(*options);
}

}  // namespace assay::reference
