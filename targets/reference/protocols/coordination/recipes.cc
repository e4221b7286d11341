// The coordination service: locks and elections, made of ephemeral sequential nodes. Contenders lie
// below the node of the lock; the lowest number has it, and that number is its token or term.
#include <algorithm>
#include <charconv>
#include <utility>

#include "targets/reference/protocols/coordination/machine.h"

namespace assay::reference {
namespace {

constexpr std::size_t sequence_digits = 10;
const std::string contender = "contender-";

/// 0: it has none.
std::int64_t sequence_of(const std::string& name) {
  if (name.size() < sequence_digits) return 0;
  std::int64_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(end - sequence_digits, end, number);
  return error == std::errc{} && stopped == end ? number : 0;
}

/// The path of the contender with the lowest number; empty: nobody contends.
std::string lowest(const Tree& tree, const std::string& path) {
  std::string best;
  for (const std::string& name : tree.children(path)) {
    if (!name.starts_with(contender)) continue;
    if (best.empty() || sequence_of(name) < sequence_of(best)) best = name;
  }
  return best.empty() ? best : path + "/" + best;
}

/// Where a resource that the lock protects keeps the largest token that it has seen.
std::string resource_of(const std::string& path) { return "resource of " + path; }

}  // namespace

std::string CoordinationMachine::sequential_child(const std::string& parent,
                                                  const std::string& prefix) {
  std::int64_t number = tree_.next_sequence(parent);
  if (has(CoordinationBug::sequence_from_children)) {
    number = 1;
    for (const std::string& name : tree_.children(parent)) {
      number = std::max(number, sequence_of(name) + 1);
    }
  }
  std::string digits = std::to_string(number);
  if (digits.size() < sequence_digits) digits.insert(0, sequence_digits - digits.size(), '0');
  return parent + "/" + prefix + digits;
}

/// An ephemeral sequential node below the lock's.
std::string CoordinationMachine::contend(const std::string& path, std::uint64_t client) {
  if (tree_.find(path) == nullptr) tree_.create(path, {}, 0);
  std::string mine = sequential_child(path, contender);
  // Members with bugs number two alike.
  if (tree_.find(mine) == nullptr) tree_.create(mine, {}, client);
  return mine;
}

Answer CoordinationMachine::acquire(const std::string& path, std::uint64_t client) {
  const Znode* lock = tree_.find(path);
  if (lock == nullptr ? !tree_.has_place(path) : lock->owner != 0) return misfit;
  if (!lowest(tree_, path).empty()) return refused;
  return {Outcome::ok, sequence_of(contend(path, client))};
}

Answer CoordinationMachine::release(const std::string& path, std::uint64_t client) {
  const std::string held = lowest(tree_, path);
  if (held.empty()) return refused;
  const bool own = tree_.find(held)->owner == client;
  if (!own && !has(CoordinationBug::release_any_holder)) return refused;
  tree_.erase(held);
  return {};
}

Answer CoordinationMachine::renew(const std::string& path, std::uint64_t client) const {
  const std::string held = lowest(tree_, path);
  if (held.empty() || tree_.find(held)->owner != client) return refused;
  return {};
}

Answer CoordinationMachine::use(const std::string& path, const Datum& token) {
  const auto* number = token.get_if<std::int64_t>();
  if (number == nullptr || *number < 1) return misfit;
  const std::string resource = resource_of(path);
  const Znode* node = tree_.find(resource);
  const bool stale = node != nullptr && token < node->data;
  if (stale && !has(CoordinationBug::fence_unchecked)) return refused;
  return put(resource, token);
}

Answer CoordinationMachine::elect(const std::string& path, std::uint64_t client) {
  const Znode* election = tree_.find(path);
  if (election == nullptr ? !tree_.has_place(path) : election->owner != 0) return misfit;
  bool stands = false;
  for (const std::string& own : tree_.owned_by(client)) {
    stands = stands || own.starts_with(path + "/" + contender);
  }
  if (!stands) contend(path, client);
  return {Outcome::ok, leader_of(tree_, path)};
}

Datum leader_of(const Tree& tree, const std::string& path) {
  const std::string leads = lowest(tree, path);
  if (leads.empty()) return {};
  return Datum::List{sequence_of(leads), static_cast<std::int64_t>(tree.find(leads)->owner)};
}

}  // namespace assay::reference
