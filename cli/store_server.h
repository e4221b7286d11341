#pragma once
// The HTTP side of `assay serve`: read-only, for loopback unless told otherwise.

#include <functional>
#include <string>

#include "base/result.h"

namespace assay::cli {

struct ServerSettings {
  std::string store = "runs";
  std::string address = "127.0.0.1";
  int port = 8080;  ///< 0: any free one
  /// Letters, digits, - and _. Empty: none is asked for, and only requests that name loopback are
  /// served.
  std::string token;
};

/// Whether the address is of this machine alone: ::1, localhost, or one of 127.0.0.0/8 in full.
bool is_loopback(const std::string& address);

/// The file that the rest of an address after run/ names: a known file of a run folder, or a log of
/// one. Error (no_input): no such file, or one that is outside the store or reached by a link.
Result<std::string> file_in_store(const std::string& store, const std::string& path);

/// Serves until `stop` says so; asked about five times a second. `ready` gets the page's address.
/// GET only: /, /api/store, /diff?a=&b=, /run/FOLDER/FILE. Error (unavailable): it cannot listen
/// there.
Status serve_store(const ServerSettings& settings, const std::function<void(std::string)>& ready,
                   const std::function<bool()>& stop);

}  // namespace assay::cli
