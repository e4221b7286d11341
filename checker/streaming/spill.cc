#include "checker/streaming/spill.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <queue>
#include <system_error>
#include <utility>

#include "history/codec.h"

namespace assay {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 16U;

Error cannot_write(const std::string& folder) {
  return {ErrorKind::cannot_write, "cannot keep the history in a temporary file in " + folder +
                                       ": " + std::generic_category().message(errno) +
                                       "; TMPDIR names another folder"};
}

/// A file without a name: nothing is left behind, whatever ends the process. -1: there is none.
int unnamed_file(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  // Not every file system can do that.
  std::string path = folder + "/assay-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

std::string temporary_folder() {
  const char* folder = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

/// So many different names of nodes and texts of errors are kept; others are left out.
constexpr std::uint32_t names_max = 1U << 16U;

}  // namespace

/// Bytes that are appended and read from the beginning: in memory while they are few.
class Spill::File {
 public:
  File() = default;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Status append(const std::string& record) {
    buffer_ += record;
    ++events_;
    return buffer_.size() < buffer_bytes ? Status() : flush();
  }
  /// The number of bytes read, 0 at the end or on failure.
  std::size_t read(std::uint64_t at, char* to, std::size_t count) const {
    if (at >= written_) return buffer_.copy(to, count, at - written_);
    for (;;) {
      const auto got = ::pread(fd_, to, count, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      return got < 0 ? 0 : static_cast<std::size_t>(got);
    }
  }
  std::uint64_t size() const { return written_ + buffer_.size(); }
  std::uint64_t events() const { return events_; }
  std::uint64_t last_index = 0;
  std::int64_t last_time = 0;

 private:
  Status flush() {
    const std::string folder = temporary_folder();
    if (fd_ < 0) fd_ = unnamed_file(folder);
    if (fd_ < 0) return cannot_write(folder);
    std::size_t done = 0;
    while (done < buffer_.size()) {
      const auto count = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return cannot_write(folder);
      done += static_cast<std::size_t>(count);
    }
    written_ += done;
    buffer_.clear();
    return {};
  }

  int fd_ = -1;
  std::uint64_t written_ = 0;
  std::uint64_t events_ = 0;
  std::string buffer_;
};

/// Reads one file's events in their order.
class Spill::Cursor {
 public:
  Cursor(const File& file, const StringTable& names) : file_(file), names_(names) {}

  /// False at the end; then failed() tells whether it came too early.
  bool next() {
    if (!have(4)) return false;
    const std::uint32_t length = Decoder(std::string_view(buffer_).substr(at_, 4)).u32();
    if (!have(4 + std::size_t{length})) return fail();
    Decoder record(std::string_view(buffer_).substr(at_ + 4, length));
    at_ += 4 + std::size_t{length};
    event_.index = last_index_ += record.varint();
    event_.time = Nanos(last_time_ += record.signed_varint());
    event_.process = static_cast<ProcessId>(static_cast<std::int32_t>(record.signed_varint()));
    const std::uint8_t bits = record.byte();
    event_.type = static_cast<EventType>(bits & 3U);
    event_.f = names_[static_cast<std::uint32_t>(record.varint())];
    event_.node = names_[static_cast<std::uint32_t>(record.varint())];
    event_.error = names_[static_cast<std::uint32_t>(record.varint())];
    event_.key.reset();
    if ((bits & 4U) != 0) event_.key = record.value();
    event_.value = record.value();
    key_ = {record.u64(), record.u64()};
    return !record.failed() || fail();
  }
  const Event& event() const { return event_; }
  const StreamValue& key() const { return key_; }
  bool failed() const { return failed_; }

 private:
  bool fail() {
    failed_ = true;
    return false;
  }
  bool have(std::size_t count) {
    if (buffer_.size() - at_ >= count) return true;
    buffer_.erase(0, at_);
    at_ = 0;
    while (buffer_.size() < count) {
      const std::size_t old = buffer_.size();
      const auto more =
          std::min<std::uint64_t>(std::max(buffer_bytes, count) - old, file_.size() - offset_);
      buffer_.resize(old + static_cast<std::size_t>(more));
      const std::size_t got = file_.read(offset_, buffer_.data() + old, buffer_.size() - old);
      buffer_.resize(old + got);
      offset_ += got;
      if (got == 0) {
        failed_ = offset_ != file_.size() || !buffer_.empty();
        return false;
      }
    }
    return true;
  }

  const File& file_;
  const StringTable& names_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t last_index_ = 0;
  std::int64_t last_time_ = 0;
  Event event_;
  StreamValue key_;
  bool failed_ = false;
};

Spill::Spill(std::size_t shares) {
  names_.intern("");
  for (std::size_t i = 0; i < shares; ++i) files_.push_back(std::make_unique<File>());
}
Spill::~Spill() = default;

Status Spill::add(const Event& event, const StreamValue& key) {
  File& file = *files_[share_of(key)];
  record_.clear();
  const auto name = [&](const std::string& text) {
    const bool known = names_.size() < names_max || names_.find(text).has_value();
    append_varint(known ? names_.intern(text) : 0, record_);
  };
  append_u32(0, record_);
  append_varint(event.index - file.last_index, record_);
  append_signed(event.time.count() - file.last_time, record_);
  file.last_index = event.index;
  file.last_time = event.time.count();
  append_signed(static_cast<std::int32_t>(event.process), record_);
  record_ += static_cast<char>(static_cast<unsigned>(event.type) | (event.key ? 4U : 0U));
  append_varint(names_.intern(event.f), record_);
  name(event.node);
  name(event.error);
  if (event.key) append_value(*event.key, record_);
  append_value(event.value, record_);
  append_u64(key.low, record_);
  append_u64(key.high, record_);
  std::string length;
  append_u32(static_cast<std::uint32_t>(record_.size() - 4), length);
  record_.replace(0, 4, length);
  ++events_;
  return file.append(record_);
}

std::uint64_t Spill::events_in(std::size_t share) const { return files_[share]->events(); }

Result<History> Spill::load(const std::vector<std::size_t>& shares, const HistoryInfo& info,
                            const Wanted& wanted) {
  std::vector<Cursor> cursors;
  cursors.reserve(shares.size());
  // The smallest index first.
  using Head = std::pair<std::uint64_t, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  const Error broken{ErrorKind::no_input, "a temporary file could not be read back"};
  for (const std::size_t share : shares) {
    cursors.emplace_back(*files_[share], names_);
    if (cursors.back().next()) heads.emplace(cursors.back().event().index, cursors.size() - 1);
    if (cursors.back().failed()) return broken;
  }
  HistoryBuilder builder(info);
  while (!heads.empty()) {
    Cursor& cursor = cursors[heads.top().second];
    const std::size_t at = heads.top().second;
    heads.pop();
    if (wanted(cursor.event(), cursor.key())) {
      if (auto status = builder.add(cursor.event()); !status) return status.error();
    }
    if (cursor.next()) heads.emplace(cursor.event().index, at);
    if (cursor.failed()) return broken;
  }
  return builder.finish();
}

Result<History> Spill::load_share(std::size_t share, const HistoryInfo& info) {
  return load({share}, info, [](const Event&, const StreamValue&) { return true; });
}

Result<History> Spill::load_all(const Wanted& wanted, const HistoryInfo& info) {
  std::vector<std::size_t> all(files_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return load(all, info, wanted);
}

Result<History> Spill::load_keys(const std::vector<StreamValue>& keys, const Wanted& wanted,
                                 const HistoryInfo& info) {
  std::vector<std::size_t> shares;
  for (const StreamValue& key : keys) shares.push_back(share_of(key));
  std::sort(shares.begin(), shares.end());
  shares.erase(std::unique(shares.begin(), shares.end()), shares.end());
  return load(shares, info, wanted);
}

std::uint64_t Spill::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : files_) sum += file->size();
  return sum;
}

}  // namespace assay
