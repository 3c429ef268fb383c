/* The library's tests: each prints a line, and the program fails if one of them does. */
#include <stdbool.h>

#include "example.h"
#include "expected.h"
#include "start.h"

enum { FEATURES = 3, STEPS = 50, MOST = 144 };

static int failed_line;

/* Notes the first failure of a test. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition) && failed_line == 0) {                                                                        \
            failed_line = __LINE__;                                                                                    \
        }                                                                                                              \
    } while (0)

#define REFUSED(status, call) CHECK((call) == PERTURB_STATUS_##status)

static uint32_t bits(float x)
{
    union {
        float number;
        uint32_t bits;
    } view = {x};
    return view.bits;
}

static float from_bits(uint32_t word)
{
    union {
        uint32_t bits;
        float number;
    } view = {word};
    return view.number;
}

#define NOT_A_NUMBER from_bits(0x7FC00000u)
#define INFINITE from_bits(0x7F800000u)

/* FNV-1a, a byte at a time from the lowest. */
static uint32_t digest(uint32_t hash, const float *x, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        for (uint32_t shift = 0; shift < 32; shift += 8) {
            hash = (hash ^ (bits(x[i]) >> shift & 0xFF)) * 16777619u;
        }
    }
    return hash;
}

#define START_OF_DIGEST 2166136261u

static bool equal(const float *a, const float *b, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        if (bits(a[i]) != bits(b[i])) {
            return false;
        }
    }
    return true;
}

/* Numbers between -1.5 and -0.5, in 1/128: scores, and costs between 0.5 and 1.5. */
static void scores(uint32_t step, float *theta, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        theta[i] = (float)((i * 37 + step * 11) % 128) / 128.0f - 1.5f;
    }
}

/* Numbers between -1 and 1, in 1/64. */
static void features(uint32_t step, float *x)
{
    for (uint32_t j = 0; j < FEATURES; j++) {
        x[j] = (float)((step * 29 + j * 53 + 7) % 128) / 64.0f - 1.0f;
    }
}

static float theta[MOST], target[MOST], gradient[MOST], weights[FEATURES * MOST], bias[MOST];

static perturb_model untrained(uint32_t length)
{
    for (uint32_t i = 0; i < FEATURES * MOST; i++) {
        weights[i] = 0.0f;
    }
    for (uint32_t i = 0; i < MOST; i++) {
        bias[i] = 0.0f;
    }
    return (perturb_model){.weights = weights, .bias = bias, .features = FEATURES, .scores = length};
}

/* Gradients, and weights after steps of training, against the core's bits on a host. */
#define GOLDEN(kind)                                                                                                   \
    static uint32_t kind##_gradients(const perturb_##kind *layer, uint32_t length)                                     \
    {                                                                                                                  \
        uint32_t hash = START_OF_DIGEST;                                                                               \
        for (uint32_t step = 0; step < STEPS; step++) {                                                                \
            scores(step, theta, length);                                                                               \
            REFUSED(OK, perturb_##kind##_decide(layer, theta, target));                                                \
            hash = digest(hash, target, length);                                                                       \
            REFUSED(OK, perturb_##kind##_gradient(layer, theta, target, perturb_seed_fold(1, step), gradient));        \
            hash = digest(hash, gradient, length);                                                                     \
        }                                                                                                              \
        return hash;                                                                                                   \
    }                                                                                                                  \
    static uint32_t kind##_weights(const perturb_##kind *layer, uint32_t length)                                       \
    {                                                                                                                  \
        perturb_model model = untrained(length);                                                                       \
        for (uint32_t step = 0; step < STEPS; step++) {                                                                \
            float x[FEATURES];                                                                                         \
            features(step, x);                                                                                         \
            scores(step, theta, length);                                                                               \
            REFUSED(OK, perturb_##kind##_decide(layer, theta, target));                                                \
            REFUSED(OK, perturb_##kind##_learn(layer, &model, x, target, 0.05f, perturb_seed_fold(2, step)));          \
        }                                                                                                              \
        return digest(digest(START_OF_DIGEST, weights, FEATURES * length), bias, length);                              \
    }

GOLDEN(argmax)
GOLDEN(top_k)
GOLDEN(ranking)
GOLDEN(grid_path)

static float options[FEATURES * MOST], shared[FEATURES];
static const perturb_shared_view of_shared = {shared, FEATURES};

static perturb_shared unshaped(void)
{
    for (uint32_t j = 0; j < FEATURES; j++) {
        shared[j] = 0.0f;
    }
    return (perturb_shared){.weights = shared, .features = FEATURES};
}

/* Numbers between -1 and 1, in 1/64. */
static void describe(uint32_t step, uint32_t count)
{
    for (uint32_t i = 0; i < count * FEATURES; i++) {
        options[i] = (float)((step * 31 + i * 47 + 5) % 128) / 64.0f - 1.0f;
    }
}

/* Decisions among options that are learned, and the weights behind them. */
#define GOLDEN_SHARED(kind)                                                                                            \
    static uint32_t kind##_shared(const perturb_##kind *layer, uint32_t length)                                        \
    {                                                                                                                  \
        uint32_t hash = START_OF_DIGEST;                                                                               \
        perturb_shared model = unshaped();                                                                             \
        for (uint32_t step = 0; step < STEPS; step++) {                                                                \
            const uint64_t seed = perturb_seed_fold(3, step);                                                          \
            describe(step, length);                                                                                    \
            scores(step, theta, length);                                                                               \
            REFUSED(OK, perturb_##kind##_decide(layer, theta, target));                                                \
            REFUSED(OK, perturb_##kind##_learn_shared(layer, &model, options, target, 0.05f, seed));                   \
            REFUSED(OK, perturb_##kind##_predict_shared(layer, &of_shared, options, gradient));                        \
            hash = digest(hash, gradient, length);                                                                     \
            REFUSED(OK, perturb_shared_scores(&of_shared, options, length, theta));                                    \
            REFUSED(OK, perturb_##kind##_decide(layer, theta, theta));                                                 \
            CHECK(equal(theta, gradient, length));                                                                     \
        }                                                                                                              \
        return digest(hash, shared, FEATURES);                                                                         \
    }

GOLDEN_SHARED(argmax)
GOLDEN_SHARED(top_k)
GOLDEN_SHARED(ranking)
GOLDEN_SHARED(grid_path)

static const perturb_argmax argmax_5 = {.scores = 5, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 0.5f};
static const perturb_top_k top_3_of_7 = {.scores = 7, .k = 3, .noise = PERTURB_NOISE_LOGISTIC, .epsilon = 0.5f};
static const perturb_ranking ranking_6 = {.scores = 6, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};
static const perturb_ranking ranking_20 = {.scores = 20, .noise = PERTURB_NOISE_LAPLACE, .epsilon = 0.5f};
static const perturb_grid_path grid_12 = {
    .rows = 12,
    .columns = 12,
    .neighbours = PERTURB_NEIGHBOURS_EIGHT,
    .noise = PERTURB_NOISE_NORMAL,
    .epsilon = 0.5f,
};

static void argmax_decides(void)
{
    const perturb_argmax layer = {.scores = 4, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 1.0f};
    const float scores_of_4[4] = {0.5f, 2.0f, -1.0f, 2.0f};
    const float first_of_equals[4] = {0, 1, 0, 0};
    float y[4];
    REFUSED(OK, perturb_argmax_decide(&layer, scores_of_4, y));
    CHECK(equal(y, first_of_equals, 4));
}

static void top_k_decides(void)
{
    const perturb_top_k layer = {.scores = 4, .k = 2, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 1.0f};
    const float scores_of_4[4] = {1.0f, 3.0f, 1.0f, 2.0f};
    const float two[4] = {0, 1, 0, 1};
    float y[4];
    REFUSED(OK, perturb_top_k_decide(&layer, scores_of_4, y));
    CHECK(equal(y, two, 4));
}

static void ranking_decides(void)
{
    const perturb_ranking layer = {.scores = 4, .noise = PERTURB_NOISE_NORMAL, .epsilon = 1.0f};
    const float scores_of_4[4] = {0.5f, -1.0f, 2.0f, 0.5f};
    const float ranks[4] = {3, 1, 4, 2};
    float y[4];
    REFUSED(OK, perturb_ranking_decide(&layer, scores_of_4, y));
    CHECK(equal(y, ranks, 4));
}

static void grid_path_decides(void)
{
    perturb_grid_path layer = {
        .rows = 2,
        .columns = 3,
        .neighbours = PERTURB_NEIGHBOURS_EIGHT,
        .noise = PERTURB_NOISE_NORMAL,
        .epsilon = 1.0f,
    };
    const float minus_costs[6] = {-1, -9, -2, -5, -1, -3};
    const float diagonal[6] = {1, 0, 0, 0, 1, 1}, corner[6] = {1, 0, 0, 1, 1, 1};
    float y[6];
    REFUSED(OK, perturb_grid_path_decide(&layer, minus_costs, y));
    CHECK(equal(y, diagonal, 6));
    layer.neighbours = PERTURB_NEIGHBOURS_FOUR;
    REFUSED(OK, perturb_grid_path_decide(&layer, minus_costs, y));
    CHECK(equal(y, corner, 6));
}

static void model_gives_scores(void)
{
    float w[6] = {1, 2, 3, 10, 20, 30}, b[3] = {0.5f, 0, -0.5f}, found[3];
    const perturb_model model = {.weights = w, .bias = b, .features = 2, .scores = 3};
    const float x[2] = {2, 1}, by_hand[3] = {12.5f, 24, 35.5f};
    REFUSED(OK, perturb_model_scores(&model, x, found));
    CHECK(equal(found, by_hand, 3));
}

static void argmax_has_the_hosts_bits(void)
{
    CHECK(argmax_gradients(&argmax_5, 5) == ARGMAX_5_GRADIENTS);
    CHECK(argmax_weights(&argmax_5, 5) == ARGMAX_5_WEIGHTS);
}

static void top_k_has_the_hosts_bits(void)
{
    CHECK(top_k_gradients(&top_3_of_7, 7) == TOP_3_OF_7_GRADIENTS);
    CHECK(top_k_weights(&top_3_of_7, 7) == TOP_3_OF_7_WEIGHTS);
}

static void ranking_has_the_hosts_bits(void)
{
    CHECK(ranking_gradients(&ranking_6, 6) == RANKING_6_GRADIENTS);
    CHECK(ranking_weights(&ranking_6, 6) == RANKING_6_WEIGHTS);
    CHECK(ranking_gradients(&ranking_20, 20) == RANKING_20_GRADIENTS);
    CHECK(ranking_weights(&ranking_20, 20) == RANKING_20_WEIGHTS);
}

static void grid_path_has_the_hosts_bits(void)
{
    CHECK(grid_path_gradients(&grid_12, 144) == GRID_12_GRADIENTS);
    CHECK(grid_path_weights(&grid_12, 144) == GRID_12_WEIGHTS);
}

static void shared_weights_have_the_hosts_bits(void)
{
    CHECK(argmax_shared(&argmax_5, 5) == ARGMAX_5_SHARED);
    CHECK(top_k_shared(&top_3_of_7, 7) == TOP_3_OF_7_SHARED);
    CHECK(ranking_shared(&ranking_6, 6) == RANKING_6_SHARED);
    CHECK(grid_path_shared(&grid_12, 144) == GRID_12_SHARED);
}

static void outputs_may_be_inputs(void)
{
    scores(3, theta, 6);
    REFUSED(OK, perturb_ranking_decide(&ranking_6, theta, target));
    REFUSED(OK, perturb_ranking_gradient(&ranking_6, theta, target, 9, gradient));
    REFUSED(OK, perturb_ranking_gradient(&ranking_6, theta, target, 9, target));
    CHECK(equal(target, gradient, 6));
    REFUSED(OK, perturb_ranking_decide(&ranking_6, theta, gradient));
    REFUSED(OK, perturb_ranking_decide(&ranking_6, theta, theta));
    CHECK(equal(theta, gradient, 6));
}

static void numbers_are_refused_that_are_none(void)
{
    const float bad[3] = {NOT_A_NUMBER, INFINITE, -INFINITE};
    float x[FEATURES] = {1, 1, 1}, y[6] = {7, 7, 7, 7, 7, 7}, untouched[6] = {7, 7, 7, 7, 7, 7};
    perturb_model model = untrained(6);
    const uint32_t before = digest(digest(START_OF_DIGEST, weights, FEATURES * 6), bias, 6);
    for (uint32_t i = 0; i < 3; i++) {
        scores(0, theta, 6);
        REFUSED(OK, perturb_ranking_decide(&ranking_6, theta, target));
        theta[5] = bad[i];
        REFUSED(NOT_FINITE, perturb_ranking_decide(&ranking_6, theta, y));
        REFUSED(NOT_FINITE, perturb_ranking_gradient(&ranking_6, theta, target, 1, y));
        REFUSED(NOT_FINITE, perturb_ranking_gradient(&ranking_6, target, theta, 1, y));
        REFUSED(NOT_FINITE, perturb_ranking_learn(&ranking_6, &model, x, theta, 0.1f, 1));
        REFUSED(NOT_POSITIVE, perturb_ranking_learn(&ranking_6, &model, x, target, bad[i], 1));
        x[2] = bad[i];
        REFUSED(NOT_FINITE, perturb_model_scores(&model, x, y));
        REFUSED(NOT_FINITE, perturb_ranking_learn(&ranking_6, &model, x, target, 0.1f, 1));
        x[2] = 1;
    }
    REFUSED(NOT_POSITIVE, perturb_ranking_learn(&ranking_6, &model, x, target, 0.0f, 1));
    const float from_zero[6] = {0, 1, 2, 3, 4, 5};
    scores(0, theta, 6);
    REFUSED(OUTSIDE, perturb_ranking_gradient(&ranking_6, theta, from_zero, 1, y));
    REFUSED(OUTSIDE, perturb_ranking_learn(&ranking_6, &model, x, from_zero, 0.1f, 1));
    CHECK(digest(digest(START_OF_DIGEST, weights, FEATURES * 6), bias, 6) == before);
    weights[0] = weights[6] = 3e38f;
    REFUSED(OVERFLOW, perturb_model_scores(&model, x, y));
    REFUSED(OVERFLOW, perturb_ranking_learn(&ranking_6, &model, x, target, 0.1f, 1));
    CHECK(equal(y, untouched, 6));
}

/* Constants, which the linker leaves in flash. */
static const float flash_weights[2 * 4] = {1, 2, 3, 4, -4, -3, -2, -1.5f}, flash_bias[4] = {0, 0.5f, 0, 0};
static const perturb_view view = {flash_weights, flash_bias, 2, 4};

#define PREDICTS(kind, layer, view, x)                                                                                 \
    do {                                                                                                               \
        float y[MOST];                                                                                                 \
        REFUSED(OK, perturb_view_scores(view, x, theta));                                                              \
        REFUSED(OK, perturb_##kind##_decide(layer, theta, target));                                                    \
        REFUSED(OK, perturb_##kind##_predict(layer, view, x, y));                                                      \
        CHECK(equal(y, target, (view)->scores));                                                                       \
    } while (0)

static void views_decide(void)
{
    static const float rows[4][2] = {{0, 0}, {1, 0.5f}, {-1, 2}, {3, 0.25f}};
    const perturb_argmax argmax = {.scores = 4, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 1};
    const perturb_top_k top_k = {.scores = 4, .k = 2, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 1};
    const perturb_ranking ranking = {.scores = 4, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 1};
    float y[4] = {7, 7, 7, 7};
    const float untouched[4] = {7, 7, 7, 7};
    for (uint32_t i = 0; i < 4; i++) {
        PREDICTS(argmax, &argmax, &view, rows[i]);
        PREDICTS(top_k, &top_k, &view, rows[i]);
        PREDICTS(ranking, &ranking, &view, rows[i]);
    }
    ranking_weights(&ranking_6, 6);
    const perturb_model learned = {.weights = weights, .bias = bias, .features = FEATURES, .scores = 6};
    const perturb_view of_model = {learned.weights, learned.bias, learned.features, learned.scores};
    float x[FEATURES], twice[6];
    features(3, x);
    PREDICTS(ranking, &ranking_6, &of_model, x);
    REFUSED(OK, perturb_model_scores(&learned, x, twice));
    CHECK(equal(theta, twice, 6));
    grid_path_weights(&grid_12, 144);
    const perturb_view of_grid = {weights, bias, FEATURES, 144};
    PREDICTS(grid_path, &grid_12, &of_grid, x);
    REFUSED(LENGTH, perturb_ranking_predict(&ranking_6, &view, rows[0], y));
    REFUSED(POINTER, perturb_ranking_predict(&ranking, 0, rows[0], y));
    REFUSED(POINTER, perturb_ranking_predict(&ranking, &view, 0, y));
    REFUSED(POINTER, perturb_ranking_predict(&ranking, &view, rows[0], 0));
    REFUSED(POINTER, perturb_view_scores(0, rows[0], y));
    const perturb_view nothing = {flash_weights, 0, 2, 4};
    REFUSED(POINTER, perturb_view_scores(&nothing, rows[0], y));
    const float broken[2] = {0, NOT_A_NUMBER}, large[2] = {3e38f, 0};
    REFUSED(NOT_FINITE, perturb_ranking_predict(&ranking, &view, broken, y));
    REFUSED(OVERFLOW, perturb_ranking_predict(&ranking, &view, large, y));
    CHECK(equal(y, untouched, 4));
    REFUSED(OK, perturb_ranking_predict(&ranking, &view, (const float[2]){0, 1}, y));
    CHECK(equal(y, (const float[4]){1, 2, 3, 4}, 4));
    /* 0 0.5 0 0: of equal scores the first ranks higher. */
    REFUSED(OK, perturb_ranking_predict(&ranking, &view, rows[0], y));
    CHECK(equal(y, (const float[4]){3, 4, 2, 1}, 4));
}

static void null_is_refused(void)
{
    float x[FEATURES] = {1, 1, 1}, y[6];
    perturb_model model = untrained(6), empty = model;
    uint8_t file[PERTURB_MODEL_FILE(FEATURES, 6)];
    size_t length;
    empty.bias = 0;
    scores(0, theta, 6);
    REFUSED(POINTER, perturb_ranking_decide(0, theta, y));
    REFUSED(POINTER, perturb_ranking_decide(&ranking_6, 0, y));
    REFUSED(POINTER, perturb_ranking_decide(&ranking_6, theta, 0));
    REFUSED(POINTER, perturb_ranking_decide(&ranking_6, (const float *)((uintptr_t)theta + 1), y));
    REFUSED(POINTER, perturb_ranking_gradient(&ranking_6, theta, 0, 1, y));
    REFUSED(POINTER, perturb_ranking_gradient(&ranking_6, theta, theta, 1, 0));
    REFUSED(POINTER, perturb_ranking_learn(&ranking_6, 0, x, theta, 0.1f, 1));
    REFUSED(POINTER, perturb_ranking_learn(&ranking_6, &empty, x, theta, 0.1f, 1));
    REFUSED(POINTER, perturb_ranking_learn(&ranking_6, &model, 0, theta, 0.1f, 1));
    REFUSED(POINTER, perturb_ranking_learn(&ranking_6, &model, x, 0, 0.1f, 1));
    REFUSED(POINTER, perturb_ranking_load(&ranking_6, &model, 0, sizeof file));
    REFUSED(POINTER, perturb_ranking_store(&ranking_6, &model, 0, sizeof file, &length));
    REFUSED(POINTER, perturb_ranking_store(&ranking_6, &model, file, sizeof file, 0));
    REFUSED(POINTER, perturb_model_scores(&empty, x, y));
    REFUSED(POINTER, perturb_argmax_decide(0, theta, y));
    REFUSED(POINTER, perturb_top_k_decide(0, theta, y));
    REFUSED(POINTER, perturb_grid_path_decide(0, theta, y));
}

static void wrong_layers_are_refused(void)
{
    perturb_argmax argmax = argmax_5;
    perturb_top_k top_k = top_3_of_7;
    perturb_grid_path grid = grid_12;
    perturb_model model = untrained(6);
    float x[FEATURES] = {1, 1, 1};
    scores(0, theta, MOST);
    argmax.scores = 0;
    REFUSED(OUT_OF_RANGE, perturb_argmax_decide(&argmax, theta, target));
    argmax.scores = PERTURB_MAX_SCORES + 1;
    REFUSED(CAPACITY, perturb_argmax_decide(&argmax, theta, target));
    argmax = argmax_5;
    argmax.noise = 0;
    REFUSED(OUT_OF_RANGE, perturb_argmax_decide(&argmax, theta, target));
    argmax.noise = 5;
    REFUSED(OUT_OF_RANGE, perturb_argmax_decide(&argmax, theta, target));
    argmax = argmax_5;
    argmax.epsilon = 0.0f;
    REFUSED(NOT_POSITIVE, perturb_argmax_decide(&argmax, theta, target));
    argmax.epsilon = NOT_A_NUMBER;
    REFUSED(NOT_POSITIVE, perturb_argmax_decide(&argmax, theta, target));
    top_k.k = 0;
    REFUSED(OUT_OF_RANGE, perturb_top_k_decide(&top_k, theta, target));
    top_k.k = 8;
    REFUSED(OUT_OF_RANGE, perturb_top_k_decide(&top_k, theta, target));
    grid.rows = 0;
    REFUSED(OUT_OF_RANGE, perturb_grid_path_decide(&grid, theta, target));
    grid.rows = PERTURB_MAX_CELLS / 12 + 1;
    REFUSED(CAPACITY, perturb_grid_path_decide(&grid, theta, target));
    grid.rows = grid.columns = 65536; /* 2^32 cells wrap to none. */
    REFUSED(CAPACITY, perturb_grid_path_decide(&grid, theta, target));
    grid = grid_12;
    grid.neighbours = 6;
    REFUSED(OUT_OF_RANGE, perturb_grid_path_decide(&grid, theta, target));
    REFUSED(LENGTH, perturb_ranking_learn(&ranking_20, &model, x, theta, 0.1f, 1));
    model.features = 0;
    REFUSED(OUT_OF_RANGE, perturb_ranking_learn(&ranking_6, &model, x, theta, 0.1f, 1));
    if (sizeof(size_t) == sizeof(uint32_t)) { /* 2^32 bytes, which 64 bits would count. */
        model.features = 0x40000000u;
        REFUSED(OVERFLOW, perturb_model_scores(&model, x, target));
    }
    model = untrained(PERTURB_MAX_CELLS + 1);
    REFUSED(CAPACITY, perturb_model_scores(&model, x, target));
}

enum { FILE_LENGTH = PERTURB_MODEL_FILE(FEATURES, 6) };

static void model_files_carry_weights(void)
{
    /* One byte further than any alignment. */
    static uint8_t memory[FILE_LENGTH + 1];
    uint8_t *file = memory + 1;
    size_t length = 0;
    const uint32_t trained = ranking_weights(&ranking_6, 6);
    perturb_model model = {.weights = weights, .bias = bias, .features = FEATURES, .scores = 6};
    REFUSED(LENGTH, perturb_ranking_store(&ranking_6, &model, file, FILE_LENGTH - 1, &length));
    CHECK(length == 0);
    REFUSED(OK, perturb_ranking_store(&ranking_6, &model, file, FILE_LENGTH, &length));
    CHECK(length == FILE_LENGTH);
    uint32_t hash = START_OF_DIGEST;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ file[i]) * 16777619u;
    }
    CHECK(hash == RANKING_6_FILE);

    model = untrained(6);
    const uint32_t empty = digest(digest(START_OF_DIGEST, weights, FEATURES * 6), bias, 6);
    for (size_t i = 0; i < FILE_LENGTH; i++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            file[i] ^= (uint8_t)(1u << bit);
            CHECK(perturb_ranking_load(&ranking_6, &model, file, FILE_LENGTH) != PERTURB_STATUS_OK);
            file[i] ^= (uint8_t)(1u << bit);
        }
    }
    file[40] ^= 1;
    REFUSED(CHECKSUM, perturb_ranking_load(&ranking_6, &model, file, FILE_LENGTH));
    file[40] ^= 1;
    for (size_t i = 0; i < FILE_LENGTH; i++) {
        REFUSED(LENGTH, perturb_ranking_load(&ranking_6, &model, file, i));
    }
    perturb_ranking other_noise = ranking_6;
    other_noise.noise = PERTURB_NOISE_LAPLACE;
    REFUSED(DIFFERS, perturb_ranking_load(&other_noise, &model, file, FILE_LENGTH));
    const perturb_argmax other_oracle = {.scores = 6, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};
    REFUSED(DIFFERS, perturb_argmax_load(&other_oracle, &model, file, FILE_LENGTH));
    REFUSED(LENGTH, perturb_ranking_load(&ranking_20, &model, file, FILE_LENGTH));
    model.features = 2;
    REFUSED(LENGTH, perturb_ranking_load(&ranking_6, &model, file, FILE_LENGTH));
    model.features = FEATURES;
    CHECK(digest(digest(START_OF_DIGEST, weights, FEATURES * 6), bias, 6) == empty);

    REFUSED(OK, perturb_ranking_load(&ranking_6, &model, file, FILE_LENGTH));
    CHECK(digest(digest(START_OF_DIGEST, weights, FEATURES * 6), bias, 6) == trained);

    bias[0] = NOT_A_NUMBER;
    REFUSED(OVERFLOW, perturb_ranking_store(&ranking_6, &model, file, FILE_LENGTH, &length));
    model.scores = 5;
    REFUSED(OK, (bias[0] = 0, perturb_argmax_store(&argmax_5, &model, file, FILE_LENGTH, &length)));
    REFUSED(OK, perturb_argmax_load(&argmax_5, &model, file, length));
}

enum { SHARED_LENGTH = PERTURB_SHARED_FILE(FEATURES) };

static uint32_t bytes_digest(const uint8_t *file, size_t length)
{
    uint32_t hash = START_OF_DIGEST;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ file[i]) * 16777619u;
    }
    return hash;
}

static void model_files_carry_shared_weights(void)
{
    static uint8_t memory[SHARED_LENGTH + 1];
    uint8_t *file = memory + 1;
    size_t length = 0;
    top_k_shared(&top_3_of_7, 7);
    perturb_shared model = {.weights = shared, .features = FEATURES};
    const uint32_t trained = digest(START_OF_DIGEST, shared, FEATURES);
    REFUSED(LENGTH, perturb_top_k_store_shared(&top_3_of_7, &model, file, SHARED_LENGTH - 1, &length));
    CHECK(length == 0);
    REFUSED(OK, perturb_top_k_store_shared(&top_3_of_7, &model, file, SHARED_LENGTH, &length));
    CHECK(length == SHARED_LENGTH && bytes_digest(file, length) == TOP_3_OF_7_SHARED_FILE);

    model = unshaped();
    const uint32_t empty = digest(START_OF_DIGEST, shared, FEATURES);
    for (size_t i = 0; i < SHARED_LENGTH; i++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            file[i] ^= (uint8_t)(1u << bit);
            CHECK(perturb_top_k_load_shared(&top_3_of_7, &model, file, SHARED_LENGTH) != PERTURB_STATUS_OK);
            file[i] ^= (uint8_t)(1u << bit);
        }
        REFUSED(LENGTH, perturb_top_k_load_shared(&top_3_of_7, &model, file, i));
    }
    perturb_top_k other = top_3_of_7;
    other.k = 2;
    REFUSED(OUT_OF_RANGE, perturb_top_k_load_shared(&other, &model, file, SHARED_LENGTH));
    other = top_3_of_7;
    other.noise = PERTURB_NOISE_NORMAL;
    REFUSED(DIFFERS, perturb_top_k_load_shared(&other, &model, file, SHARED_LENGTH));
    REFUSED(DIFFERS, perturb_ranking_load_shared(&ranking_6, &model, file, SHARED_LENGTH));
    perturb_model labels = untrained(7);
    REFUSED(LENGTH, perturb_top_k_load(&top_3_of_7, &labels, file, SHARED_LENGTH));
    model.features = 2;
    REFUSED(LENGTH, perturb_top_k_load_shared(&top_3_of_7, &model, file, SHARED_LENGTH));
    model.features = FEATURES;
    CHECK(digest(START_OF_DIGEST, shared, FEATURES) == empty);
    /* However many options there are. */
    other = top_3_of_7;
    other.scores = 4;
    REFUSED(OK, perturb_top_k_load_shared(&other, &model, file, SHARED_LENGTH));
    CHECK(digest(START_OF_DIGEST, shared, FEATURES) == trained);

    static uint8_t of_labels[PERTURB_MODEL_FILE(FEATURES, 7) + 8];
    REFUSED(OK, perturb_top_k_store(&top_3_of_7, &labels, of_labels, sizeof of_labels, &length));
    CHECK(length == sizeof of_labels);
    REFUSED(OK, perturb_top_k_load(&top_3_of_7, &labels, of_labels, length));
    REFUSED(LENGTH, perturb_top_k_load_shared(&top_3_of_7, &model, of_labels, length));
    REFUSED(OK, perturb_argmax_store_shared(&argmax_5, &model, file, SHARED_LENGTH, &length));
    REFUSED(OK, perturb_argmax_load_shared(&argmax_5, &model, file, length));
    REFUSED(OK, perturb_ranking_store_shared(&ranking_6, &model, file, SHARED_LENGTH, &length));
    REFUSED(OK, perturb_ranking_load_shared(&ranking_6, &model, file, length));
    shared[1] = INFINITE;
    REFUSED(OVERFLOW, perturb_argmax_store_shared(&argmax_5, &model, file, SHARED_LENGTH, &length));
}

static void shared_weights_are_refused_where_they_do_not_fit(void)
{
    float y[5] = {7, 7, 7, 7, 7};
    const float untouched[5] = {7, 7, 7, 7, 7};
    perturb_argmax layer = argmax_5;
    perturb_shared model = unshaped();
    const perturb_shared_view none = {shared, 0}, nothing = {0, FEATURES};
    describe(0, 5);
    scores(0, theta, 5);
    REFUSED(OK, perturb_argmax_decide(&layer, theta, target));
    REFUSED(OUT_OF_RANGE, perturb_argmax_predict_shared(&layer, &none, options, y));
    REFUSED(POINTER, perturb_argmax_predict_shared(&layer, &nothing, options, y));
    REFUSED(POINTER, perturb_argmax_predict_shared(&layer, &of_shared, 0, y));
    REFUSED(POINTER, perturb_shared_scores(0, options, 5, y));
    REFUSED(CAPACITY, perturb_shared_scores(&of_shared, options, PERTURB_MAX_CELLS + 1, y));
    REFUSED(NOT_POSITIVE, perturb_argmax_learn_shared(&layer, &model, options, target, 0.0f, 1));
    REFUSED(OUTSIDE, perturb_argmax_learn_shared(&layer, &model, options, untouched, 0.1f, 1));
    layer.scores = 0;
    REFUSED(OUT_OF_RANGE, perturb_argmax_predict_shared(&layer, &of_shared, options, y));
    layer.scores = PERTURB_MAX_SCORES + 1;
    REFUSED(CAPACITY, perturb_argmax_learn_shared(&layer, &model, options, target, 0.1f, 1));
    layer = argmax_5;
    options[14] = NOT_A_NUMBER;
    REFUSED(NOT_FINITE, perturb_argmax_predict_shared(&layer, &of_shared, options, y));
    REFUSED(NOT_FINITE, perturb_argmax_learn_shared(&layer, &model, options, target, 0.1f, 1));
    options[14] = 3e38f;
    REFUSED(OVERFLOW, perturb_argmax_learn_shared(&layer, &model, options, target, 0.1f, 1));
    CHECK(shared[0] == 0 && shared[1] == 0 && shared[2] == 0);
    shared[2] = 9;
    REFUSED(OVERFLOW, perturb_argmax_predict_shared(&layer, &of_shared, options, y));
    CHECK(equal(y, untouched, 5));
}

static void example_learns(void)
{
    const float x[2][3] = {{1, 0, 0.5f}, {0, 1, -0.5f}};
    const float expert[2][8] = {{1, 2, 3, 4, 5, 6, 7, 8}, {8, 6, 4, 2, 1, 3, 5, 7}};
    float ranks[8];
    uint8_t nothing[1] = {0};
    REFUSED(LENGTH, start(nothing, sizeof nothing));
    for (uint32_t i = 0; i < 400; i++) {
        REFUSED(OK, correct(x[i % 2], expert[i % 2]));
    }
    for (uint32_t i = 0; i < 2; i++) {
        REFUSED(OK, rank(x[i], ranks));
        CHECK(equal(ranks, expert[i], 8));
    }
    /* Price and time: the cheaper is taken, however many there are. */
    const float two[4] = {2, 1, 1, 2}, three[6] = {3, 1, 2, 1, 1, 3}, second[2] = {0, 1}, third[3] = {0, 0, 1};
    float picked[3];
    for (uint32_t i = 0; i < 200; i++) {
        REFUSED(OK, taken(two, 2, second));
        REFUSED(OK, taken(three, 3, third));
    }
    REFUSED(OK, pick(two, 2, picked));
    CHECK(equal(picked, second, 2));
    REFUSED(OK, pick(three, 3, picked));
    CHECK(equal(picked, third, 3));
}

static void every_status_has_a_text(void)
{
    for (uint32_t status = 0; status <= PERTURB_STATUS_OTHER + 1; status++) {
        CHECK(perturb_status_text(status) != 0 && perturb_status_text(status)[0] != 0);
    }
}

#define TEST(name) {name, #name}

int main(void)
{
    static const struct {
        void (*run)(void);
        const char *name;
    } tests[] = {
        TEST(argmax_decides),
        TEST(top_k_decides),
        TEST(ranking_decides),
        TEST(grid_path_decides),
        TEST(model_gives_scores),
        TEST(argmax_has_the_hosts_bits),
        TEST(top_k_has_the_hosts_bits),
        TEST(ranking_has_the_hosts_bits),
        TEST(grid_path_has_the_hosts_bits),
        TEST(shared_weights_have_the_hosts_bits),
        TEST(outputs_may_be_inputs),
        TEST(views_decide),
        TEST(numbers_are_refused_that_are_none),
        TEST(null_is_refused),
        TEST(wrong_layers_are_refused),
        TEST(model_files_carry_weights),
        TEST(model_files_carry_shared_weights),
        TEST(shared_weights_are_refused_where_they_do_not_fit),
        TEST(example_learns),
        TEST(every_status_has_a_text),
    };
    const uint32_t count = sizeof tests / sizeof *tests;
    uint32_t passed = 0;
    for (uint32_t i = 0; i < count; i++) {
        failed_line = 0;
        tests[i].run();
        write_text(tests[i].name);
        if (failed_line == 0) {
            passed++;
            write_text(" ok\n");
        } else {
            write_text(" FAILED, test.c line ");
            write_number((uint32_t)failed_line);
            write_text("\n");
        }
    }
    write_number(passed);
    write_text(" passed, ");
    write_number(count - passed);
    write_text(" failed\n");
    return passed != count;
}
