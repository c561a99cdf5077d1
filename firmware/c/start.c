/* The start of a program on a bare Cortex-M or RISC-V under QEMU: main, and its status as QEMU's own by semihosting. */
#include <stddef.h>
#include <stdint.h>

int main(void);
void reset(void);

extern uint32_t __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[], __stack_top[];

/* A place that the instruction counter of firmware/qemu/count.c knows. */
__attribute__((noinline)) void mark(void)
{
    __asm__ volatile("");
}

/* What compilers make of loops and of structs, without a library. */
__attribute__((used, optimize("no-tree-loop-distribute-patterns"))) void *memset(void *to, int byte, size_t len)
{
    for (size_t i = 0; i < len; i++) ((unsigned char *)to)[i] = (unsigned char)byte;
    return to;
}

__attribute__((used, optimize("no-tree-loop-distribute-patterns"))) void *memcpy(void *to, const void *from, size_t len)
{
    for (size_t i = 0; i < len; i++) ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    return to;
}

#ifdef __arm__
static void leave(int status)
{
    /* SYS_EXIT: ADP_Stopped_ApplicationExit is status 0, anything else 1. */
    register uintptr_t operation __asm__("r0") = 0x18;
    register uintptr_t reason __asm__("r1") = status == 0 ? 0x20026 : 0x20023;
    __asm__ volatile("bkpt 0xAB" : "+r"(operation) : "r"(reason) : "memory");
}

static void fault(void)
{
    leave(1);
}

__attribute__((used, section(".vectors"))) static const uintptr_t vectors[16] = {
    (uintptr_t)__stack_top, (uintptr_t)reset, (uintptr_t)fault, (uintptr_t)fault,
    (uintptr_t)fault, (uintptr_t)fault, (uintptr_t)fault,
};
#else
static void leave(int status)
{
    uintptr_t block[2] = {0x20026, (uintptr_t)status};
    register uintptr_t operation __asm__("a0") = 0x20; /* SYS_EXIT_EXTENDED */
    register uintptr_t argument __asm__("a1") = (uintptr_t)block;
    __asm__ volatile(".option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(operation) : "r"(argument) : "memory");
}

__attribute__((naked, used, section(".vectors"))) void first(void)
{
    __asm__ volatile("la sp, __stack_top\nj reset");
}
#endif

void reset(void)
{
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88 |= 0xF << 20; /* CPACR: the floating-point unit is on. */
    __asm__ volatile("dsb\nisb");
#endif
    for (size_t i = 0; &__data_start[i] < __data_end; i++) __data_start[i] = __data_load[i];
    for (uint32_t *word = __bss_start; word < __bss_end; word++) *word = 0;
    leave(main());
    for (;;) {
    }
}
