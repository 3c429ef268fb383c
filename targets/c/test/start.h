#ifndef START_H
#define START_H

#include <stdint.h>

void write_bytes(const void *bytes, uint32_t length);
void write_text(const char *text);
void write_number(uint32_t number);
/* Ends the program; the emulator's exit status is 1 if it failed. */
void leave(int failed);

#endif
