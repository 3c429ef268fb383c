/* How many bytes of stack each function uses, and that they are no more than the header says. */
#include <stdbool.h>

#include "depth.h"
#include "perturb.h"
#include "start.h"

enum { FEATURES = 3, SCORES = PERTURB_MAX_SCORES, CELLS = PERTURB_MAX_CELLS };

static float theta[CELLS], y[CELLS], gradient[CELLS], weights[FEATURES * CELLS], bias[CELLS], x[FEATURES];
static uint8_t file[PERTURB_MODEL_FILE(FEATURES, SCORES)];
static float shared[FEATURES] = {1};
static perturb_status status;
static bool failed;

static const perturb_argmax argmax = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1};
static const perturb_top_k top_k = {.scores = SCORES, .k = 3, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1};
static const perturb_ranking ranking = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1};
static const perturb_grid_path grid_path = {
    .rows = CELLS / 16,
    .columns = 16,
    .neighbours = PERTURB_NEIGHBOURS_EIGHT,
    .noise = PERTURB_NOISE_NORMAL,
    .epsilon = 1,
};
static perturb_model model = {.weights = weights, .bias = bias, .features = FEATURES, .scores = SCORES};
static perturb_model large = {.weights = weights, .bias = bias, .features = FEATURES, .scores = CELLS};
static const perturb_view view = {.weights = weights, .bias = bias, .features = FEATURES, .scores = SCORES};
static perturb_shared customer = {.weights = shared, .features = FEATURES};
static const perturb_shared_view shared_view = {.weights = shared, .features = FEATURES};
static const perturb_view large_view = {.weights = weights, .bias = bias, .features = FEATURES, .scores = CELLS};

/* At ordinary scores and at large ones, which are centred, or refused after the search for a centre. */
static void measure(const char *name, uint32_t documented, void (*call)(void))
{
    uint32_t used = 0;
    bool passed = true;
    for (uint32_t large = 0; large < 2; large++) {
        for (uint32_t i = 0; i < CELLS; i++) {
            theta[i] = bias[i] = -1.0f - (float)((i * 37 % 101) << (large ? 12 : 0));
            /* x is 0. Options of the same scores. */
            weights[FEATURES * i] = theta[i];
        }
        shared[0] = 1;
        const uint32_t now = depth(call);
        used = now > used ? now : used;
        passed &= status == PERTURB_STATUS_OK || (large && status == PERTURB_STATUS_OVERFLOW);
    }
    write_text(name);
    write_text(" ");
    write_number(used);
    passed &= used <= documented;
    write_text(passed ? "\n" : " FAILED\n");
    failed |= !passed;
}

#define LAYER(kind, its_model, its_view)                                                                                       \
    static void kind##_decide(void) { status = perturb_##kind##_decide(&kind, theta, y); }                             \
    static void kind##_predict(void) { status = perturb_##kind##_predict(&kind, its_view, x, y); }                     \
    static void kind##_predict_shared(void) { status = perturb_##kind##_predict_shared(&kind, &shared_view, weights, y); } \
    static void kind##_learn_shared(void) { status = perturb_##kind##_learn_shared(&kind, &customer, weights, y, 0.1f, 1); } \
    static void kind##_gradient(void) { status = perturb_##kind##_gradient(&kind, theta, y, 1, gradient); }                \
    static void kind##_learn(void) { status = perturb_##kind##_learn(&kind, its_model, x, y, 0.1f, 1); }

LAYER(argmax, &model, &view)
LAYER(top_k, &model, &view)
LAYER(ranking, &model, &view)
LAYER(grid_path, &large, &large_view)

static void model_scores(void) { status = perturb_model_scores(&large, x, y); }
static void view_scores(void) { status = perturb_view_scores(&large_view, x, y); }

static void shared_scores(void) { status = perturb_shared_scores(&shared_view, weights, CELLS, y); }

static size_t length;
static void argmax_store_shared(void) { status = perturb_argmax_store_shared(&argmax, &customer, file, sizeof file, &length); }
static void argmax_load_shared(void) { status = perturb_argmax_load_shared(&argmax, &customer, file, length); }
static void ranking_store(void) { status = perturb_ranking_store(&ranking, &model, file, sizeof file, &length); }
static void ranking_load(void) { status = perturb_ranking_load(&ranking, &model, file, length); }

#define MEASURE(name, documented) measure(#name, documented, name)

int main(void)
{
    MEASURE(argmax_predict, 850);
    MEASURE(argmax_predict_shared, 850);
    MEASURE(argmax_decide, 450);
    MEASURE(argmax_learn, 2200);
    MEASURE(argmax_learn_shared, 2200);
    MEASURE(argmax_gradient, 1800);
    MEASURE(top_k_predict, 1500);
    MEASURE(top_k_predict_shared, 1500);
    MEASURE(top_k_decide, 1200);
    MEASURE(top_k_learn, 3300);
    MEASURE(top_k_learn_shared, 3300);
    MEASURE(top_k_gradient, 2900);
    MEASURE(ranking_predict, 1900);
    MEASURE(ranking_predict_shared, 1900);
    MEASURE(ranking_decide, 1600);
    MEASURE(ranking_learn, 3600);
    MEASURE(ranking_learn_shared, 3600);
    MEASURE(ranking_gradient, 3200);
    MEASURE(ranking_store, 500);
    MEASURE(ranking_load, 500);
    MEASURE(grid_path_predict, 5200);
    MEASURE(grid_path_predict_shared, 5200);
    MEASURE(grid_path_decide, 4100);
    MEASURE(grid_path_learn, 13500);
    MEASURE(grid_path_learn_shared, 13500);
    MEASURE(grid_path_gradient, 12500);
    MEASURE(argmax_store_shared, 500);
    MEASURE(argmax_load_shared, 500);
    MEASURE(shared_scores, 1400);
    MEASURE(model_scores, 1400);
    MEASURE(view_scores, 1400);
    return failed;
}
