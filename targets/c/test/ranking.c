/* One layer and no test, to see what it takes: weights loaded, a decision, a step of training. */
#include "example.h"
#include "start.h"

static uint8_t file[PERTURB_MODEL_FILE(3, 8)];

int main(void)
{
    volatile float one = 1.0f;
    const float x[3] = {one, one, one};
    float ranks[8];
    /* Empty bytes are refused, and the zeros that the weights are stay. */
    perturb_status loaded = start(file, sizeof file);
    perturb_status ranked = rank(x, ranks);
    perturb_status corrected = correct(x, ranks);
    return loaded != PERTURB_STATUS_DIFFERS || ranked != PERTURB_STATUS_OK || corrected != PERTURB_STATUS_OK;
}
