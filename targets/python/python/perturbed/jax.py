"""Layers inside JAX: functions under `jit`, `grad`, `vmap` and `scan`, and the makers that jaxopt and optax have.

>>> import jax, jax.numpy as jnp
>>> from perturbed import Layer, MonteCarlo, Ranking
>>> from perturbed.jax import fenchel_young
>>> layer, method = Layer(Ranking(3), "normal", 0.5), MonteCarlo(100)
>>> def loss(weights, x, ranks, step):
...     return fenchel_young(layer, x @ weights, ranks, method, step=step).mean()
>>> x, ranks = jnp.eye(2), jnp.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]])
>>> jax.jit(jax.grad(loss))(jnp.zeros((2, 3)), x, ranks, 7).shape
(2, 3)

Answers and gradients have the bits of `perturbed.Layer`, which computes them on the host.

**Shapes.** theta has shape (*batch, *shape) or (*batch, d), with any number of axes of batches. Answers have the shape
of theta; numbers have one for each row, of shape batch. Layers, methods and options are static; they are hashable.

**Types.** float32 is computed in float32, float64 in float64, float16 and bfloat16 in float32. Answers have the type of
theta. Integers and complex numbers are a TypeError.

**Noise.** Rows of batches are numbered in the order of memory, and row r has the noise of `method.fold(first_row + r)`,
one instance that of `method`. What `jit` must not know can be an array: `seed`, an integer or a key of `jax.random`,
makes the method `method.with_seed(seed)`, where `jax.random.key(s)` is the seed s; `step` makes it `method.fold(step)`.

**vmap** over theta adds an axis of batches in front: `vmap(f)(theta)` is `f(theta)` to the bit, one call of the layer,
and each row has noise of its own. Where `seed`, `step` or `first_row` are mapped, each element is a call of its own, as
in a loop: `vmap(f)(theta, keys)[i]` is `f(theta[i], keys[i])`. Where theta is not mapped, all elements have the same
noise.

**Derivatives** are those that the layer has, of its noise: of `value` and `fenchel_young` the first and second, of
`maximizer` the first, and if sampled under smooth noise the second. Forward and reverse mode may be combined, but for a
second derivative of `maximizer` reverse mode comes first, as in `jax.hessian`. Gradients that other functions replace
are there in reverse mode. What has no derivative is a NotImplementedError.

**Errors.** Outside `jit` wrong input raises as it does for a layer. Compiled programs must not raise: the answers to
the call are NaN, the reason is written to the log "perturbed.jax", and `last_error` returns it.

**Devices.** Layers compute on the CPU; arrays on other devices travel. Inside `jax.shard_map(..., check_vma=False)`
each device asks for its own rows, which `first_row` numbers; arrays that JAX itself divides are gathered.

**Costs.** A call from a program on the CPU costs some 10 microseconds beside the computation. Solvers of a `BlackBox`
must not use JAX themselves. Programs with calls cannot be exported.
"""

import inspect
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal, Self, TypeAlias, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.flatten_util import ravel_pytree
from jax.interpreters import ad, batching, mlir
from jax.typing import ArrayLike

from ._checks import found as found_of
from ._checks import integer
from ._checks import number as number_of
from ._perturbed import Cheapest, Exact, Layer, MonteCarlo, PerturbedError
from .oracles import Oracle

__all__ = [
    "Gumbel",
    "Laplace",
    "Logistic",
    "Normal",
    "decide",
    "fenchel_young",
    "identity",
    "implicit_mle",
    "interpolation",
    "last_error",
    "make_perturbed_argmax",
    "make_perturbed_fun",
    "make_perturbed_max",
    "maximizer",
    "partial_label",
    "regret",
    "sparse_map",
    "sparse_map_loss",
    "spo_plus",
    "value",
]

_Method: TypeAlias = Exact | MonteCarlo | Cheapest

_log = logging.getLogger(__name__)
_kept: list[Exception] = []


def last_error() -> Exception | None:
    """The reason for which a compiled call last answered NaN, or None; asking forgets it.

    That scores are NaN or infinite does not replace another reason, since one NaN leads to the next. Programs run
    asynchronously: block on their answers before asking.
    """
    return _kept.pop() if _kept else None


def _keep(error: Exception) -> None:
    if _kept and isinstance(error, PerturbedError) and error.kind == "NotFinite":
        return
    _kept[:] = [error]
    _log.error("%s: %s. The answers are NaN; perturbed.jax.last_error() returns this.", type(error).__name__, error)


# Questions to a layer, on the host. Up to the arguments below, scores have shape (*batch, d), whatever the oracle's.


@dataclass(frozen=True)
class _Question:
    """What is asked of a layer, but for arrays: vectors, of which theta is the first, and integers that name noise."""

    layer: Layer
    name: str
    method: _Method | None = None
    # What the integers are: some of "seed", "step" and "first_row".
    named: tuple[str, ...] = ()
    # Arguments between the vectors and the method, and options.
    values: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    # Of each answer whether it is a vector; otherwise it is a number for each row.
    parts: tuple[bool, ...] = (True,)

    def divide(self, arrays: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Vectors, and the integers."""
        vectors = len(arrays) - len(self.named)
        return list(arrays[:vectors]), list(arrays[vectors:])

    def shapes(self, calls: int, arrays: Sequence[Any]) -> list[tuple[int, ...]]:
        """Those of the answers to arrays whose first axes, so many, stand for calls of their own.

        Arrays that all calls share have length 1 there.
        """
        lead = np.broadcast_shapes(*(x.shape[:calls] for x in arrays))
        rows = arrays[0].shape[calls:]
        return [(*lead, *(rows if vector else rows[:-1])) for vector in self.parts]

    def ask(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The answers of one call of the layer."""
        vectors, integers = self.divide(arrays)
        noise = dict(zip(self.named, map(_whole, integers), strict=True))
        options, method, shape = dict(self.options), self.method, vectors[0].shape
        if method is not None and "seed" in noise:
            method = method.with_seed(noise["seed"])
        if method is not None and "step" in noise:
            method = method.fold(noise["step"])
        if "first_row" in noise:
            options["first_row"] = noise["first_row"]
        batch = (math.prod(shape[:-1]),) if len(shape) > 1 else ()
        vectors = [x if x.shape == shape else np.broadcast_to(x, shape) for x in vectors]
        vectors = [x.reshape(*batch, *self.layer.shape) for x in vectors]
        methods = [] if method is None else [method]
        found = getattr(self.layer, self.name)(*vectors, *self.values, *methods, **options)
        found = found if isinstance(found, tuple) else (found,)
        return tuple(np.reshape(x, shape if part else shape[:-1]) for x, part in zip(found, self.parts, strict=False))

    def answer(self, calls: int, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The answers of all calls."""
        if not calls:
            return self.ask(arrays)
        shapes = self.shapes(calls, arrays)
        lead = shapes[0][:calls]
        each = [np.broadcast_to(x, (*lead, *x.shape[calls:])) for x in arrays]
        each = [x.reshape(math.prod(lead), *x.shape[calls:]) for x in each]
        found = list(map(self.ask, zip(*each, strict=True)))
        parts = [np.array([answer[part] for answer in found], each[0].dtype) for part in range(len(shapes))]
        return tuple(x.reshape(shape) for x, shape in zip(parts, shapes, strict=True))


def _whole(words: Any) -> int:
    """An integer: as one, or as words of 32 bits, the highest first. Long keys are folded."""
    if words.ndim == 0:
        return int(words)
    first, *others = (int(high) << 32 | int(low) for high, low in words.reshape(-1, 2))
    seed = MonteCarlo(1, first)
    for other in others:
        seed = seed.fold(other)
    return seed.seed


# Questions in programs of JAX: a primitive with its type, derivatives, axes of vmap and code.

_asked: Any = Primitive("perturbed")
_asked.multiple_results = True


def _at_once(*operands: Any, question: _Question, calls: int) -> list[jax.Array]:
    return list(map(jnp.asarray, question.answer(calls, list(map(np.asarray, operands)))))


def _types(*operands: Any, question: _Question, calls: int) -> list[Any]:
    return [jax.core.ShapedArray(shape, operands[0].dtype) for shape in question.shapes(calls, operands)]


def _ask(question: _Question, *operands: Any, calls: int = 0) -> jax.Array:
    """The first answer."""
    answer: jax.Array = _asked.bind(*operands, question=question, calls=calls)[0]
    return answer


def _along(gradient: jax.Array, tangent: jax.Array) -> jax.Array:
    return jnp.sum(gradient * tangent, axis=-1)


# By question, the change along each vector, given the vectors and the vector's own change; None where there is none.
_CHANGES: dict[str, tuple[Callable[..., jax.Array] | None, ...]] = {
    "value": (lambda ask, theta, x: _along(ask("maximizer", theta), x),),
    "fenchel_young": (lambda ask, theta, y, x: _along(ask("fenchel_young_gradient", theta, y), x), None),
    "fenchel_young_gradient": (lambda ask, theta, y, x: ask("jvp", theta, x), None),
    "maximizer": (lambda ask, theta, x: ask("jvp", theta, x),),
    "jvp": (None, lambda ask, theta, v, x: ask("jvp", theta, x)),
    "vjp": (
        lambda ask, theta, u, x: ask("vjp_jacobian_product", theta, u, x),
        lambda ask, theta, u, x: ask("vjp", theta, x),
    ),
    "vjp_jacobian_product": (
        None,
        lambda ask, theta, u, v, x: ask("vjp_jacobian_product", theta, x, v),
        lambda ask, theta, u, v, x: ask("vjp_jacobian_product", theta, u, x),
    ),
}
_CHANGES["fenchel_young_without_omega"] = _CHANGES["fenchel_young"]
# What is linear in the last vector, and the question that is its transpose. Second derivatives are symmetric.
_TRANSPOSES = {"jvp": "vjp", "vjp": "jvp", "vjp_jacobian_product": "vjp_jacobian_product"}
# Losses that the layer answers with their gradient.
_WITH_GRADIENT = ("spo_plus", "partial_label", "sparse_map_loss")


def _other(question: _Question, name: str) -> _Question:
    """Another question with the same noise, answered by a vector."""
    method = question.method
    if name == "vjp_jacobian_product":
        if question.layer.noise == "laplace":
            raise NotImplementedError("noise 'laplace' is not smooth: second derivatives of y_eps have no estimate")
        if isinstance(method, Exact):
            raise NotImplementedError("Exact() knows no second derivatives of y_eps; use MonteCarlo(samples)")
        if isinstance(method, Cheapest):
            method = MonteCarlo(method.samples, method.seed, method.control, method.draws)
    return replace(question, name=name, method=method, parts=(True,))


def _jvp(primals: Any, tangents: Any, *, question: _Question, calls: int) -> Any:
    vectors, integers = question.divide(primals)
    changes = _CHANGES.get(question.name, (None,) * len(vectors))
    moved = [place for place in range(len(vectors)) if not isinstance(tangents[place], ad.Zero)]
    if question.name in _WITH_GRADIENT and question.parts == (False,) and moved == [0]:
        both = replace(question, parts=(False, True))
        answer, gradient = _asked.bind(*primals, question=both, calls=calls)
        return [answer], [_along(gradient, tangents[0])]
    for place in moved:
        if changes[place] is None:
            raise NotImplementedError(_refusal(question.name, place))
    answer = _ask(question, *primals, calls=calls)

    def ask(name: str, *vectors: Any) -> jax.Array:
        return _ask(_other(question, name), *vectors, *integers, calls=calls)

    terms = [cast(Any, changes[place])(ask, *vectors, tangents[place]) for place in moved]
    tangent = sum(terms[1:], terms[0]) if terms else jnp.zeros_like(answer)
    return [answer], [jnp.broadcast_to(tangent, answer.shape)]


def _refusal(name: str, place: int) -> str:
    if name == "jvp":
        return "a tangent has no derivative in theta; write jax.jacfwd(jax.jacrev(f)), as jax.hessian does"
    vector = "theta" if place == 0 else "truth" if name == "spo_plus" else "target"
    return f"{name} has no derivative in {vector} in JAX"


def _transpose(cotangents: Any, *operands: Any, question: _Question, calls: int) -> list[Any]:
    vectors, integers = question.divide(operands)
    *known, linear = vectors
    if any(map(ad.is_undefined_primal, known)):
        raise NotImplementedError(f"{question.name} has no such derivative in JAX")
    found = _ask(_other(question, _TRANSPOSES[question.name]), *known, cotangents[0], *integers, calls=calls)
    # Along axes of length 1 it was broadcast.
    axes = tuple(axis for axis, length in enumerate(linear.aval.shape) if length != found.shape[axis])
    return [*(None for _ in known), jnp.sum(found, axes, keepdims=True), *(None for _ in integers)]


def _batch(operands: Any, axes: Any, *, question: _Question, calls: int) -> Any:
    """An axis of theta is one of rows, before the others; an axis of the integers, or not of theta, is one of calls."""
    vectors, integers = question.divide(axes)
    rows = vectors[0] is not None and all(axis is None for axis in integers)
    place = calls if rows else 0

    def move(x: Any, axis: int | None) -> jax.Array:
        return jnp.expand_dims(x, place) if axis is None else jnp.moveaxis(x, axis, place)

    count = len(vectors) if rows else len(operands)
    moved = [*map(move, operands[:count], axes), *operands[count:]]
    found = _asked.bind(*moved, question=question, calls=calls if rows else calls + 1)
    return found, [place] * len(found)


_asked.def_impl(_at_once)
_asked.def_abstract_eval(_types)
ad.primitive_jvps[_asked] = _jvp
ad.primitive_transposes[_asked] = _transpose
batching.primitive_batchers[_asked] = _batch

# jax.pure_callback waits for copies of its arguments, which are made by the threads that wait: on one core it hangs.
# What it is made of needs no copies, and is faster.

_called: Any = Primitive("perturbed_call")
_called.multiple_results = True
_called.def_abstract_eval(lambda *_operands, answers, **_how: list(answers))


def _program(*operands: Any, question: _Question, calls: int) -> list[Any]:
    types = tuple(np.dtype(x.dtype) for x in operands)
    wide = types[0].itemsize == 8
    answers = tuple(
        jax.core.ShapedArray((*shape, 2), np.dtype(np.uint32)) if wide else jax.core.ShapedArray(shape, types[0])
        for shape in question.shapes(calls, operands)
    )
    found = _called.bind(*map(_split, operands), question=question, calls=calls, types=types, answers=answers)
    return [_join(x, types[0]) for x in found]


def _split(x: Any) -> Any:
    """Numbers of 64 bits as words, for they may be enabled in one thread alone, and JAX rounds them in others."""
    return x[..., None].view(np.uint32) if x.dtype.itemsize == 8 else x


def _join(x: Any, dtype: Any) -> Any:
    return x.view(dtype)[..., 0] if dtype.itemsize == 8 else x


def _call(*operands: Any, question: _Question, calls: int, types: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a program calls: answers NaN instead of raising, which it must not."""
    arrays = [_join(np.asarray(x), dtype) for x, dtype in zip(operands, types, strict=True)]
    try:
        found = question.answer(calls, arrays)
    except Exception as error:
        _keep(error)
        found = tuple(np.full(shape, np.nan, types[0]) for shape in question.shapes(calls, arrays))
    return tuple(map(_split, found))


def _call_on_cpu(context: Any, *operands: Any, answers: Any, **how: Any) -> Any:
    call, types = partial(_call, **how), (context.avals_in, context.avals_out)
    return mlir.emit_python_callback(context, call, None, list(operands), *types, has_side_effect=False)[0]


def _call_on_others(*operands: Any, answers: Any, **how: Any) -> Any:
    return jax.pure_callback(partial(_call, **how), answers, *operands)


mlir.register_lowering(_asked, mlir.lower_fun(_program, multiple_results=True))
mlir.register_lowering(_called, _call_on_cpu, platform="cpu")
mlir.register_lowering(_called, mlir.lower_fun(_call_on_others, multiple_results=True))


# Answers whose gradients are not linear in the cotangent. Noise is the integers that name it.


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _replaced(steps: tuple[_Question, ...], backward: _Question, theta: jax.Array, noise: tuple[Any, ...]) -> jax.Array:
    """A decision, found in steps, with a gradient that the layer makes of the cotangent."""
    for question in steps:
        theta = _ask(question, theta, *noise)
    return theta


def _replaced_forward(
    steps: tuple[_Question, ...], backward: _Question, theta: jax.Array, noise: tuple[Any, ...]
) -> Any:
    return _replaced(steps, backward, theta, noise), (theta, noise)


def _replaced_backward(_steps: Any, backward: _Question, kept: Any, cotangent: jax.Array) -> Any:
    theta, noise = kept
    return _ask(backward, theta, cotangent, *noise), None


_replaced.defvjp(_replaced_forward, _replaced_backward)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _sparse_map(question: _Question, theta: jax.Array) -> jax.Array:
    return _ask(question, theta)


def _sparse_map_forward(question: _Question, theta: jax.Array) -> Any:
    return _sparse_map(question, theta), theta


def _sparse_map_backward(question: _Question, theta: jax.Array, cotangent: jax.Array) -> Any:
    # The Jacobian is symmetric: a difference along the cotangent is the product. y moves by no more than 0.1.
    norm = jnp.linalg.norm(cotangent, axis=-1, keepdims=True)
    reach = 0.1 * question.values[0] / jnp.where(norm > 0, norm, 1)
    ahead, behind = (_ask(question, theta + sign * reach * cotangent) for sign in (1, -1))
    return ((ahead - behind) / (2 * reach),)


_sparse_map.defvjp(_sparse_map_forward, _sparse_map_backward)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _constant(why: str, x: jax.Array) -> jax.Array:
    """x, which must not be differentiated."""
    return x


@_constant.defjvp
def _(why: str, _primals: Any, _tangents: Any) -> Any:
    raise NotImplementedError(why)


def _traced(x: Any) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(x))


# Arguments.


def _array(x: Any) -> jax.Array:
    x = jnp.asarray(x)
    # jax.custom_vjp does not take what vmap makes of numpy's arrays inside jit. In a program this copies nothing.
    return jnp.copy(x) if _traced(x) else x


@dataclass(frozen=True)
class _Scores:
    """theta as rows of d numbers of float32 or float64."""

    layer: Layer
    rows: jax.Array
    shape: tuple[int, ...]
    dtype: Any

    def same(self, name: str, x: ArrayLike) -> jax.Array:
        """Another array of this shape, which is a constant."""
        x = _array(x)
        if x.shape != self.shape:
            raise ValueError(f"{name} has shape {x.shape}; expected {self.shape}, that of theta")
        if jnp.issubdtype(x.dtype, jnp.complexfloating):
            raise TypeError(f"{name} has dtype {x.dtype}; expected real numbers")
        return x.astype(self.rows.dtype).reshape(self.rows.shape)

    def vectors(self, x: jax.Array) -> jax.Array:
        """An answer of the shape of theta."""
        return x.reshape(self.shape).astype(self.dtype)

    def numbers(self, x: jax.Array) -> jax.Array:
        """An answer with a number for each row."""
        return x.astype(self.dtype)


def _scores(layer: Layer, theta: ArrayLike) -> _Scores:
    if not isinstance(layer, Layer):
        raise TypeError(f"layer {found_of(layer)}; expected a Layer")
    theta = _array(theta)
    if not jnp.issubdtype(theta.dtype, jnp.floating):
        raise TypeError(f"theta has dtype {theta.dtype}; expected floating-point numbers")
    for row in layer.shape, (layer.dim,):
        if theta.shape[-len(row) :] == row:
            wide = theta.dtype == jnp.float64
            rows = theta.astype(jnp.float64 if wide else jnp.float32)
            return _Scores(layer, rows.reshape(*theta.shape[: -len(row)], layer.dim), theta.shape, theta.dtype)
    fitting = f"(..., {layer.dim})"
    if len(layer.shape) > 1:
        fitting = f"(..., {', '.join(map(str, layer.shape))}) or {fitting}"
    raise ValueError(f"theta has shape {theta.shape}; expected {fitting}")


def _checked(method: Any, kind: Any = _Method) -> Any:
    if not isinstance(method, kind):
        expected = "MonteCarlo(samples)" if kind is MonteCarlo else "Exact(), MonteCarlo(samples) or Cheapest(samples)"
        raise TypeError(f"method {found_of(method)}; expected {expected}")
    return method


def _words(name: str, x: Any) -> Any:
    """An integer as an operand of calls; words of 32 bits hold it where JAX has no integers of 64."""
    if not hasattr(x, "dtype") or not _traced(x) and np.ndim(x) == 0 and x.dtype.kind in "iu":
        whole = integer(name, x, 64)
        return np.array([whole >> 32, whole & 0xFFFF_FFFF], np.uint32)
    if not jnp.issubdtype(x.dtype, jnp.integer):
        raise TypeError(f"{name} has dtype {x.dtype}; expected an integer")
    if np.ndim(x):
        raise ValueError(f"{name} has shape {x.shape}; expected one integer")
    return _array(x)


def _noise(seed: Any, step: Any, first_row: Any) -> dict[str, Any]:
    """The integers that name noise, as operands."""
    noise = {}
    if _is_typed_key(seed):
        if seed.shape != ():
            raise ValueError(f"seed is an array of keys, of shape {seed.shape}; expected one key, for all rows")
        noise["seed"] = jax.random.key_data(seed)
    elif seed is not None:
        noise["seed"] = _array(seed) if _is_key(seed) else _words("seed", seed)
    if step is not None:
        noise["step"] = _words("step", step)
    if not (isinstance(first_row, int) and first_row == 0):
        noise["first_row"] = _words("first_row", first_row)
    return noise


def _is_typed_key(x: Any) -> bool:
    return hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def _is_key(x: Any) -> bool:
    """Whether x is a key of jax.random, of the new kind or the old."""
    return _is_typed_key(x) or getattr(x, "dtype", None) == jnp.uint32 and np.ndim(x) == 1 and x.shape[0] in (2, 4)


# What is asked.


def decide(layer: Layer, theta: ArrayLike) -> jax.Array:
    """The unperturbed decision y*(theta), of the shape of theta: what to act on after training. Its gradient is 0."""
    scores = _scores(layer, theta)
    return scores.vectors(_ask(_Question(layer, "decide"), jax.lax.stop_gradient(scores.rows)))


def maximizer(
    layer: Layer, theta: ArrayLike, method: _Method, *, seed: Any = None, step: Any = None, first_row: Any = 0
) -> jax.Array:
    """The smoothed decision y_eps(theta) = E[y*(theta + eps Z)], of the shape of theta (Definition 2.1).

    Its gradient is that of `Layer.vjp`, with the same noise.

    seed : integer or key of jax.random
        Replaces the seed of the method.
    step : integer
        Which noise within that seed: that of `method.fold(step)`.
    first_row : integer
        The number of the first row among all rows.
    """
    scores = _scores(layer, theta)
    noise = _noise(seed, step, first_row)
    return scores.vectors(
        _ask(_Question(layer, "maximizer", _checked(method), tuple(noise)), scores.rows, *noise.values())
    )


def value(
    layer: Layer, theta: ArrayLike, method: _Method, *, seed: Any = None, step: Any = None, first_row: Any = 0
) -> jax.Array:
    """The smoothed maximum F_eps(theta) = E[max_y <y, theta + eps Z>], a number for each row (Definition 2.1).

    Its gradient is `maximizer`, with the same noise. `seed`, `step` and `first_row` are those of `maximizer`.
    """
    scores = _scores(layer, theta)
    noise = _noise(seed, step, first_row)
    question = _Question(layer, "value", _checked(method), tuple(noise), parts=(False,))
    return scores.numbers(_ask(question, scores.rows, *noise.values()))


def fenchel_young(
    layer: Layer,
    theta: ArrayLike,
    target: ArrayLike,
    method: _Method,
    *,
    omega: bool = True,
    seed: Any = None,
    step: Any = None,
    first_row: Any = 0,
) -> jax.Array:
    """The Fenchel-Young loss F_eps(theta) + eps Omega(y) - <theta, y> of `target` = y, for each row (Definition 4.1).

    `target` has the shape of theta and is a constant. The gradient is that of `Layer.fenchel_young_gradient`,
    y_eps(theta) - y, with the same noise. Loss and gradient are computed apart: what a compiled program does not use
    costs nothing.

    omega : bool
        Whether to add the constant eps Omega(y), a search in each row where targets are no decisions.

    `seed`, `step` and `first_row` are those of `maximizer`.
    """
    scores = _scores(layer, theta)
    noise = _noise(seed, step, first_row)
    name = "fenchel_young" if omega else "fenchel_young_without_omega"
    question = _Question(layer, name, _checked(method), tuple(noise), parts=(False,))
    return scores.numbers(_ask(question, scores.rows, scores.same("target", target), *noise.values()))


def partial_label(
    layer: Layer,
    theta: ArrayLike,
    agreeing: Oracle | Sequence[Oracle],
    method: MonteCarlo,
    *,
    seed: Any = None,
    step: Any = None,
    first_row: Any = 0,
) -> jax.Array:
    """The Fenchel-Young loss of a partial label, a number for each row: `Layer.partial_label`.

    agreeing : Oracle or sequence of Oracle
        Decides among what agrees with the label: one for all rows, or one for each.
    method : MonteCarlo
        `seed`, `step` and `first_row` are those of `maximizer`.
    """
    scores = _scores(layer, theta)
    if not isinstance(agreeing, Oracle):
        agreeing = tuple(agreeing)
    noise = _noise(seed, step, first_row)
    how = _checked(method, MonteCarlo)
    question = _Question(layer, "partial_label", how, tuple(noise), values=(agreeing,), parts=(False,))
    return scores.numbers(_ask(question, scores.rows, *noise.values()))


def spo_plus(layer: Layer, theta: ArrayLike, truth: ArrayLike) -> jax.Array:
    """The SPO+ loss for true scores `truth`, a number for each row: `Layer.spo_plus`.

    `truth` has the shape of theta and is a constant. The gradient is the subgradient 2 (y*(2 theta - t) - y*(t)).
    """
    scores = _scores(layer, theta)
    question = _Question(layer, "spo_plus", parts=(False,))
    return scores.numbers(_ask(question, scores.rows, scores.same("truth", truth)))


def regret(layer: Layer, theta: ArrayLike, truth: ArrayLike) -> jax.Array:
    """What deciding by theta costs where true scores are `truth`, for each row: `Layer.regret`. Its gradient is 0."""
    scores = _scores(layer, theta)
    question = _Question(layer, "regret", parts=(False,))
    return scores.numbers(_ask(question, *jax.lax.stop_gradient((scores.rows, scores.same("truth", truth)))))


def interpolation(layer: Layer, theta: ArrayLike, lambd: float) -> jax.Array:
    """The decision y*(theta), with the gradient of its interpolation for the gradient: `Layer.interpolation_gradient`.

    lambd : float
        lambda > 0, in units of theta per unit of the gradient in y.
    """
    scores = _scores(layer, theta)
    backward = _Question(layer, "interpolation_gradient", values=(_positive("lambd", lambd),))
    return scores.vectors(_replaced((_Question(layer, "decide"),), backward, scores.rows, ()))


def implicit_mle(
    layer: Layer,
    theta: ArrayLike,
    lambd: float,
    method: MonteCarlo,
    *,
    seed: Any = None,
    step: Any = None,
    first_row: Any = 0,
) -> jax.Array:
    """The mean decision `maximizer`, with the gradient of implicit maximum likelihood: `Layer.imle_gradient`.

    lambd : float
        lambda > 0, in units of theta per unit of the gradient in y.
    method : MonteCarlo
        One sample is the authors' choice. `seed`, `step` and `first_row` are those of `maximizer`.
    """
    scores = _scores(layer, theta)
    noise = _noise(seed, step, first_row)
    forward = _Question(layer, "maximizer", _checked(method, MonteCarlo), tuple(noise))
    backward = replace(forward, name="imle_gradient", values=(_positive("lambd", lambd),))
    return scores.vectors(_replaced((forward,), backward, scores.rows, tuple(noise.values())))


def identity(
    layer: Layer, theta: ArrayLike, projection: Literal["none", "mean", "standardize"] = "standardize"
) -> jax.Array:
    """The decision y*(P(theta)), with the gradient as if it were P(theta): `Layer.identity_gradient`.

    projection : {"none", "mean", "standardize"}
        P(theta) = theta; theta - mean(theta); or the latter divided by its norm.
    """
    scores = _scores(layer, theta)
    project = _Question(layer, "project", values=(projection,))
    forward = (project, _Question(layer, "decide"))
    return scores.vectors(_replaced(forward, replace(project, name="identity_gradient"), scores.rows, ()))


def sparse_map(
    layer: Layer, theta: ArrayLike, lambd: float = 1.0, *, steps: int = 1000, tolerance: float = 1e-3
) -> jax.Array:
    """The regularised decision argmax_y <y, theta> - (lambda/2) |y|^2 of `Layer.sparse_map`, of the shape of theta.

    Options are those of the layer's method. The gradient is that of a central difference along the cotangent, so wide
    that y moves by no more than 0.1 to each side: right to some percent, for two more searches.
    """
    scores = _scores(layer, theta)
    return scores.vectors(_sparse_map(_sparse(layer, "sparse_map", lambd, steps, tolerance), scores.rows))


def sparse_map_loss(
    layer: Layer,
    theta: ArrayLike,
    target: ArrayLike,
    lambd: float = 1.0,
    *,
    steps: int = 1000,
    tolerance: float = 1e-3,
) -> jax.Array:
    """The SparseMAP loss of `target`, a number for each row: `Layer.sparse_map_loss`.

    `target` has the shape of theta and is a constant. Options are those of the layer's method.
    """
    scores = _scores(layer, theta)
    question = replace(_sparse(layer, "sparse_map_loss", lambd, steps, tolerance), parts=(False,))
    return scores.numbers(_ask(question, scores.rows, scores.same("target", target)))


def _positive(name: str, x: object) -> float:
    """A parameter that is part of the program."""
    if _traced(x):
        raise TypeError(f"{name} is traced; it is static: a number, known when the program is compiled")
    number = number_of(name, x)
    if number <= 0:
        raise ValueError(f"{name} is {number}; it must be positive")
    return number


def _sparse(layer: Layer, name: str, lambd: float, steps: int, tolerance: float) -> _Question:
    options = (("steps", integer("steps", steps, 32)), ("tolerance", _positive("tolerance", tolerance)))
    return _Question(layer, name, values=(_positive("lambd", lambd),), options=options)


# Makers.


class _Distribution:
    """Independent entries."""

    name: ClassVar[str]

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = (), dtype: Any = float) -> jax.Array:
        """Draws an array."""
        drawn: jax.Array = getattr(jax.random, self.name)(key, sample_shape, dtype)
        return drawn

    def log_prob(self, inputs: jax.Array) -> jax.Array:
        """The logarithm of the density of each entry, up to a constant."""
        raise NotImplementedError


class Normal(_Distribution):
    """The standard normal distribution."""

    name = "normal"

    def log_prob(self, inputs: jax.Array) -> jax.Array:
        """The logarithm of the density of each entry, up to a constant."""
        return -jnp.square(inputs) / 2


class Gumbel(_Distribution):
    """Gumbel's distribution, whose mean is 0.577: y_eps of `Simplex` is a softmax."""

    name = "gumbel"

    def log_prob(self, inputs: jax.Array) -> jax.Array:
        """The logarithm of the density of each entry."""
        return -(inputs + jnp.exp(-inputs))


class Logistic(_Distribution):
    """The logistic distribution."""

    name = "logistic"

    def log_prob(self, inputs: jax.Array) -> jax.Array:
        """The logarithm of the density of each entry."""
        return -inputs - 2 * jax.nn.softplus(-inputs)


class Laplace(_Distribution):
    """Laplace's distribution. It is not smooth, and has first derivatives alone."""

    name = "laplace"

    def log_prob(self, inputs: jax.Array) -> jax.Array:
        """The logarithm of the density of each entry, up to a constant."""
        return _minus_magnitude(inputs)


@jax.custom_jvp
def _minus_magnitude(x: jax.Array) -> jax.Array:
    return -jnp.abs(x)


@_minus_magnitude.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (x,), (tangent,) = primals, tangents
    return _minus_magnitude(x), -jnp.sign(_constant("noise 'laplace' is not smooth: no second derivative", x)) * tangent


_DISTRIBUTIONS = {kind.name: kind for kind in (Normal, Gumbel, Logistic, Laplace)}


def make_perturbed_argmax(
    argmax_fun: Oracle | Callable[[Any], Any],
    num_samples: int = 1000,
    sigma: Any = 0.1,
    noise: Any = "gumbel",
    control_variate: bool = True,
) -> Callable[[Any, Any], Any]:
    """A function (inputs, key) -> E[argmax_fun(inputs + sigma Z)], estimated from samples, with derivatives.

    The arguments are those that jaxopt's maker of this name takes; the key may also come first, as optax has it.

    argmax_fun : Oracle or callable
        An oracle is the fast way: the function made is `maximizer` of its layer, of one instance or a batch. Functions
        of JAX, from an array or a tree of them to a decision, are mapped over samples. A solver of numpy is an oracle,
        `BlackBox(dim, solver)`.
    num_samples : int
        M, the number of samples.
    sigma : float
        The temperature, without derivative.
    noise : {"gumbel", "normal", "logistic", "laplace"} or object
        A name, or an object with the methods of `Normal`: `sample` and `log_prob`.
    control_variate : bool
        Whether the unperturbed decision is subtracted in derivatives, to reduce their variance, for one decision more.
    """
    of_oracle = _of_oracle(maximizer, argmax_fun, num_samples, sigma, noise, control_variate)
    return of_oracle or make_perturbed_fun(argmax_fun, num_samples, sigma, noise, control_variate)


def make_perturbed_max(
    argmax_fun: Oracle | Callable[[Any], Any],
    num_samples: int = 1000,
    sigma: Any = 0.1,
    noise: Any = "gumbel",
    control_variate: bool = True,
) -> Callable[[Any, Any], Any]:
    """A function (inputs, key) -> E[max_y <y, inputs + sigma Z>]; its gradient is that of `make_perturbed_argmax`.

    Functions of JAX answer decisions of the shape of the inputs, and have one maximum; oracles have one for each row.
    """
    of_oracle = _of_oracle(value, argmax_fun, num_samples, sigma, noise, control_variate)
    if of_oracle is not None:
        return of_oracle
    draws = _Draws.of(argmax_fun, num_samples, sigma, noise, control_variate)

    @jax.custom_jvp
    def largest(x: Any, key: Any) -> Any:
        perturbed, _ = draws.perturbed(x, key)
        products = jax.tree.map(lambda x, y: jnp.sum(x * y, range(1, x.ndim)), perturbed, draws.answers(perturbed))
        return jnp.mean(sum(jax.tree.leaves(products)))

    @largest.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        products = jax.tree.map(jnp.vdot, draws.mean(*primals), tangents[0])
        return largest(*primals), sum(jax.tree.leaves(products))

    return _either_order(largest)


def make_perturbed_fun(
    fun: Oracle | Callable[[Any], Any],
    num_samples: int = 1000,
    sigma: Any = 0.1,
    noise: Any = "gumbel",
    control_variate: bool = True,
    *,
    use_baseline: bool | None = None,
) -> Callable[[Any, Any], Any]:
    """A function (inputs, key) -> E[fun(inputs + sigma Z)], estimated from samples, with all derivatives.

    The arguments are those that the makers of this name of jaxopt and optax take; the key may also come first.

    fun : callable
        From an array, or a tree of them, to the like. Its own derivatives are not used: it may be piecewise constant.
    use_baseline : bool
        Another name of `control_variate`.

    Other arguments are those of `make_perturbed_argmax`.
    """
    baseline = control_variate if use_baseline is None else use_baseline
    return _either_order(_Draws.of(fun, num_samples, sigma, noise, baseline).mean)


@dataclass(frozen=True)
class _Draws:
    """A function of JAX of perturbed inputs."""

    fun: Callable[[Any], Any]
    samples: int
    sigma: Any
    noise: Any
    baseline: bool

    @classmethod
    def of(cls, fun: Any, samples: Any, sigma: Any, noise: Any, baseline: bool) -> Self:
        if isinstance(fun, Oracle):
            fun = partial(decide, Layer(fun))
        if not callable(fun):
            raise TypeError(f"the function {found_of(fun)}; expected a function of JAX, or an oracle")
        if isinstance(noise, str):
            if noise not in _DISTRIBUTIONS:
                raise ValueError(f"noise is {noise!r}; expected one of {', '.join(map(repr, _DISTRIBUTIONS))}")
            noise = _DISTRIBUTIONS[noise]()
        if integer("num_samples", samples, 32) == 0:
            raise ValueError("num_samples is 0; expected at least 1")
        sigma = _constant("there is no derivative in sigma", sigma) if _traced(sigma) else _positive("sigma", sigma)
        return cls(fun, int(samples), sigma, noise, bool(baseline))

    def draw(self, key: Any, entries: int, dtype: Any) -> jax.Array:
        """Noise for so many entries of each sample."""
        parameters, shape = inspect.signature(self.noise.sample).parameters, (self.samples, entries)
        if "seed" in parameters:
            drawn = self.noise.sample(seed=key, sample_shape=shape)
        elif "dtype" in parameters:
            drawn = self.noise.sample(key, shape, dtype)
        else:
            drawn = self.noise.sample(key, shape)
        return jnp.asarray(drawn, dtype)

    def perturbed(self, x: Any, key: Any) -> tuple[Any, jax.Array]:
        """Inputs of all samples; and for each a 0, whose derivatives are those of the likelihood ratio of its noise."""
        for leaf in jax.tree.leaves(x):
            if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
                raise TypeError(f"the inputs have dtype {jnp.result_type(leaf)}; expected floating-point numbers")
        flat, unflatten = ravel_pytree(x)
        z, sigma = self.draw(key, len(flat), flat.dtype), jnp.asarray(self.sigma, flat.dtype)
        fixed = jax.lax.stop_gradient(flat)
        log_ratio = jnp.sum(self.noise.log_prob(z - (flat - fixed) / sigma), axis=1)
        return jax.vmap(unflatten)(fixed + sigma * z), _excess(log_ratio)

    def answers(self, perturbed: Any) -> Any:
        """The function's answers for all samples."""
        try:
            answers = jax.vmap(self.fun)(perturbed)
        except jax.errors.TracerArrayConversionError as error:
            message = "the function is none of JAX; a solver of numpy is an oracle, BlackBox(dim, solver)"
            raise TypeError(message) from error
        return jax.tree.map(lambda y: y if jnp.issubdtype(y.dtype, jnp.inexact) else y.astype(float), answers)

    def mean(self, x: Any, key: Any) -> Any:
        """The estimate, with derivatives by the likelihood ratio."""
        perturbed, excess = self.perturbed(x, key)
        answers = self.answers(perturbed)
        plain = self.fun(jax.lax.stop_gradient(x)) if self.baseline else jax.tree.map(lambda _: 0, answers)
        weigh = lambda y, plain: jnp.mean(y + excess.reshape(-1, *[1] * (y.ndim - 1)) * (y - plain), axis=0)
        return jax.tree.map(weigh, answers, plain)


@jax.custom_jvp
def _excess(log_ratio: jax.Array) -> jax.Array:
    """exp(x - x0) - 1 at x = x0."""
    zeros = jnp.zeros_like(log_ratio)
    # The compiler sees that the ratio is not needed; vmap must see it, as it sees that of the derivative.
    return jax.lax.select(jnp.isnan(log_ratio), zeros, zeros)


@_excess.defjvp
def _(primals: Any, tangents: Any) -> Any:
    excess = _excess(*primals)
    return excess, (1 + excess) * tangents[0]


def _of_oracle(
    ask: Callable[..., Any], oracle: Any, samples: int, sigma: Any, noise: Any, baseline: bool
) -> Callable[[Any, Any], Any] | None:
    """A function of a layer; None where oracle, noise or temperature are none of a layer's."""
    names = [name for name, kind in _DISTRIBUTIONS.items() if type(noise) is kind]
    name: Any = noise if isinstance(noise, str) else names[0] if names else None
    if not isinstance(oracle, Oracle) or name is None or _traced(sigma):
        return None
    layer = Layer(oracle, name, _positive("sigma", sigma))
    method = MonteCarlo(samples, control="baseline" if baseline else "none")
    return _either_order(lambda inputs, key: ask(layer, inputs, method, seed=key))


def _either_order(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def perturbed(inputs: Any, rng: Any) -> Any:
        if _is_key(inputs) and not _is_key(rng):
            inputs, rng = rng, inputs
        if not _is_key(rng):
            raise TypeError("no argument is a key of jax.random; expected inputs and a key")
        return function(inputs, rng)

    return perturbed
