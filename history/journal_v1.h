#pragma once
// The events of version-1 journals, which earlier programs recorded.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "history/codec.h"
#include "history/event.h"

namespace assay {

class JournalV1Decoder {
 public:
  /// The next event; otherwise what is wrong with the bytes.
  const char* next(Decoder& in, Event& event);

 private:
  bool name(Decoder& in, std::string& text);

  std::vector<std::string> names_;
  std::uint64_t last_index_ = 0;
  std::uint64_t last_time_ = 0;
};

}  // namespace assay
