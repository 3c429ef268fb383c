"""Layers in torch: differentiable functions, modules and losses.

>>> import torch
>>> from perturbed import GridPath, Layer, MonteCarlo
>>> from perturbed.torch import FenchelYoungLoss, decide
>>> layer = Layer(GridPath(4, 4), noise="normal", epsilon=0.5)
>>> costs = torch.rand(8, 4, 4, generator=torch.Generator().manual_seed(0)) + 0.1
>>> paths = decide(layer, -costs)
>>> criterion = FenchelYoungLoss(layer, MonteCarlo(samples=10, seed=1))
>>> theta = torch.full((8, 4, 4), -0.5, requires_grad=True)
>>> criterion(theta, paths).backward()
>>> theta.grad.shape
torch.Size([8, 4, 4])

**Signs.** Everything maximises <y, theta>: costs enter as theta = -costs.

**Shapes.** theta has the shape (d,), or (\\*batch, d) with any number of batch dimensions; an oracle on a rectangle
also takes (\\*batch, rows, columns). Answers have the shape of theta; numbers have one for each row, of shape batch.
Errors name rows by their place in the flattened batch.

**Types and devices.** float32 and float64 are computed as they are; float16 and bfloat16 in float32, with answers of
the type of theta. Tensors of other types are a TypeError. Computation takes place on the CPU, on the threads of
`perturbed.set_num_threads`, and reads tensors where they are; those on another device are copied there and answers
back, which has not been tested.

**Noise** is named, not drawn from torch's generators: `torch.manual_seed` changes nothing. Row r of the flattened batch
has the noise of `method.fold(first_row + r)`, as in `Layer`, and a theta without batch dimensions that of `method`
itself. A `step` makes it `method.fold(step).fold(first_row + r)`; modules count their steps while they train. The
backward pass has the noise of its forward pass, so that a step's value and gradient belong to the same samples; where
the loss is not linear in y_eps this correlates the two, a bias of order 1/samples. Modules whose noise shall be
independent need methods of different seeds.

**Distributed training.** Every process sets `module.first_row` to the number of rows that the processes before it hold,
`rank * len(theta)` where all hold as many. Then the noise is that of one process with the whole batch, bit for bit.
Where they do not, as in a last batch, `rank << 32` will do: numbers that do not overlap give independent noise. In the
accumulation of gradients, micro-batches are steps of their own; to be one step they are given it, and their rows:
`module(theta, step=step, first_row=...)`.

**Activation checkpointing** computes a forward pass twice. Modules that count steps refuse the second one; give them
the step instead, `module(theta, step=step)`, so that both have the same noise.

**Derivatives** are those that the layer has: `value` may be derived three times and `maximizer` twice, as far as the
layer can by its method: exact second derivatives of `maximizer` are known for Simplex alone, sampled ones need smooth
noise. Sampled derivatives are estimates of the derivative, not derivatives of the estimate. What has none raises an
error in the backward pass.

**Compilation.** All functions are operators of torch, so that `torch.compile(fullgraph=True)` and `torch.export` see
them whole. Layers and methods are constants of a graph; make them outside of it. Graphs hold a layer's description, so
that an exported program runs in any process that imports this module. A black box, or a description of more than 16 kB,
stays in the process that made it, and there as long as it runs, once a graph has it. `PartialLabelLoss` breaks graphs.

**Transforms.** `torch.func.grad`, `vjp` and `jacrev` work; `vmap` calls the layer once for each element, with equal
noise, as a loop would. There is no forward mode.
"""

import json
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast
from uuid import uuid4
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.library import custom_op

from . import Cheapest, Exact, Layer, MonteCarlo, Oracle, oracles
from ._checks import number as number_of

__all__ = [
    "FenchelYoungLoss",
    "Identity",
    "ImplicitMLE",
    "Interpolation",
    "PartialLabelLoss",
    "PerturbedLayer",
    "SPOPlusLoss",
    "SparseMAP",
    "SparseMAPLoss",
    "decide",
    "fenchel_young",
    "maximizer",
    "regret",
    "value",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
Method = Exact | MonteCarlo | Cheapest
Projection = Literal["none", "mean", "standardize"]
Reduction = Literal["none", "mean", "sum"]

_COMPILER: Any = torch.compiler  # It has no types.
# How far SparseMAP's decision may move in a difference.
_REACH = 0.1
# Descriptions of more characters cost more to hand over than they are worth.
_LONG = 1 << 14
_ORACLES = {kind._kind: kind for kind in vars(oracles).values() if isinstance(kind, type) and issubclass(kind, Oracle)}
_METHODS = {kind.__name__: kind for kind in (Exact, MonteCarlo, Cheapest)}


def _constant(function: _Function) -> _Function:
    """Of the arguments' identities, for graphs."""
    return cast(_Function, _COMPILER.assume_constant_result(function))


class _Held:
    """What an operator is given the name of, for as long as somebody may ask for it."""

    def __init__(self, name: str, it: Any) -> None:
        self.name, self.it = name, it
        _HELD[name] = self


_HELD: WeakValueDictionary[str, _Held] = WeakValueDictionary()
# What graphs name or are guarded by the identity of. Nobody tells when the last of them has run.
_PINNED: dict[int, object] = {}


def _pin(it: object) -> None:
    _PINNED[id(it)] = it


@lru_cache(maxsize=256)
def _hold(layer: Layer) -> _Held:
    # Oracles by row are held like a black box.
    spec = None if isinstance(layer.oracle, tuple) else layer.oracle._spec()
    name = f'{{"oracle": {spec}, "noise": "{layer.noise}", "epsilon": {layer.epsilon!r}}}'
    return _Held(uuid4().hex if spec is None or len(name) > _LONG else name, layer)


def _find(name: str) -> _Held:
    held = _HELD.get(name)
    if held is not None:
        return held
    if not name.startswith("{"):
        raise RuntimeError(
            f"layer {name} is not known; black boxes and long descriptions belong to the process that made them"
        )
    made = json.loads(name)
    ((kind, fields),) = made["oracle"].items()
    return _hold(Layer(_ORACLES[kind](**fields), made["noise"], made["epsilon"]))


@_constant
def _layer(layer: Layer) -> tuple[str, tuple[int, ...]]:
    """The name of a layer in graphs, and the shape of an instance."""
    if not isinstance(layer, Layer):
        raise TypeError(f"layer is of type {type(layer).__name__}; expected a Layer")
    if torch.compiler.is_compiling():
        _pin(layer)
    return _hold(layer).name, layer.shape


@_constant
def _method(method: Method) -> str:
    """The description of a method."""
    if type(method) not in _METHODS.values():
        found = type(method).__name__
        raise TypeError(
            f"method is of type {found}; expected Exact(), MonteCarlo(samples, seed) or Cheapest(samples, seed)"
        )
    if torch.compiler.is_compiling():
        _pin(method)
    return _describe(method)


@lru_cache(maxsize=256)
def _describe(method: Method) -> str:
    kind, arguments = method.__reduce__()
    return json.dumps([kind.__name__, *arguments])


@lru_cache(maxsize=256)
def _described(method: str) -> Method:
    kind, *arguments = json.loads(method)
    return _METHODS[kind](*arguments)


def _how(method: str, step: Tensor | None) -> Method:
    how = _described(method)
    if step is None:
        return how
    if (key := int(step)) < 0:
        raise ValueError(f"step is {key}; expected 0 to {(1 << 63) - 1}")
    return how.fold(key)


def _ask(question: str, layer: str, vectors: Sequence[Tensor], *arguments: Any, **options: Any) -> tuple[Tensor, ...]:
    """What a layer answers, as tensors on the device of the first."""
    ask, device = getattr(_find(layer).it, question), vectors[0].device
    found = ask(*[x.numpy(force=True) for x in vectors], *arguments, **options)
    answers = found if isinstance(found, tuple) else (found,)
    return tuple(torch.from_numpy(np.asarray(x)).to(device) for x in answers)


def _one(question: str, layer: str, vectors: Sequence[Tensor], *arguments: Any, **options: Any) -> Tensor:
    return _ask(question, layer, vectors, *arguments, **options)[0]


def _two(
    question: str, layer: str, vectors: Sequence[Tensor], *arguments: Any, **options: Any
) -> tuple[Tensor, Tensor]:
    one, two = _ask(question, layer, vectors, *arguments, **options)
    return one, two


def _name(arguments: Sequence[Any]) -> str:
    """The name of the layer: the first string among an operator's arguments."""
    return next(x for x in arguments if isinstance(x, str))


class _Operator:
    """An operator of rows or one instance.

    answers : str
        Its answers: "v" for a vector like theta, "n" for a number.
    parameters : str
        The names of its vectors, the first of its arguments.
    kernel : function
        Its name is the operator's, after an underscore.
    """

    def __init__(self, answers: str, parameters: str, kernel: Callable[..., Any]) -> None:
        self.answers, self.parameters = answers, parameters.split()
        self.formulas: tuple[Callable[..., Tensor], ...] = ()
        self.name = kernel.__name__.removeprefix("_")
        custom = custom_op(f"perturbed::{self.name}", mutates_args=())(kernel)
        self.operator: Any = getattr(torch.ops.perturbed, self.name).default
        custom.register_fake(self._fake)
        custom.register_autograd(self._backward, setup_context=self._setup_context)
        custom.register_vmap(self._mapped(self.operator))
        rules: dict[str, Any] = {
            "forward": staticmethod(lambda *arguments: self.operator(*arguments)),
            "setup_context": staticmethod(self._setup_context),
            "backward": staticmethod(self._backward),
            "vmap": staticmethod(self._mapped(self)),
        }
        self.function: Any = type(self.name, (torch.autograd.Function,), rules)

    def __call__(self, *arguments: Any) -> Any:
        # Operators know nothing of torch.func, and would take dual numbers for constants.
        if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
            return self.function.apply(*arguments)
        return self.operator(*arguments)

    def _fake(self, theta: Tensor, *arguments: Any) -> Any:
        _pin(_find(_name(arguments)))
        found = tuple(theta.new_empty(theta.shape if answer == "v" else theta.shape[:-1]) for answer in self.answers)
        return found if len(found) > 1 else found[0]

    def _mapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The rule of vmap: one call for each element."""

        def rule(info: Any, dims: tuple[int | None, ...], *arguments: Any) -> Any:
            def one(i: int) -> Any:
                return call(*[x if dim is None else x.select(dim, i) for x, dim in zip(arguments, dims, strict=True)])

            found = [one(i) for i in range(info.batch_size)]
            if len(self.answers) == 1:
                return torch.stack(found), 0
            return tuple(map(torch.stack, zip(*found, strict=True))), (0,) * len(self.answers)

        return rule

    def _setup_context(self, ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.set_materialize_grads(False)
        ctx.held = _find(_name(inputs))
        ctx.others = [None if isinstance(x, Tensor) else x for x in inputs]
        more = output[1:] if isinstance(output, tuple) else ()
        ctx.save_for_backward(*[x if isinstance(x, Tensor) else None for x in inputs], *more)

    def _backward(self, ctx: Any, *cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        count, saved = len(ctx.others), ctx.saved_tensors
        inputs = [other if x is None else x for x, other in zip(saved, ctx.others, strict=False)]
        found: list[Tensor | None] = [None] * count
        for i, parameter in enumerate(self.parameters):
            if ctx.needs_input_grad[i] and any(u is not None for u in cotangents):
                if i >= len(self.formulas):
                    raise NotImplementedError(f"{self.name} has no derivative in {parameter}")
                found[i] = self.formulas[i](cotangents, saved[count:], *inputs)
        return tuple(found)

    def differentiate(self, *formulas: Callable[..., Tensor]) -> None:
        """Gives it gradients in its first vectors; those in others are refused.

        formulas : functions of the cotangents, the answers beyond the first, and the arguments
        """
        self.formulas = formulas


def _operator(answers: str, parameters: str) -> Callable[[Callable[..., Any]], _Operator]:
    return lambda kernel: _Operator(answers, parameters, kernel)


def _of_number(gradient: Callable[..., Tensor] | None = None) -> Callable[..., Tensor]:
    """The derivative of an operator that answers a number and its gradient in theta, by that of the gradient."""

    def formula(cotangents: Sequence[Tensor | None], more: Sequence[Tensor], *inputs: Any) -> Tensor:
        number, vector = cotangents[:2]
        found = [] if number is None else [number.unsqueeze(-1) * more[0]]
        if vector is not None:
            if gradient is None:
                raise NotImplementedError("the loss has no second derivative")
            found.append(gradient(vector, *inputs))
        return found[0] if len(found) == 1 else found[0] + found[1]

    return formula


@_operator("v", "theta")
def _decide(theta: Tensor, layer: str) -> Tensor:
    return _one("decide", layer, [theta])


@_operator("v", "theta")
def _maximizer(theta: Tensor, layer: str, method: str, first_row: int, step: Tensor | None) -> Tensor:
    return _one("maximizer", layer, [theta], _how(method, step), first_row=first_row)


@_operator("nv", "theta")
def _value(theta: Tensor, layer: str, method: str, first_row: int, step: Tensor | None) -> tuple[Tensor, Tensor]:
    return _two("value_and_maximizer", layer, [theta], _how(method, step), first_row=first_row)


@_operator("nv", "theta target")
def _fenchel_young(
    theta: Tensor, target: Tensor, layer: str, method: str, first_row: int, step: Tensor | None, omega: bool
) -> tuple[Tensor, Tensor]:
    question = "fenchel_young" if omega else "fenchel_young_without_omega"
    return _two(question, layer, [theta, target], _how(method, step), first_row=first_row)


@_operator("v", "theta cotangent")
def _vjp(theta: Tensor, cotangent: Tensor, layer: str, method: str, first_row: int, step: Tensor | None) -> Tensor:
    return _one("vjp", layer, [theta, cotangent], _how(method, step), first_row=first_row)


@_operator("v", "theta tangent")
def _jvp(theta: Tensor, tangent: Tensor, layer: str, method: str, first_row: int, step: Tensor | None) -> Tensor:
    return _one("jvp", layer, [theta, tangent], _how(method, step), first_row=first_row)


@_operator("v", "theta cotangent tangent")
def _vjp_jacobian_product(
    theta: Tensor, cotangent: Tensor, tangent: Tensor, layer: str, method: str, first_row: int, step: Tensor | None
) -> Tensor:
    how, vectors = _how(method, step), [theta, cotangent, tangent]
    if not isinstance(how, Exact):
        return _one("vjp_jacobian_product", layer, vectors, how, first_row=first_row)
    # Closed forms are known of the matrix alone.
    matrix = _one("vjp_jacobian", layer, vectors[:2], how, first_row=first_row)
    return (matrix @ tangent.unsqueeze(-1)).squeeze(-1)


_maximizer.differentiate(lambda u, _, theta, *how: _vjp(theta, *u, *how))
_value.differentiate(_of_number(lambda u, theta, *how: _vjp(theta, u, *how)))
_fenchel_young.differentiate(_of_number(lambda v, theta, _, *how: _vjp(theta, v, *how[:-1])))
_vjp.differentiate(
    lambda v, _, theta, u, *how: _vjp_jacobian_product(theta, u, *v, *how),
    lambda v, _, theta, u, *how: _jvp(theta, *v, *how),
)
_jvp.differentiate(
    lambda u, _, theta, v, *how: _vjp_jacobian_product(theta, *u, v, *how),
    lambda u, _, theta, v, *how: _vjp(theta, *u, *how),
)


@_operator("n", "theta truth")
def _regret(theta: Tensor, truth: Tensor, layer: str) -> Tensor:
    return _one("regret", layer, [theta, truth])


@_operator("nv", "theta truth")
def _spo_plus(theta: Tensor, truth: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    return _two("spo_plus", layer, [theta, truth])


@_operator("v", "theta")
def _interpolation(theta: Tensor, layer: str, lambd: float) -> Tensor:
    return _one("decide", layer, [theta])


@_operator("v", "theta cotangent")
def _interpolation_gradient(theta: Tensor, cotangent: Tensor, layer: str, lambd: float) -> Tensor:
    return _one("interpolation_gradient", layer, [theta, cotangent], lambd)


@_operator("v", "theta")
def _imle(theta: Tensor, layer: str, method: str, first_row: int, step: Tensor | None, lambd: float) -> Tensor:
    return _one("maximizer", layer, [theta], _how(method, step), first_row=first_row)


@_operator("v", "theta cotangent")
def _imle_gradient(
    theta: Tensor, cotangent: Tensor, layer: str, method: str, first_row: int, step: Tensor | None, lambd: float
) -> Tensor:
    return _one("imle_gradient", layer, [theta, cotangent], lambd, _how(method, step), first_row=first_row)


@_operator("v", "theta")
def _identity(theta: Tensor, layer: str, projection: str) -> Tensor:
    return _one("decide", layer, [_one("project", layer, [theta], projection)])


@_operator("v", "theta cotangent")
def _identity_gradient(theta: Tensor, cotangent: Tensor, layer: str, projection: str) -> Tensor:
    return _one("identity_gradient", layer, [theta, cotangent], projection)


@_operator("nv", "theta")
def _partial_label(
    theta: Tensor, layer: str, agreeing: str, method: str, first_row: int, step: Tensor | None
) -> tuple[Tensor, Tensor]:
    return _two("partial_label", layer, [theta], _find(agreeing).it, _how(method, step), first_row=first_row)


@_operator("v", "theta")
def _sparse_map(theta: Tensor, layer: str, lambd: float, steps: int, tolerance: float) -> Tensor:
    return _one("sparse_map", layer, [theta], lambd, steps=steps, tolerance=tolerance)


@_operator("v", "theta cotangent")
def _sparse_map_gradient(
    theta: Tensor, cotangent: Tensor, layer: str, lambd: float, steps: int, tolerance: float
) -> Tensor:
    norm = cotangent.norm(dim=-1, keepdim=True)
    # So far y moves by no more than _REACH.
    step = torch.where(norm > 0, _REACH * lambd / norm, 0)
    ahead, behind = (_sparse_map(theta + s * step * cotangent, layer, lambd, steps, tolerance) for s in (1, -1))
    return torch.where(norm > 0, (ahead - behind) / (2 * step), 0)


@_operator("nv", "theta target")
def _sparse_map_loss(
    theta: Tensor, target: Tensor, layer: str, lambd: float, steps: int, tolerance: float
) -> tuple[Tensor, Tensor]:
    return _two("sparse_map_loss", layer, [theta, target], lambd, steps=steps, tolerance=tolerance)


_spo_plus.differentiate(_of_number())
_interpolation.differentiate(lambda u, _, theta, *how: _interpolation_gradient(theta, *u, *how))
_imle.differentiate(lambda u, _, theta, *how: _imle_gradient(theta, *u, *how))
_identity.differentiate(lambda u, _, theta, *how: _identity_gradient(theta, *u, *how))
_partial_label.differentiate(_of_number())
_sparse_map.differentiate(lambda u, _, theta, *how: _sparse_map_gradient(theta, *u, *how))
_sparse_map_loss.differentiate(_of_number())

_COMPUTED = {
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
    torch.float32: torch.float32,
    torch.float64: torch.float64,
}


def _shaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x if x.shape == shape else x.reshape(shape)


def _batch(size: torch.Size, shape: tuple[int, ...]) -> torch.Size:
    """The batch dimensions of theta of this size, where an instance has that shape."""
    if size[len(size) - len(shape) :] == shape:
        return size[: len(size) - len(shape)]
    if size[-1:] == (math.prod(shape),):
        return size[:-1]
    fitting = f"(*batch, {math.prod(shape)})"
    if len(shape) > 1:
        fitting = f"(*batch, {', '.join(map(str, shape))}) or {fitting}"
    raise ValueError(f"theta has shape {tuple(size)}; expected {fitting}")


def _run(operator: _Operator, layer: Layer, vectors: dict[str, Tensor], *arguments: Any) -> Tensor:
    """The first answer of an operator to vectors of any batch shape, of which theta is the first."""
    name, shape = _layer(layer)
    theta = vectors["theta"]
    for parameter, x in vectors.items():
        if not isinstance(x, Tensor):
            raise TypeError(f"{parameter} is of type {type(x).__name__}; expected a tensor")
        if x.shape != theta.shape:
            raise ValueError(f"{parameter} has shape {tuple(x.shape)}; expected {tuple(theta.shape)}, that of theta")
        if x.device != theta.device:
            raise ValueError(f"{parameter} is on {x.device}; expected {theta.device}, where theta is")
        if x.is_complex() or x.layout != torch.strided:
            raise TypeError(f"{parameter} has dtype {x.dtype} and layout {x.layout}; expected dense real numbers")
    if theta.dtype not in _COMPUTED:
        raise TypeError(f"theta has dtype {theta.dtype}; expected float64, float32, float16 or bfloat16")
    batch, dtype = _batch(theta.shape, shape), _COMPUTED[theta.dtype]
    flat = (math.prod(batch), math.prod(shape)) if batch else (math.prod(shape),)
    rows = [_shaped((x if operator.formulas else x.detach()).to(dtype), flat) for x in vectors.values()]
    found = operator(*rows, name, *arguments)
    answer: Tensor = found[0] if isinstance(found, tuple) else found
    return _shaped(answer, theta.shape if answer.ndim == len(flat) else batch).to(theta.dtype)


def _step(step: int | Tensor | None) -> Tensor | None:
    if step is None:
        return None
    if isinstance(step, Tensor):
        if step.is_floating_point() or step.is_complex() or step.ndim:
            raise TypeError(f"step has dtype {step.dtype} and shape {tuple(step.shape)}; expected one integer")
        return step
    if not isinstance(step, int):
        raise TypeError(f"step is of type {type(step).__name__}; expected an int, or a tensor of one integer")
    if not 0 <= step < 1 << 63:
        raise ValueError(f"step is {step}; expected 0 to {(1 << 63) - 1}")
    return torch.scalar_tensor(step, dtype=torch.int64)


def decide(layer: Layer, theta: Tensor) -> Tensor:
    """The unperturbed decision y*(theta) = argmax_y <y, theta>: what to act on after training.

    Piecewise constant, and so without a gradient.
    """
    return _run(_decide, layer, {"theta": theta})


def regret(layer: Layer, theta: Tensor, truth: Tensor) -> Tensor:
    """What deciding by theta costs where the true scores are t = `truth`: <t, y*(t) - y*(theta)>, for each row.

    Piecewise constant in theta, and so without a gradient; `SPOPlusLoss` bounds it from above.
    """
    return _run(_regret, layer, {"theta": theta, "truth": truth})


def maximizer(
    layer: Layer, theta: Tensor, method: Method, *, first_row: int = 0, step: int | Tensor | None = None
) -> Tensor:
    """The smoothed decision y_eps(theta) = E[y*(theta + eps Z)], of the shape of theta; its gradient is J^T u (eq. 4).

    theta : tensor of shape (\\*batch, d)
        The scores.
    method : Exact, MonteCarlo or Cheapest
    first_row : int
        The number of the first row among all rows, which names its noise.
    step : int or tensor of one int, optional
        The step of training, which the method's seed is folded with: noise of its own for each step.
    """
    return _run(_maximizer, layer, {"theta": theta}, _method(method), first_row, _step(step))


def value(
    layer: Layer, theta: Tensor, method: Method, *, first_row: int = 0, step: int | Tensor | None = None
) -> Tensor:
    """The smoothed maximum F_eps(theta) = E[max_y <y, theta + eps Z>], for each row; its gradient is y_eps(theta).

    Both are found in one pass. Parameters are those of `maximizer`.
    """
    return _run(_value, layer, {"theta": theta}, _method(method), first_row, _step(step))


def fenchel_young(
    layer: Layer,
    theta: Tensor,
    target: Tensor,
    method: Method,
    *,
    first_row: int = 0,
    step: int | Tensor | None = None,
    omega: bool = True,
) -> Tensor:
    """The Fenchel-Young loss F_eps(theta) + eps Omega(y) - <theta, y> for each row; its gradient is y_eps(theta) - y.

    target : tensor of the shape of theta
        y, a decision or a mean of decisions. It has no gradient.
    omega : bool
        Whether to add eps Omega(y), which makes the loss 0 where y_eps(theta) = y. It is a constant in theta, without
        which gradients are the same and cheaper: where y is no decision, it is a search in each row.

    Other parameters are those of `maximizer`.
    """
    vectors = {"theta": theta, "target": target}
    return _run(_fenchel_young, layer, vectors, _method(method), first_row, _step(step), omega)


def _positive(name: str, x: float) -> float:
    number = number_of(name, x)
    if number <= 0:
        raise ValueError(f"{name} is {number}; expected more than 0")
    return number


def _one_of(name: str, x: Any, *values: str) -> Any:
    if x not in values:
        raise ValueError(f"{name} is {x!r}; expected {', '.join(map(repr, values))}")
    return x


def _reduction(x: Reduction) -> Reduction:
    return cast(Reduction, _one_of("reduction", x, "mean", "sum", "none"))


def _reduced(loss: Tensor, reduction: Reduction) -> Tensor:
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


class _Module(nn.Module):
    """A module over a layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        _layer(layer)
        self.layer = layer

    def extra_repr(self) -> str:
        """The arguments of the constructor, and what was changed later."""
        shown = {name: x for name, x in vars(self).items() if name != "training" and not name.startswith("_")}
        return ", ".join(f"{name}={x!r}" for name, x in shown.items())


class _Sampled(_Module):
    """A module with noise, which counts its steps."""

    step: Tensor

    def __init__(self, layer: Layer, method: Method) -> None:
        super().__init__(layer)
        _method(method)
        self.method, self.first_row = method, 0
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def _noise(self, step: int | Tensor | None, first_row: int | None) -> dict[str, Any]:
        """The step and the first row of a forward pass."""
        if step is None and self.training:
            repeated = not torch.compiler.is_compiling() and torch._C._current_graph_task_id() >= 0
            if repeated or torch._C._are_functorch_transforms_active():
                raise RuntimeError(
                    f"{type(self).__name__} cannot count steps where activation checkpointing repeats them or "
                    "torch.func transforms them; call it with step=..."
                )
            step = self.step.clone()
            if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
                # Compiled checkpointing would repeat what is done in place, and refuses assignments.
                self.step = self.step + 1
            else:
                self.step.add_(1)
        return {"step": step, "first_row": self.first_row if first_row is None else first_row}


class PerturbedLayer(_Sampled):
    """The smoothed decision y_eps(theta) = E[y*(theta + eps Z)] as a module: `maximizer`.

    layer : Layer
    method : Exact, MonteCarlo or Cheapest

    Attributes, besides these:

    step : int64 tensor
        A buffer: how many forward passes were made in training mode. The noise of each is that of its number, so that a
        training that is resumed from a `state_dict` goes on with the same bits. In evaluation mode the noise is the
        method's own, always the same.
    first_row : int
        The number of the first row of theta among the rows of all processes, 0 at first.
    """

    def forward(self, theta: Tensor, *, step: int | Tensor | None = None, first_row: int | None = None) -> Tensor:
        """y_eps(theta), of the shape of theta.

        step : int or tensor of one int, optional
            The step, instead of the counted one, which then stays as it is.
        first_row : int, optional
            Instead of the attribute.
        """
        return maximizer(self.layer, theta, self.method, **self._noise(step, first_row))


class ImplicitMLE(_Sampled):
    """I-MLE (Niepert, Minervini and Franceschi 2021): the sampled y_eps(theta), moved towards a target distribution.

    The gradient in theta of a loss whose gradient in the output is g is E[y*(theta + eps Z) - y*(theta - lambda g + eps
    Z)] / lambda. Where the oracle needs costs >= 0, those of theta and of theta - lambda g must be such.

    layer : Layer
    method : MonteCarlo
        One sample is the authors' estimator. Attributes and options of a call are those of `PerturbedLayer`.
    lambd : float
        lambda > 0, in units of theta per unit of g.
    """

    def __init__(self, layer: Layer, method: MonteCarlo, lambd: float) -> None:
        super().__init__(layer, method)
        if not isinstance(method, MonteCarlo):
            raise TypeError(f"method is of type {type(method).__name__}; expected MonteCarlo(samples, seed)")
        self.lambd = _positive("lambd", lambd)

    def forward(self, theta: Tensor, *, step: int | Tensor | None = None, first_row: int | None = None) -> Tensor:
        """The mean of sampled decisions, of the shape of theta."""
        noise = self._noise(step, first_row)
        how = _method(self.method), noise["first_row"], _step(noise["step"])
        return _run(_imle, self.layer, {"theta": theta}, *how, self.lambd)


class Interpolation(_Module):
    """The decision y*(theta), with a gradient by interpolation (Vlastelica et al. 2020).

    The gradient in theta of a loss whose gradient in the decision is g is (y*(theta) - y*(theta - lambda g)) / lambda.
    No noise. Where the oracle needs costs >= 0, those of theta and of theta - lambda g must be such.

    layer : Layer
    lambd : float
        lambda > 0, in units of theta per unit of g: the larger, the further the interpolation reaches.
    """

    def __init__(self, layer: Layer, lambd: float) -> None:
        super().__init__(layer)
        self.lambd = _positive("lambd", lambd)

    def forward(self, theta: Tensor) -> Tensor:
        """y*(theta), of the shape of theta."""
        return _run(_interpolation, self.layer, {"theta": theta}, self.lambd)


class Identity(_Module):
    """The decision y*(P(theta)), with the gradient of P(theta): straight through the solver (Sahoo et al. 2023).

    No noise.

    layer : Layer
        Its oracle takes scores of any sign, unless the projection is "none".
    projection : {"none", "mean", "standardize"}
        P(theta) = theta, the straight-through estimator; theta - mean(theta); or the latter divided by its norm.
    """

    def __init__(self, layer: Layer, projection: Projection = "standardize") -> None:
        super().__init__(layer)
        self.projection = _one_of("projection", projection, "none", "mean", "standardize")

    def forward(self, theta: Tensor) -> Tensor:
        """y*(P(theta)), of the shape of theta."""
        return _run(_identity, self.layer, {"theta": theta}, self.projection)


class _Regularised(_Module):
    """A module over Frank and Wolfe's method."""

    def __init__(self, layer: Layer, lambd: float = 1.0, *, steps: int = 1000, tolerance: float = 1e-3) -> None:
        super().__init__(layer)
        self.lambd, self.steps, self.tolerance = _positive("lambd", lambd), steps, _positive("tolerance", tolerance)


class SparseMAP(_Regularised):
    """The regularised decision argmax_y <y, theta> - (lambda/2) |y|^2 over the convex hull (Niculae et al. 2018).

    Found by Frank and Wolfe's method, with an error |y - y_lambda|^2 of at most twice the duality gap over lambda. No
    noise. The gradient is the central difference of y along the cotangent, so wide that y moves by no more than 0.1 to
    each side: an average over kinks, at the price of two more decisions. Where the oracle needs costs >= 0, the
    backward pass needs them to be 0.1 lambda or more.

    layer : Layer
    lambd : float
        lambda > 0, in units of theta per unit of y.
    steps : int
        Most steps: solves.
    tolerance : float
        The duality gap that is good enough, in units of <y, theta>.
    """

    def forward(self, theta: Tensor) -> Tensor:
        """y_lambda(theta), of the shape of theta."""
        return _run(_sparse_map, self.layer, {"theta": theta}, self.lambd, self.steps, self.tolerance)


class FenchelYoungLoss(_Sampled):
    """The perturbed Fenchel-Young loss of decisions (Section 4): `fenchel_young`. As few as one sample suffices.

    layer : Layer
    method : Exact, MonteCarlo or Cheapest
        Attributes and options of a call are those of `PerturbedLayer`.
    reduction : {"mean", "sum", "none"}
        Over rows.
    omega : bool
        Whether to add the constant eps Omega(target); see `fenchel_young`.
    """

    def __init__(self, layer: Layer, method: Method, reduction: Reduction = "mean", *, omega: bool = True) -> None:
        super().__init__(layer, method)
        self.reduction, self.omega = _reduction(reduction), omega

    def forward(
        self, theta: Tensor, target: Tensor, *, step: int | Tensor | None = None, first_row: int | None = None
    ) -> Tensor:
        """The loss of `target`, decisions of the shape of theta."""
        noise = self._noise(step, first_row)
        loss = fenchel_young(self.layer, theta, target, self.method, omega=self.omega, **noise)
        return _reduced(loss, self.reduction)


def _of_partial_labels(layer: Layer, theta: Tensor, agreeing: Oracle | Sequence[Oracle], *how: Any) -> Tensor:
    held = _Held(uuid4().hex, agreeing)
    return _run(_partial_label, layer, {"theta": theta}, held.name, *how)


_partial = _COMPILER.disable(_of_partial_labels, reason="a graph cannot hold the oracles of a batch")


class PartialLabelLoss(_Sampled):
    """The Fenchel-Young loss F_eps(theta) - F_eps^S(theta) of what is known of a decision (Stewart et al. 2023).

    F^S maximises over the decisions S that agree with it. Its gradient is y_eps(theta) - y_eps^S(theta).

    layer : Layer
    method : MonteCarlo
        Attributes and options of a call are those of `PerturbedLayer`.
    reduction : {"mean", "sum", "none"}
        Over rows.
    """

    def __init__(self, layer: Layer, method: MonteCarlo, reduction: Reduction = "mean") -> None:
        super().__init__(layer, method)
        self.reduction = _reduction(reduction)

    def forward(
        self,
        theta: Tensor,
        agreeing: Oracle | Sequence[Oracle],
        *,
        step: int | Tensor | None = None,
        first_row: int | None = None,
    ) -> Tensor:
        """The loss.

        agreeing : Oracle or sequence of Oracle
            Decides over S, such as a SpanningTree with labels: one for all rows, or one for each.
        """
        noise = self._noise(step, first_row)
        loss = _partial(self.layer, theta, agreeing, _method(self.method), noise["first_row"], _step(noise["step"]))
        return _reduced(loss, self.reduction)


class SPOPlusLoss(_Module):
    """SPO+ (Elmachtoub and Grigas 2022): a convex bound of the `regret` of deciding by theta for known true scores.

    F(2 theta - t) - 2 <theta, y*(t)> + F(t), with the subgradient 2 (y*(2 theta - t) - y*(t)). No noise. Where the
    oracle needs costs >= 0, those of t and of 2 theta - t must be such.

    layer : Layer
    reduction : {"mean", "sum", "none"}
        Over rows.
    """

    def __init__(self, layer: Layer, reduction: Reduction = "mean") -> None:
        super().__init__(layer)
        self.reduction = _reduction(reduction)

    def forward(self, theta: Tensor, truth: Tensor) -> Tensor:
        """The loss for the true scores t = `truth`, of the shape of theta."""
        return _reduced(_run(_spo_plus, self.layer, {"theta": theta, "truth": truth}), self.reduction)


class SparseMAPLoss(_Regularised):
    """The SparseMAP loss of decisions, a Fenchel-Young loss with Omega = |.|^2 / 2, by `SparseMAP`'s method.

    Its gradient is y_lambda(theta) - target.

    reduction : {"mean", "sum", "none"}
        Over rows. Other parameters are those of `SparseMAP`.
    """

    def __init__(
        self,
        layer: Layer,
        lambd: float = 1.0,
        reduction: Reduction = "mean",
        *,
        steps: int = 1000,
        tolerance: float = 1e-3,
    ) -> None:
        super().__init__(layer, lambd, steps=steps, tolerance=tolerance)
        self.reduction = _reduction(reduction)

    def forward(self, theta: Tensor, target: Tensor) -> Tensor:
        """The loss of `target`, decisions of the shape of theta."""
        vectors = {"theta": theta, "target": target}
        loss = _run(_sparse_map_loss, self.layer, vectors, self.lambd, self.steps, self.tolerance)
        return _reduced(loss, self.reduction)
