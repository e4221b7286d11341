#pragma once
// The tree of nodes: data by path, with versions and owners, and what happened to it, revision by
// revision. A path is names joined by '/'; what lies directly under the root needs no parent.
// Sources: Hunt, Konar, Junqueira and Reed, "ZooKeeper: wait-free coordination for internet-scale
// systems", 2010, section 2.1 (nodes); etcd's documentation, "data model" (revisions, history).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Counts what changed the tree, from 1; all changes of one command share a revision.
using Revision = std::int64_t;

struct Znode {
  Datum data;
  std::int64_t version = 0;  ///< how often its data was set since it was created
  Revision created = 0;
  Revision modified = 0;
  std::uint64_t owner = 0;    ///< the client that it goes away with; 0: it is persistent
  std::int64_t sequence = 0;  ///< numbers its sequential children, whether they still exist or not
  bool operator==(const Znode&) const = default;
};

/// What happened to one node.
struct TreeEvent {
  Revision revision = 0;
  std::string path;
  std::optional<Datum> data;  ///< nothing: it was deleted
  bool created = false;
  Datum previous;
  Revision previous_revision = 0;  ///< 0: it was not there before
};

inline constexpr std::size_t path_bytes_max = 1024;
/// A number or a text as a path. Nothing: it has an empty name in it, or is too long.
std::optional<std::string> path_of(const Datum& key);

/// Deterministic. Not thread-safe. Changes are gathered until `seal` makes them one revision.
class Tree {
 public:
  /// Remembers the events of so many revisions.
  explicit Tree(std::size_t history) : history_(history) {}

  const Znode* find(const std::string& path) const;
  /// Their last names, in order. O(children).
  std::vector<std::string> children(const std::string& path) const;
  bool has_children(const std::string& path) const;
  /// Whether a node can be created there: its parent exists and is persistent, or is the root.
  bool has_place(const std::string& path) const;

  /// REQUIRES has_place(path) and that nothing is there.
  void create(const std::string& path, Datum data, std::uint64_t owner);
  /// REQUIRES that the node exists.
  void set(const std::string& path, Datum data);
  /// REQUIRES that the node exists and has no children.
  void erase(const std::string& path);
  /// The next number for a sequential child. REQUIRES that the node exists.
  std::int64_t next_sequence(const std::string& parent);

  /// What goes away with this client, in order.
  std::vector<std::string> owned_by(std::uint64_t client) const;
  std::vector<std::uint64_t> owners() const;

  /// The changes since the last seal get one revision; 0 if there were none.
  Revision seal();
  Revision revision() const { return revision_; }
  /// The oldest revision whose events are remembered.
  Revision oldest() const { return oldest_; }
  const std::deque<TreeEvent>& events() const { return events_; }

  void encode(ByteWriter& writer, bool with_sequences) const;
  /// False: the bytes are not those of a tree; it may be left half changed.
  bool decode(ByteReader& reader);
  std::size_t size() const { return nodes_.size(); }

 private:
  void note(const std::string& path, std::optional<Datum> data, const Znode* before);
  void forget_old();

  std::size_t history_;
  std::map<std::string, Znode> nodes_;
  std::map<std::uint64_t, std::set<std::string>> owned_;
  Revision revision_ = 0;
  Revision oldest_ = 1;
  std::deque<TreeEvent> events_;
  std::vector<TreeEvent> unsealed_;
};

}  // namespace assay::reference
