#pragma once
// Large arrays of plain values, on large pages where the kernel has them: the operations of one key
// lie all over a run, and each would cost a miss of the address cache.

#include <cstddef>
#include <memory>
#include <type_traits>

namespace assay {

/// Not initialised. Throws std::bad_alloc.
void* allocate_pages(std::size_t bytes);
void free_pages(void* start, std::size_t bytes);  ///< `bytes` as given to allocate_pages

/// Owns `count` values of T, not initialised. What is smaller than a large page comes from new.
template <class T>
class PlainArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  PlainArray() = default;
  explicit PlainArray(std::size_t count)
      : values_(static_cast<T*>(allocate_pages(count * sizeof(T))), Free{count * sizeof(T)}) {}

  T* get() const { return values_.get(); }
  T& operator[](std::size_t i) const { return values_.get()[i]; }

 private:
  struct Free {
    std::size_t bytes = 0;
    void operator()(T* start) const { free_pages(start, bytes); }
  };
  std::unique_ptr<T, Free> values_;
};

}  // namespace assay
