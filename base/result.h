#pragma once
// Result<T>: a value or an Error. The subset of std::expected that this project uses; g++ 12 has
// <expected> only in C++23 mode, where Debian's clang tools cannot read it.

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace assay {

/// Why something could not be done. Each kind has one exit code, so a new kind is added only
/// when the command line must be able to tell it apart.
enum class ErrorKind : int {
  usage = 64,          ///< the command line is wrong
  bad_data = 65,       ///< a file's contents are not what they should be
  no_input = 66,       ///< a file is missing or unreadable
  unavailable = 69,    ///< a target or node cannot be reached
  internal = 70,       ///< a bug in assay
  cannot_write = 73,   ///< an output cannot be created or written
  busy = 75,           ///< another controller holds the lab
  not_permitted = 77,  ///< privileges are missing
  configuration = 78,  ///< a setting contradicts another or names something unknown
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  ///< what, where, expected, got, next step; one line, no final period

  int exit_code() const { return static_cast<int>(kind); }
  /// The same error seen from further out: "context: message".
  Error in(const std::string& context) const { return {kind, context + ": " + message}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): `return value;` is the point of the type.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    ASSAY_ASSERT(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    ASSAY_ASSERT(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    ASSAY_ASSERT(ok());
    return std::get<0>(std::move(state_));
  }
  const Error& error() const {
    ASSAY_ASSERT(!ok());
    return std::get<1>(state_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    ASSAY_ASSERT(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace assay
