/* What the calls of one layer cost, as words to the host, in the order that the runner's report reads: the same inputs and the
   same sums as in ../../layers. Compiled with one of the names below defined. */
#include <stdbool.h>

#include "depth.h"
#include "perturb.h"
#include "start.h"

enum { RUNS = 16, LARGE = 16, SEEDS = 4 };

#if defined cost_argmax
#define LAYER(name) perturb_argmax##name
enum { SCORES = 10 };
static const perturb_argmax layer = {.scores = SCORES, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 0.5f};
#elif defined cost_ranking
#define LAYER(name) perturb_ranking##name
enum { SCORES = 10 };
static const perturb_ranking layer = {.scores = SCORES, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};
#elif defined cost_grid_path
#define LAYER(name) perturb_grid_path##name
enum { SCORES = 144 };
static const perturb_grid_path layer = {
    .rows = 12,
    .columns = 12,
    .neighbours = PERTURB_NEIGHBOURS_EIGHT,
    .noise = PERTURB_NOISE_NORMAL,
    .epsilon = 0.5f,
};
#endif

static float theta[SCORES], y[SCORES], gradient[SCORES];
static uint64_t seed;
static bool failed, large;

/* SysTick: control, reload, current value. */
#define TIMER ((volatile uint32_t *)0xE000E010u)
#define LONGEST 0x00FFFFFFu

static void decide(void) { failed |= LAYER(_decide)(&layer, theta, y) != PERTURB_STATUS_OK; }
static void learn(void)
{
    const perturb_status status = LAYER(_gradient)(&layer, theta, y, seed, gradient);
    /* Scores so large that no centre helps are refused, and the refusal is measured. */
    failed |= status != PERTURB_STATUS_OK && !(large && status == PERTURB_STATUS_OVERFLOW);
}

struct cost {
    uint32_t sum, least, most, large;
};

__attribute__((noinline)) static uint32_t ticks(void (*call)(void))
{
    const uint32_t before = TIMER[2];
    call();
    return (before - TIMER[2]) & LONGEST;
}

static void add(struct cost *cost, uint32_t ticks, bool ordinary)
{
    uint32_t *most = large ? &cost->large : &cost->most;
    cost->sum += ordinary ? ticks : 0;
    *most = ticks > *most ? ticks : *most;
    cost->least = !large && ticks < cost->least ? ticks : cost->least;
}

static void scores(uint32_t input)
{
    for (uint32_t i = 0; i < SCORES; i++) {
        const uint32_t random = (i + 256 * input) * 2654435761u >> 24;
        const uint32_t ordinary = i * 37 % 101;
        const uint32_t places[] = {ordinary, 0, i, 256 - i, i % 2};
        const uint32_t others = input < 10 ? random : input < 16 ? random % 16 << random / 32 : ordinary << 19;
        theta[i] = -1.0f - (float)(input < 5 ? places[input] : others) / 101.0f;
    }
}

int main(void)
{
    struct cost of_gradient = {0, LONGEST, 0, 0}, of_decision = {0, LONGEST, 0, 0};
    TIMER[1] = LONGEST;
    TIMER[2] = 0;
    TIMER[0] = 5;
    uint32_t stack = 0;
    for (uint32_t input = 0; input <= LARGE; input++) {
        scores(input);
        large = input == LARGE;
        add(&of_decision, ticks(decide), input == 0);
        for (uint32_t run = 0; run < (input == 0 ? RUNS : SEEDS); run++) {
            seed = perturb_seed_fold(1, run);
            add(&of_gradient, ticks(learn), input == 0);
            const uint32_t used = depth(learn);
            stack = used > stack ? used : stack;
        }
    }
    const uint32_t in_all = stack + (uint32_t)(&stack_top - stack_pointer()) * 4;
    const uint32_t depths[] = {stack, in_all};
    write_bytes(&of_gradient, sizeof of_gradient);
    write_bytes(&of_decision, sizeof of_decision);
    write_bytes(depths, sizeof depths);
    return failed;
}
