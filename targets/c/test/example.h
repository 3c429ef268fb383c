#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "perturb.h"

perturb_status rank(const float x[3], float ranks[8]);
perturb_status correct(const float x[3], const float ranks[8]);
perturb_status start(const uint8_t *file, size_t length);
perturb_status pick(const float *offers, uint32_t count, float *picked);
perturb_status taken(const float *offers, uint32_t count, const float *target);

#endif
