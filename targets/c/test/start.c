/* What runs before and below main on an emulated board: vectors, memory, the FPU, and semihosting. */
#include "start.h"

extern uint32_t stack_top, data_start, data_end, bss_start, bss_end;
extern const uint32_t data_load;

int main(void);
void reset(void);

static uint32_t host(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void write_bytes(const void *bytes, uint32_t length)
{
    enum { OPEN = 1, WRITE = 5, FOR_WRITING = 4 };
    static uint32_t output = 0;
    if (output == 0) {
        const struct {
            const char *name;
            uint32_t mode, length;
        } open = {":tt", FOR_WRITING, 3};
        output = host(OPEN, &open);
    }
    const struct {
        uint32_t file;
        const void *bytes;
        uint32_t length;
    } write = {output, bytes, length};
    host(WRITE, &write);
}

void write_text(const char *text)
{
    uint32_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    write_bytes(text, length);
}

void write_number(uint32_t number)
{
    char digits[11];
    char *start = digits + sizeof digits - 1;
    *start = 0;
    do {
        *--start = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    write_text(start);
}

void leave(int failed)
{
    enum { EXIT = 0x18, APPLICATION_EXIT = 0x20026, RUN_TIME_ERROR = 0x20023 };
    host(EXIT, (const void *)(uintptr_t)(failed ? RUN_TIME_ERROR : APPLICATION_EXIT));
    for (;;) {
    }
}

static void fault(void)
{
    write_text("fault\n");
    leave(1);
}

void reset(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end; to++) {
        *to = 0;
    }
#ifdef __ARM_FP
    /* CPACR: full access to coprocessors 10 and 11, the FPU. */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
    leave(main());
}

union vector {
    void (*handler)(void);
    const void *stack;
};

__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
    {.stack = &stack_top}, {.handler = reset}, {.handler = fault}, {.handler = fault},
    {.handler = fault},    {.handler = fault}, {.handler = fault},
};
