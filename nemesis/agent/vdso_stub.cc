#include "nemesis/agent/vdso_stub.h"

#if defined(__x86_64__)

// Only registers that a C function may use freely are touched. The division turns the nanoseconds
// with the offset added into whole seconds and a rest that is never negative.
asm(R"(
  .pushsection .rodata
  .balign 16
  .globl assay_stub_begin, assay_stub_clock_gettime, assay_stub_gettimeofday
  .globl assay_stub_time, assay_stub_end
assay_stub_begin:
  .ascii "assay clock stub"
.Lassay_offset:
  .quad 0

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
  movq 8(%rsi), %rax
  addq .Lassay_offset(%rip), %rax
  cqto
  movl $1000000000, %r8d
  idivq %r8
  testq %rdx, %rdx
  jns 2f
  addq %r8, %rdx
  decq %rax
2:
  addq %rax, (%rsi)
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
  imulq $1000, 8(%rdi), %rax
  addq .Lassay_offset(%rip), %rax
  cqto
  movl $1000000000, %r8d
  idivq %r8
  testq %rdx, %rdx
  jns 2f
  addq %r8, %rdx
  decq %rax
2:
  addq %rax, (%rdi)
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
