// Passes of models of sessions and weak isolation levels: orders, replayed.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "checker/certificate/refuse.h"
#include "checker/certificate/views.h"

namespace assay::certified {
namespace {

using Order = std::vector<std::uint64_t>;
using Ranks = std::vector<std::uint32_t>;  ///< by unit, from 1; 0: not in the order

/// A read with its source; `list`: the sources of its elements, each once, in their order.
struct Resolved {
  Number key;
  std::size_t source;
  std::vector<std::size_t> list;
};

class OrderVerifier {
 public:
  OrderVerifier(const Observed& seen, const Certificate& certificate, const ViewModel& model)
      : seen_(seen),
        units_(seen.units()),
        certificate_(certificate),
        model_(model),
        sessions_(seen.by_session()) {}

  Status run() {
    if (auto status = read_sources(); !status) return status;
    switch (model_.sees) {
      case Sees::own_writes:
      case Sees::own_reads:
      case Sees::writes_in_order:
      case Sees::writes_and_reads:
      case Sees::all_writes:
      case Sees::own_past:
        return each_session();
      default:
        break;
    }
    if (certificate_.orders.size() != 1) return refuse("not exactly one order");
    Ranks ranks;
    if (auto status = rank(certificate_.orders[0], ranks); !status) return status;
    if (auto status = complete(ranks, [](std::size_t) { return true; }); !status) return status;
    if (auto status = keeps_sessions(ranks); !status) return status;
    if (model_.sees == Sees::everything) {
      return replay(certificate_.orders[0].order, [](std::size_t) { return true; });
    }
    return commit(certificate_.orders[0].order, ranks);
  }

 private:
  // Whose write a read returned.

  Status read_sources() {
    for (const ReadSource& source : certificate_.sources) {
      const auto reader = units_.find(source.reader);
      const auto key = units_.key(source.key);
      if (!reader.has_value() || !key.has_value()) return refuse("a source of no read");
      std::size_t writer = nobody;
      if (source.writer.has_value()) {
        const auto found = units_.find(*source.writer);
        if (!found.has_value()) return refuse("a source that is no invocation");
        writer = *found;
        named_.insert(writer);
      }
      sources_[{*reader, *key}].push_back(writer);
    }
    return {};
  }

  Result<std::size_t> source(std::size_t u, Number key, Number value) const {
    if (const auto certain = seen_.source(u, key, value); certain.has_value()) return *certain;
    if (const auto named = sources_.find({u, key}); named != sources_.end()) {
      const auto candidates = seen_.suppliers(u, key, value);
      for (const std::size_t writer : named->second) {
        const bool initial = writer == nobody && value == 0 && !units_.lists();
        if (initial ||
            std::find(candidates.begin(), candidates.end(), writer) != candidates.end()) {
          return writer;
        }
      }
    }
    return refuse(fmt::format("nobody is named who supplied a read of event {}", units_[u].event));
  }

  /// Every read of others by the unit, whose sources come before it.
  Result<std::vector<Resolved>> resolve(std::size_t u, const Ranks& ranks) const {
    std::vector<Resolved> result;
    const auto add_source = [&](Number key, Number value) -> Result<std::size_t> {
      auto from = source(u, key, value);
      if (!from.ok() || *from == nobody) return from;
      if (ranks[*from] == 0 || ranks[*from] >= ranks[u]) {
        return refuse(fmt::format("event {} comes before what it read", units_[u].event));
      }
      return from;
    };
    for (const Seen& read : units_.reads(u)) {
      Resolved resolved{read.access->key, nobody, {}};
      if (!units_.lists()) {
        const auto from = add_source(resolved.key, read.access->value);
        if (!from) return from.error();
        resolved.source = *from;
      }
      for (std::size_t e = 0; e < read.list.size();) {
        const auto from = add_source(resolved.key, read.list[e]);
        if (!from) return from.error();
        // All that it appended, in its order.
        for (const Access& access : units_[*from].accesses) {
          if (!access.write || access.key != resolved.key) continue;
          if (e == read.list.size() || read.list[e] != access.value) {
            return refuse(fmt::format("event {} read a part of what event {} appended",
                                      units_[u].event, units_[*from].event));
          }
          ++e;
        }
        resolved.list.push_back(*from);
      }
      result.push_back(std::move(resolved));
    }
    return result;
  }

  // Orders.

  Status rank(const LinearOrder& order, Ranks& ranks) const {
    if (order.key.has_value()) return refuse("an order of one key");
    ranks.assign(units_.size(), 0);
    std::uint32_t next = 0;
    for (const std::uint64_t event : order.order) {
      const auto u = units_.find(event);
      if (!u.has_value()) return refuse(fmt::format("event {} is no invocation", event));
      if (units_[*u].outcome == Outcome::fail) {
        return refuse(fmt::format("event {} failed, so it has no place in an order", event));
      }
      if (ranks[*u] != 0) return refuse(fmt::format("event {} occurs twice", event));
      ranks[*u] = ++next;
    }
    return {};
  }

  template <class Needed>
  Status complete(const Ranks& ranks, Needed needed) const {
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (units_[u].outcome == Outcome::ok && ranks[u] == 0 && needed(u)) {
        return refuse(fmt::format("event {} returned ok but is not there", units_[u].event));
      }
    }
    return {};
  }

  Status keeps_sessions(const Ranks& ranks) const {
    for (const auto& session : sessions_) {
      std::uint32_t last = 0;
      for (const std::size_t u : session) {
        if (ranks[u] == 0) continue;
        if (ranks[u] < last) {
          return refuse(fmt::format("event {} comes before one of its process", units_[u].event));
        }
        last = ranks[u];
      }
    }
    return {};
  }

  /// Applied one after the other, those that count read what was written last.
  template <class Counts>
  Status replay(const Order& order, Counts counts) const {
    std::vector<Number> state(units_.key_count(), 0);
    for (const std::uint64_t event : order) {
      const std::size_t u = *units_.find(event);
      for (const Access& access : units_[u].accesses) {
        if (access.write) {
          state[access.key] = access.value;
        } else if (counts(u) && state[access.key] != access.value) {
          return refuse(fmt::format("event {} does not fit in this order", event));
        }
      }
    }
    return {};
  }

  // One order of commits.

  struct Place {
    std::size_t unit;
    std::uint32_t position;
  };

  Status commit(const Order& order, const Ranks& ranks) {
    const bool clocks = model_.sees == Sees::past || model_.sees == Sees::arbitrated_past;
    const std::size_t width = clocks ? seen_.session_count() : 0;
    clocks_.assign(units_.size() * width, 0);
    position_.assign(units_.size(), 0);
    std::vector<std::size_t> last(seen_.session_count(), nobody);
    for (const std::uint64_t event : order) {
      const std::size_t u = *units_.find(event);
      const auto reads = resolve(u, ranks);
      if (!reads) return reads.error();
      if (model_.sees != Sees::read_before && units_.contradicts_itself(u)) {
        return refuse(fmt::format("event {} contradicts itself", event));
      }
      const std::uint32_t session = seen_.session(u);
      const std::size_t before = last[session];
      last[session] = u;
      position_[u] = before == nobody ? 1 : position_[before] + 1;
      if (clocks) {
        if (before != nobody) join(u, before);
        for (const Resolved& read : *reads) {
          if (read.source != nobody) join(u, read.source);
          for (const std::size_t from : read.list) join(u, from);
        }
      }
      for (std::size_t r = 0; r < reads->size(); ++r) {
        if (auto status = is_newest(u, *reads, r, ranks); !status) return status;
      }
      if (clocks) clocks_[u * width + session] = position_[u];
      std::set<Number> keys;
      for (const Access& access : units_[u].accesses) {
        if (access.write && keys.insert(access.key).second) {
          writers_[{access.key, session}].push_back({u, position_[u]});
          sessions_of_[access.key].insert(session);
        }
      }
    }
    return {};
  }

  void join(std::size_t u, std::size_t other) {
    const std::size_t width = seen_.session_count();
    for (std::size_t c = 0; c < width; ++c) {
      clocks_[u * width + c] = std::max(clocks_[u * width + c], clocks_[other * width + c]);
    }
  }

  /// Calls `visit` with the writers of the key that are visible to the read: of each session all
  /// (lists), or the last (registers).
  template <class Visit>
  Status each_visible(std::size_t u, const std::vector<Resolved>& reads, std::size_t at,
                      Visit visit) const {
    const Number key = reads[at].key;
    const auto session_part = [&](std::uint32_t session, std::uint32_t position) -> Status {
      const auto found = writers_.find({key, session});
      if (found == writers_.end()) return {};
      const auto& places = found->second;
      auto end = std::partition_point(places.begin(), places.end(), [&](const Place& place) {
        return place.position <= position;
      });
      const auto begin = units_.lists() || end == places.begin() ? places.begin() : end - 1;
      for (auto place = begin; place != end; ++place) {
        if (auto status = visit(place->unit); !status) return status;
      }
      return {};
    };
    if (model_.sees == Sees::past || model_.sees == Sees::arbitrated_past) {
      const auto sessions = sessions_of_.find(key);
      if (sessions == sessions_of_.end()) return {};
      for (const std::uint32_t session : sessions->second) {
        const std::uint32_t past = clocks_[u * seen_.session_count() + session];
        if (auto status = session_part(session, past); !status) return status;
      }
      return {};
    }
    if (model_.sees == Sees::direct) {
      if (auto status = session_part(seen_.session(u), position_[u] - 1); !status) return status;
    }
    const std::size_t end = model_.sees == Sees::direct ? reads.size() : at;
    for (std::size_t r = 0; r < end; ++r) {
      if (reads[r].source != nobody && units_.writes(reads[r].source, key)) {
        if (auto status = visit(reads[r].source); !status) return status;
      }
      for (const std::size_t from : reads[r].list) {
        if (!units_.writes(from, key)) continue;
        if (auto status = visit(from); !status) return status;
      }
    }
    return {};
  }

  Status is_newest(std::size_t u, const std::vector<Resolved>& reads, std::size_t at,
                   const Ranks& ranks) const {
    const Resolved& read = reads[at];
    for (std::size_t i = 1; i < read.list.size(); ++i) {
      if (ranks[read.list[i - 1]] >= ranks[read.list[i]]) {
        return refuse(fmt::format("event {} read a list in another order", units_[u].event));
      }
    }
    return each_visible(u, reads, at, [&](std::size_t writer) -> Status {
      if (writer == read.source) return {};
      if (units_.lists()) {
        const auto has =
            std::lower_bound(read.list.begin(), read.list.end(), ranks[writer],
                             [&](std::size_t a, std::uint32_t rank) { return ranks[a] < rank; });
        if (has != read.list.end() && *has == writer) return {};
      } else if (read.source != nobody) {
        const bool overtaken = model_.sees == Sees::past ? precedes(read.source, writer)
                                                         : ranks[writer] > ranks[read.source];
        if (!overtaken) return {};
      }
      return refuse(fmt::format("event {} sees event {} but does not show it", units_[u].event,
                                units_[writer].event));
    });
  }

  bool precedes(std::size_t a, std::size_t b) const {
    return clocks_[b * seen_.session_count() + seen_.session(a)] >= position_[a];
  }

  // One order for each session that reads.

  Status each_session() {
    std::size_t next = 0;
    for (const auto& session : sessions_) {
      if (!seen_.reads(session)) continue;
      if (next == certificate_.orders.size()) return refuse("an order is missing");
      const LinearOrder& order = certificate_.orders[next++];
      Ranks ranks;
      if (auto status = rank(order, ranks); !status) return status;
      Status status = model_.sees == Sees::all_writes || model_.sees == Sees::own_past
                          ? view(session, order.order, ranks)
                          : guarantee(session, order.order, ranks);
      if (!status) return status;
    }
    if (next != certificate_.orders.size()) return refuse("an order too many");
    return {};
  }

  Status view(const std::vector<std::size_t>& session, const Order& order, const Ranks& ranks) {
    const std::uint32_t own = seen_.session(session.front());
    const bool memory = model_.sees == Sees::own_past;
    const auto needed = [&](std::size_t u) {
      const auto& accesses = units_[u].accesses;
      return memory || seen_.session(u) == own ||
             std::any_of(accesses.begin(), accesses.end(),
                         [](const Access& access) { return access.write; });
    };
    if (auto status = complete(ranks, needed); !status) return status;
    if (auto status = keeps_sessions(ranks); !status) return status;
    const auto is_own = [&](std::size_t u) { return seen_.session(u) == own; };
    if (!memory) return replay(order, is_own);
    std::vector<std::size_t> last(units_.key_count(), nobody);
    for (const std::uint64_t event : order) {
      const std::size_t u = *units_.find(event);
      const auto reads = resolve(u, ranks);
      if (!reads) return reads.error();
      for (const Resolved& read : *reads) {
        if (is_own(u) && last[read.key] != read.source) {
          return refuse(fmt::format("event {} does not fit in this order", event));
        }
      }
      for (const Access& access : units_[u].accesses) {
        if (access.write) last[access.key] = u;
      }
    }
    return {};
  }

  /// What is visible to one session, as the guarantee lets it grow.
  struct Visible {
    std::set<std::size_t> writes;
    std::map<Number, std::uint32_t> newest;  ///< by key: the largest rank
    std::vector<std::size_t> done;           ///< by session: of its units
  };

  Status guarantee(const std::vector<std::size_t>& session, const Order& order,
                   const Ranks& ranks) {
    if (auto status = supported(session); !status) return status;
    const bool growing =
        model_.sees == Sees::writes_in_order || model_.sees == Sees::writes_and_reads;
    if (growing && order.empty() && seen_.goes_back(session)) return {};
    Visible visible;
    visible.done.assign(sessions_.size(), 0);
    for (const std::size_t u : session) {
      if (!took_effect(u)) continue;
      for (const Seen& read : units_.reads(u)) {
        const Number key = read.access->key;
        const auto from = source(u, key, read.access->value);
        if (!from) return from.error();
        const bool own_only = model_.sees == Sees::own_writes;
        if (!own_only && *from != nobody) {
          if (auto status = bring(*from, ranks, visible); !status) return status;
        }
        const std::uint32_t shown = *from == nobody ? 0 : ranks[*from];
        if (*from != nobody && shown == 0) return refuse("a write is in no order");
        const auto newest = visible.newest.find(key);
        if (newest != visible.newest.end() && newest->second > shown) {
          return refuse(fmt::format("event {} did not show what was visible", units_[u].event));
        }
      }
      if (model_.sees != Sees::own_writes) continue;
      for (const Access& access : units_[u].accesses) {
        if (!access.write) continue;
        if (ranks[u] == 0 && units_[u].outcome == Outcome::ok) {
          return refuse("an own write is in no order");
        }
        std::uint32_t& newest = visible.newest[access.key];
        newest = std::max(newest, ranks[u]);
      }
    }
    return growing ? in_order(ranks, visible) : Status();
  }

  bool took_effect(std::size_t u) const { return seen_.committed(u) || named_.contains(u); }

  /// Every read can have been supplied by somebody.
  Status supported(const std::vector<std::size_t>& session) const {
    for (const std::size_t u : session) {
      if (!took_effect(u)) continue;
      for (const Seen& read : units_.reads(u)) {
        const Number value = read.access->value;
        if (value == 0 || !seen_.suppliers(u, read.access->key, value).empty()) continue;
        return refuse(fmt::format("event {} read what nobody wrote", units_[u].event));
      }
    }
    return {};
  }

  Status bring(std::size_t write, const Ranks& ranks, Visible& visible) const {
    std::vector<std::size_t> open{write};
    while (!open.empty()) {
      const std::size_t w = open.back();
      open.pop_back();
      if (!visible.writes.insert(w).second) continue;
      if (ranks[w] == 0) {
        return refuse(fmt::format("event {} is visible but in no order", units_[w].event));
      }
      for (const Access& access : units_[w].accesses) {
        if (!access.write) continue;
        std::uint32_t& newest = visible.newest[access.key];
        newest = std::max(newest, ranks[w]);
      }
      if (model_.sees == Sees::own_reads) continue;
      const auto& session = sessions_[seen_.session(w)];
      for (std::size_t& d = visible.done[seen_.session(w)]; d < session.size(); ++d) {
        const std::size_t before = session[d];
        if (units_[before].event > units_[w].event) break;
        if (model_.sees == Sees::writes_in_order) {
          if (has_writes(before)) open.push_back(before);
          continue;
        }
        for (const Seen& read : units_.reads(before)) {
          const auto from = source(before, read.access->key, read.access->value);
          if (!from) return from.error();
          if (*from != nobody) open.push_back(*from);
        }
      }
    }
    return {};
  }

  bool has_writes(std::size_t u) const {
    const auto& accesses = units_[u].accesses;
    return std::any_of(accesses.begin(), accesses.end(),
                       [](const Access& access) { return access.write; });
  }

  /// Each visible write comes after what the guarantee puts before it.
  Status in_order(const Ranks& ranks, const Visible& visible) const {
    for (std::size_t s = 0; s < sessions_.size(); ++s) {
      std::uint32_t before = 0;
      for (std::size_t d = 0; d < visible.done[s]; ++d) {
        const std::size_t u = sessions_[s][d];
        if (model_.sees == Sees::writes_and_reads) {
          for (const Seen& read : units_.reads(u)) {
            const auto from = source(u, read.access->key, read.access->value);
            if (!from) return from.error();
            if (*from != nobody) before = std::max(before, ranks[*from]);
          }
        }
        if (!visible.writes.contains(u)) continue;
        if (ranks[u] <= before) {
          return refuse(fmt::format("event {} comes too early in an order", units_[u].event));
        }
        if (model_.sees == Sees::writes_in_order) before = ranks[u];
      }
    }
    return {};
  }

  const Observed& seen_;
  const Units& units_;
  const Certificate& certificate_;
  const ViewModel& model_;
  std::vector<std::vector<std::size_t>> sessions_;
  std::map<std::pair<std::size_t, Number>, std::vector<std::size_t>> sources_;
  std::set<std::size_t> named_;        ///< as sources
  std::vector<std::uint32_t> clocks_;  ///< by unit and session: how much of it is in the past
  std::vector<std::uint32_t> position_;
  std::map<std::pair<Number, std::uint32_t>, std::vector<Place>> writers_;
  std::map<Number, std::set<std::uint32_t>> sessions_of_;
};

}  // namespace

Status verify_orders(const Observed& seen, const Certificate& certificate, const ViewModel& model) {
  return OrderVerifier(seen, certificate, model).run();
}

}  // namespace assay::certified
