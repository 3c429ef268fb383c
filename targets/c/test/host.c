/* What test.c needs of a host instead of an emulated board. */
#include "start.h"

#include <stdio.h>
#include <stdlib.h>

void write_text(const char *text)
{
    fputs(text, stdout);
}

void write_number(uint32_t number)
{
    printf("%lu", (unsigned long)number);
}

void leave(int failed)
{
    exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
