#pragma once
// How a command is divided among shards and its results put together again. An object with a key
// lies on one shard. The object without a key is a bank, whose accounts are spread over all shards:
// each shard holds a map of its own.

#include <cstddef>
#include <map>
#include <vector>

#include "targets/reference/protocols/object.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// What one shard has to do.
struct Part {
  std::vector<Command> steps;
  std::vector<std::size_t> places;  ///< of a transaction: where each step stands in it
  std::vector<Datum> results;       ///< filled in by the shard, a step each
};
using Parts = std::map<NodeId, Part>;

NodeId shard_of(const Datum& key, const std::vector<NodeId>& members);

/// REQUIRES is_well_formed(command). Empty: nothing to do (a transaction without steps), or a bank
/// that is not opened with a map.
Parts divide(const Command& command, const std::vector<NodeId>& members);
/// What the client gets once all parts are done.
Datum combine(const Command& command, const Parts& parts);

/// Nodes as a log keeps them.
Datum list_of(const std::vector<NodeId>& nodes);

/// Carries out one step on an object of this shard. Of a transfer only the side (or sides) whose
/// account lies here.
Answer perform_step(const Command& step, NodeId self, const std::vector<NodeId>& members,
                    Datum& object);

/// Takes back this shard's side of a transfer, even below zero.
void transfer_back(const Command& step, NodeId self, const std::vector<NodeId>& members,
                   Datum& object);

}  // namespace assay::reference
