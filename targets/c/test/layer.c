/* One layer and no test, to see what it takes: weights loaded where files can name the layer, a decision, a step of
   training. Compiled with one of the names below defined. */
#include "perturb.h"
#include "start.h"

enum { FEATURES = 3, SCORES = 8 };

#if defined argmax
#define LAYER(name) perturb_argmax##name
static const perturb_argmax layer = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};
#elif defined top_k
#define LAYER(name) perturb_top_k##name
static const perturb_top_k layer = {.scores = SCORES, .k = 3, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};
#elif defined ranking
#define LAYER(name) perturb_ranking##name
static const perturb_ranking layer = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};
#elif defined grid_path
#define LAYER(name) perturb_grid_path##name
static const perturb_grid_path layer = {
    .rows = 2,
    .columns = SCORES / 2,
    .neighbours = PERTURB_NEIGHBOURS_EIGHT,
    .noise = PERTURB_NOISE_NORMAL,
    .epsilon = 0.5f,
};
#endif

static float weights[FEATURES * SCORES], bias[SCORES];
static perturb_model model = {.weights = weights, .bias = bias, .features = FEATURES, .scores = SCORES};

int main(void)
{
    volatile float one = 1.0f;
    const float x[FEATURES] = {one, one, one};
    float theta[SCORES], y[SCORES];
#if defined argmax || defined ranking
    static uint8_t file[PERTURB_MODEL_FILE(FEATURES, SCORES)];
    /* Empty bytes are refused, and the zeros that the weights are stay. */
    if (LAYER(_load)(&layer, &model, file, sizeof file) != PERTURB_STATUS_DIFFERS) {
        return 1;
    }
#endif
    return perturb_model_scores(&model, x, theta) != PERTURB_STATUS_OK ||
           LAYER(_decide)(&layer, theta, y) != PERTURB_STATUS_OK ||
           LAYER(_learn)(&layer, &model, x, y, 0.05f, 1) != PERTURB_STATUS_OK;
}
