#include "history/pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace assay {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20U;

std::size_t rounded(std::size_t bytes) {
  return (bytes + large_page - 1) / large_page * large_page;
}

}  // namespace

void* allocate_pages(std::size_t bytes) {
  if (bytes < large_page) return ::operator new(bytes);
  if (bytes > SIZE_MAX - 2 * large_page) throw std::bad_alloc();
  // One large page more than needed, so that an aligned start can be chosen; the rest goes back.
  const std::size_t wanted = rounded(bytes);
  void* mapped = ::mmap(nullptr, wanted + large_page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): where the page begins.
  const std::size_t behind = reinterpret_cast<std::uintptr_t>(begin) % large_page;
  char* const start = behind == 0 ? begin : begin + (large_page - behind);
  if (start != begin) ::munmap(begin, static_cast<std::size_t>(start - begin));
  char* const end = start + wanted;
  const auto left = static_cast<std::size_t>(begin + wanted + large_page - end);
  if (left != 0) ::munmap(end, left);
  ::madvise(start, wanted, MADV_HUGEPAGE);  // a wish: without large pages all works as well
  return start;
}

void free_pages(void* start, std::size_t bytes) {
  if (bytes < large_page) {
    ::operator delete(start);
  } else {
    ::munmap(start, rounded(bytes));
  }
}

}  // namespace assay
