#include "checker/streaming/register_stream.h"

#include <utility>

#include "base/assert.h"

namespace assay {

RegisterStream::RegisterStream(const StreamValue& initial, const StreamLimits& limits)
    : limits_(limits), now_(std::in_place_index<0>, initial, limits.clusters_max) {}

StreamAnswer RegisterStream::invoke(const StreamCall& call) {
  if (auto* zones = std::get_if<0>(&now_)) {
    const StreamAnswer answer = zones->invoke(call);
    if (answer != StreamAnswer::not_unique) return answer;
    search_on();
  }
  std::get<1>(now_)->stream.invoke(call);
  return StreamAnswer::fine;
}

void RegisterStream::search_on() {
  searched_ = true;
  const auto seen = std::get<0>(now_).export_calls();
  auto search = std::make_unique<Search>(limits_, seen.initial);
  search->stream.take_over(seen.calls);
  now_ = std::move(search);
}

StreamAnswer RegisterStream::complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                                      const StreamValue& value) {
  if (auto* zones = std::get_if<0>(&now_)) return zones->complete(token, outcome, time, value);
  auto& search = std::get<1>(now_)->stream;
  const StreamAnswer answer = search.complete(token, outcome, time, value);
  if (answer != StreamAnswer::fine) return answer;
  if (const StreamValue* only = search.certain()) {
    const StreamValue state = *only;
    steps_ += search.steps();
    now_.emplace<0>(state, limits_.clusters_max);
  }
  return StreamAnswer::fine;
}

bool RegisterStream::unsure() const {
  const auto* search = std::get_if<1>(&now_);
  return search != nullptr && (*search)->stream.unsure();
}

StreamAnswer RegisterStream::look() {
  auto* search = std::get_if<1>(&now_);
  return search == nullptr ? StreamAnswer::fine : (*search)->stream.look();
}

StreamAnswer RegisterStream::finish() {
  if (std::holds_alternative<ZoneStream>(now_)) return StreamAnswer::fine;
  return std::get<1>(now_)->stream.finish();
}

const std::string& RegisterStream::reason() const {
  if (const auto* zones = std::get_if<0>(&now_)) return zones->reason();
  return std::get<1>(now_)->stream.reason();
}

std::uint64_t RegisterStream::bytes() const {
  const std::uint64_t held = sizeof(*this);
  if (const auto* zones = std::get_if<0>(&now_)) return held + zones->bytes();
  return held + std::get<1>(now_)->stream.bytes();
}

std::uint64_t RegisterStream::steps() const {
  const auto* search = std::get_if<1>(&now_);
  return steps_ + (search == nullptr ? 0 : (*search)->stream.steps());
}

}  // namespace assay
