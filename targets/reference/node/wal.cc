#include "targets/reference/node/wal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/frame.h"

namespace assay::reference {
namespace {

constexpr std::string_view magic = "assay-node wal";
constexpr std::uint8_t wal_version = 3;
constexpr std::uint8_t snapshot_record = 2;  // a change begins with 0 or 1
constexpr std::size_t record_bytes_soft_max = 1024 * 1024;
constexpr mode_t file_mode = 0644;

Error system_error(ErrorKind kind, const std::string& what) {
  return {kind, what + ": " + std::generic_category().message(errno)};
}

void encode_record(const std::optional<HardState>& state, LogIndex first, const Entry* begin,
                   const Entry* end, std::string& out) {
  std::string payload;
  ByteWriter writer(payload);
  writer.boolean(state.has_value());
  if (state) {
    writer.u64(state->term);
    writer.u32(static_cast<std::uint32_t>(state->voted_for));
  }
  writer.u64(first);
  writer.u32(static_cast<std::uint32_t>(end - begin));
  for (const Entry* entry = begin; entry != end; ++entry) writer.entry(*entry);
  append_frame(out, payload);
}

void encode_snapshot(const Snapshot& snapshot, std::string& out) {
  std::string_view left = snapshot.state;
  do {
    const std::string_view part = left.substr(0, record_bytes_soft_max);
    left.remove_prefix(part.size());
    std::string payload;
    ByteWriter writer(payload);
    writer.u8(snapshot_record);
    writer.u64(snapshot.index);
    writer.u64(snapshot.term);
    writer.nodes(snapshot.members);
    writer.text(part);
    append_frame(out, payload);
  } while (!left.empty());
}

/// Parts follow each other, before any entry.
bool replay_snapshot(ByteReader& reader, Recovered& state) {
  Snapshot part;
  part.index = reader.u64();
  part.term = reader.u64();
  part.members = reader.nodes();
  part.state = reader.text(record_bytes_soft_max);
  if (!reader.done() || part.index == 0 || !state.entries.empty()) return false;
  if (state.snapshot.index == part.index) {
    state.snapshot.state += part.state;
  } else {
    state.snapshot = std::move(part);
  }
  return true;
}

bool replay_record(std::string_view payload, Recovered& state) {
  ByteReader reader(payload);
  if (!payload.empty() && payload.front() == static_cast<char>(snapshot_record)) {
    reader.u8();
    return replay_snapshot(reader, state);
  }
  Recovered change;
  const bool has_state = reader.boolean();
  if (has_state) {
    change.hard_state.term = reader.u64();
    change.hard_state.voted_for = reader.node();
  }
  const LogIndex first = reader.u64();
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    change.entries.push_back(reader.entry());
  }
  const LogIndex base = state.snapshot.index;
  if (!reader.done() || first > base + state.entries.size() + 1) return false;
  if (first == 0 ? count > 0 : first <= base) return false;
  if (has_state) state.hard_state = change.hard_state;
  if (first > 0) {
    state.entries.resize(first - base - 1);
    for (auto& entry : change.entries) state.entries.push_back(std::move(entry));
  }
  return true;
}

bool is_header(std::string_view payload) {
  ByteReader reader(payload);
  const bool named = reader.text(magic.size()) == magic;
  return named && reader.u8() == wal_version && reader.done();
}

Result<std::string> read_all(int descriptor, const std::string& path) {
  struct stat info {};
  if (fstat(descriptor, &info) != 0) return system_error(ErrorKind::cannot_write, path);
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n =
        pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_error(ErrorKind::cannot_write, "reading " + path);
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

Status sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error(ErrorKind::cannot_write, folder);
  const int result = fsync(descriptor);
  ::close(descriptor);
  if (result != 0) return system_error(ErrorKind::cannot_write, "fsync of " + folder);
  return {};
}

}  // namespace

void encode_wal_header(std::string& out) {
  std::string payload;
  ByteWriter writer(payload);
  writer.text(magic);
  writer.u8(wal_version);
  append_frame(out, payload);
}

void encode_wal_write(const Write& write, std::string& out) {
  if (write.snapshot) encode_snapshot(*write.snapshot, out);
  const Entry* entry = write.entries.data();
  const Entry* const end = entry + write.entries.size();
  auto state = write.hard_state;
  LogIndex first = write.first;
  do {
    const Entry* const begin = entry;
    std::size_t bytes = 0;
    std::string sized;
    while (entry != end && bytes < record_bytes_soft_max) {
      sized.clear();
      ByteWriter(sized).entry(*entry++);
      bytes += sized.size();
    }
    encode_record(state, first, begin, entry, out);
    state.reset();
    first += static_cast<LogIndex>(entry - begin);
  } while (entry != end);
}

Result<WalContents> parse_wal(std::string_view bytes) {
  WalContents contents;
  bool header = true;
  while (true) {
    const auto frame = parse_frame(bytes.substr(contents.valid_bytes));
    if (frame.state != FrameState::whole) break;
    if (header && !is_header(frame.payload)) {
      return Error{ErrorKind::bad_data,
                   "not a write-ahead log of assay-node, or one of another version"};
    }
    if (!header && !replay_record(frame.payload, contents.recovered)) break;
    header = false;
    contents.valid_bytes += frame.bytes;
  }
  return contents;
}

Result<WalFile::Opened> WalFile::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Error{ErrorKind::cannot_write, "cannot create " + folder + ": " + error.message()};
  }
  const std::string path = folder + "/wal";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, file_mode);
  if (descriptor < 0) return system_error(ErrorKind::cannot_write, "cannot open " + path);
  Opened opened;
  opened.file.reset(new WalFile(descriptor, folder));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::busy, path + " is open in another process"};
  }
  auto bytes = read_all(descriptor, path);
  if (!bytes) return bytes.error();
  auto contents = parse_wal(*bytes);
  if (!contents) return contents.error().in(path);
  opened.recovered = std::move(contents->recovered);
  opened.cut_bytes = bytes->size() - contents->valid_bytes;
  if (opened.cut_bytes > 0 &&
      ftruncate(descriptor, static_cast<off_t>(contents->valid_bytes)) != 0) {
    return system_error(ErrorKind::cannot_write, "cannot cut " + path);
  }
  std::string header;
  if (contents->valid_bytes == 0) encode_wal_header(header);
  if (auto status = opened.file->append(header); !status) return status.error();
  if (auto status = sync_folder(folder); !status) return status.error();
  return opened;
}

WalFile::~WalFile() { ::close(descriptor_); }

Status WalFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(ErrorKind::cannot_write, "writing " + path_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fdatasync(descriptor_) != 0) {
    return system_error(ErrorKind::cannot_write, "fdatasync of " + path_);
  }
  return {};
}

Status WalFile::replace(std::string_view bytes) {
  const std::string path = path_ + ".new";
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, file_mode);
  if (descriptor < 0) return system_error(ErrorKind::cannot_write, "cannot create " + path);
  // Closes the old file, and gives up its lock, only when the new one is in its place.
  WalFile fresh(descriptor, folder_);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::busy, path + " is open in another process"};
  }
  std::string whole;
  encode_wal_header(whole);
  whole += bytes;
  if (auto status = fresh.append(whole); !status) return status;
  if (::rename(path.c_str(), path_.c_str()) != 0) {
    return system_error(ErrorKind::cannot_write, "renaming " + path);
  }
  std::swap(descriptor_, fresh.descriptor_);
  return sync_folder(folder_);
}

}  // namespace assay::reference
