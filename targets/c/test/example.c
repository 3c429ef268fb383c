#include "example.h"

static float weights[3 * 8], bias[8];
static perturb_model model = {.weights = weights, .bias = bias, .features = 3, .scores = 8};
static const perturb_ranking layer = {.scores = 8, .noise = PERTURB_NOISE_NORMAL, .epsilon = 0.5f};

/* Ranks eight options by three features. */
perturb_status rank(const float x[3], float ranks[8])
{
    float theta[8];
    perturb_status status = perturb_model_scores(&model, x, theta);
    return status == PERTURB_STATUS_OK ? perturb_ranking_decide(&layer, theta, ranks) : status;
}

/* Learns that an expert ranked them otherwise. */
perturb_status correct(const float x[3], const float ranks[8])
{
    static uint64_t step;
    return perturb_ranking_learn(&layer, &model, x, ranks, 0.05f, perturb_seed_fold(42, step++));
}

/* Starts from the weights that a host trained. */
perturb_status start(const uint8_t *file, size_t length)
{
    return perturb_ranking_load(&layer, &model, file, length);
}

static float taste[2];
static perturb_shared customer = {.weights = taste, .features = 2};

/* Picks one of `count` offers of two features each, by weights that all of them share. */
perturb_status pick(const float *offers, uint32_t count, float *picked)
{
    const perturb_argmax one = {.scores = count, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 0.5f};
    const perturb_shared_view view = {customer.weights, customer.features};
    return perturb_argmax_predict_shared(&one, &view, offers, picked);
}

/* Learns which one was taken. */
perturb_status taken(const float *offers, uint32_t count, const float *target)
{
    static uint64_t step;
    const perturb_argmax one = {.scores = count, .noise = PERTURB_NOISE_GUMBEL, .epsilon = 0.5f};
    return perturb_argmax_learn_shared(&one, &customer, offers, target, 0.05f, perturb_seed_fold(43, step++));
}
