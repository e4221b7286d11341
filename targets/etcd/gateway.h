#pragma once
// etcd's JSON gateway: one request at a time over one kept connection.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "harness/client.h"
#include "history/value.h"
#include "targets/cluster.h"

namespace assay::etcd {

/// What came of a request.
struct Reply {
  enum class Kind : unsigned char {
    ok,
    refused,      ///< etcd says that it failed; `code` says why
    unconnected,  ///< nothing was sent
    lost,         ///< the connection ended, or the time, before etcd said anything
  };
  Kind kind = Kind::lost;
  Value body;    ///< ok: a map
  int code = 0;  ///< refused: of gRPC
  std::string message;

  bool ok() const { return kind == Kind::ok; }
};

/// A row of the table of errors: a code of gRPC, and words of the message that narrow it.
struct ErrorRow {
  int code = 0;
  std::string_view words;  ///< empty: any
  bool definite = false;
};
/// The completion of a request that ended so; the first row that matches holds, without one it is
/// in doubt. `has_effect`: false for what only reads.
Completion classify(const Reply& reply, bool has_effect);

class Gateway {
 public:
  explicit Gateway(const Endpoint& endpoint);
  ~Gateway();
  Gateway(Gateway&&) noexcept;

  /// POST /v3/`path`.
  Reply post(std::string_view path, const Value& request, Nanos deadline);

  /// Takes a message of a stream; false: that is enough.
  using Take = std::function<bool(const Value& message)>;
  /// POST /v3/`path` with several requests, answered by a stream of messages. ok: the time is over
  /// or `take` has enough; the body is empty.
  Reply stream(std::string_view path, const Value::List& requests, Nanos deadline,
               const Take& take);

 private:
  struct Handle;
  struct Outcome;
  using Receive = std::size_t (*)(char* data, std::size_t size, std::size_t count, void* into);
  Outcome perform(std::string_view path, const std::string& body, Nanos deadline, Receive receive,
                  void* into);

  std::unique_ptr<Handle> handle_;
  std::string base_;
};

/// A field of a reply; 64-bit integers come as text. 0 or empty: it is not there.
std::int64_t integer_in(const Value& map, std::string_view name);
std::string text_in(const Value& map, std::string_view name);
/// The same of what is base64.
std::string bytes_in(const Value& map, std::string_view name);
/// The store's revision as the header of a reply has it.
std::int64_t revision_in(const Value& body);

/// The key just after all that begin so; the last byte is no 0xFF here.
std::string end_of_prefix(std::string prefix);

std::string base64(std::string_view bytes);
/// Nothing: not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace assay::etcd
