#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "perturb.h"

perturb_status rank(const float x[3], float ranks[8]);
perturb_status correct(const float x[3], const float ranks[8]);
perturb_status start(const uint8_t *file, size_t length);

#endif
