#pragma once
// etcd's JSON gateway: one request at a time over one kept connection.

#include <memory>
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

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string base_;
};

std::string base64(std::string_view bytes);
/// Nothing: not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace assay::etcd
