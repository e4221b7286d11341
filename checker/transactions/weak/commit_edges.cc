#include "checker/transactions/weak/commit_edges.h"

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <iterator>

namespace assay::weak {
namespace {

/// Transactions with more reads are indexed by key, so that the shorter side is walked.
constexpr std::size_t many_reads = 32;

constexpr std::size_t slices = 64;

bool in_group(std::span<const Read> reads, std::size_t begin, std::size_t end, Node node) {
  return std::any_of(reads.begin() + static_cast<std::ptrdiff_t>(begin),
                     reads.begin() + static_cast<std::ptrdiff_t>(end),
                     [&](const Read& read) { return read.writer == node; });
}

/// The edges of one reader that come from what it reads from. Reused, for its tables.
class WriteReadEdges {
 public:
  WriteReadEdges(const Observations& seen, bool only_earlier)
      : seen_(seen), only_earlier_(only_earlier) {}

  void add(Node reader, CommitEdges& out) {
    const auto reads = seen_.reads_of(reader);
    if (reads.size() < 2) return;
    if (seen_.lists) {
      add_lists(reader, reads, out);
    } else if (reads.size() <= many_reads) {
      add_few(reader, reads, out);
    } else {
      add_many(reader, reads, out);
    }
  }

 private:
  void emit(Node from, Node reader, std::size_t j, CommitEdges& out) const {
    const auto read = seen_.read_begin[reader] + static_cast<std::uint32_t>(j);
    out.push_back({from, seen_.reads[read].writer, reader, read});
  }

  static bool is_repeated(std::span<const Read> reads, std::size_t i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (reads[j].writer == reads[i].writer) return true;
    }
    return false;
  }

  void add_few(Node reader, std::span<const Read> reads, CommitEdges& out) const {
    for (std::size_t i = 0; i < reads.size(); ++i) {
      const Node from = reads[i].writer;
      if (from == initial_node || is_repeated(reads, i)) continue;
      const auto keys = seen_.writes_of(from);
      if (keys.size() == 1 && !(keys.front() == reads[i].key && reads.size() > 1)) continue;
      for (std::size_t j = only_earlier_ ? i + 1 : 0; j < reads.size(); ++j) {
        if (reads[j].writer != from &&
            std::find(keys.begin(), keys.end(), reads[j].key) != keys.end()) {
          emit(from, reader, j, out);
        }
      }
    }
  }

  void add_many(Node reader, std::span<const Read> reads, CommitEdges& out) {
    const std::size_t keys = seen_.transactions->key_count();
    heads_.resize(keys, no_index);
    key_of_head_.clear();
    next_.assign(reads.size(), no_index);
    for (std::size_t j = reads.size(); j-- > 0;) {
      std::uint32_t& head = heads_[reads[j].key];
      if (head == no_index) key_of_head_.push_back(reads[j].key);
      next_[j] = head;
      head = static_cast<std::uint32_t>(j);
    }
    met_.resize(seen_.node_count(), initial_node);
    for (std::size_t i = 0; i < reads.size(); ++i) {
      const Node from = reads[i].writer;
      if (from == initial_node || met_[from] == reader) continue;
      met_[from] = reader;
      const auto written = seen_.writes_of(from);
      if (written.size() < reads.size()) {
        for (const TxnKey key : written) {
          for (std::uint32_t j = heads_[key]; j != no_index; j = next_[j]) {
            if ((!only_earlier_ || j > i) && reads[j].writer != from) emit(from, reader, j, out);
          }
        }
      } else {
        for (std::size_t j = only_earlier_ ? i + 1 : 0; j < reads.size(); ++j) {
          if (reads[j].writer != from && seen_.writes(from, reads[j].key)) {
            emit(from, reader, j, out);
          }
        }
      }
    }
    for (const TxnKey key : key_of_head_) heads_[key] = no_index;
  }

  /// A list must have what every visible transaction appended.
  void add_lists(Node reader, std::span<const Read> reads, CommitEdges& out) {
    met_.resize(seen_.node_count(), initial_node);
    for (std::size_t i = 0; i < reads.size(); ++i) {
      const Node from = reads[i].writer;
      if (from == initial_node || met_[from] == reader) continue;
      met_[from] = reader;
      const std::size_t first = only_earlier_ ? end_of_group(reads, i) : 0;
      for (std::size_t begin = first; begin < reads.size();) {
        const std::size_t end = end_of_group(reads, begin);
        if (seen_.writes(from, reads[begin].key) && !in_group(reads, begin, end, from)) {
          const auto read = seen_.read_begin[reader] + static_cast<std::uint32_t>(begin);
          out.push_back({from, initial_node, reader, read});
        }
        begin = end;
      }
    }
  }

  const Observations& seen_;
  bool only_earlier_;
  std::vector<std::uint32_t> heads_;  ///< by key: the first read of it; many reads only
  std::vector<std::uint32_t> next_;
  std::vector<TxnKey> key_of_head_;
  std::vector<Node> met_;  ///< by node: the last reader that met it
};

/// Runs `work(slice, edges)` for all slices in parallel, and joins the edges in their order.
template <class Work>
CommitEdges in_slices(std::size_t count, Work work) {
  const std::size_t parts = std::min(count, slices);
  std::vector<CommitEdges> found(parts);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, parts, 1), [&](const auto& range) {
    for (std::size_t p = range.begin(); p < range.end(); ++p) {
      work(p * count / parts, (p + 1) * count / parts, found[p]);
    }
  });
  std::size_t total = 0;
  for (const CommitEdges& part : found) total += part.size();
  CommitEdges all;
  all.reserve(total);
  for (CommitEdges& part : found) {
    all.insert(all.end(), part.begin(), part.end());
    CommitEdges().swap(part);
  }
  return all;
}

/// For each key what the session wrote last, by session: tables are not cleared between them.
class SessionEdges {
 public:
  explicit SessionEdges(const Observations& seen)
      : seen_(seen), last_(seen.transactions->key_count(), {no_index, initial_node}) {}

  void add(std::uint32_t session, WriteReadEdges& write_read, CommitEdges& out) {
    if (seen_.lists) earlier_.assign(seen_.transactions->key_count(), {});
    for (const Node reader : seen_.nodes_of(session)) {
      const auto reads = seen_.reads_of(reader);
      for (std::size_t j = 0; j < reads.size();) {
        const std::size_t end = end_of_group(reads, j);
        const auto read = seen_.read_begin[reader] + static_cast<std::uint32_t>(j);
        const Last last = last_[reads[j].key];
        if (last.session == session && !seen_.lists && last.node != reads[j].writer) {
          out.push_back({last.node, reads[j].writer, reader, read});
        } else if (last.session == session && seen_.lists) {
          for (const Node from : earlier_[reads[j].key]) {
            if (in_group(reads, j, end, from)) continue;
            out.push_back({from, initial_node, reader, read});
            break;
          }
        }
        j = end;
      }
      write_read.add(reader, out);
      for (const TxnKey key : seen_.writes_of(reader)) {
        last_[key] = {session, reader};
        if (seen_.lists) earlier_[key].push_back(reader);
      }
    }
  }

 private:
  struct Last {
    std::uint32_t session;
    Node node;
  };
  const Observations& seen_;
  std::vector<Last> last_;
  std::vector<std::vector<Node>> earlier_;  ///< lists: by key, all that the session appended
};

}  // namespace

std::size_t end_of_group(std::span<const Read> reads, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < reads.size() && reads[end].op == reads[begin].op) ++end;
  return end;
}

CommitEdges read_committed_edges(const Observations& seen) {
  tbb::enumerable_thread_specific<WriteReadEdges> tables(seen, true);
  return in_slices(seen.node_count(), [&](std::size_t begin, std::size_t end, CommitEdges& out) {
    WriteReadEdges& table = tables.local();
    for (std::size_t node = begin; node < end; ++node) table.add(static_cast<Node>(node), out);
  });
}

CommitEdges read_atomic_edges(const Observations& seen) {
  tbb::enumerable_thread_specific<WriteReadEdges> write_read(seen, false);
  tbb::enumerable_thread_specific<SessionEdges> sessions(seen);
  return in_slices(seen.session_count(), [&](std::size_t begin, std::size_t end, CommitEdges& out) {
    for (std::size_t s = begin; s < end; ++s) {
      sessions.local().add(static_cast<std::uint32_t>(s), write_read.local(), out);
    }
  });
}

}  // namespace assay::weak
