/* How many bytes of stack each function uses, and that they are no more than the header says. */
#include <stdbool.h>

#include "perturb.h"
#include "start.h"

enum { FEATURES = 3, SCORES = PERTURB_MAX_SCORES, CELLS = PERTURB_MAX_CELLS };
#define PAINT 0xCCCCCCCCu

extern uint32_t bss_end;

static float theta[CELLS], y[CELLS], weights[FEATURES * CELLS], bias[CELLS], x[FEATURES];
static uint8_t file[PERTURB_MODEL_FILE(FEATURES, SCORES)];
static perturb_status status;
static bool failed;

static const perturb_argmax argmax = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1};
static const perturb_top_k top_k = {.scores = SCORES, .k = 3, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1};
static const perturb_ranking ranking = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1};
static const perturb_grid_path grid_path = {
    .rows = 16,
    .columns = 16,
    .neighbours = PERTURB_NEIGHBOURS_EIGHT,
    .noise = PERTURB_NOISE_NORMAL,
    .epsilon = 1,
};
static perturb_model model = {.weights = weights, .bias = bias, .features = FEATURES, .scores = SCORES};
static perturb_model large = {.weights = weights, .bias = bias, .features = FEATURES, .scores = CELLS};

static uint32_t *stack_pointer(void)
{
    uint32_t *pointer;
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}

__attribute__((noinline)) static void measure(const char *name, uint32_t documented, void (*call)(void))
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
    write_text(name);
    write_text(" ");
    const uint32_t used = (uint32_t)(end - word) * 4;
    write_number(used);
    const bool passed = used <= documented && status == PERTURB_STATUS_OK;
    write_text(passed ? "\n" : " FAILED\n");
    failed |= !passed;
}

#define LAYER(kind, its_model)                                                                                         \
    static void kind##_decide(void) { status = perturb_##kind##_decide(&kind, theta, y); }                             \
    static void kind##_gradient(void) { status = perturb_##kind##_gradient(&kind, theta, y, 1, y); }                   \
    static void kind##_learn(void) { status = perturb_##kind##_learn(&kind, its_model, x, y, 0.1f, 1); }

LAYER(argmax, &model)
LAYER(top_k, &model)
LAYER(ranking, &model)
LAYER(grid_path, &large)

static void model_scores(void) { status = perturb_model_scores(&large, x, y); }

static size_t length;
static void ranking_store(void) { status = perturb_ranking_store(&ranking, &model, file, sizeof file, &length); }
static void ranking_load(void) { status = perturb_ranking_load(&ranking, &model, file, length); }

#define MEASURE(name, documented) measure(#name, documented, name)

int main(void)
{
    for (uint32_t i = 0; i < CELLS; i++) {
        theta[i] = -1.0f - (float)(i * 37 % 101);
    }
    /* A gradient comes last: it takes the place of the decision, which is the target of the others. */
    MEASURE(argmax_decide, 450);
    MEASURE(argmax_learn, 1400);
    MEASURE(argmax_gradient, 1000);
    MEASURE(top_k_decide, 1100);
    MEASURE(top_k_learn, 1900);
    MEASURE(top_k_gradient, 1600);
    MEASURE(ranking_decide, 1800);
    MEASURE(ranking_learn, 2500);
    MEASURE(ranking_gradient, 1900);
    MEASURE(ranking_store, 500);
    MEASURE(ranking_load, 500);
    MEASURE(grid_path_decide, 4100);
    MEASURE(grid_path_learn, 6400);
    MEASURE(grid_path_gradient, 5300);
    MEASURE(model_scores, 1300);
    return failed;
}
