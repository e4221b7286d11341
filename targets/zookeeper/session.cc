// The C library's asynchronous calls made into calls with a deadline.
#define THREADED
#include <zookeeper/zookeeper.h>

#include <condition_variable>
#include <functional>
#include <mutex>

#include "targets/zookeeper/client.h"

namespace assay::zookeeper {
namespace {

/// How long the server keeps a session that it does not hear from.
constexpr int session_timeout_ms = 4000;

/// A request under way. Shared by the caller, who may give up, and the library.
struct Pending {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  Reply reply;

  void finish(const std::function<void(Reply&)>& fill) {
    const std::scoped_lock lock(mutex);
    fill(reply);
    done = true;
    changed.notify_all();
  }
};
using Shared = std::shared_ptr<Pending>;

/// What the library keeps for a request: one more owner, ended by the completion.
const void* keep(const Shared& pending) { return new Shared(pending); }
Shared take(const void* kept) {
  const std::unique_ptr<const Shared> owner(static_cast<const Shared*>(kept));
  return *owner;
}

void take_stat(const Stat& stat, Reply& reply) {
  reply.version = stat.version;
  reply.created = stat.czxid;
  reply.owner = stat.ephemeralOwner;
}

void on_data(int code, const char* value, int length, const Stat* stat, const void* kept) {
  take(kept)->finish([&](Reply& reply) {
    reply.code = code;
    if (code == ZOK && value != nullptr) reply.data.assign(value, static_cast<std::size_t>(length));
    if (code == ZOK && stat != nullptr) take_stat(*stat, reply);
  });
}

void on_stat(int code, const Stat* /*stat*/, const void* kept) {
  take(kept)->finish([&](Reply& reply) { reply.code = code; });
}

void on_string(int code, const char* /*value*/, const void* kept) {
  take(kept)->finish([&](Reply& reply) { reply.code = code; });
}

void on_made(int code, const char* /*value*/, const Stat* stat, const void* kept) {
  take(kept)->finish([&](Reply& reply) {
    reply.code = code;
    if (code == ZOK && stat != nullptr) take_stat(*stat, reply);
  });
}

void on_nothing(int code, const void* kept) {
  take(kept)->finish([&](Reply& reply) { reply.code = code; });
}

void on_strings(int code, const String_vector* strings, const void* kept) {
  take(kept)->finish([&](Reply& reply) {
    reply.code = code;
    for (int i = 0; code == ZOK && strings != nullptr && i < strings->count; ++i) {
      reply.children.emplace_back(strings->data[i]);
    }
  });
}

}  // namespace

struct Session::State {
  zhandle_t* handle = nullptr;
  std::mutex mutex;
  std::condition_variable changed;
  bool connected = false;

  static void watch(zhandle_t* /*handle*/, int type, int state, const char* /*path*/,
                    void* context) {
    if (type != ZOO_SESSION_EVENT) return;
    auto& self = *static_cast<State*>(context);
    const std::scoped_lock lock(self.mutex);
    self.connected = state == ZOO_CONNECTED_STATE;
    self.changed.notify_all();
  }

  /// Starts a request by `start`, which is given what to pass to the library.
  Reply ask(Nanos deadline, const std::function<int(const void*)>& start) {
    const auto pending = std::make_shared<Pending>();
    const void* kept = keep(pending);
    if (const int code = start(kept); code != ZOK) {
      static_cast<void>(take(kept));
      Reply refused;
      refused.code = code;
      return refused;
    }
    std::unique_lock lock(pending->mutex);
    if (pending->changed.wait_for(lock, deadline - monotonic_now(),
                                  [&] { return pending->done; })) {
      return pending->reply;
    }
    Reply late;
    late.code = ZOPERATIONTIMEOUT;
    return late;
  }
};

Session::Session() : state_(std::make_unique<State>()) {
  zoo_set_debug_level(static_cast<ZooLogLevel>(0));
}
Session::~Session() { close(); }

bool Session::is_open() const { return state_->handle != nullptr; }

bool Session::open(const Endpoint& endpoint, Nanos deadline) {
  close();
  state_->connected = false;
  const std::string place = endpoint.host + ":" + std::to_string(endpoint.port);
  state_->handle =
      zookeeper_init(place.c_str(), State::watch, session_timeout_ms, nullptr, state_.get(), 0);
  if (state_->handle == nullptr) return false;
  std::unique_lock lock(state_->mutex);
  const bool connected = state_->changed.wait_for(lock, deadline - monotonic_now(),
                                                  [this] { return state_->connected; });
  lock.unlock();
  if (!connected) close();
  return connected;
}

void Session::close() {
  // Ends its threads; requests under way are completed first.
  if (state_->handle != nullptr) zookeeper_close(state_->handle);
  state_->handle = nullptr;
}

Reply Session::get(const std::string& path, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_aget(state_->handle, path.c_str(), 0, on_data, kept);
  });
}

Reply Session::children(const std::string& path, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_aget_children(state_->handle, path.c_str(), 0, on_strings, kept);
  });
}

std::optional<bool> Session::exists(const std::string& path, Nanos deadline) {
  const int code = children(path, deadline).code;
  if (code != ZOK && code != ZNONODE) return std::nullopt;
  return code == ZOK;
}

Reply Session::set(const std::string& path, const std::string& data, int version, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_aset(state_->handle, path.c_str(), data.data(), static_cast<int>(data.size()),
                    version, on_stat, kept);
  });
}

Reply Session::create(const std::string& path, const std::string& data, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_acreate(state_->handle, path.c_str(), data.data(), static_cast<int>(data.size()),
                       &ZOO_OPEN_ACL_UNSAFE, 0, on_string, kept);
  });
}

Reply Session::create_ephemeral(const std::string& path, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_acreate2(state_->handle, path.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL,
                        on_made, kept);
  });
}

Reply Session::remove(const std::string& path, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_adelete(state_->handle, path.c_str(), -1, on_nothing, kept);
  });
}

Reply Session::sync(const std::string& path, Nanos deadline) {
  return state_->ask(deadline, [&](const void* kept) {
    return zoo_async(state_->handle, path.c_str(), on_string, kept);
  });
}

Reply Session::remove_all(const std::string& path, Nanos deadline) {
  const Reply below = children(path, deadline);
  if (below.code == ZNONODE) return {};
  if (below.code != ZOK) return below;
  for (const std::string& child : below.children) {
    if (const Reply removed = remove_all(path + "/" + child, deadline); removed.code != ZOK) {
      return removed;
    }
  }
  return remove(path, deadline);
}

}  // namespace assay::zookeeper
