#include "nemesis/agent/vdso_stub.h"

#if defined(__x86_64__)

// Only registers that a C function may use freely are touched. Wall clocks count nanoseconds in one
// word until the year 2262. The divisions leave a rest that is never negative.
asm(R"(
  .pushsection .rodata
  .balign 16
  .globl assay_stub_begin, assay_stub_clock_gettime, assay_stub_gettimeofday
  .globl assay_stub_time, assay_stub_end
assay_stub_begin:
  .ascii "assay clock st/2"
.Lassay_offset:
  .quad 0
.Lassay_base:
  .quad 0
.Lassay_rate:
  .quad 0
.Lassay_mask:
  .quad 0

# rax: true nanoseconds; after it seconds in rax, nanoseconds in rdx, both skewed. Uses r8, r9.
.Lassay_skew:
  movq .Lassay_mask(%rip), %r8
  testq %r8, %r8
  jz 1f
  testq %r8, %rax
  jz 2f
1:
  movq %rax, %r9
  subq .Lassay_base(%rip), %rax
  imulq .Lassay_rate(%rip)
  shrdq $32, %rdx, %rax
  addq %r9, %rax
  addq .Lassay_offset(%rip), %rax
2:
  cqto
  movl $1000000000, %r8d
  idivq %r8
  testq %rdx, %rdx
  jns 3f
  addq %r8, %rdx
  decq %rax
3:
  ret

assay_stub_clock_gettime:
  movl $228, %eax
  syscall
  testl %eax, %eax
  jnz 3f
  cmpl $0, %edi
  je 1f
  cmpl $5, %edi
  je 1f
  cmpl $11, %edi
  jne 3f
1:
  imulq $1000000000, (%rsi), %rax
  addq 8(%rsi), %rax
  call .Lassay_skew
  movq %rax, (%rsi)
  movq %rdx, 8(%rsi)
  xorl %eax, %eax
3:
  ret

assay_stub_gettimeofday:
  movl $96, %eax
  syscall
  testl %eax, %eax
  jnz 3f
  testq %rdi, %rdi
  jz 3f
  imulq $1000000000, (%rdi), %rax
  imulq $1000, 8(%rdi), %rdx
  addq %rdx, %rax
  call .Lassay_skew
  movq %rax, (%rdi)
  movq %rdx, %rax
  xorl %edx, %edx
  movl $1000, %r8d
  divq %r8
  movq %rax, 8(%rdi)
  xorl %eax, %eax
3:
  ret

assay_stub_time:
  pushq %rdi
  subq $16, %rsp
  movl $5, %edi
  movq %rsp, %rsi
  call assay_stub_clock_gettime
  movq (%rsp), %rax
  addq $16, %rsp
  popq %rdi
  testq %rdi, %rdi
  jz 4f
  movq %rax, (%rdi)
4:
  ret
  .balign 8
assay_stub_end:
  .popsection
)");

extern "C" {
extern const char assay_stub_begin[];
extern const char assay_stub_clock_gettime[];
extern const char assay_stub_gettimeofday[];
extern const char assay_stub_time[];
extern const char assay_stub_end[];
}

#endif

namespace assay::agent {

VdsoStub vdso_stub() {
#if defined(__x86_64__)
  const auto distance = [](const char* to) {
    return static_cast<std::size_t>(to - assay_stub_begin);
  };
  return {std::string(assay_stub_begin, distance(assay_stub_end)),
          distance(assay_stub_clock_gettime), distance(assay_stub_gettimeofday),
          distance(assay_stub_time)};
#else
  return {};
#endif
}

}  // namespace assay::agent
