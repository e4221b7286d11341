#pragma once
// Hashing. The digest of a history identifies it among honest files; it is no cryptographic hash.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// 64 well-mixed bits of a byte string; the same on every machine.
std::uint64_t hash64(std::string_view bytes);

/// 128 bits over a sequence of 64-bit words. Source: Appleby, MurmurHash3, the 128-bit variant for
/// 64-bit machines, fed word by word.
class Digest {
 public:
  void add(std::uint64_t word);
  /// 32 hexadecimal digits. The digest can go on afterwards.
  std::string hex() const;

 private:
  std::uint64_t low_ = 0x9368e53c2f6af274;
  std::uint64_t high_ = 0x586dcd208f7cd3fd;
  std::uint64_t pending_ = 0;
  std::uint64_t words_ = 0;
};

}  // namespace assay
