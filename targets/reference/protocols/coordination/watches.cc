#include "targets/reference/protocols/coordination/watches.h"

#include <algorithm>
#include <utility>

#include "targets/reference/protocols/coordination/machine.h"

namespace assay::reference {
namespace {

constexpr Nanos longest_wait = std::chrono::milliseconds(300);

std::string text(const char* word) { return word; }

/// Keys and values of a feed are text.
Datum text_of(const Datum& datum) {
  const auto* number = datum.get_if<std::int64_t>();
  return number == nullptr ? datum : Datum(std::to_string(*number));
}

Datum describe(const TreeEvent& event, bool previous) {
  Datum::Map map{{text("type"), text(event.data ? "put" : "delete")},
                 {text("key"), event.path},
                 {text("revision"), event.revision}};
  if (event.data) map.emplace_back(text("value"), text_of(*event.data));
  if (event.created) map.emplace_back(text("create"), true);
  if (previous && event.previous_revision > 0) {
    map.emplace_back(text("prev-value"), text_of(event.previous));
    map.emplace_back(text("prev-revision"), event.previous_revision);
  }
  return map;
}

}  // namespace

void Watches::add(Nanos now, const Command& command, const Tree& tree) {
  const Datum key = field(command.value, "key");
  const Datum from = field(command.value, "revision");
  const auto* revision = from.get_if<std::int64_t>();
  Watch watch{command.id,
              path_of(key).value_or(""),
              field(command.value, "prefix") == Datum(true),
              field(command.value, "prev-kv") == Datum(true),
              revision == nullptr ? 0 : *revision,
              now + longest_wait};
  const bool understood = command.value.get_if<Datum::Map>() != nullptr &&
                          (key.is_nil() ? watch.prefix : path_of(key).has_value()) &&
                          (from.is_nil() || (revision != nullptr && *revision >= 0));
  if (!understood || waiting_.size() >= watches_max) {
    refused_.push_back({command.id, understood ? Outcome::busy : Outcome::bad_request, {}});
    return;
  }
  const bool forgets = bugs_.on(CoordinationBug::watch_from_now);
  if (watch.from == 0 || (forgets && watch.from <= tree.revision())) {
    watch.from = tree.revision() + 1;
  }
  waiting_.push_back(std::move(watch));
}

Nanos Watches::deadline() const {
  Nanos earliest = refused_.empty() ? Nanos::max() : Nanos::zero();
  for (const Watch& watch : waiting_) earliest = std::min(earliest, watch.until);
  return earliest;
}

void Watches::serve(Nanos now, const Tree& tree, std::vector<Reply>& out) {
  for (Reply& reply : std::exchange(refused_, {})) out.push_back(std::move(reply));
  std::erase_if(waiting_, [&](const Watch& watch) {
    bool is_empty = true;
    Datum found = answer(watch, tree, is_empty);
    if (is_empty && now < watch.until) return false;
    const bool heavy = weight_of(found) > datum_weight_max;
    out.push_back(
        {watch.id, heavy ? Outcome::bad_request : Outcome::ok, heavy ? Datum() : std::move(found)});
    return true;
  });
}

/// Its responses: one a revision, then how far it went.
Datum Watches::answer(const Watch& watch, const Tree& tree, bool& is_empty) const {
  Revision from = watch.from;
  if (from < tree.oldest() && !bugs_.on(CoordinationBug::watch_skips_compacted)) {
    is_empty = false;
    return Datum::List{
        Datum::Map{{text("error"), text("compacted")}, {text("revision"), tree.oldest()}}};
  }
  std::vector<TreeEvent> matching;
  std::size_t weight = 0;
  Revision reached = tree.revision();
  for (const TreeEvent& event : tree.events()) {
    if (event.revision < from) continue;
    if (weight >= watch_weight_max && event.revision > matching.back().revision) {
      reached = matching.back().revision;
      break;
    }
    const bool matches =
        watch.prefix ? event.path.starts_with(watch.path) : event.path == watch.path;
    if (!matches) continue;
    matching.push_back(event);
    weight += weight_of(describe(event, watch.previous));
  }
  is_empty = matching.empty();
  if (bugs_.on(CoordinationBug::watch_by_key)) {
    std::stable_sort(matching.begin(), matching.end(),
                     [](const TreeEvent& a, const TreeEvent& b) { return a.path < b.path; });
  }
  const bool splits = bugs_.on(CoordinationBug::watch_splits_revision);
  Datum::List responses;
  for (std::size_t at = 0; at < matching.size();) {
    const Revision revision = matching[at].revision;
    Datum::List events;
    for (; at < matching.size() && matching[at].revision == revision; ++at) {
      events.push_back(describe(matching[at], watch.previous));
      if (splits && events.size() == 2) {
        ++at;
        break;
      }
    }
    responses.emplace_back(Datum::Map{{text("events"), std::move(events)}});
  }
  responses.emplace_back(
      Datum::Map{{text("progress"), true}, {text("revision"), std::max(reached, from - 1)}});
  return responses;
}

}  // namespace assay::reference
