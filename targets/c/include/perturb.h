/* Decision layers that learn on the device: argmax, top-k, ranking and grid paths, with noise on their scores.

   A layer is a description in the caller's memory. Every function checks it and all other inputs, keeps no state, allocates
   nothing and cannot abort. It may be called from any task, as long as no other writes what it reads. What is not done
   leaves no trace: outputs, and models that learn or load, are as they were unless PERTURB_STATUS_OK is returned.

   Pointers point to as many values as each function says, aligned as C aligns them; NULL and misaligned ones are refused.
   y, gradient and theta, where they are results, may be the inputs themselves. The memory of a model, and a file that is
   written, overlap nothing else.

   theta are scores to maximise: a cost c enters as -c. Noise is a function of the seed alone, and sums are formed from the
   first entry to the last, so that results have the same bits on every target. Stack use is in the README.

   Generated from the Rust sources by cbindgen: change those. */


#ifndef PERTURB_H
#define PERTURB_H

#include <stddef.h>
#include <stdint.h>

/* The version of the library, as text and as a number to compare: a byte each. */
#define PERTURB_VERSION "0.1.0"
#define PERTURB_VERSION_NUMBER 0x000100

/* The most scores of argmax, top-k and ranking, and the most cells of a grid. Stack grows with them, not with a layer's size.
   A library that was compiled with variables of these names in its environment goes with the same -D here. */
#ifndef PERTURB_MAX_SCORES
#define PERTURB_MAX_SCORES 64
#endif
#ifndef PERTURB_MAX_CELLS
#define PERTURB_MAX_CELLS 256
#endif

/* The length in bytes of a model file without metadata. */
#define PERTURB_MODEL_FILE(features, scores) (36u + 4u * ((features) + 1u) * (scores))
/* The same of a model whose weights all options share. */
#define PERTURB_SHARED_FILE(features) (44u + 4u * (features))


/**
 * What became of a call. Values are stable; new ones may be added.
 */
enum perturb_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done.
     */
    PERTURB_STATUS_OK = 0,
    /**
     * A pointer is NULL, or not aligned to what it points to.
     */
    PERTURB_STATUS_POINTER = 1,
    /**
     * epsilon or the rate is not finite and greater than 0.
     */
    PERTURB_STATUS_NOT_POSITIVE = 2,
    /**
     * An entry of theta, target, x or of a model file is NaN or infinite.
     */
    PERTURB_STATUS_NOT_FINITE = 3,
    /**
     * Sizes do not fit: the scores of layer and model, or bytes that are too few or too many.
     */
    PERTURB_STATUS_LENGTH = 4,
    /**
     * A size, k, an enumerator, or a field of a model file is out of its range.
     */
    PERTURB_STATUS_OUT_OF_RANGE = 5,
    /**
     * A model file is none, or of another oracle or noise than the layer.
     */
    PERTURB_STATUS_DIFFERS = 6,
    /**
     * A model file is damaged.
     */
    PERTURB_STATUS_CHECKSUM = 7,
    /**
     * More scores or cells than this library was built for.
     */
    PERTURB_STATUS_CAPACITY = 8,
    /**
     * A result left the range of float: the inputs are too large.
     */
    PERTURB_STATUS_OVERFLOW = 9,
    /**
     * A target is no mean of decisions, by more than rounding.
     */
    PERTURB_STATUS_OUTSIDE = 10,
    /**
     * Refused for a reason that this list does not name; not expected of these layers.
     */
    PERTURB_STATUS_OTHER = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum perturb_status perturb_status;
#else
typedef uint32_t perturb_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What perturbs the scores: theta + epsilon·Z with independent entries of Z. The numbers are those of model files.
 */
enum perturb_noise
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Density exp(−z − exp(−z)). With it argmax decides by softmax(theta/epsilon) on average.
     */
    PERTURB_NOISE_GUMBEL = 1,
    /**
     * Density exp(−|z|)/2.
     */
    PERTURB_NOISE_LAPLACE = 2,
    /**
     * The derivative of 1/(1 + exp(−z)).
     */
    PERTURB_NOISE_LOGISTIC = 3,
    /**
     * Mean 0, variance 1.
     */
    PERTURB_NOISE_NORMAL = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum perturb_noise perturb_noise;
#else
typedef uint32_t perturb_noise;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which cells a path may step to.
 */
enum perturb_neighbours
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Up, down, left, right.
     */
    PERTURB_NEIGHBOURS_FOUR = 4,
    /**
     * Those and the diagonal ones.
     */
    PERTURB_NEIGHBOURS_EIGHT = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum perturb_neighbours perturb_neighbours;
#else
typedef uint32_t perturb_neighbours;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Pick one of d options by their scores.
 */
typedef struct perturb_argmax {
    /**
     * d, 1 to PERTURB_MAX_SCORES.
     */
    uint32_t scores;
    /**
     * One of enum perturb_noise: what is added to scores when gradients are taken.
     */
    uint32_t noise;
    /**
     * The temperature: a finite number > 0 in the units of theta, by which noise is multiplied. Decisions are
     * without noise.
     */
    float epsilon;
} perturb_argmax;

/**
 * An affine model to be read where it lies, such as in flash: `perturb export --format c` writes one after perturb.h.
 *
 * Of a perturb_model m: {m.weights, m.bias, m.features, m.scores}.
 */
typedef struct perturb_view {
    /**
     * W, as in perturb_model.
     */
    const float *weights;
    /**
     * b.
     */
    const float *bias;
    /**
     * The length of x.
     */
    uint32_t features;
    /**
     * The length of theta.
     */
    uint32_t scores;
} perturb_view;

/**
 * An affine model in the caller's memory, which learns: scores theta = W x + b of features x.
 *
 * Zeros are a model to start from: it has no preference. A model that decides alone, from flash, is a perturb_view.
 */
typedef struct perturb_model {
    /**
     * W: scores·features floats, one column of scores a feature; W(i, j) is weights[j·scores + i].
     */
    float *weights;
    /**
     * b: scores floats.
     */
    float *bias;
    /**
     * The length of x, at least 1.
     */
    uint32_t features;
    /**
     * The length of theta, at least 1, at most PERTURB_MAX_SCORES or PERTURB_MAX_CELLS, whichever is more.
     */
    uint32_t scores;
} perturb_model;

/**
 * Walk through a grid of d = rows·columns cells by their costs, from the first cell to the last.
 */
typedef struct perturb_grid_path {
    /**
     * At least 1; rows·columns is at most PERTURB_MAX_CELLS.
     */
    uint32_t rows;
    /**
     * At least 1.
     */
    uint32_t columns;
    /**
     * One of enum perturb_neighbours.
     */
    uint32_t neighbours;
    /**
     * One of enum perturb_noise: what is added to scores when gradients are taken.
     */
    uint32_t noise;
    /**
     * The temperature: a finite number > 0 in the units of theta, by which noise is multiplied. Decisions are
     * without noise.
     */
    float epsilon;
} perturb_grid_path;

/**
 * Rank d options by their scores.
 */
typedef struct perturb_ranking {
    /**
     * d, 1 to PERTURB_MAX_SCORES.
     */
    uint32_t scores;
    /**
     * One of enum perturb_noise: what is added to scores when gradients are taken.
     */
    uint32_t noise;
    /**
     * The temperature: a finite number > 0 in the units of theta, by which noise is multiplied. Decisions are
     * without noise.
     */
    float epsilon;
} perturb_ranking;

/**
 * A model of shared weights to be read where it lies, such as in flash: `perturb export --format c` writes one after perturb.h.
 *
 * Of a perturb_shared m: {m.weights, m.features}.
 */
typedef struct perturb_shared_view {
    /**
     * w.
     */
    const float *weights;
    /**
     * How many features an option has.
     */
    uint32_t features;
} perturb_shared_view;

/**
 * Pick k of d options by their scores.
 */
typedef struct perturb_top_k {
    /**
     * d, 1 to PERTURB_MAX_SCORES.
     */
    uint32_t scores;
    /**
     * How many to pick, 1 to d.
     */
    uint32_t k;
    /**
     * One of enum perturb_noise: what is added to scores when gradients are taken.
     */
    uint32_t noise;
    /**
     * The temperature: a finite number > 0 in the units of theta, by which noise is multiplied. Decisions are
     * without noise.
     */
    float epsilon;
} perturb_top_k;

/**
 * A model in the caller's memory, which learns one weight a feature for all options: option e has features phi_e of its own and
 * the score theta_e = ⟨w, phi_e⟩.
 *
 * It decides among options that change in what they are and in how many: `layer->scores` is their number, set before a call.
 * Zeros are a model to start from: it has no preference. A model that decides alone, from flash, is a perturb_shared_view.
 */
typedef struct perturb_shared {
    /**
     * w: features floats.
     */
    float *weights;
    /**
     * How many features an option has, at least 1.
     */
    uint32_t features;
} perturb_shared;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Decides: y is 1 at the largest of the scores theta and 0 elsewhere; of equal scores the first wins.
 *
 * y*(theta) maximises ⟨y, theta⟩ over the vectors of one 1 among zeros. `theta` and `y` have layer->scores
 * entries.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite; PERTURB_STATUS_OVERFLOW if ⟨y, theta⟩ is
 * beyond float; PERTURB_STATUS_NOT_POSITIVE, _OUT_OF_RANGE or _CAPACITY if the layer is none;
 * PERTURB_STATUS_POINTER.
 *
 * Cost: d comparisons. Stack: at most 450 bytes.
 */
perturb_status perturb_argmax_decide(const struct perturb_argmax *layer, const float *theta, float *y);

/**
 * Decides at features x: perturb_argmax_decide of the scores theta = W x + b, which stay on the stack.
 *
 * `x` has view->features entries, `y` as many as the layer has scores. Nothing is copied of the model, which may lie in
 * flash.
 *
 * PERTURB_STATUS_LENGTH unless the view gives as many scores as the layer takes; else as perturb_argmax_decide and
 * perturb_view_scores.
 *
 * Cost: a multiplication and an addition a weight, and a decision. Stack: at most 850 bytes.
 */
perturb_status perturb_argmax_predict(const struct perturb_argmax *layer,
                                      const struct perturb_view *view,
                                      const float *x,
                                      float *y);

/**
 * One sample of the gradient of the Fenchel–Young loss in theta: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, never negative, and least where the layer
 * decides as `target` does. For scores that come from a model of the caller's own, which takes the gradient from
 * here; perturb_model has perturb_argmax_learn.
 *
 * `theta`, `target` and `gradient` have layer->scores entries; `target` is 1 for the option that is right and 0
 * elsewhere. Z has independent entries of the layer's noise and is a function of `seed`: fold another key into it
 * each time, by perturb_seed_fold.
 *
 * Errors as perturb_argmax_decide, but for the overflow, and for target as for theta. Cost: a decision, and one or
 * two logarithms an entry. Stack: at most 1800 bytes.
 */
perturb_status perturb_argmax_gradient(const struct perturb_argmax *layer,
                                       const float *theta,
                                       const float *target,
                                       uint64_t seed,
                                       float *gradient);

/**
 * Learns that `target` is right where the features are `x`: one step of stochastic gradient descent on the
 * Fenchel–Young loss.
 *
 * W −= rate·g xᵀ and b −= rate·g for g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->scores: 1 for the option that is right and 0 elsewhere. `rate`,
 * which must be positive, is how far b moves for an error of 1 in y, in the units of theta. Fold another key into
 * `seed` at each step, by perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model gives as many scores as the layer takes; PERTURB_STATUS_NOT_POSITIVE for
 * the rate; PERTURB_STATUS_NOT_FINITE for x and target; PERTURB_STATUS_OUTSIDE for target;
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond
 * float; PERTURB_STATUS_OUT_OF_RANGE for a model without features; else as perturb_argmax_decide.
 *
 * Cost: a gradient, and two multiplications and additions a weight. Stack: at most 2200 bytes.
 */
perturb_status perturb_argmax_learn(const struct perturb_argmax *layer,
                                    struct perturb_model *model,
                                    const float *x,
                                    const float *target,
                                    float rate,
                                    uint64_t seed);

/**
 * Takes the model's weights from a model file of `length` bytes, written by the host or by perturb_argmax_store.
 *
 * The file must have the model's sizes, and an argmax with the layer's noise as its layer; its epsilon is left
 * aside, for the layer has one. `file` may lie in flash, and needs no alignment.
 *
 * PERTURB_STATUS_CHECKSUM if bytes are damaged; PERTURB_STATUS_DIFFERS if it is no model file, or of another layer
 * or noise, or of features minus their centres (`perturb export` writes those as C); PERTURB_STATUS_LENGTH if there are too few bytes or too many, or if sizes differ;
 * PERTURB_STATUS_OUT_OF_RANGE for a version or a code that is not known; PERTURB_STATUS_NOT_FINITE for a weight
 * that is not.
 *
 * Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
 */
perturb_status perturb_argmax_load(const struct perturb_argmax *layer,
                                   struct perturb_model *model,
                                   const uint8_t *file,
                                   size_t length);

/**
 * Writes the model's weights as a model file, for the host and for perturb_argmax_load.
 *
 * `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores); `length` receives how many
 * were written.
 *
 * PERTURB_STATUS_LENGTH if there is not room enough, or unless the model gives as many scores as the layer takes;
 * PERTURB_STATUS_OVERFLOW if a weight is not finite.
 *
 * Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
 */
perturb_status perturb_argmax_store(const struct perturb_argmax *layer,
                                    const struct perturb_model *model,
                                    uint8_t *file,
                                    size_t capacity,
                                    size_t *length);

/**
 * Decides: y is 1 on the cells of the cheapest path from the first cell to the last, both included, and 0
 * elsewhere.
 *
 * y*(theta) maximises ⟨y, theta⟩ over such paths: theta = −c for the costs c of the cells, row by row. Costs
 * should be positive: the search takes one below 1/1024 for 1/1024. Among equally cheap paths the one wins whose
 * cells are reached first from the start, cells at equal distance row by row. `theta` and `y` have
 * layer->rows·layer->columns entries.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite; PERTURB_STATUS_OVERFLOW if ⟨y, theta⟩ is
 * beyond float; PERTURB_STATUS_NOT_POSITIVE, _OUT_OF_RANGE or _CAPACITY if the layer is none;
 * PERTURB_STATUS_POINTER.
 *
 * Cost: Dijkstra's algorithm, d log d steps for d cells. Stack: at most 4100 bytes.
 */
perturb_status perturb_grid_path_decide(const struct perturb_grid_path *layer, const float *theta, float *y);

/**
 * Decides at features x: perturb_grid_path_decide of the scores theta = W x + b, which stay on the stack.
 *
 * `x` has view->features entries, `y` as many as the layer has scores. Nothing is copied of the model, which may lie in
 * flash.
 *
 * PERTURB_STATUS_LENGTH unless the view gives as many scores as the layer takes; else as perturb_grid_path_decide and
 * perturb_view_scores.
 *
 * Cost: a multiplication and an addition a weight, and a decision. Stack: at most 5200 bytes.
 */
perturb_status perturb_grid_path_predict(const struct perturb_grid_path *layer,
                                         const struct perturb_view *view,
                                         const float *x,
                                         float *y);

/**
 * One sample of the gradient of the Fenchel–Young loss in theta: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, never negative, and least where the layer
 * decides as `target` does. For scores that come from a model of the caller's own, which takes the gradient from
 * here; perturb_model has perturb_grid_path_learn.
 *
 * `theta`, `target` and `gradient` have layer->rows·layer->columns entries; `target` is 1 on the cells of the path
 * that is right and 0 elsewhere. Z has independent entries of the layer's noise and is a function of `seed`: fold
 * another key into it each time, by perturb_seed_fold.
 *
 * Errors as perturb_grid_path_decide, but for the overflow, and for target as for theta. Cost: a decision, and one
 * or two logarithms an entry. Stack: at most 12500 bytes.
 */
perturb_status perturb_grid_path_gradient(const struct perturb_grid_path *layer,
                                          const float *theta,
                                          const float *target,
                                          uint64_t seed,
                                          float *gradient);

/**
 * Learns that `target` is right where the features are `x`: one step of stochastic gradient descent on the
 * Fenchel–Young loss.
 *
 * W −= rate·g xᵀ and b −= rate·g for g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->rows·layer->columns: 1 on the cells of the path that is right
 * and 0 elsewhere. `rate`, which must be positive, is how far b moves for an error of 1 in y, in the units of
 * theta. Fold another key into `seed` at each step, by perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model gives as many scores as the layer takes; PERTURB_STATUS_NOT_POSITIVE for
 * the rate; PERTURB_STATUS_NOT_FINITE for x and target; PERTURB_STATUS_OUTSIDE for target;
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond
 * float; PERTURB_STATUS_OUT_OF_RANGE for a model without features; else as perturb_grid_path_decide.
 *
 * Cost: a gradient, and two multiplications and additions a weight. Stack: at most 13500 bytes.
 */
perturb_status perturb_grid_path_learn(const struct perturb_grid_path *layer,
                                       struct perturb_model *model,
                                       const float *x,
                                       const float *target,
                                       float rate,
                                       uint64_t seed);

/**
 * Scores: theta = W x + b.
 *
 * `x` has model->features entries, `theta` model->scores.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of x is NaN or infinite; PERTURB_STATUS_OVERFLOW if one of theta would be;
 * PERTURB_STATUS_CAPACITY for more scores than any layer may have; PERTURB_STATUS_OUT_OF_RANGE if a size is 0;
 * PERTURB_STATUS_POINTER.
 *
 * Cost: a multiplication and an addition a weight. Stack: at most 1400 bytes.
 */
perturb_status perturb_model_scores(const struct perturb_model *model, const float *x, float *theta);

/**
 * perturb_model_scores of a view.
 */
perturb_status perturb_view_scores(const struct perturb_view *view, const float *x, float *theta);

/**
 * Decides: y holds the ranks of the scores theta: d for the largest, down to 1 for the least; of equal scores the
 * first ranks higher.
 *
 * y*(theta) maximises ⟨y, theta⟩ over the permutations of 1, …, d. `theta` and `y` have layer->scores entries.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite; PERTURB_STATUS_OVERFLOW if ⟨y, theta⟩ is
 * beyond float; PERTURB_STATUS_NOT_POSITIVE, _OUT_OF_RANGE or _CAPACITY if the layer is none;
 * PERTURB_STATUS_POINTER.
 *
 * Cost: d² comparisons up to d = 16, then a sort of d integers. Stack: at most 1600 bytes.
 */
perturb_status perturb_ranking_decide(const struct perturb_ranking *layer, const float *theta, float *y);

/**
 * Decides at features x: perturb_ranking_decide of the scores theta = W x + b, which stay on the stack.
 *
 * `x` has view->features entries, `y` as many as the layer has scores. Nothing is copied of the model, which may lie in
 * flash.
 *
 * PERTURB_STATUS_LENGTH unless the view gives as many scores as the layer takes; else as perturb_ranking_decide and
 * perturb_view_scores.
 *
 * Cost: a multiplication and an addition a weight, and a decision. Stack: at most 1900 bytes.
 */
perturb_status perturb_ranking_predict(const struct perturb_ranking *layer,
                                       const struct perturb_view *view,
                                       const float *x,
                                       float *y);

/**
 * One sample of the gradient of the Fenchel–Young loss in theta: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, never negative, and least where the layer
 * decides as `target` does. For scores that come from a model of the caller's own, which takes the gradient from
 * here; perturb_model has perturb_ranking_learn.
 *
 * `theta`, `target` and `gradient` have layer->scores entries; `target` is the ranks that are right, d for the
 * best option and 1 for the worst. Z has independent entries of the layer's noise and is a function of `seed`:
 * fold another key into it each time, by perturb_seed_fold.
 *
 * Errors as perturb_ranking_decide, but for the overflow, and for target as for theta. Cost: a decision, and one
 * or two logarithms an entry. Stack: at most 3200 bytes.
 */
perturb_status perturb_ranking_gradient(const struct perturb_ranking *layer,
                                        const float *theta,
                                        const float *target,
                                        uint64_t seed,
                                        float *gradient);

/**
 * Learns that `target` is right where the features are `x`: one step of stochastic gradient descent on the
 * Fenchel–Young loss.
 *
 * W −= rate·g xᵀ and b −= rate·g for g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->scores: the ranks that are right, d for the best option and 1
 * for the worst. `rate`, which must be positive, is how far b moves for an error of 1 in y, in the units of theta.
 * Fold another key into `seed` at each step, by perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model gives as many scores as the layer takes; PERTURB_STATUS_NOT_POSITIVE for
 * the rate; PERTURB_STATUS_NOT_FINITE for x and target; PERTURB_STATUS_OUTSIDE for target;
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond
 * float; PERTURB_STATUS_OUT_OF_RANGE for a model without features; else as perturb_ranking_decide.
 *
 * Cost: a gradient, and two multiplications and additions a weight. Stack: at most 3600 bytes.
 */
perturb_status perturb_ranking_learn(const struct perturb_ranking *layer,
                                     struct perturb_model *model,
                                     const float *x,
                                     const float *target,
                                     float rate,
                                     uint64_t seed);

/**
 * Takes the model's weights from a model file of `length` bytes, written by the host or by perturb_ranking_store.
 *
 * The file must have the model's sizes, and a ranking with the layer's noise as its layer; its epsilon is left
 * aside, for the layer has one. The best has the largest score; a file of version 1, where it had the least, is
 * turned. `file` may lie in flash, and needs no alignment.
 *
 * PERTURB_STATUS_CHECKSUM if bytes are damaged; PERTURB_STATUS_DIFFERS if it is no model file, or of another layer
 * or noise, or of features minus their centres (`perturb export` writes those as C); PERTURB_STATUS_LENGTH if there are too few bytes or too many, or if sizes differ;
 * PERTURB_STATUS_OUT_OF_RANGE for a version or a code that is not known; PERTURB_STATUS_NOT_FINITE for a weight
 * that is not.
 *
 * Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
 */
perturb_status perturb_ranking_load(const struct perturb_ranking *layer,
                                    struct perturb_model *model,
                                    const uint8_t *file,
                                    size_t length);

/**
 * Writes the model's weights as a model file, for the host and for perturb_ranking_load.
 *
 * `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores); `length` receives how many
 * were written.
 *
 * PERTURB_STATUS_LENGTH if there is not room enough, or unless the model gives as many scores as the layer takes;
 * PERTURB_STATUS_OVERFLOW if a weight is not finite.
 *
 * Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
 */
perturb_status perturb_ranking_store(const struct perturb_ranking *layer,
                                     const struct perturb_model *model,
                                     uint8_t *file,
                                     size_t capacity,
                                     size_t *length);

/**
 * The seed for `key` within `seed`: a step, a row, a purpose.
 *
 * Noise is a function of the seed alone: the same call with the same seed gives the same bits on every target, and
 * there is no generator to keep. Give every training step its own seed, as in
 * `perturb_seed_fold(DEVICE_SEED, step)`. Two multiplications of 64 bits; cannot fail.
 */
uint64_t perturb_seed_fold(uint64_t seed, uint64_t key);

/**
 * Scores of `count` options: theta_e = ⟨w, phi_e⟩.
 *
 * `options` has view->features entries for each option, one option after the other; `theta` has `count`.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of options is NaN or infinite; PERTURB_STATUS_OVERFLOW if one of theta would be;
 * PERTURB_STATUS_CAPACITY for more scores than any layer may have; PERTURB_STATUS_OUT_OF_RANGE for a model without features;
 * PERTURB_STATUS_POINTER.
 *
 * Cost: a multiplication and an addition an entry of options. Stack: at most 1400 bytes.
 */
perturb_status perturb_shared_scores(const struct perturb_shared_view *view,
                                     const float *options,
                                     uint32_t count,
                                     float *theta);

/**
 * Picks one of the options whose features are `options`: perturb_argmax_decide of their scores, which stay on the stack.
 *
 * `options` has view->features entries for each of the layer->scores options, `y` one for each option. Nothing is copied of the
 * model, which may lie in flash. Errors as perturb_argmax_decide and perturb_shared_scores.
 *
 * Cost: a multiplication and an addition an entry of options, and a decision. Stack: at most 850 bytes.
 */
perturb_status perturb_argmax_predict_shared(const struct perturb_argmax *layer,
                                             const struct perturb_shared_view *view,
                                             const float *options,
                                             float *y);

/**
 * Picks k of the options, as perturb_argmax_predict_shared picks one. Stack: at most 1500 bytes.
 */
perturb_status perturb_top_k_predict_shared(const struct perturb_top_k *layer,
                                            const struct perturb_shared_view *view,
                                            const float *options,
                                            float *y);

/**
 * Ranks the options, as perturb_argmax_predict_shared picks one. Stack: at most 1900 bytes.
 */
perturb_status perturb_ranking_predict_shared(const struct perturb_ranking *layer,
                                              const struct perturb_shared_view *view,
                                              const float *options,
                                              float *y);

/**
 * Walks through a grid whose cells are the options, row by row, as perturb_argmax_predict_shared picks one. Stack: at most 5200
 * bytes.
 */
perturb_status perturb_grid_path_predict_shared(const struct perturb_grid_path *layer,
                                                const struct perturb_shared_view *view,
                                                const float *options,
                                                float *y);

/**
 * Learns that `target` is right among the options whose features are `options`: one step of stochastic gradient descent on the
 * Fenchel–Young loss.
 *
 * w −= rate·Σ g_e phi_e for g = y*(theta + epsilon·Z) − target, theta the scores of the options.
 *
 * `options` has model->features entries for each of the layer->scores options, `target` one for each option: 1 for the one that
 * is right and 0 elsewhere. Else as perturb_argmax_learn. Stack: at most 2200 bytes.
 */
perturb_status perturb_argmax_learn_shared(const struct perturb_argmax *layer,
                                           struct perturb_shared *model,
                                           const float *options,
                                           const float *target,
                                           float rate,
                                           uint64_t seed);

/**
 * The same for the k options that are right, as perturb_top_k_learn. Stack: at most 3300 bytes.
 */
perturb_status perturb_top_k_learn_shared(const struct perturb_top_k *layer,
                                          struct perturb_shared *model,
                                          const float *options,
                                          const float *target,
                                          float rate,
                                          uint64_t seed);

/**
 * The same for a ranking of the options, as perturb_ranking_learn. Stack: at most 3600 bytes.
 */
perturb_status perturb_ranking_learn_shared(const struct perturb_ranking *layer,
                                            struct perturb_shared *model,
                                            const float *options,
                                            const float *target,
                                            float rate,
                                            uint64_t seed);

/**
 * The same for a path through a grid whose cells are the options, as perturb_grid_path_learn. Stack: at most 13500 bytes.
 */
perturb_status perturb_grid_path_learn_shared(const struct perturb_grid_path *layer,
                                              struct perturb_shared *model,
                                              const float *options,
                                              const float *target,
                                              float rate,
                                              uint64_t seed);

/**
 * Takes the model's weights from a model file of `length` bytes, written by the host or by perturb_argmax_store_shared.
 *
 * The file must be of shared weights, as many as the model has, and an argmax with the layer's noise as its layer; its epsilon is
 * left aside, and it knows no number of options. PERTURB_STATUS_LENGTH for a file of weights of labels, too; else as
 * perturb_argmax_load. Stack: at most 500 bytes.
 */
perturb_status perturb_argmax_load_shared(const struct perturb_argmax *layer,
                                          struct perturb_shared *model,
                                          const uint8_t *file,
                                          size_t length);

/**
 * perturb_argmax_load_shared of a file of top-k, with the layer's k. Stack: at most 500 bytes.
 */
perturb_status perturb_top_k_load_shared(const struct perturb_top_k *layer,
                                         struct perturb_shared *model,
                                         const uint8_t *file,
                                         size_t length);

/**
 * perturb_argmax_load_shared of a file of a ranking. Stack: at most 500 bytes.
 */
perturb_status perturb_ranking_load_shared(const struct perturb_ranking *layer,
                                           struct perturb_shared *model,
                                           const uint8_t *file,
                                           size_t length);

/**
 * Writes the model's weights as a model file, for the host and for perturb_argmax_load_shared.
 *
 * `file` has room for `capacity` bytes, at least PERTURB_SHARED_FILE(features); `length` receives how many were written. Errors as
 * perturb_argmax_store. Stack: at most 500 bytes.
 */
perturb_status perturb_argmax_store_shared(const struct perturb_argmax *layer,
                                           const struct perturb_shared *model,
                                           uint8_t *file,
                                           size_t capacity,
                                           size_t *length);

/**
 * perturb_argmax_store_shared of a top-k. Stack: at most 500 bytes.
 */
perturb_status perturb_top_k_store_shared(const struct perturb_top_k *layer,
                                          const struct perturb_shared *model,
                                          uint8_t *file,
                                          size_t capacity,
                                          size_t *length);

/**
 * perturb_argmax_store_shared of a ranking. Stack: at most 500 bytes.
 */
perturb_status perturb_ranking_store_shared(const struct perturb_ranking *layer,
                                            const struct perturb_shared *model,
                                            uint8_t *file,
                                            size_t capacity,
                                            size_t *length);

/**
 * A status as English text, for logs.
 *
 * Never NULL, for numbers that are no status either; the text is constant and must not be freed.
 */
const char *perturb_status_text(uint32_t status);

/**
 * Decides: y is 1 at the k largest of the scores theta and 0 elsewhere; of equal scores the first win.
 *
 * y*(theta) maximises ⟨y, theta⟩ over the vectors of k ones among zeros. `theta` and `y` have layer->scores
 * entries.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite; PERTURB_STATUS_OVERFLOW if ⟨y, theta⟩ is
 * beyond float; PERTURB_STATUS_NOT_POSITIVE, _OUT_OF_RANGE or _CAPACITY if the layer is none;
 * PERTURB_STATUS_POINTER.
 *
 * Cost: a sort of d integers. Stack: at most 1200 bytes.
 */
perturb_status perturb_top_k_decide(const struct perturb_top_k *layer, const float *theta, float *y);

/**
 * Decides at features x: perturb_top_k_decide of the scores theta = W x + b, which stay on the stack.
 *
 * `x` has view->features entries, `y` as many as the layer has scores. Nothing is copied of the model, which may lie in
 * flash.
 *
 * PERTURB_STATUS_LENGTH unless the view gives as many scores as the layer takes; else as perturb_top_k_decide and
 * perturb_view_scores.
 *
 * Cost: a multiplication and an addition a weight, and a decision. Stack: at most 1500 bytes.
 */
perturb_status perturb_top_k_predict(const struct perturb_top_k *layer,
                                     const struct perturb_view *view,
                                     const float *x,
                                     float *y);

/**
 * One sample of the gradient of the Fenchel–Young loss in theta: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, never negative, and least where the layer
 * decides as `target` does. For scores that come from a model of the caller's own, which takes the gradient from
 * here; perturb_model has perturb_top_k_learn.
 *
 * `theta`, `target` and `gradient` have layer->scores entries; `target` is 1 for the k options that are right and
 * 0 elsewhere. Z has independent entries of the layer's noise and is a function of `seed`: fold another key into
 * it each time, by perturb_seed_fold.
 *
 * Errors as perturb_top_k_decide, but for the overflow, and for target as for theta. Cost: a decision, and one or
 * two logarithms an entry. Stack: at most 2900 bytes.
 */
perturb_status perturb_top_k_gradient(const struct perturb_top_k *layer,
                                      const float *theta,
                                      const float *target,
                                      uint64_t seed,
                                      float *gradient);

/**
 * Learns that `target` is right where the features are `x`: one step of stochastic gradient descent on the
 * Fenchel–Young loss.
 *
 * W −= rate·g xᵀ and b −= rate·g for g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->scores: 1 for the k options that are right and 0 elsewhere.
 * `rate`, which must be positive, is how far b moves for an error of 1 in y, in the units of theta. Fold another
 * key into `seed` at each step, by perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model gives as many scores as the layer takes; PERTURB_STATUS_NOT_POSITIVE for
 * the rate; PERTURB_STATUS_NOT_FINITE for x and target; PERTURB_STATUS_OUTSIDE for target;
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond
 * float; PERTURB_STATUS_OUT_OF_RANGE for a model without features; else as perturb_top_k_decide.
 *
 * Cost: a gradient, and two multiplications and additions a weight. Stack: at most 3300 bytes.
 */
perturb_status perturb_top_k_learn(const struct perturb_top_k *layer,
                                   struct perturb_model *model,
                                   const float *x,
                                   const float *target,
                                   float rate,
                                   uint64_t seed);

/**
 * Takes the model's weights from a model file of `length` bytes, written by the host or by perturb_top_k_store.
 *
 * The file must have the model's sizes, and a top-k with the layer's noise and k as its layer; its epsilon is left
 * aside, for the layer has one. `file` may lie in flash, and needs no alignment.
 *
 * PERTURB_STATUS_CHECKSUM if bytes are damaged; PERTURB_STATUS_DIFFERS if it is no model file, or of another layer
 * or noise, or of features minus their centres (`perturb export` writes those as C); PERTURB_STATUS_LENGTH if there are too few bytes or too many, or if sizes differ;
 * PERTURB_STATUS_OUT_OF_RANGE for a version or a code that is not known; PERTURB_STATUS_NOT_FINITE for a weight
 * that is not.
 *
 * Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
 */
perturb_status perturb_top_k_load(const struct perturb_top_k *layer,
                                  struct perturb_model *model,
                                  const uint8_t *file,
                                  size_t length);

/**
 * Writes the model's weights as a model file, for the host and for perturb_top_k_load.
 *
 * `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores) + 8; `length` receives how many
 * were written.
 *
 * PERTURB_STATUS_LENGTH if there is not room enough, or unless the model gives as many scores as the layer takes;
 * PERTURB_STATUS_OVERFLOW if a weight is not finite.
 *
 * Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
 */
perturb_status perturb_top_k_store(const struct perturb_top_k *layer,
                                   const struct perturb_model *model,
                                   uint8_t *file,
                                   size_t capacity,
                                   size_t *length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PERTURB_H */
