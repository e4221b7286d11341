#include "targets/reference/protocols/coordination/tree.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace assay::reference {

std::optional<std::string> path_of(const Datum& key) {
  if (const auto* number = key.get_if<std::int64_t>()) return std::to_string(*number);
  const auto* text = key.get_if<std::string>();
  if (text == nullptr || text->empty() || text->size() > path_bytes_max) return std::nullopt;
  const bool has_empty_name =
      text->front() == '/' || text->back() == '/' || text->find("//") != std::string::npos;
  return has_empty_name ? std::nullopt : std::optional(*text);
}

const Znode* Tree::find(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::vector<std::string> Tree::children(const std::string& path) const {
  const std::string prefix = path.empty() ? "" : path + "/";
  std::vector<std::string> names;
  for (auto at = nodes_.lower_bound(prefix); at != nodes_.end() && at->first.starts_with(prefix);
       ++at) {
    std::string name = at->first.substr(prefix.size());
    if (name.find('/') == std::string::npos) names.push_back(std::move(name));
  }
  return names;
}

bool Tree::has_children(const std::string& path) const {
  const auto next = nodes_.lower_bound(path + "/");
  return next != nodes_.end() && next->first.starts_with(path + "/");
}

bool Tree::has_place(const std::string& path) const {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return true;
  const Znode* parent = find(path.substr(0, slash));
  return parent != nullptr && parent->owner == 0;
}

void Tree::create(const std::string& path, Datum data, std::uint64_t owner) {
  Znode& node = nodes_[path];
  ASSAY_ASSERT(node.created == 0);
  note(path, data, nullptr);
  node = {std::move(data), 0, revision_ + 1, revision_ + 1, owner, 0};
  if (owner != 0) owned_[owner].insert(path);
}

void Tree::set(const std::string& path, Datum data) {
  Znode& node = nodes_.at(path);
  note(path, data, &node);
  node.data = std::move(data);
  node.modified = revision_ + 1;
  ++node.version;
}

void Tree::erase(const std::string& path) {
  const auto found = nodes_.find(path);
  ASSAY_ASSERT(found != nodes_.end());
  note(path, std::nullopt, &found->second);
  if (const auto owned = owned_.find(found->second.owner); owned != owned_.end()) {
    owned->second.erase(path);
    if (owned->second.empty()) owned_.erase(owned);
  }
  nodes_.erase(found);
}

std::int64_t Tree::next_sequence(const std::string& parent) { return ++nodes_.at(parent).sequence; }

std::vector<std::string> Tree::owned_by(std::uint64_t client) const {
  const auto owned = owned_.find(client);
  if (owned == owned_.end()) return {};
  return {owned->second.begin(), owned->second.end()};
}

std::vector<std::uint64_t> Tree::owners() const {
  std::vector<std::uint64_t> clients;
  for (const auto& [client, paths] : owned_) clients.push_back(client);
  return clients;
}

void Tree::note(const std::string& path, std::optional<Datum> data, const Znode* before) {
  TreeEvent event{revision_ + 1, path, std::move(data), before == nullptr, {}, 0};
  if (before != nullptr) {
    event.previous = before->data;
    event.previous_revision = before->modified;
  }
  unsealed_.push_back(std::move(event));
}

Revision Tree::seal() {
  if (unsealed_.empty()) return 0;
  ++revision_;
  for (auto& event : std::exchange(unsealed_, {})) events_.push_back(std::move(event));
  forget_old();
  return revision_;
}

void Tree::forget_old() {
  oldest_ = std::max(oldest_, revision_ - static_cast<Revision>(history_) + 1);
  while (!events_.empty() && events_.front().revision < oldest_) events_.pop_front();
}

void Tree::encode(ByteWriter& writer, bool with_sequences) const {
  writer.u64(static_cast<std::uint64_t>(revision_));
  writer.u64(static_cast<std::uint64_t>(oldest_));
  writer.u64(nodes_.size());
  for (const auto& [path, node] : nodes_) {
    writer.text(path);
    writer.datum(node.data);
    writer.u64(static_cast<std::uint64_t>(node.version));
    writer.u64(static_cast<std::uint64_t>(node.created));
    writer.u64(static_cast<std::uint64_t>(node.modified));
    writer.u64(node.owner);
    writer.u64(static_cast<std::uint64_t>(with_sequences ? node.sequence : 0));
  }
  writer.u64(events_.size());
  for (const TreeEvent& event : events_) {
    writer.u64(static_cast<std::uint64_t>(event.revision));
    writer.text(event.path);
    writer.boolean(event.data.has_value());
    if (event.data) writer.datum(*event.data);
    writer.boolean(event.created);
    writer.datum(event.previous);
    writer.u64(static_cast<std::uint64_t>(event.previous_revision));
  }
}

bool Tree::decode(ByteReader& reader) {
  const auto number = [&reader] { return static_cast<std::int64_t>(reader.u64()); };
  nodes_.clear();
  owned_.clear();
  events_.clear();
  unsealed_.clear();
  revision_ = number();
  oldest_ = number();
  for (auto left = reader.u64(); left > 0 && reader.ok(); --left) {
    const std::string path = reader.text(path_bytes_max);
    Znode node{reader.datum(), number(), number(), number(), reader.u64(), number()};
    if (node.owner != 0) owned_[node.owner].insert(path);
    nodes_[path] = std::move(node);
  }
  for (auto left = reader.u64(); left > 0 && reader.ok(); --left) {
    TreeEvent event;
    event.revision = number();
    event.path = reader.text(path_bytes_max);
    if (reader.boolean()) event.data = reader.datum();
    event.created = reader.boolean();
    event.previous = reader.datum();
    event.previous_revision = number();
    events_.push_back(std::move(event));
  }
  return reader.ok();
}

}  // namespace assay::reference
