/* How deep the stack gets on an emulated board. */
#ifndef DEPTH_H
#define DEPTH_H

#include <stdint.h>

#define PAINT 0xCCCCCCCCu

extern uint32_t bss_end, stack_top;

static uint32_t *stack_pointer(void)
{
    uint32_t *pointer;
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}

/* The bytes that a call uses; the most that there are if it reaches the end of memory. */
__attribute__((noinline)) static uint32_t depth(void (*call)(void))
{
    volatile uint32_t *const start = &bss_end;
    volatile uint32_t *const end = stack_pointer();
    for (volatile uint32_t *word = start; word < end; word++) {
        *word = PAINT;
    }
    call();
    const volatile uint32_t *word = start;
    while (word < end && *word == PAINT) {
        word++;
    }
    return word == start ? UINT32_MAX : (uint32_t)(end - word) * 4;
}

#endif
