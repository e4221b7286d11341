#pragma once
// How every verifier says that a certificate does not hold.

#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

inline Error refuse(std::string_view why) {
  return {ErrorKind::bad_data, "certificate: " + std::string(why)};
}

}  // namespace assay
