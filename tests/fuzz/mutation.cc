#include "mutation.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "history/codec.h"
#include "history/journal_codec.h"

namespace assay::testing {
namespace {

const std::string delimiters = " \"[]{}()#:\\;^\n,=-";

std::size_t position(const std::string& bytes, Random& random) {
  return static_cast<std::size_t>(random.below(bytes.size()));
}

void damage(std::string& bytes, const std::string& other, Random& random) {
  const std::size_t at = position(bytes, random);
  const char byte =
      random.chance(0.5) ? static_cast<char>(random.below(256)) : random.pick(delimiters);
  switch (random.below(10)) {
    case 0:
      bytes[at] = byte;
      break;
    case 1:
      bytes[at] =
          static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << random.below(8)));
      break;
    case 2:
      bytes.insert(at, 1, byte);
      break;
    case 3:
      bytes.erase(at, 1 + static_cast<std::size_t>(random.below(20)));
      break;
    case 4:
      bytes.insert(at, random.chance(0.5) ? "99999999999999999999" : "-9223372036854775808");
      break;
    case 5:
      bytes.replace(at, 8, std::string(8, random.chance(0.5) ? '\xFF' : '\x7F'));
      break;
    case 6:
      bytes.insert(at, std::string(1 + static_cast<std::size_t>(random.below(300)), byte));
      break;
    case 7:
      bytes.insert(at, bytes.substr(position(bytes, random), 30));
      break;
    case 8:
      if (!other.empty()) bytes.insert(at, other.substr(position(other, random), 60));
      break;
    default:
      if (!other.empty()) bytes = bytes.substr(0, at) + other.substr(position(other, random));
  }
}

void set_u32(std::string& bytes, std::size_t at, std::uint32_t number) {
  std::string four;
  append_u32(number, four);
  bytes.replace(at, four.size(), four);
}

}  // namespace

std::string mutated(const std::string& bytes, const std::string& other, Random& random) {
  std::string result = bytes;
  for (auto n = 1 + random.below(4); n > 0 && !result.empty(); --n) damage(result, other, random);
  if (random.chance(0.2)) {
    result.resize(static_cast<std::size_t>(random.below(result.size() + 1)));
  }
  return result;
}

std::string with_checksums(std::string journal) {
  std::size_t at = journal_magic.size() + 4;
  while (journal.size() >= at + journal_frame_bytes) {
    const std::size_t contents = at + journal_frame_bytes;
    std::size_t length = Decoder(std::string_view(journal).substr(at)).u32();
    if (length == journal_end_length) length = 8;
    length = std::min(length, journal.size() - contents);
    set_u32(journal, at,
            length == 8 && journal.size() == contents + 8 ? journal_end_length
                                                          : static_cast<std::uint32_t>(length));
    set_u32(journal, at + 4, crc_of(std::string_view(journal).substr(contents, length)));
    set_u32(journal, at + 8, crc_of(std::string_view(journal).substr(at, 8)));
    at = contents + length;
  }
  return journal;
}

}  // namespace assay::testing
