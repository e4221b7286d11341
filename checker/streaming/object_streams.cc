// Which datatypes are followed event by event, and how.
#include <optional>
#include <utility>

#include "checker/streaming/frontier_stream.h"
#include "checker/streaming/object_stream.h"
#include "checker/streaming/register_stream.h"
#include "checker/streaming/stream_models.h"

namespace assay {
namespace {

class FollowedRegister final : public ObjectStream {
 public:
  FollowedRegister(const HistoryInfo& info, const StreamLimits& limits)
      : stream_(stream_value(info.initial), limits), nil_read_(info.nil_read) {}

  std::optional<Begun> invoke(const Invocation& invocation) override {
    StreamCall call{invocation.token, invocation.time, never, {}};
    if (invocation.function == "write") {
      call.op = {stream_value(invocation.argument), {}, RegisterFunction::write};
    } else if (invocation.function == "cas") {
      const auto* pair = invocation.argument.get_if<Value::List>();
      if (pair == nullptr || pair->size() != 2) return std::nullopt;
      call.op = {stream_value((*pair)[1]), stream_value((*pair)[0]), RegisterFunction::cas};
    } else if (invocation.function != "read") {
      return std::nullopt;
    }
    return Begun{stream_.invoke(call), !call.op.mutates()};
  }

  StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                        const Value* result) override {
    const bool told = result != nullptr;
    if (told && result->is_nil() && nil_read_ == NilRead::unconstrained) outcome = Outcome::info;
    return stream_.complete(token, outcome, time, told ? stream_value(*result) : StreamValue{});
  }

  bool unsure() const override { return stream_.unsure(); }
  StreamAnswer look() override { return stream_.look(); }
  StreamAnswer finish() override { return stream_.finish(); }
  const std::string& reason() const override { return stream_.reason(); }
  std::uint64_t bytes() const override { return sizeof(*this) + stream_.bytes(); }
  std::uint64_t steps() const override { return stream_.steps(); }
  std::string_view algorithm() const override {
    return stream_.searched() ? "followed: zones+frontier" : "followed: zones";
  }

 private:
  RegisterStream stream_;
  NilRead nil_read_;
};

/// An object whose specification is a StreamModel that takes its operations from events.
template <StreamModel M>
class FollowedObject final : public ObjectStream {
 public:
  FollowedObject(M model, const StreamLimits& limits)
      : model_(std::move(model)), stream_(limits, model_) {}

  std::optional<Begun> invoke(const Invocation& invocation) override {
    auto op = model_.begin(invocation.function, invocation.argument, invocation.process);
    if (!op) return std::nullopt;
    stream_.invoke({invocation.token, invocation.time, never, *std::move(op)});
    return Begun{StreamAnswer::fine, true};
  }
  StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                        const Value* result) override {
    static const Value nil;
    const auto answer = stream_.complete(token, outcome, time, result == nullptr ? nil : *result);
    if constexpr (requires { model_.bytes(); }) {
      model_.rebase([&](auto visit) { stream_.each_state(visit); });
    }
    return answer;
  }
  bool unsure() const override { return stream_.unsure(); }
  StreamAnswer look() override { return stream_.look(); }
  StreamAnswer finish() override { return stream_.finish(); }
  const std::string& reason() const override { return stream_.reason(); }
  std::uint64_t bytes() const override {
    std::uint64_t model = 0;
    if constexpr (requires { model_.bytes(); }) model = model_.bytes();
    return sizeof(*this) + stream_.bytes() + model;
  }
  std::uint64_t steps() const override { return stream_.steps(); }
  std::string_view algorithm() const override { return "followed: frontier"; }

 private:
  M model_;
  FrontierStream<M> stream_;
};

template <class M, class... Arguments>
MakeObjectStream follow(const StreamLimits& limits, Arguments... arguments) {
  return [limits, arguments...] {
    return std::make_unique<FollowedObject<M>>(M(arguments...), limits);
  };
}

/// Nothing: the history's initial value is no number of permits.
std::optional<std::int64_t> permits_of(const HistoryInfo& info) {
  if (info.initial.is_nil()) return 1;
  const auto* number = info.initial.get_if<std::int64_t>();
  return number != nullptr && *number >= 1 ? std::optional(*number) : std::nullopt;
}

}  // namespace

MakeObjectStream object_stream_for(std::string_view datatype, const HistoryInfo& info,
                                   const StreamLimits& limits) {
  if (datatype == "register") {
    return [&info, limits] { return std::make_unique<FollowedRegister>(info, limits); };
  }
  if (datatype == "counter") return follow<CounterStreamModel>(limits, info);
  if (datatype == "set") return follow<SetStreamModel>(limits, info);
  if (datatype == "mutex") return follow<PermitsStreamModel>(limits, std::int64_t{1});
  if (datatype == "semaphore") {
    const auto permits = permits_of(info);
    return permits ? follow<PermitsStreamModel>(limits, *permits) : nullptr;
  }
  if (datatype == "owned-mutex") return follow<OwnedLockStreamModel>(limits, false);
  if (datatype == "fenced-lock") return follow<OwnedLockStreamModel>(limits, true);
  return nullptr;
}

}  // namespace assay
