#include "history/formats/keyed.h"

#include <fmt/format.h>

namespace assay {
namespace {

/// After so many invocations that all look like pairs the answer is taken to be yes.
constexpr std::size_t held_max = 20'000;

const Value::List* pair_of(const Value& value) {
  const auto* list = value.get_if<Value::List>();
  return list != nullptr && list->size() == 2 ? list : nullptr;
}

bool has_value(const Event& event) {
  return event.process != nemesis_process && !event.key &&
         (event.type == EventType::invoke || event.type == EventType::ok);
}

}  // namespace

KeySplitter::KeySplitter(EventSink& sink, std::string_view option, Keyed automatic,
                         std::string_view place)
    : sink_(sink),
      keyed_(option == "yes"  ? Keyed::yes
             : option == "no" ? Keyed::no
                              : automatic),
      place_(place) {}

void KeySplitter::look_at(const Event& event) {
  if (!has_value(event)) return;
  const auto* pair = pair_of(event.value);
  const bool reads = event.f == "read" && event.type == EventType::invoke;
  if (pair == nullptr || (reads && !(*pair)[1].is_nil())) {
    keyed_ = Keyed::no;
  } else if (reads) {
    saw_read_ = true;
  }
}

Status KeySplitter::add(Event& event, std::uint64_t line) {
  if (keyed_ != Keyed::undecided) return pass(event, line);
  look_at(event);
  held_.emplace_back(std::move(event), line);
  if (keyed_ == Keyed::no) return decide(Keyed::no);
  if (held_.size() >= held_max && saw_read_) return decide(Keyed::yes);
  return {};
}

Status KeySplitter::decide(Keyed keyed) {
  keyed_ = keyed;
  guessed_ = keyed == Keyed::yes;
  for (auto& [event, line] : held_) {
    if (auto status = pass(event, line); !status) return status;
  }
  held_ = {};
  return {};
}

Status KeySplitter::finish() {
  if (keyed_ == Keyed::undecided) {
    if (auto status = decide(saw_read_ ? Keyed::yes : Keyed::no); !status) return status;
  }
  if (guessed_) {
    sink_.note(
        "every value is a pair, so the pairs are read as [key value]; if they are not, say "
        "--keyed no");
  }
  return {};
}

Status KeySplitter::pass(Event& event, std::uint64_t line) {
  if (keyed_ == Keyed::yes && event.process != nemesis_process && !event.key) {
    auto* list = event.value.get_if<Value::List>();
    if (list != nullptr && list->size() == 2) {
      event.key = std::move((*list)[0]);
      Value rest = std::move((*list)[1]);
      event.value = std::move(rest);
    } else if (has_value(event)) {
      return sink_.problem(
          Error{ErrorKind::bad_data,
                fmt::format("{} {}: event {}: expected a pair [key value], got {}{}", place_, line,
                            event.index, to_text(event.value).substr(0, 80),
                            guessed_ ? "; if the pairs are no keys, say --keyed no" : "")});
    }
  }
  if (auto status = send(event); !status) {
    return sink_.problem(status.error().in(fmt::format("{} {}", place_, line)));
  }
  return {};
}

}  // namespace assay
