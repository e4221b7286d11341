#pragma once
// Clients of an object that a benchmark simulates: each takes one operation after the other through
// its stages, at moments that chance decides, so that operations overlap.

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay::bench {

/// What a client is doing; objects derive theirs from it.
struct ClientState {
  std::int32_t process = 0;
  int stage = 0;      ///< idle, invoked, in effect
  bool lost = false;  ///< its operation never returns
};

/// `Object` has a type Client, derived from ClientState, and
/// - start(Client&): chooses an operation;
/// - can_be_lost(const Client&): may it never return?
/// - take_effect(Client&): performs it, now; `near_end`: the last tenth has begun;
/// - event(const Client&, EventType): without index, process and type.
template <class Object>
class Clients {
 public:
  using Client = typename Object::Client;

  Clients(Object& object, Random& random, std::size_t operations, double pending)
      : object_(object), random_(random), operations_(operations), pending_(pending) {}

  History run(std::size_t clients, HistoryInfo info) {
    HistoryBuilder builder(std::move(info));
    std::vector<Client> all(clients);
    std::int32_t next_process = 0;
    for (Client& client : all) client.process = next_process++;
    std::size_t busy = 0;
    while (started_ < operations_ || busy > 0) {
      Client& client = random_.pick(all);
      if (client.stage == 0 && started_ == operations_) continue;
      switch (client.stage++) {
        case 0:
          ++started_;
          ++busy;
          object_.start(client);
          emit(client, EventType::invoke, builder);
          break;
        case 1:
          client.lost = object_.can_be_lost(client) && random_.chance(pending_);
          if (!client.lost || random_.chance(0.5)) {
            object_.take_effect(client, started_ > operations_ - operations_ / 10);
          }
          break;
        default:
          --busy;
          client.stage = 0;
          emit(client, client.lost ? EventType::info : EventType::ok, builder);
          if (client.lost) client.process = next_process++;
      }
    }
    return std::move(builder.finish()).value();
  }

 private:
  void emit(const Client& client, EventType type, HistoryBuilder& builder) {
    Event event = object_.event(client, type);
    event.index = index_++;
    event.process = static_cast<ProcessId>(client.process);
    event.type = type;
    if (const auto status = builder.add(event); !status) {
      fmt::print(stderr, "{}\n", status.error().message);
      std::exit(70);
    }
  }

  Object& object_;
  Random& random_;
  std::size_t operations_;
  double pending_;
  std::size_t started_ = 0;
  std::uint64_t index_ = 0;
};

}  // namespace assay::bench
