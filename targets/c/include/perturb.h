/* Decision layers that learn on the device: argmax, top-k, ranking and grid paths, perturbed.

   A layer is a description in the caller's memory. Every function checks it and its other inputs, keeps no state, allocates
   nothing, cannot abort, and may be called from any task as long as no two of them write the same memory. Every function
   that returns a perturb_status leaves its outputs as they were unless it returns PERTURB_STATUS_OK.

   theta are scores to maximise: a cost c enters as -c. The noise is a function of the seed alone, so that results are the
   same bits on every target. All numbers are float; sums are formed from the first entry to the last.

   Generated from the Rust sources by cbindgen; change those. */


#ifndef PERTURB_H
#define PERTURB_H

#include <stddef.h>
#include <stdint.h>

/* The length in bytes of a model file without metadata. */
#define PERTURB_MODEL_FILE(features, scores) (36u + 4u * ((features) + 1u) * (scores))


/**
 * The most scores of argmax, top-k and ranking. Stack grows with it, not with a layer's size.
 */
#define PERTURB_MAX_SCORES 64

/**
 * The most cells of a grid, and the most scores of a model. Stack grows with it, not with a grid's size.
 */
#define PERTURB_MAX_CELLS 256

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
     * Refused for a reason that this list does not name; not expected of these layers.
     */
    PERTURB_STATUS_OTHER = 10,
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
 * Pick one of `scores` options: y is 1 for the option of the largest score and 0 elsewhere; of equal scores the first wins.
 */
typedef struct perturb_argmax {
    /**
     * d, 1 to PERTURB_MAX_SCORES.
     */
    uint32_t scores;
    /**
     * A perturb_noise.
     */
    uint32_t noise;
    /**
     * The temperature > 0, in the units of theta: how much noise training explores with. perturb_argmax_decide ignores
     * it, but it must be valid.
     */
    float epsilon;
} perturb_argmax;

/**
 * An affine model theta = W x + b from features x to scores theta, in memory that the caller owns.
 *
 * weights and bias must not overlap each other nor any argument of a call that the model is given to.
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
     * The length of theta, at least 1 and at most PERTURB_MAX_CELLS.
     */
    uint32_t scores;
} perturb_model;

/**
 * Walk from the first to the last cell of a grid: y is 1 for the cells of the cheapest path, both ends included, and 0
 * elsewhere. Cells are stored row by row.
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
     * A perturb_neighbours.
     */
    uint32_t neighbours;
    /**
     * A perturb_noise.
     */
    uint32_t noise;
    /**
     * The temperature > 0, in the units of theta: how much noise training explores with. perturb_grid_path_decide ignores
     * it, but it must be valid.
     */
    float epsilon;
} perturb_grid_path;

/**
 * Rank `scores` options: y holds ascending ranks, d for the largest score down to 1 for the least; of equal scores the first
 * ranks higher.
 */
typedef struct perturb_ranking {
    /**
     * d, 1 to PERTURB_MAX_SCORES.
     */
    uint32_t scores;
    /**
     * A perturb_noise.
     */
    uint32_t noise;
    /**
     * The temperature > 0, in the units of theta: how much noise training explores with. perturb_ranking_decide ignores
     * it, but it must be valid.
     */
    float epsilon;
} perturb_ranking;

/**
 * Pick k of `scores` options: y is 1 for the options of the k largest scores and 0 elsewhere; of equal scores the first win.
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
     * A perturb_noise.
     */
    uint32_t noise;
    /**
     * The temperature > 0, in the units of theta: how much noise training explores with. perturb_top_k_decide ignores
     * it, but it must be valid.
     */
    float epsilon;
} perturb_top_k;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Decides: y = y*(theta), 1 at the largest score and 0 elsewhere.
 *
 * `theta` has layer->scores entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many and
 * may be `theta`.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
 * beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. d comparisons.
 */
perturb_status perturb_argmax_decide(const struct perturb_argmax *layer,
                                     const float *theta,
                                     float *y);

/**
 * One sample of the gradient in theta of the Fenchel–Young loss: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, not negative, and least where the layer
 * decides as `target` does. A program that has its own model of the scores passes it backwards through that model.
 * Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->scores entries; `target` is a decision: one 1 among zeros.
 *
 * Errors as perturb_argmax_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
 * logarithms an entry.
 */
perturb_status perturb_argmax_gradient(const struct perturb_argmax *layer,
                                       const float *theta,
                                       const float *target,
                                       uint64_t seed,
                                       float *gradient);

/**
 * Learns from one example that `target` is the decision for the features `x`: a step of stochastic gradient descent on
 * the Fenchel–Young loss, W −= rate·g xᵀ and b −= rate·g with g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->scores: a decision: one 1 among zeros. `rate` > 0 is in units of theta
 * per step. Give each step its own `seed`: see perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_argmax_gradient. On an error the
 * model is as it was. Costs a gradient and two multiplications and additions a weight.
 */
perturb_status perturb_argmax_learn(const struct perturb_argmax *layer,
                                    struct perturb_model *model,
                                    const float *x,
                                    const float *target,
                                    float rate,
                                    uint64_t seed);

/**
 * Takes a model's weights from the `length` bytes of a model file, as the host or perturb_argmax_store writes it.
 *
 * The file must be of an argmax, of the layer's noise and of model's sizes; the layer keeps its own epsilon. `file` may lie
 * anywhere, in flash too, and needs no alignment.
 *
 * PERTURB_STATUS_CHECKSUM for damaged bytes, PERTURB_STATUS_DIFFERS for a file of another oracle or noise or none at all,
 * PERTURB_STATUS_LENGTH for another number of bytes, features or scores, PERTURB_STATUS_OUT_OF_RANGE for a version or code
 * that is not known, PERTURB_STATUS_NOT_FINITE for weights that are. On an error the model is as it was.
 * Looks at every byte twice; no working memory.
 */
perturb_status perturb_argmax_load(const struct perturb_argmax *layer,
                                   struct perturb_model *model,
                                   const uint8_t *file,
                                   size_t length);

/**
 * Writes what a model has learned as a model file, for perturb_argmax_load and for the host.
 *
 * `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores); `length` receives how many were
 * written.
 *
 * PERTURB_STATUS_LENGTH if there is too little room, PERTURB_STATUS_OVERFLOW if a weight is not finite. On an error
 * file and length are as they were.
 */
perturb_status perturb_argmax_store(const struct perturb_argmax *layer,
                                    const struct perturb_model *model,
                                    uint8_t *file,
                                    size_t capacity,
                                    size_t *length);

/**
 * Decides: y = y*(theta), 1 on the path of the largest total score.
 *
 * `theta` has layer->rows·layer->columns entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many.
 * Costs should be positive;
 * the search takes others for 1/1024.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
 * beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. Dijkstra's
 * algorithm: d log d steps for d cells.
 */
perturb_status perturb_grid_path_decide(const struct perturb_grid_path *layer,
                                        const float *theta,
                                        float *y);

/**
 * One sample of the gradient in theta of the Fenchel–Young loss: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, not negative, and least where the layer
 * decides as `target` does. A program that has its own model of the scores passes it backwards through that model.
 * Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->rows·layer->columns entries; `target` is a path: ones among zeros.
 *
 * Errors as perturb_grid_path_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
 * logarithms an entry.
 */
perturb_status perturb_grid_path_gradient(const struct perturb_grid_path *layer,
                                          const float *theta,
                                          const float *target,
                                          uint64_t seed,
                                          float *gradient);

/**
 * Learns from one example that `target` is the decision for the features `x`: a step of stochastic gradient descent on
 * the Fenchel–Young loss, W −= rate·g xᵀ and b −= rate·g with g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->rows·layer->columns: a path: ones among zeros. `rate` > 0 is in units of theta
 * per step. Give each step its own `seed`: see perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_grid_path_gradient. On an error the
 * model is as it was. Costs a gradient and two multiplications and additions a weight.
 */
perturb_status perturb_grid_path_learn(const struct perturb_grid_path *layer,
                                       struct perturb_model *model,
                                       const float *x,
                                       const float *target,
                                       float rate,
                                       uint64_t seed);

/**
 * theta = W x + b.
 *
 * `x` has model->features entries, `theta` room for model->scores, in the units of the scores: larger is preferred.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of x is NaN or infinite, PERTURB_STATUS_OVERFLOW if one of the result would be,
 * PERTURB_STATUS_CAPACITY for more than PERTURB_MAX_CELLS scores, PERTURB_STATUS_OUT_OF_RANGE for sizes of 0.
 * One multiplication and addition a weight.
 */
perturb_status perturb_model_scores(const struct perturb_model *model, const float *x, float *theta);

/**
 * Decides: y = y*(theta), the rank of each score, d for the largest.
 *
 * `theta` has layer->scores entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many and
 * may be `theta`.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
 * beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. d² comparisons up to d = 16,
 * then a sort of d integers.
 */
perturb_status perturb_ranking_decide(const struct perturb_ranking *layer,
                                      const float *theta,
                                      float *y);

/**
 * One sample of the gradient in theta of the Fenchel–Young loss: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, not negative, and least where the layer
 * decides as `target` does. A program that has its own model of the scores passes it backwards through that model.
 * Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->scores entries; `target` is a decision: the ranks 1 to d.
 *
 * Errors as perturb_ranking_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
 * logarithms an entry.
 */
perturb_status perturb_ranking_gradient(const struct perturb_ranking *layer,
                                        const float *theta,
                                        const float *target,
                                        uint64_t seed,
                                        float *gradient);

/**
 * Learns from one example that `target` is the decision for the features `x`: a step of stochastic gradient descent on
 * the Fenchel–Young loss, W −= rate·g xᵀ and b −= rate·g with g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->scores: a decision: the ranks 1 to d. `rate` > 0 is in units of theta
 * per step. Give each step its own `seed`: see perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_ranking_gradient. On an error the
 * model is as it was. Costs a gradient and two multiplications and additions a weight.
 */
perturb_status perturb_ranking_learn(const struct perturb_ranking *layer,
                                     struct perturb_model *model,
                                     const float *x,
                                     const float *target,
                                     float rate,
                                     uint64_t seed);

/**
 * Takes a model's weights from the `length` bytes of a model file, as the host or perturb_ranking_store writes it.
 *
 * The file must be of a ranking, of the layer's noise and of model's sizes; the layer keeps its own epsilon. `file` may lie
 * anywhere, in flash too, and needs no alignment.
 *
 * PERTURB_STATUS_CHECKSUM for damaged bytes, PERTURB_STATUS_DIFFERS for a file of another oracle or noise or none at all,
 * PERTURB_STATUS_LENGTH for another number of bytes, features or scores, PERTURB_STATUS_OUT_OF_RANGE for a version or code
 * that is not known, PERTURB_STATUS_NOT_FINITE for weights that are. On an error the model is as it was.
 * Looks at every byte twice; no working memory.
 */
perturb_status perturb_ranking_load(const struct perturb_ranking *layer,
                                    struct perturb_model *model,
                                    const uint8_t *file,
                                    size_t length);

/**
 * Writes what a model has learned as a model file, for perturb_ranking_load and for the host.
 *
 * `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores); `length` receives how many were
 * written.
 *
 * PERTURB_STATUS_LENGTH if there is too little room, PERTURB_STATUS_OVERFLOW if a weight is not finite. On an error
 * file and length are as they were.
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
 * A status as English text, for logs.
 *
 * Never NULL, for numbers that are no status either; the text is constant and must not be freed.
 */
const char *perturb_status_text(uint32_t status);

/**
 * Decides: y = y*(theta), 1 at the k largest scores and 0 elsewhere.
 *
 * `theta` has layer->scores entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many and
 * may be `theta`.
 *
 * PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
 * beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. Sorts d integers.
 */
perturb_status perturb_top_k_decide(const struct perturb_top_k *layer,
                                    const float *theta,
                                    float *y);

/**
 * One sample of the gradient in theta of the Fenchel–Young loss: y*(theta + epsilon·Z) − target.
 *
 * Its mean over seeds is the gradient of a loss that is convex in theta, not negative, and least where the layer
 * decides as `target` does. A program that has its own model of the scores passes it backwards through that model.
 * Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->scores entries; `target` is a decision: k ones among zeros.
 *
 * Errors as perturb_top_k_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
 * logarithms an entry.
 */
perturb_status perturb_top_k_gradient(const struct perturb_top_k *layer,
                                      const float *theta,
                                      const float *target,
                                      uint64_t seed,
                                      float *gradient);

/**
 * Learns from one example that `target` is the decision for the features `x`: a step of stochastic gradient descent on
 * the Fenchel–Young loss, W −= rate·g xᵀ and b −= rate·g with g = y*(W x + b + epsilon·Z) − target.
 *
 * `x` has model->features entries, `target` layer->scores: a decision: k ones among zeros. `rate` > 0 is in units of theta
 * per step. Give each step its own `seed`: see perturb_seed_fold.
 *
 * PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
 * PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_top_k_gradient. On an error the
 * model is as it was. Costs a gradient and two multiplications and additions a weight.
 */
perturb_status perturb_top_k_learn(const struct perturb_top_k *layer,
                                   struct perturb_model *model,
                                   const float *x,
                                   const float *target,
                                   float rate,
                                   uint64_t seed);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PERTURB_H */
