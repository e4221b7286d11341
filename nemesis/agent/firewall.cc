#include "nemesis/agent/firewall.h"

#include <set>
#include <sstream>

#include "nemesis/agent/packet_relay.h"
#include "nemesis/agent/packet_rules.h"
#include "nemesis/agent/shell.h"

namespace assay::agent {
namespace {

constexpr int not_found = 127;

using CutCounts = std::map<std::string, std::uint64_t>;

/// What one record asks of the firewall.
struct Cut {
  std::string id;
  std::string action;  ///< drop, reject, or relay: drop what the relay has seen, where it comes in
  std::set<std::string> v4;
  std::set<std::string> v6;
  std::set<std::string> ports;  ///< TCP and UDP, of either end; empty: all packets
  /// TCP packets to this port pass and, unless relayed, those from it; empty: none do.
  std::string except;
};

std::vector<Cut> cuts_of(std::span<const Record> records) {
  std::vector<Cut> cuts;
  for (const Record& record : records) {
    if (record.kind != "partition" && record.kind != "packets") continue;
    Cut cut{record.id, record.kind == "packets" ? "relay" : "drop", {}, {}, {}, ""};
    for (const std::string& word : record.undo) {
      if (word == "reject") cut.action = word;
      if (word.starts_with(port_prefix)) cut.ports.insert(word.substr(port_prefix.size()));
      if (word.starts_with(except_prefix)) cut.except = word.substr(except_prefix.size());
      const auto address = parse_address(word);
      if (address) (address->is_v6 ? cut.v6 : cut.v4).insert(word);
    }
    cuts.push_back(std::move(cut));
  }
  return cuts;
}

Result<CommandOutcome> run_tool(std::vector<std::string> words, const std::string& input = "") {
  return run_command(words, input, command_timeout, for_ever);
}

bool is_missing(const Result<CommandOutcome>& outcome) {
  return outcome.ok() && outcome->exit_status == not_found;
}

Status succeeded(const Result<CommandOutcome>& outcome, const char* program) {
  if (!outcome) return outcome.error();
  if (outcome->exit_status == 0) return {};
  return Error{ErrorKind::unavailable,
               std::string(program) + " refused the firewall's rules: " + outcome->output};
}

std::string joined(const std::set<std::string>& members, const char* separator = ", ") {
  std::string list;
  for (const std::string& member : members) list += (list.empty() ? "" : separator) + member;
  return list;
}

/// What a rule of these protocols matches besides the peer: all, or either end at one of the ports.
std::vector<std::string> nft_ends(const Cut& cut, const std::string& protocols) {
  if (!cut.except.empty()) {
    // Sets of two (nobody uses port 0): of two inequalities of neighbouring fields nft 1.0 makes
    // one of both together, and of a set of one an inequality.
    const std::string other = " != { 0, " + cut.except + " } ";
    std::vector<std::string> ends{"meta l4proto tcp th dport" + other +
                                  (cut.action == "relay" ? "" : "th sport" + other)};
    if (protocols != "tcp") ends.emplace_back("meta l4proto != tcp ");
    return ends;
  }
  if (cut.ports.empty()) return {protocols.empty() ? "" : "meta l4proto " + protocols + " "};
  std::vector<std::string> ends;
  for (const char* end : {"dport", "sport"}) {
    ends.push_back("meta l4proto " + (protocols.empty() ? "{ tcp, udp }" : protocols) + " th " +
                   end + " { " + joined(cut.ports) + " } ");
  }
  return ends;
}

std::string nft_rules(const Cut& cut, const CutCounts& before) {
  std::string rules;
  const auto counted = before.find(cut.id);
  std::string counter = "counter packets " +
                        std::to_string(counted == before.end() ? 0 : counted->second) + " bytes 0 ";
  const std::string comment = " comment \"" + cut.id + "\"\n";
  for (const auto& [family, members] : {std::pair{"ip", &cut.v4}, std::pair{"ip6", &cut.v6}}) {
    if (members->empty()) continue;
    const std::string match = std::string("    ") + family + " saddr { " + joined(*members) + " } ";
    if (cut.action == "reject") {
      for (const std::string& end : nft_ends(cut, "tcp")) {
        rules += match + end + "counter reject with tcp reset" + comment;
      }
    }
    for (const std::string& end : nft_ends(cut, "")) {
      rules += match + end + counter + (cut.action == "reject" ? "reject" : "drop") + comment;
      counter = "counter ";  // what was counted before stands in one of them
    }
  }
  return rules;
}

/// The commands for nft that leave exactly these cuts, in one transaction.
std::string nft_script(const std::vector<Cut>& cuts, const CutCounts& before) {
  const std::string table = std::string("table inet ") + firewall_table;
  // Adding the table first makes deleting it right whether or not it existed.
  std::string script = table + "\ndelete " + table + "\n";
  std::string cut_rules;
  std::string relay_rules;
  for (const Cut& cut : cuts) {
    (cut.action == "relay" ? relay_rules : cut_rules) += nft_rules(cut, before);
  }
  if (cuts.empty()) return script;
  script += table + " {\n";
  if (!cut_rules.empty()) {
    script += "  chain in {\n    type filter hook input priority 0;\n" + cut_rules + "  }\n";
  }
  if (!relay_rules.empty()) {
    // Before connections are tracked: a packet must not be seen twice.
    script += "  chain relayed {\n    type filter hook prerouting priority -400;\n    iifname \"" +
              std::string(relay_device) + "\" accept\n" + relay_rules + "  }\n";
  }
  return script + "}\n";
}

/// "… counter packets 12 bytes 720 drop comment "id"", as both programs list what they count.
CutCounts nft_counts(const std::string& listing) {
  CutCounts counts;
  std::istringstream lines(listing);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comment = line.find(" comment \"");
    const std::size_t packets = line.find("counter packets ");
    if (comment == std::string::npos || packets == std::string::npos) continue;
    const std::size_t begin = line.find('"', comment) + 1;
    counts[line.substr(begin, line.find('"', begin) - begin)] +=
        std::strtoull(line.c_str() + packets + std::string("counter packets ").size(), nullptr, 10);
  }
  return counts;
}

/// For nodes without nft. Rules of one address each; an own chain in each table it needs.
std::string iptables_script(const std::vector<Cut>& cuts) {
  std::string script = "set -e\n";
  struct Family {
    const char* program;
    std::set<std::string> Cut::*members;
  };
  for (const Family& family : {Family{"iptables", &Cut::v4}, Family{"ip6tables", &Cut::v6}}) {
    for (const auto& [table, hook, relayed] :
         {std::tuple{"filter", "INPUT", false}, std::tuple{"raw", "PREROUTING", true}}) {
      const std::string call = std::string(family.program) + " -w -t " + table + " ";
      std::string rules;
      for (const Cut& cut : cuts) {
        if ((cut.action == "relay") != relayed) continue;
        for (const std::string& member : cut.*family.members) {
          const std::string match =
              call + "-A " + firewall_chain + " -s " + member + " -m comment --comment " + cut.id;
          const std::string ports =
              cut.ports.empty() ? "" : " -m multiport --ports " + joined(cut.ports, ",");
          const bool rejects = cut.action == "reject";
          if (!cut.except.empty()) {
            rules += match + " -p tcp" + (relayed ? " ! --dport " : " -m multiport ! --ports ") +
                     cut.except +
                     (rejects ? " -j REJECT --reject-with tcp-reset\n" : " -j DROP\n") + match +
                     " ! -p tcp" + (rejects ? " -j REJECT\n" : " -j DROP\n");
            continue;
          }
          for (const std::string protocol : {" -p tcp", " -p udp", ""}) {
            if (protocol.empty() != ports.empty() && !(rejects && protocol == " -p tcp")) continue;
            const bool resets = rejects && protocol == " -p tcp";
            rules += match + protocol + ports +
                     (resets ? " -j REJECT --reject-with tcp-reset\n"
                             : (rejects ? " -j REJECT\n" : " -j DROP\n"));
          }
        }
      }
      const std::string chain = firewall_chain;
      script += "if " + call + "-n -L " + chain + " >/dev/null 2>&1; then " + call + "-D " + hook +
                " -j " + chain + " || true; " + call + "-F " + chain + "; " + call + "-X " + chain +
                "; fi\n";
      if (rules.empty()) continue;
      script += call + "-N " + chain + "\n";
      if (relayed) script += call + "-A " + chain + " -i " + relay_device + " -j RETURN\n";
      script += rules + call + "-I " + hook + " -j " + chain + "\n";
    }
  }
  return script;
}

/// "  12   720 DROP  all  --  *  *  10.0.0.1  0.0.0.0/0  /* id */"
CutCounts iptables_counts(const std::string& listing) {
  CutCounts counts;
  std::istringstream lines(listing);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comment = line.find("/* ");
    if (comment == std::string::npos) continue;
    const std::size_t begin = comment + 3;
    counts[line.substr(begin, line.find(" */", begin) - begin)] +=
        std::strtoull(line.c_str(), nullptr, 10);
  }
  return counts;
}

Result<CutCounts> counted_by_nft() {
  const auto listing = run_tool({"nft", "list", "table", "inet", firewall_table});
  if (!listing) return listing.error();
  if (listing->exit_status == not_found) return Error{ErrorKind::unavailable, "no nft"};
  return nft_counts(listing->output);
}

}  // namespace

Status apply_firewall(std::span<const Record> records) {
  const std::vector<Cut> cuts = cuts_of(records);
  const auto before = counted_by_nft();
  const auto outcome =
      run_tool({"nft", "-f", "-"}, nft_script(cuts, before ? *before : CutCounts{}));
  if (!is_missing(outcome)) return succeeded(outcome, "nft");
  const auto second = run_tool(
      {"sh", "-c", "command -v iptables >/dev/null || exit 127\n" + iptables_script(cuts)});
  if (is_missing(second)) {
    return Error{ErrorKind::unavailable,
                 "neither nft nor iptables is found on this node; install nftables"};
  }
  return succeeded(second, "iptables");
}

Result<std::map<std::string, std::uint64_t>> stopped_packets() {
  if (auto counts = counted_by_nft(); counts.ok()) return counts;
  const auto listing = run_tool({"sh", "-c",
                                 std::string("for p in iptables ip6tables; do $p -w -n -v -x -L ") +
                                     firewall_chain + " 2>/dev/null; done; true"});
  if (!listing) return listing.error();
  return iptables_counts(listing->output);
}

}  // namespace assay::agent
