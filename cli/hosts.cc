#include "cli/hosts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "nemesis/registry.h"

namespace assay::cli {
namespace {

constexpr Nanos connect_timeout = std::chrono::seconds(10);

/// Where ssh looks: the account's, whatever HOME says.
std::string home_folder() {
  std::array<char, 4096> buffer{};
  passwd account{};
  passwd* found = nullptr;
  ::getpwuid_r(::getuid(), &account, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "" : account.pw_dir;
}

constexpr const char* password_variable = "ASSAY_SUDO_PASSWORD";

/// A line from the terminal, which does not show it.
Result<std::string> ask_on_terminal(const std::string& question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  termios shown{};
  if (terminal < 0 || ::tcgetattr(terminal, &shown) != 0) {
    if (terminal >= 0) ::close(terminal);
    return Error{ErrorKind::no_input,
                 fmt::format("--sudo-password-file -: there is no terminal to ask on; name a file, "
                             "or set {}",
                             password_variable)};
  }
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(terminal, TCSAFLUSH, &hidden);
  std::string line;
  bool asked = ::write(terminal, question.data(), question.size()) > 0;
  for (char c = 0; asked && ::read(terminal, &c, 1) == 1 && c != '\n';) line += c;
  ::tcsetattr(terminal, TCSAFLUSH, &shown);
  asked = ::write(terminal, "\n", 1) == 1;
  ::close(terminal);
  return line;
}

}  // namespace

Result<std::string> sudo_password(const std::string& file) {
  if (const char* set = std::getenv(password_variable); set != nullptr && *set != '\0') {
    return std::string(set);
  }
  if (file.empty()) return std::string();
  std::string password;
  if (file == "-") {
    auto typed = ask_on_terminal("sudo password of the machines: ");
    if (!typed.ok()) return typed.error();
    password = std::move(*typed);
    ::setenv(password_variable, password.c_str(), 1);
  } else {
    std::ifstream stream(file);
    if (!stream) {
      return Error{ErrorKind::no_input,
                   fmt::format("--sudo-password-file: cannot read '{}'", file)};
    }
    std::getline(stream, password);
  }
  if (!password.empty()) return password;
  return Error{ErrorKind::bad_data,
               fmt::format("--sudo-password-file: the first line of '{}' is empty; expected the "
                           "password that sudo asks for",
                           file)};
}

Result<std::vector<NodeAddress>> parse_hosts(const std::vector<std::string>& hosts, bool sudo) {
  std::vector<NodeAddress> addresses;
  for (const std::string& text : hosts) {
    NodeAddress address;
    address.name = fmt::format("n{}", addresses.size() + 1);
    address.is_own = true;
    address.sudo = sudo;
    address.user = "";
    address.port = 0;
    address.known_hosts_file = home_folder() + "/.ssh/known_hosts";
    std::string_view rest = text;
    if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
      address.user = rest.substr(0, at);
      rest.remove_prefix(at + 1);
    }
    // An IPv6 address holds colons of its own; with a port it stands in brackets.
    std::string_view port;
    if (rest.starts_with('[')) {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) rest = {};
      if (rest.size() > end + 1) port = rest.substr(end + 1);
      if (!rest.empty()) rest = rest.substr(1, end - 1);
    } else if (rest.find(':') == rest.rfind(':') && rest.find(':') != std::string_view::npos) {
      port = rest.substr(rest.find(':'));
      rest = rest.substr(0, rest.find(':'));
    }
    bool is_right = !rest.empty() && rest[0] != '-';
    if (!port.empty()) {
      const char* const last = port.data() + port.size();
      const auto [end, failure] = std::from_chars(port.data() + 1, last, address.port);
      is_right = is_right && failure == std::errc() && end == last && address.port != 0;
    }
    if (!is_right) {
      return Error{ErrorKind::usage,
                   fmt::format("--hosts: '{}': expected user@host:port, of which only the host is "
                               "needed",
                               text)};
    }
    address.host = rest;
    addresses.push_back(std::move(address));
  }
  return addresses;
}

Result<Nodes> connect_hosts(const std::vector<NodeAddress>& addresses) {
  Nodes nodes;
  for (const NodeAddress& address : addresses) {
    auto node = connect_ssh(address, connect_timeout);
    if (!node.ok()) return node.error();
    nodes.push_back(std::move(*node));
  }
  return nodes;
}

std::string preflight(const std::vector<NodeAddress>& addresses, Target& target,
                      const std::vector<std::string>& names) {
  std::string text =
      fmt::format("this run would, on {} machines that are no lab:\n", addresses.size());
  for (const NodeAddress& address : addresses) {
    text += fmt::format("  {} = {}{}{}\n", address.name, address.user,
                        address.user.empty() ? "" : "@", address.host);
  }
  text += fmt::format("install and start {}, and end its servers\n", target.name());
  const ProcessControl* control = target.process_control();
  if (control != nullptr && !control->data_folder(0).empty()) {
    text += fmt::format("remove what is in {}\n", control->data_folder(0));
  }
  if (names.empty()) return text;
  text += "put /opt/assay/assay-agent there, with its ledger in /run/assay, and by it:\n";
  for (const FaultEntry& fault : faults()) {
    for (const std::string& name : names) {
      if (fault.name == fault_name(name)) text += fmt::format("  {:24} {}\n", name, fault.summary);
    }
  }
  return text + "the firewall is touched in the table inet assay_nemesis only\n";
}

}  // namespace assay::cli
