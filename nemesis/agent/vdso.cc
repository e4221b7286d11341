#include "nemesis/agent/vdso.h"

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nemesis/agent/processes.h"
#include "nemesis/agent/tracer.h"
#include "nemesis/agent/vdso_stub.h"

namespace assay::agent {
namespace {

/// `jmp` with a 32-bit distance: what is written over the first bytes of each function.
constexpr std::size_t jump_size = 5;

struct Entry {
  std::uint64_t address;      ///< of the function, in the process
  std::size_t stub_position;  ///< of its replacement, from the start of the stub
};

/// What there is to patch in one process.
struct Layout {
  std::uint64_t stub_address = 0;
  bool patched = false;
  std::vector<Entry> entries;
};

Error unsuitable(pid_t pid, const std::string& why) {
  return {ErrorKind::configuration, "cannot skew the clock of process " + std::to_string(pid) +
                                        ": " + why + "; leave out the fault clock"};
}

class Memory {
 public:
  Memory(pid_t pid, int mode)
      : file_(::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), mode | O_CLOEXEC)) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ::close(file_); }
  bool read(std::uint64_t address, std::string& bytes) const {
    const ssize_t n = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(address));
    return n == static_cast<ssize_t>(bytes.size());
  }
  bool write(std::uint64_t address, std::string_view bytes) const {
    const ssize_t n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(address));
    return n == static_cast<ssize_t>(bytes.size());
  }

 private:
  int file_;
};

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::optional<Range> find_vdso(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with("[vdso]")) continue;
    char* rest = nullptr;
    const std::uint64_t begin = std::strtoull(line.c_str(), &rest, 16);
    const std::uint64_t end = *rest == '-' ? std::strtoull(rest + 1, nullptr, 16) : 0;
    if (begin < end) return Range{begin, end};
  }
  return std::nullopt;
}

/// A T at that position of the image, or nothing if it does not fit.
template <class T>
std::optional<T> at(std::string_view image, std::uint64_t position) {
  if (position > image.size() || image.size() - position < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, image.data() + position, sizeof(T));
  return value;
}

std::string_view text_at(std::string_view image, std::uint64_t position) {
  if (position >= image.size()) return {};
  const std::string_view rest = image.substr(position);
  return rest.substr(0, rest.find('\0'));
}

struct Symbol {
  std::string name;
  std::uint64_t position;
  std::uint64_t size;
};

/// The functions of the image, and in `end` the first byte that belongs to nothing.
std::vector<Symbol> read_symbols(std::string_view image, std::uint64_t& end) {
  std::vector<Symbol> symbols;
  const auto header = at<Elf64_Ehdr>(image, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64) {
    return symbols;
  }
  end = header->e_shoff + std::uint64_t{header->e_shnum} * sizeof(Elf64_Shdr);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(image, header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section) return {};
    end = std::max(end, section->sh_offset + section->sh_size);
    if (section->sh_type != SHT_DYNSYM) continue;
    const auto names =
        at<Elf64_Shdr>(image, header->e_shoff + section->sh_link * sizeof(Elf64_Shdr));
    for (std::uint64_t k = 0; names && k < section->sh_size / sizeof(Elf64_Sym); ++k) {
      const auto symbol = at<Elf64_Sym>(image, section->sh_offset + k * sizeof(Elf64_Sym));
      if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) continue;
      symbols.push_back({std::string(text_at(image, names->sh_offset + symbol->st_name)),
                         symbol->st_value, symbol->st_size});
    }
  }
  return symbols;
}

Result<Layout> read_layout(pid_t pid, const VdsoStub& stub) {
  if (stub.bytes.empty()) return unsuitable(pid, "it needs an x86-64 processor");
  const auto range = find_vdso(pid);
  if (!range) return unsuitable(pid, "it has no vDSO");
  std::string image(range->end - range->begin, '\0');
  if (!Memory(pid, O_RDONLY).read(range->begin, image)) {
    return Error{ErrorKind::not_permitted, "cannot read the vDSO of process " +
                                               std::to_string(pid) + ": " + std::strerror(errno)};
  }
  std::uint64_t end = 0;
  const std::vector<Symbol> symbols = read_symbols(image, end);
  Layout layout;
  for (const auto& [name, position] :
       {std::pair{"__vdso_clock_gettime", stub.clock_gettime},
        std::pair{"__vdso_gettimeofday", stub.gettimeofday}, std::pair{"__vdso_time", stub.time}}) {
    const auto found = std::find_if(symbols.begin(), symbols.end(),
                                    [&](const Symbol& symbol) { return symbol.name == name; });
    if (found == symbols.end() || found->size < jump_size || found->position >= end) {
      return unsuitable(pid, std::string("its vDSO has no usable ") + name);
    }
    layout.entries.push_back({range->begin + found->position, position});
  }
  constexpr std::uint64_t alignment = 16;
  const std::uint64_t place = (end + alignment - 1) / alignment * alignment;
  layout.stub_address = range->begin + place;
  if (place > image.size() || image.size() - place < stub.bytes.size()) {
    return unsuitable(
        pid, "its vDSO leaves no room for " + std::to_string(stub.bytes.size()) + " bytes");
  }
  const std::string_view room = std::string_view(image).substr(place, stub.bytes.size());
  layout.patched = room.starts_with(stub.bytes.substr(0, stub_signature_size));
  if (!layout.patched && room.find_first_not_of('\0') != std::string_view::npos) {
    return unsuitable(pid, "the bytes behind its vDSO are in use");
  }
  return layout;
}

std::string bytes_of(std::int64_t word) {
  std::string bytes(sizeof word, '\0');
  std::memcpy(bytes.data(), &word, sizeof word);
  return bytes;
}

std::string bytes_of(const StubWords& words) {
  return bytes_of(words.offset) + bytes_of(words.base) + bytes_of(words.rate) +
         bytes_of(words.mask);
}

StubWords words_of(const ClockSkew& skew) {
  if (skew == ClockSkew{}) return {};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  StubWords words;
  words.offset = skew.offset.count();
  words.base = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
  words.rate = static_cast<std::int64_t>(skew.drift * 4294967296.0);
  words.mask = skew.strobe.count() == 0 ? 0 : strobe_span(skew.strobe).count();
  return words;
}

/// While it runs: no word may be read with others that do not belong to it and carry the clock far
/// away, so the rate is taken out first and put in last.
bool rewrite(const Memory& memory, std::uint64_t address, const StubWords& words) {
  const auto put = [&](std::size_t index, std::int64_t word) {
    return memory.write(address + index * sizeof word, bytes_of(word));
  };
  return put(2, 0) && put(1, words.base) && put(0, words.offset) && put(3, words.mask) &&
         put(2, words.rate);
}

std::string jump(std::uint64_t from, std::uint64_t to) {
  const auto distance = static_cast<std::int32_t>(static_cast<std::int64_t>(to - from) -
                                                  static_cast<std::int64_t>(jump_size));
  std::string bytes(jump_size, '\xe9');
  std::memcpy(bytes.data() + 1, &distance, sizeof(distance));
  return bytes;
}

/// Nothing if a thread is in the way and the caller should let it move on.
std::optional<Status> patch(pid_t pid, const VdsoStub& stub, const StubWords& words) {
  auto process = StoppedProcess::stop(pid, std::chrono::seconds(3));
  if (!process) return process.error();
  const auto layout = read_layout(pid, stub);
  if (!layout) return layout.error();
  if (layout->patched) {
    return process->write(layout->stub_address + stub_words_position, bytes_of(words));
  }
  for (const Entry& entry : layout->entries) {
    if (process->executes_inside(entry.address, entry.address + jump_size)) return std::nullopt;
  }
  std::string bytes = stub.bytes;
  bytes.replace(stub_words_position, sizeof(StubWords), bytes_of(words));
  // Stub first, then the jumps, each in one piece: a death of this process in between leaves the
  // patched one working, only with some of its functions not skewed yet.
  Status written = process->write(layout->stub_address, bytes);
  for (const Entry& entry : layout->entries) {
    if (!written.ok()) break;
    written = process->write(entry.address,
                             jump(entry.address, layout->stub_address + entry.stub_position));
  }
  return written;
}

}  // namespace

Nanos strobe_span(Nanos wanted) {
  std::int64_t span = 1;
  while (span * 3 / 2 < wanted.count()) span *= 2;
  return Nanos(span);
}

bool is_skewed(pid_t pid) {
  const auto layout = read_layout(pid, vdso_stub());
  if (!layout || !layout->patched) return false;
  std::string bytes(sizeof(StubWords), '\0');
  return Memory(pid, O_RDONLY).read(layout->stub_address + stub_words_position, bytes) &&
         bytes.find_first_not_of('\0') != std::string::npos;
}

Status set_clock(pid_t pid, const ClockSkew& skew) {
  const auto before = find_process(pid);
  if (!before) {
    return Error{ErrorKind::unavailable, "process " + std::to_string(pid) + " does not run"};
  }
  const VdsoStub stub = vdso_stub();
  const auto layout = read_layout(pid, stub);
  if (!layout) return layout.error();
  const StubWords words = words_of(skew);
  if (!layout->patched && words == StubWords{}) return {};
  if (layout->patched &&
      rewrite(Memory(pid, O_RDWR), layout->stub_address + stub_words_position, words)) {
    return {};
  }
  constexpr int attempts = 20;
  for (int i = 0; i < attempts; ++i) {
    const std::optional<Status> done = patch(pid, stub, words);
    if (!done) {
      ::poll(nullptr, 0, 1);
      continue;
    }
    if (done->ok() && !state_of(*before)) {
      return Error{ErrorKind::unavailable,
                   "process " + std::to_string(pid) + " ended while its clock was skewed"};
    }
    return *done;
  }
  return Error{ErrorKind::unavailable,
               "process " + std::to_string(pid) + ": a thread stays inside the clock functions"};
}

}  // namespace assay::agent
