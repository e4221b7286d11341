#include "nemesis/agent/packet_rules.h"

#include <arpa/inet.h>

#include <charconv>
#include <string_view>

namespace assay::agent {
namespace {

Error wrong(const std::string& word, const char* expected) {
  return {ErrorKind::usage, "packets: \"" + word + "\": expected " + expected};
}

Result<double> parse_chance(const std::string& word, std::string_view text) {
  double percent = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (failure != std::errc() || end != text.data() + text.size() || !(percent >= 0) ||
      percent > 100) {
    return wrong(word, "a percentage from 0 to 100");
  }
  return percent / 100;
}

Result<Nanos> parse_delay(const std::string& word, std::string_view text) {
  const auto delay = parse_duration(text);
  if (!delay || *delay > std::chrono::seconds(60)) return wrong(word, "a duration up to 60s");
  return *delay;
}

Result<std::uint64_t> parse_rate(const std::string& word, std::string_view text) {
  std::uint64_t rate = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (failure != std::errc() || end != text.data() + text.size() || rate < 1000) {
    return wrong(word, "bits a second, at least 1000");
  }
  return rate;
}

Result<std::uint16_t> parse_port(const std::string& word, std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size() || port == 0) {
    return wrong(word, "a port from 1 to 65535");
  }
  return port;
}

template <class T>
Status put(T& field, const Result<T>& value) {
  if (!value) return value.error();
  field = *value;
  return {};
}

Status read_setting(PacketRule& rule, const std::string& word, std::string_view name,
                    std::string_view text) {
  if (name == "delay") return put(rule.delay, parse_delay(word, text));
  if (name == "jitter") return put(rule.jitter, parse_delay(word, text));
  if (name == "loss") return put(rule.loss, parse_chance(word, text));
  if (name == "corrupt") return put(rule.corrupt, parse_chance(word, text));
  if (name == "duplicate") return put(rule.duplicate, parse_chance(word, text));
  if (name == "reorder") return put(rule.reorder, parse_chance(word, text));
  if (name == "rate") return put(rule.rate_bits, parse_rate(word, text));
  if (name == "except") return put(rule.except, parse_port(word, text));
  return wrong(word, "delay, jitter, loss, corrupt, duplicate, reorder, rate or except");
}

void add(std::string& text, std::uint64_t count, const char* what) {
  if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.is_v6 = true;
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return Error{ErrorKind::usage, "\"" + text + "\": expected an IP address"};
}

Result<PacketRule> parse_packet_rule(const Words& words) {
  PacketRule rule;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      const auto address = parse_address(word);
      if (!address) return address.error().in("packets");
      rule.peers.push_back(*address);
      continue;
    }
    const std::string_view text = word;
    const Status read = read_setting(rule, word, text.substr(0, equals), text.substr(equals + 1));
    if (!read.ok()) return read.error();
  }
  if (rule.peers.empty()) return Error{ErrorKind::usage, "packets: no address of a peer"};
  return rule;
}

std::string describe(const PacketCounts& counts) {
  if (counts.seen == 0) return "no effect: no packet came from these peers";
  std::string details;
  add(details, counts.lost, "lost");
  add(details, counts.corrupted, "corrupted");
  add(details, counts.duplicated, "duplicated");
  add(details, counts.reordered, "out of order");
  add(details, counts.overflowed, "too many to hold");
  const Nanos late(
      counts.delivered == 0 ? 0 : static_cast<std::int64_t>(counts.delay_ns / counts.delivered));
  // Passing through the relay takes some microseconds in any case.
  if (late > std::chrono::microseconds(500)) {
    details += (details.empty() ? "" : ", ") + format_duration(late) + " late on average";
  }
  if (details.empty()) return "no effect: " + std::to_string(counts.seen) + " packets, none hit";
  return std::to_string(counts.seen) + " packets: " + details;
}

}  // namespace assay::agent
