// Kinds of faults between nodes: partitions by the firewall, and what happens to packets by the
// relay.

#include "nemesis/agent/firewall.h"
#include "nemesis/agent/kinds.h"

namespace assay::agent {
namespace {

Result<Armed> arm_partition(Host& /*host*/, const Words& words) {
  if (words.size() < 2 || (words[0] != "drop" && words[0] != "reject")) {
    return Error{ErrorKind::usage, "partition: expected drop or reject, then addresses"};
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with(port_prefix) || word.starts_with(except_prefix)) {
      const auto port = parse_number(word.substr(word.find('=') + 1), 1, 65'535);
      if (!port) return port.error();
      continue;
    }
    if (const auto address = parse_address(word); !address) return address.error();
  }
  return Armed{words, ""};
}

Result<std::string> inject_partition(Host& host, const Record& /*record*/, const Words& /*words*/) {
  const Status done = apply_firewall(host.in_force);
  if (!done.ok()) return done.error();
  return std::string();
}

Result<std::string> undo_partition(Host& host, const Record& record) {
  // Read before the rules go. Healing does not depend on what can be measured.
  const auto counts = stopped_packets();
  const Status done = apply_firewall(host.in_force);
  if (!done.ok()) return done.error();
  if (!counts) return std::string();
  const auto count = counts->find(record.id);
  const std::uint64_t stopped = count == counts->end() ? 0 : count->second;
  if (stopped == 0) return std::string(no_effect) + "no packet came from these peers";
  return std::to_string(stopped) + " packets stopped";
}

/// The rules of all packet faults in force. Their records keep the words after the process.
Result<std::map<std::string, PacketRule>> rules_in_force(const Host& host) {
  std::map<std::string, PacketRule> rules;
  for (const Record& record : host.in_force) {
    if (record.kind != "packets" || record.undo.empty()) continue;
    const auto rule = parse_packet_rule(Words(record.undo.begin() + 1, record.undo.end()));
    if (!rule) return rule.error();
    rules[record.id] = *rule;
  }
  return rules;
}

/// Rules first, then the firewall: at no time is a packet dropped that the relay does not carry.
Status apply_packets(Host& host) {
  const auto rules = rules_in_force(host);
  if (!rules) return rules.error();
  const bool is_carried = !rules->empty() && host.relay.is_ours();
  const Status set = is_carried ? host.relay.set_rules(*rules) : Status();
  const Status done = apply_firewall(host.in_force);
  if (rules->empty()) host.relay.end();
  return done.ok() ? set : done;
}

Result<Armed> arm_packets(Host& host, const Words& words) {
  if (const auto rule = parse_packet_rule(words); !rule) return rule.error();
  const auto process = host.relay.prepare();
  if (!process) return process.error();
  Words undo{to_word(*process)};
  undo.insert(undo.end(), words.begin(), words.end());
  return Armed{undo, ""};
}

Result<std::string> inject_packets(Host& host, const Record& /*record*/, const Words& /*words*/) {
  const Status done = apply_packets(host);
  if (!done.ok()) return done.error();
  return std::string();
}

Result<std::string> undo_packets(Host& host, const Record& record) {
  const auto counts = host.relay.counts(record.id);
  // What the relay does not take any more it does not carry either: the firewall decides.
  static_cast<void>(apply_packets(host).ok());
  const Status done = apply_firewall(host.in_force);
  if (!done.ok()) return done.error();
  if (counts) return describe(*counts);
  // The relay was that of an agent that is gone.
  if (const auto process = process_from_word(record.undo.empty() ? "" : record.undo[0])) {
    end_helper(*process);
  }
  return std::string();
}

}  // namespace

Kind partition_kind() {
  return {"partition",
          "drop|reject port=NUMBER… except=NUMBER ADDRESS…",
          true,
          arm_partition,
          inject_partition,
          undo_partition};
}

Kind packets_kind() {
  return {"packets", "NAME=VALUE… ADDRESS…", true, arm_packets, inject_packets, undo_packets};
}

}  // namespace assay::agent
