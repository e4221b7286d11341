#include "reports/faults.h"

#include <algorithm>
#include <string_view>

#include "reports/words.h"

namespace assay {
namespace {

constexpr std::string_view start_prefix = "start-";
constexpr std::string_view stop_prefix = "stop-";

bool has_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string plain_text(const Value& value) {
  const auto* text = value.get_if<std::string>();
  return text != nullptr ? *text : to_text(value);
}

std::string what_of(const Value& value) {
  if (const Value* what = find(value, "what")) return plain_text(*what);
  return value.is_nil() ? std::string() : plain_text(value);
}

class BandMaker {
 public:
  explicit BandMaker(const History& history)
      : times_(has_times(history)), end_(axis_end(history)) {}

  void add(const FaultEvent& event) {
    const std::string_view f = event.f;
    if (has_prefix(f, start_prefix)) {
      start(event, std::string(f.substr(start_prefix.size())));
    } else if (has_prefix(f, stop_prefix)) {
      if (event.type != EventType::invoke) stop(event, f.substr(stop_prefix.size()));
    } else if (event.type != EventType::invoke) {
      FaultBand band = band_at(event, std::string(f));
      band.to = band.from;
      band.to_event = event.index;
      band.instant = true;
      bands_.push_back(std::move(band));
    }
  }

  std::vector<FaultBand> finish() && {
    // A start that was asked for and never answered may be in force from then on.
    for (FaultBand& band : pending_) bands_.push_back(std::move(band));
    std::stable_sort(bands_.begin(), bands_.end(),
                     [](const FaultBand& a, const FaultBand& b) { return a.from < b.from; });
    return std::move(bands_);
  }

 private:
  std::int64_t position(const FaultEvent& event) const {
    return times_ && event.time != unknown_time ? event.time.count()
                                                : static_cast<std::int64_t>(event.index);
  }

  FaultBand band_at(const FaultEvent& event, std::string kind) const {
    FaultBand band;
    band.kind = std::move(kind);
    band.what = what_of(event.value);
    band.error = event.error;
    band.from = position(event);
    band.to = end_;
    band.from_event = event.index;
    band.certain = event.type == EventType::ok;
    return band;
  }

  void start(const FaultEvent& event, std::string kind) {
    const auto same = [&](const FaultBand& band) { return band.kind == kind; };
    const auto asked = std::find_if(pending_.begin(), pending_.end(), same);
    if (event.type == EventType::invoke) {
      if (asked == pending_.end()) pending_.push_back(band_at(event, kind));
      return;
    }
    if (asked != pending_.end()) pending_.erase(asked);
    bands_.push_back(band_at(event, kind));
  }

  void stop(const FaultEvent& event, std::string_view kind) {
    for (FaultBand& band : bands_) {
      if (band.kind != kind || band.instant || band.to_event != no_event) continue;
      // A stop that was not confirmed ends nothing: the next one may.
      if (event.type == EventType::info) {
        band.certain = false;
        continue;
      }
      band.to = position(event);
      band.to_event = event.index;
      // What was measured is known when it ends.
      if (const Value* effect = find(event.value, "effect")) {
        band.what += "; effect: " + plain_text(*effect);
      }
    }
  }

  bool times_;
  std::int64_t end_;
  std::vector<FaultBand> bands_;
  std::vector<FaultBand> pending_;
};

}  // namespace

std::vector<FaultBand> fault_bands(const History& history) {
  BandMaker maker(history);
  for (const FaultEvent& event : history.faults()) maker.add(event);
  return std::move(maker).finish();
}

std::int64_t axis_end(const History& history) {
  if (has_times(history)) return history.duration().count();
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Operation operation = history[static_cast<OpIndex>(i)];
    last = std::max(last, operation.invoke_event);
    if (operation.complete_event != no_event) last = std::max(last, operation.complete_event);
  }
  for (const FaultEvent& event : history.faults()) last = std::max(last, event.index);
  return static_cast<std::int64_t>(last);
}

}  // namespace assay
