// The coordination service: several changes at one revision, and the one or the other list of them
// after a comparison, in etcd's manner.
#include <algorithm>
#include <optional>
#include <utility>

#include "targets/reference/protocols/coordination/machine.h"

namespace assay::reference {
namespace {

/// [put path value] or [delete path].
struct TreeChange {
  std::string path;
  std::optional<Datum> data;  ///< nothing: delete
};

std::optional<TreeChange> change_of(const Datum& datum) {
  const auto* parts = datum.get_if<Datum::List>();
  if (parts == nullptr || parts->empty()) return std::nullopt;
  const auto* name = parts->front().get_if<std::string>();
  if (name == nullptr || parts->size() < 2) return std::nullopt;
  auto path = path_of((*parts)[1]);
  if (!path) return std::nullopt;
  if (*name == "put" && parts->size() == 3) return TreeChange{std::move(*path), (*parts)[2]};
  if (*name == "delete" && parts->size() == 2) return TreeChange{std::move(*path), std::nullopt};
  return std::nullopt;
}

/// [path field operator value]; the field of a node that is not there is 0, and its data nil.
std::optional<bool> holds(const Datum& condition, const Tree& tree) {
  const auto* parts = condition.get_if<Datum::List>();
  if (parts == nullptr || parts->size() != 4) return std::nullopt;
  const auto path = path_of((*parts)[0]);
  const auto* name = (*parts)[1].get_if<std::string>();
  const auto* comparison = (*parts)[2].get_if<std::string>();
  if (!path || name == nullptr || comparison == nullptr) return std::nullopt;
  const Znode* found = tree.find(*path);
  const Znode node = found == nullptr ? Znode{} : *found;
  Datum value;
  if (*name == "data") {
    value = node.data;
  } else if (*name == "version") {
    value = node.version;
  } else if (*name == "created") {
    value = node.created;
  } else if (*name == "modified") {
    value = node.modified;
  } else {
    return std::nullopt;
  }
  const Datum& other = (*parts)[3];
  if (*comparison == "=") return value == other;
  if (*comparison == "!=") return !(value == other);
  if (*comparison == "<") return value < other;
  if (*comparison == ">") return other < value;
  return std::nullopt;
}

}  // namespace

/// All or none; each path once, as in etcd, so that a revision says one thing about a node.
Answer CoordinationMachine::commit(const Datum& changes) {
  const auto* list = changes.get_if<Datum::List>();
  if (list == nullptr) return misfit;
  std::map<std::string, std::optional<Datum>> wanted;
  for (const Datum& datum : *list) {
    auto change = change_of(datum);
    if (!change || !wanted.emplace(change->path, change->data).second) return misfit;
    const bool possible =
        change->data ? tree_.has_place(change->path) : !tree_.has_children(change->path);
    if (!possible) return refused;
  }
  // A node put below one that is deleted in the same breath would have no parent.
  for (const auto& [path, data] : wanted) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || !data) continue;
    const auto parent = wanted.find(path.substr(0, slash));
    if (parent != wanted.end() && !parent->second) return refused;
  }
  bool changed = false;
  for (auto& [path, data] : wanted) {
    if (data) {
      put(path, *data);
      changed = true;
    } else if (tree_.find(path) != nullptr) {
      tree_.erase(path);
      changed = true;
    }
  }
  return {Outcome::ok, changed ? Datum(tree_.revision() + 1) : Datum()};
}

Answer CoordinationMachine::compare(const Datum& argument) {
  const auto* parts = argument.get_if<Datum::List>();
  if (parts == nullptr || parts->size() != 3) return misfit;
  const auto* conditions = (*parts)[0].get_if<Datum::List>();
  if (conditions == nullptr) return misfit;
  bool held = true;
  for (const Datum& condition : *conditions) {
    const auto result = holds(condition, tree_);
    if (!result) return misfit;
    held = held && *result;
  }
  Answer answer = commit((*parts)[held ? 1 : 2]);
  if (answer.outcome != Outcome::ok) return answer;
  return {Outcome::ok, Datum::List{held, std::move(answer.value)}};
}

}  // namespace assay::reference
