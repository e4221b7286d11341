#include "history/formats/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t size_at = 124;
constexpr std::size_t checksum_at = 148;
constexpr std::size_t type_at = 156;

/// Octal digits, or big endian binary if the first bit is set. Nothing if it is neither.
std::optional<std::uint64_t> tar_number(std::string_view field) {
  std::uint64_t number = 0;
  if ((static_cast<std::uint8_t>(field[0]) & 0x80U) != 0) {
    for (const char c : field.substr(1)) {
      if (number >> 55U != 0) return std::nullopt;
      number = number << 8U | static_cast<std::uint8_t>(c);
    }
    return number;
  }
  const std::size_t start = field.find_first_not_of(' ');
  if (start != std::string_view::npos) field.remove_prefix(start);
  bool any = false;
  for (const char c : field) {
    if (c == '\0' || c == ' ') break;
    if (c < '0' || c > '7') return std::nullopt;
    number = number << 3U | static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  if (!any) return std::nullopt;
  return number;
}

/// The header block, if its checksum is right.
std::optional<TarEntry> parse_header(std::string_view block) {
  const auto told = tar_number(block.substr(checksum_at, 8));
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < tar_block; ++i) {
    const bool blank = i >= checksum_at && i < checksum_at + 8;
    sum += blank ? std::uint8_t{' '} : static_cast<std::uint8_t>(block[i]);
  }
  const auto size = tar_number(block.substr(size_at, 12));
  if (!told || *told != sum || !size) return std::nullopt;
  TarEntry entry;
  const std::string_view name = block.substr(0, 100);
  entry.name = name.substr(0, name.find('\0'));
  entry.size = *size;
  entry.regular = block[type_at] == '0' || block[type_at] == '\0';
  // Directories, links and devices have no contents, whatever the size says.
  const char type = block[type_at];
  if (type >= '1' && type <= '6') entry.size = 0;
  return entry;
}

bool is_end(std::string_view block) {
  return block.find_first_not_of('\0') == std::string_view::npos;
}

class TarMember : public ByteSource {
 public:
  explicit TarMember(std::unique_ptr<ByteSource> archive)
      : archive_(std::move(archive)), tar_(*archive_) {
    step();
    if (!done_) return;
    if (!error_) error_ = Error{ErrorKind::bad_data, "byte 0: the archive holds no file"};
  }
  std::optional<Error> error() const override {
    if (auto below = archive_->error()) return below;
    return error_;
  }

 protected:
  std::size_t fill(char* to, std::size_t count) override {
    if (done_) return 0;
    const auto want = static_cast<std::streamsize>(std::min<std::uint64_t>(count, left_));
    const auto got = archive_->sgetn(to, want);
    tar_.consumed(static_cast<std::uint64_t>(got));
    left_ -= static_cast<std::uint64_t>(got);
    if (got < want) {
      error_ = Error{ErrorKind::bad_data, "the archive ends inside of a file"};
      done_ = true;
    } else if (left_ == 0) {
      const std::uint64_t at = tar_.offset();
      step();
      if (!done_) {
        error_ = Error{ErrorKind::bad_data,
                       fmt::format("byte {}: the archive holds more than one file, and they are no "
                                   "logs of sessions",
                                   at)};
        done_ = true;
      }
    }
    return static_cast<std::size_t>(got);
  }

 private:
  /// To the next regular file with contents; done_ if there is none.
  void step() {
    while (true) {
      const auto more = tar_.next();
      if (!more) error_ = more.error();
      if (!more || !*more) {
        done_ = true;
        return;
      }
      if (tar_.entry().regular && tar_.entry().size > 0) break;
    }
    left_ = tar_.entry().size;
  }

  std::unique_ptr<ByteSource> archive_;
  TarReader tar_;
  std::uint64_t left_ = 0;
  bool done_ = false;
  std::optional<Error> error_;
};

}  // namespace

void TarReader::consumed(std::uint64_t bytes) {
  offset_ += bytes;
  left_ -= std::min(left_, bytes);
}

bool TarReader::skip(std::uint64_t bytes) {
  std::array<char, 8 * tar_block> unwanted{};
  while (bytes > 0) {
    const auto piece =
        static_cast<std::streamsize>(std::min<std::uint64_t>(bytes, unwanted.size()));
    const auto got = input_.sgetn(unwanted.data(), piece);
    offset_ += static_cast<std::uint64_t>(got);
    if (got != piece) return false;
    bytes -= static_cast<std::uint64_t>(got);
  }
  return true;
}

Result<bool> TarReader::next() {
  const auto bad = [this](std::string_view what) {
    return Error{ErrorKind::bad_data, fmt::format("byte {} of the archive: {}", offset_, what)};
  };
  if (!skip(left_)) return bad("the archive ends inside of a file");
  left_ = 0;
  std::array<char, tar_block> block{};
  const auto got = input_.sgetn(block.data(), block.size());
  if (got == 0) return false;
  const std::string_view text(block.data(), block.size());
  if (got != static_cast<std::streamsize>(block.size())) {
    return bad("the archive ends inside of a header");
  }
  if (is_end(text)) return false;
  auto entry = parse_header(text);
  if (!entry) return bad("expected the header of a file in a tar archive");
  offset_ += tar_block;
  entry_ = *std::move(entry);
  if (entry_.size > std::uint64_t{1} << 60U) return bad("the size of a file is impossible");
  left_ = (entry_.size + tar_block - 1) / tar_block * tar_block;
  return true;
}

bool is_tar(std::string_view beginning) {
  return beginning.size() >= tar_block && !is_end(beginning.substr(0, tar_block)) &&
         parse_header(beginning.substr(0, tar_block)).has_value();
}

TarEntry first_tar_entry(std::string_view beginning) {
  while (beginning.size() >= tar_block) {
    auto entry = parse_header(beginning.substr(0, tar_block));
    if (!entry) break;
    if (entry->regular) return *std::move(entry);
    const std::uint64_t padded =
        (std::min<std::uint64_t>(entry->size, beginning.size()) + 2 * tar_block - 1) / tar_block *
        tar_block;
    beginning.remove_prefix(std::min<std::size_t>(padded, beginning.size()));
  }
  return {};
}

std::unique_ptr<ByteSource> tar_member(std::unique_ptr<ByteSource> source) {
  return std::make_unique<TarMember>(std::move(source));
}

}  // namespace assay
