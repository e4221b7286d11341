#include "nemesis/agent/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace assay::agent {
namespace {

Error cannot_write(const std::string& path) {
  return {ErrorKind::cannot_write, "agent's ledger " + path + ": " + std::strerror(errno)};
}

Status write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{ErrorKind::cannot_write, std::strerror(errno)};
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::string> read_all(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::string();
  if (file < 0) return cannot_write(path);
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t n = 0;
  while ((n = ::read(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(file);
  return text;
}

}  // namespace

Result<Ledger> Ledger::open(const std::string& folder) {
  Ledger ledger(folder + "/faults");
  auto text = read_all(ledger.path_);
  if (!text) return text.error();
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    Words words = decode_line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (words.size() < 2) continue;
    Record record{words[0], words[1], {}};
    record.undo.assign(words.begin() + 2, words.end());
    ledger.records_.push_back(std::move(record));
  }
  return ledger;
}

const Record* Ledger::find(const std::string& id) const {
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [&](const Record& record) { return record.id == id; });
  return found == records_.end() ? nullptr : &*found;
}

Status Ledger::put(const Record& record) {
  std::erase_if(records_, [&](const Record& old) { return old.id == record.id; });
  records_.push_back(record);
  return save();
}

Status Ledger::remove(const std::string& id) {
  std::erase_if(records_, [&](const Record& old) { return old.id == id; });
  return save();
}

Status Ledger::save() const {
  std::string text;
  for (const Record& record : records_) {
    Words words{record.id, record.kind};
    words.insert(words.end(), record.undo.begin(), record.undo.end());
    text += encode_line(words) + '\n';
  }
  const std::string fresh = path_ + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return cannot_write(fresh);
  Status written = write_all(file, text);
  // The rename makes the list whole for whoever takes over from a killed agent; a machine that
  // loses power loses its faults too, so nothing here waits for the disk.
  ::close(file);
  if (!written.ok()) return written.error().in("agent's ledger " + fresh);
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return cannot_write(path_);
  return {};
}

}  // namespace assay::agent
