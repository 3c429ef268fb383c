"""Layers in torch: the bits of `Layer`, derivatives, losses, graphs, transforms, workers and processes."""

import copy
import doctest
import gc
import inspect
import io
import math
import multiprocessing
import pickle
import runpy
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import perturbed
import pytest
from conftest import NOISES, ORACLES, largest
from perturbed import (
    Assignment,
    BlackBox,
    Cheapest,
    Exact,
    GridPath,
    Hypercube,
    Knapsack,
    Layer,
    MonteCarlo,
    PerturbedError,
    Ranking,
    Simplex,
    SpanningTree,
    TopK,
)

torch = pytest.importorskip("torch")

import perturbed.torch as pt  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.autograd import forward_ad, gradcheck, gradgradcheck  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

LAYER, HOW = Layer(Ranking(4), "normal", 0.8), MonteCarlo(5, 1)
SMOOTH = [noise for noise in NOISES if noise != "laplace"]
EXACT = {"simplex": Simplex(4), "top-k": TopK(4, 2), "hypercube": Hypercube(4, sign=True), "ranking": Ranking(4)}


def normal(*shape: int, seed: int = 0, dtype: Any = torch.float32, requires_grad: bool = False) -> Tensor:
    drawn = torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)
    return drawn.requires_grad_(requires_grad)


def same(x: Tensor, y: Any) -> bool:
    """Equal bits of equal types."""
    a, b = x.detach().numpy(), np.asarray(y.detach() if isinstance(y, Tensor) else y)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def scores(name: str, dtype: Any) -> tuple[Layer, Tensor]:
    """A layer, and two times three rows for it."""
    oracle, theta = ORACLES[name]
    base = torch.tensor(theta, dtype=dtype)
    return Layer(oracle, "normal", 0.5), base - 0.2 * normal(2, 3, len(theta), seed=3, dtype=dtype).abs()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ORACLES)
def test_bits_are_those_of_the_layer(name: str, dtype: Any) -> None:
    layer, theta = scores(name, dtype)
    rows, how = theta.reshape(6, -1).numpy(), MonteCarlo(7, 3)
    theta.requires_grad_()
    u = normal(*theta.shape, seed=4, dtype=dtype)
    options: dict[str, Any] = {"first_row": 5}

    y = pt.maximizer(layer, theta, how, **options)
    (gradient,) = torch.autograd.grad(y, theta, u)
    assert same(y.reshape(6, -1), layer.maximizer(rows, how, **options))
    assert same(gradient.reshape(6, -1), layer.vjp(rows, u.reshape(6, -1).numpy(), how, **options))

    value = pt.value(layer, theta, how, **options)
    (gradient,) = torch.autograd.grad(value.sum(), theta)
    assert value.shape == (2, 3) and same(value.reshape(6), layer.value(rows, how, **options))
    assert same(gradient, y)

    target = pt.decide(layer, theta)
    assert not target.requires_grad and same(target.reshape(6, -1), layer.decide(rows))
    for omega, ask in ((True, layer.fenchel_young), (False, layer.fenchel_young_without_omega)):
        loss = pt.fenchel_young(layer, theta, target, how, omega=omega, **options)
        (gradient,) = torch.autograd.grad(loss.sum(), theta)
        expected = ask(rows, target.reshape(6, -1).numpy(), how, **options)
        assert loss.shape == (2, 3) and same(loss.reshape(6), expected[0])
        assert same(gradient.reshape(6, -1), expected[1])


def test_shapes() -> None:
    layer = Layer(GridPath(2, 3), "gumbel")
    theta = -normal(4, 2, 3, seed=1).abs() - 1
    expected = layer.maximizer(theta.numpy(), HOW)
    for shape in (4, 2, 3), (4, 6), (2, 2, 2, 3), (2, 2, 6), (1, 4, 1, 6):
        y = pt.maximizer(layer, theta.reshape(shape), HOW)
        assert y.shape == shape and same(y.reshape(4, 2, 3), expected)
        assert pt.value(layer, theta.reshape(shape), HOW).numel() == 4
    # One instance has the method's own noise.
    for shape in (2, 3), (6,):
        y = pt.maximizer(layer, theta[1].reshape(shape), HOW)
        assert same(y.reshape(2, 3), layer.maximizer(theta[1].numpy(), HOW))
        assert pt.value(layer, theta[1].reshape(shape), HOW).shape == ()
    for shape in (0, 2, 3), (3, 0, 6):
        none = torch.zeros(shape, requires_grad=True)
        loss = pt.fenchel_young(layer, none, none.detach(), HOW)
        loss.sum().backward()
        assert loss.numel() == 0 and none.grad is not None and none.grad.shape == shape
    for shape in (), (5,), (3, 2), (2, 3, 1), (6, 5):
        with pytest.raises(ValueError, match=r"theta has shape \(.*\); expected \(\*batch, 2, 3\) or \(\*batch, 6\)"):
            pt.maximizer(layer, torch.zeros(shape), HOW)


def test_layouts() -> None:
    theta = normal(3, 4, requires_grad=True)
    u = normal(3, 4, seed=2)
    expected = LAYER.vjp(theta.detach().numpy(), u.numpy(), HOW)
    for change in (
        lambda x: x.T.contiguous().T,
        lambda x: x.repeat_interleave(2, dim=1)[:, ::2],
        lambda x: x.flip(0).flip(0),
        lambda x: x[None].expand(2, 3, 4)[1],
        lambda x: torch.view_as_complex(torch.stack([x, -x], -1)).conj().real,
        lambda x: torch.view_as_complex(torch.stack([x, -x], -1)).conj().imag,  # A view that negates.
    ):
        (gradient,) = torch.autograd.grad(pt.maximizer(LAYER, change(theta), HOW), theta, change(u))
        assert same(gradient, expected)
    # Of a sum, which is expanded.
    (gradient,) = torch.autograd.grad(pt.maximizer(LAYER, theta, HOW).sum(), theta)
    assert same(gradient, LAYER.vjp(theta.detach().numpy(), np.ones((3, 4), "f4"), HOW))
    parameter = nn.Parameter(theta.detach())
    pt.value(LAYER, parameter, HOW).sum().backward()
    assert parameter.grad is not None and same(parameter.grad, pt.maximizer(LAYER, theta, HOW))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_types(dtype: Any) -> None:
    theta = normal(3, 4, dtype=dtype, requires_grad=True)
    u, wide = normal(3, 4, seed=2, dtype=dtype), theta.detach().float()
    y = pt.maximizer(LAYER, theta, HOW)
    (gradient,) = torch.autograd.grad(y, theta, u)
    assert y.dtype == gradient.dtype == dtype
    assert torch.equal(y, pt.maximizer(LAYER, wide, HOW).to(dtype))
    expected = LAYER.vjp(wide.numpy(), u.float().numpy(), HOW)
    assert torch.equal(gradient, torch.from_numpy(expected).to(dtype))
    loss = pt.FenchelYoungLoss(LAYER, HOW)(theta, torch.tensor([[4, 3, 2, 1]] * 3))
    assert loss.dtype == dtype
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert pt.maximizer(LAYER, nn.Linear(4, 4)(wide), HOW).dtype == torch.bfloat16


def test_refusals() -> None:
    theta, y = normal(3, 4), pt.decide(LAYER, normal(3, 4))
    for wrong in torch.int64, torch.bool, torch.complex64, torch.float8_e5m2:
        with pytest.raises(TypeError, match=f"theta has dtype {wrong}.* expected"):
            pt.maximizer(LAYER, theta.to(wrong), HOW)
    for theta_ in theta.numpy(), [0.0] * 4, None:
        with pytest.raises(TypeError, match=r"theta is of type \w+; expected a tensor"):
            pt.decide(LAYER, theta_)
    for target, kind, message in (
        (y[:2], ValueError, r"target has shape \(2, 4\); expected \(3, 4\), that of theta"),
        (y.numpy(), TypeError, "target is of type ndarray; expected a tensor"),
        (y.to(torch.complex64), TypeError, "target has dtype torch.complex64 .* expected dense real numbers"),
        (y.to("meta"), ValueError, "target is on meta; expected cpu"),
        (y + 9, PerturbedError, "row 0: target lies outside"),
    ):
        with pytest.raises(kind, match=message):
            pt.fenchel_young(LAYER, theta, target, HOW)
    with pytest.raises(TypeError, match="theta has dtype torch.float32 and layout torch.sparse_coo; expected dense"):
        pt.maximizer(LAYER, theta.to_sparse(), HOW)
    with pytest.raises(TypeError, match="layer is of type Ranking; expected a Layer"):
        pt.PerturbedLayer(Ranking(4), HOW)
    with pytest.raises(TypeError, match="method is of type int; expected Exact"):
        pt.maximizer(LAYER, theta, 5)
    with pytest.raises(ValueError, match="first_row is -1; expected 0 to"):
        pt.maximizer(LAYER, theta, HOW, first_row=-1)
    with pytest.raises(ValueError, match="first_row numbers the rows of a batch; theta is one instance"):
        pt.maximizer(LAYER, theta[0], HOW, first_row=1)
    with pytest.raises(RuntimeError, match="'first_row'"):
        pt.maximizer(LAYER, theta, HOW, first_row=1.5)
    for step, kind in ((-1, ValueError), (2**63, ValueError), (1.5, TypeError), (torch.tensor(1.5), TypeError)):
        with pytest.raises(kind, match="step"):
            pt.maximizer(LAYER, theta, HOW, step=step)
    for step in torch.tensor(-1), torch.tensor([1, 2]):
        with pytest.raises((ValueError, TypeError), match="step"):
            pt.maximizer(LAYER, theta, HOW, step=step)
    for make in (
        lambda: pt.FenchelYoungLoss(LAYER, HOW, "avg"),
        lambda: pt.Interpolation(LAYER, 0.0),
        lambda: pt.Identity(LAYER, "mode"),
        lambda: pt.SparseMAP(LAYER, tolerance=-1.0),
    ):
        with pytest.raises(ValueError, match="expected"):
            make()
    with pytest.raises(TypeError, match="method is of type Exact; expected MonteCarlo"):
        pt.ImplicitMLE(LAYER, Exact(), 1.0)
    target = y.clone().requires_grad_()
    with pytest.raises(NotImplementedError, match="fenchel_young has no derivative in target"):
        pt.fenchel_young(LAYER, theta, target, HOW).sum().backward()
    wrong_row = theta.clone()
    wrong_row[2, 1] = math.nan
    with pytest.raises(PerturbedError, match=r"row 2: theta\[1\] is NaN"):
        pt.maximizer(LAYER, wrong_row, HOW)


def test_tensors_without_data() -> None:
    for shape, dtype in ((3, 4), torch.float32), ((2, 3, 4), torch.float16):
        theta = torch.empty(shape, dtype=dtype, device="meta", requires_grad=True)
        y, value = pt.maximizer(LAYER, theta, HOW), pt.value(LAYER, theta, HOW)
        assert y.device.type == "meta" and (y.shape, y.dtype) == (theta.shape, theta.dtype)
        assert value.shape == theta.shape[:-1] and value.dtype == theta.dtype
    with torch._subclasses.FakeTensorMode():
        theta = torch.empty(3, 4, requires_grad=True)
        pt.fenchel_young(LAYER, theta, torch.empty(3, 4), HOW).sum().backward()
        assert theta.grad is not None and theta.grad.shape == (3, 4)


# Derivatives.


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", EXACT)
def test_exact_derivatives(name: str, noise: Any) -> None:
    """Against differences: all first ones, and the second ones of numbers."""
    layer, how = Layer(EXACT[name], noise, 0.8), Exact()
    theta = normal(3, 4, dtype=torch.float64, requires_grad=True)
    y = pt.decide(layer, normal(3, 4, seed=1, dtype=torch.float64))
    for f in (
        lambda theta: pt.value(layer, theta, how),
        lambda theta: pt.fenchel_young(layer, theta, y, how),
        lambda theta: pt.fenchel_young(layer, theta, y, how, omega=False),
    ):
        assert gradcheck(f, theta) and gradgradcheck(f, theta)
    assert gradcheck(lambda theta: pt.maximizer(layer, theta, how), theta)


@pytest.mark.parametrize("noise", SMOOTH)
def test_exact_second_derivatives_of_maximizers(noise: Any) -> None:
    """Known of Simplex alone."""
    layer, how = Layer(Simplex(4), noise, 0.8), Exact()
    theta = normal(3, 4, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(lambda theta: pt.maximizer(layer, theta, how), theta)

    def gradient(theta: Tensor) -> Tensor:
        return torch.autograd.grad(pt.value(layer, theta, how).sum(), theta, create_graph=True)[0]

    assert gradgradcheck(gradient, theta)
    for other in Layer(Ranking(4), noise, 0.8), Layer(Simplex(4), "laplace", 0.8):
        y = pt.maximizer(other, theta, how)
        (first,) = torch.autograd.grad(y.pow(2).sum(), theta, create_graph=True)
        with pytest.raises(PerturbedError, match="no closed form|not smooth"):
            first.sum().backward()


@pytest.mark.parametrize("how", [MonteCarlo(9, 2), Cheapest(9, 2), MonteCarlo(9, 2, draws="antithetic")], ids=repr)
def test_bits_of_second_derivatives(how: Any) -> None:
    theta = normal(3, 4, dtype=torch.float64, requires_grad=True)
    u = normal(3, 4, seed=1, dtype=torch.float64, requires_grad=True)
    v = normal(3, 4, seed=2, dtype=torch.float64, requires_grad=True)
    numbers = [x.detach().numpy() for x in (theta, u, v)]
    (vjp,) = torch.autograd.grad(pt.maximizer(LAYER, theta, how, first_row=2), theta, u, create_graph=True)
    in_theta, jvp = torch.autograd.grad(vjp, (theta, u), v, create_graph=True)
    assert same(in_theta, LAYER.vjp_jacobian_product(*numbers, how, first_row=2))
    assert same(jvp, LAYER.jvp(numbers[0], numbers[2], how, first_row=2))
    # The derivatives of the product J v in theta and v.
    w = normal(3, 4, seed=3, dtype=torch.float64)
    in_theta_again, back = torch.autograd.grad(jvp, (theta, v), w, retain_graph=True)
    assert same(in_theta_again, LAYER.vjp_jacobian_product(numbers[0], w.numpy(), numbers[2], how, first_row=2))
    assert same(back, LAYER.vjp(numbers[0], w.numpy(), how, first_row=2))
    with pytest.raises(NotImplementedError, match="vjp_jacobian_product has no derivative in theta"):
        in_theta.sum().backward()


def test_helpers_of_autograd() -> None:
    layer, theta = Layer(Simplex(4), "gumbel"), normal(4, dtype=torch.float64)
    matrix = layer.jacobian(theta.numpy(), Exact())
    f = lambda theta: pt.maximizer(layer, theta, Exact())  # noqa: E731
    np.testing.assert_allclose(torch.autograd.functional.jacobian(f, theta), matrix, rtol=1e-12, atol=1e-16)
    hessian = torch.autograd.functional.hessian(lambda theta: pt.value(layer, theta, Exact()), theta)
    np.testing.assert_allclose(hessian, matrix, rtol=1e-12, atol=1e-16)
    v = normal(4, seed=1, dtype=torch.float64)
    np.testing.assert_allclose(torch.autograd.functional.jvp(f, theta, v)[1], matrix @ v.numpy(), rtol=1e-10)


# Steps.


def test_steps() -> None:
    module, theta = pt.PerturbedLayer(LAYER, HOW), normal(3, 4, requires_grad=True)
    module.first_row = 7
    u, rows = normal(3, 4, seed=1), theta.detach().numpy()
    for step in range(3):
        y = module(theta)
        assert same(y, LAYER.maximizer(rows, HOW.fold(step), first_row=7))
        assert same(torch.autograd.grad(y, theta, u)[0], LAYER.vjp(rows, u.numpy(), HOW.fold(step), first_row=7))
    # Graphs of several steps, derived in any order.
    first, second = module(theta), module(theta)
    for y, step in (second, 4), (first, 3):
        assert same(torch.autograd.grad(y, theta, u)[0], LAYER.vjp(rows, u.numpy(), HOW.fold(step), first_row=7))
    assert module.step == 5 and module.step.dtype == torch.int64
    for step in 2, torch.tensor(2), torch.tensor(2, dtype=torch.uint8):
        assert same(module(theta, step=step, first_row=1), LAYER.maximizer(rows, HOW.fold(2), first_row=1))
    module.eval()
    assert same(module(theta), LAYER.maximizer(rows, HOW, first_row=7)) and module.step == 5
    assert same(module(theta, step=2), LAYER.maximizer(rows, HOW.fold(2), first_row=7))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), pt.PerturbedLayer(LAYER, HOW), nn.Linear(4, 2))


def train(net: nn.Module, steps: range, x: Tensor) -> list[float]:
    optimizer, losses = torch.optim.SGD(net.parameters(), 0.01), []
    for step in steps:
        loss = net(x[step]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("way", ["state_dict", "pickle", "deepcopy", "save"])
def test_resumed_training_has_the_same_bits(way: str) -> None:
    x, net, whole = normal(6, 8, 5), network(), network()
    expected = train(whole, range(6), x)
    assert train(net, range(3), x) == expected[:3]
    if way == "state_dict":
        state = copy.deepcopy(net.state_dict())
        assert sorted(state) == ["0.bias", "0.weight", "1.step", "2.bias", "2.weight"]
        net = network()
        net.load_state_dict(state)
    elif way == "save":
        file = io.BytesIO()
        torch.save(net, file)
        file.seek(0)
        net = torch.load(file, weights_only=False)
    else:
        net = pickle.loads(pickle.dumps(net)) if way == "pickle" else copy.deepcopy(net)
    assert train(net, range(3, 6), x) == expected[3:]
    assert all(same(a, b) for a, b in zip(net.state_dict().values(), whole.state_dict().values(), strict=True))


def test_modules_may_be_changed() -> None:
    module, theta = pt.PerturbedLayer(LAYER, HOW).eval(), normal(3, 4)
    module.layer, module.method = Layer(TopK(4, 2)), MonteCarlo(2)
    assert same(module(theta), module.layer.maximizer(theta.numpy(), MonteCarlo(2)))
    assert repr(module) == f"PerturbedLayer(layer={module.layer!r}, method={module.method!r}, first_row=0)"
    assert module.to(torch.float16).step.dtype == torch.int64


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints(reentrant: bool) -> None:
    module, theta = pt.PerturbedLayer(LAYER, HOW), normal(3, 4, requires_grad=True)
    expected = torch.autograd.grad(pt.maximizer(LAYER, 2 * theta, HOW, step=3).pow(2).sum(), theta)[0]
    checkpoint(lambda theta: module(2 * theta, step=3), theta, use_reentrant=reentrant).pow(2).sum().backward()
    assert theta.grad is not None and same(theta.grad, expected) and module.step == 0
    y = checkpoint(lambda theta: module(2 * theta), theta, use_reentrant=reentrant)
    with pytest.raises(RuntimeError, match="cannot count steps .* call it with step="):
        y.sum().backward()
    module.eval()
    checkpoint(lambda theta: module(2 * theta), theta, use_reentrant=reentrant).sum().backward()


# Losses and layers of the neighbouring literature.


def test_reductions() -> None:
    theta, y = normal(2, 3, 4), pt.decide(LAYER, normal(2, 3, 4, seed=1))
    each = pt.fenchel_young(LAYER, theta, y, HOW)
    for reduction, expected in ("none", each), ("sum", each.sum()), ("mean", each.mean()):
        assert same(pt.FenchelYoungLoss(LAYER, HOW, reduction).eval()(theta, y), expected)
        assert same(pt.FenchelYoungLoss(LAYER, HOW, reduction)(theta, y, step=1).sum(), expected.sum()) is False
    inside, soft = pt.maximizer(LAYER, theta, MonteCarlo(20)), pt.FenchelYoungLoss(LAYER, HOW, omega=False).eval()
    assert same(soft(theta, inside), pt.fenchel_young(LAYER, theta, inside, HOW, omega=False).mean())


def test_spo_plus() -> None:
    layer = Layer(Simplex(3))
    theta = torch.tensor([[2.0, 1.0, 0.0], [0.0, 5.0, 0.0]], requires_grad=True)
    truth = torch.tensor([[1.0, 3.0, 0.0], [1.0, 3.0, 0.0]])
    loss = pt.SPOPlusLoss(layer, "none")(theta, truth)
    assert loss.tolist() == [4.0, 0.0] and pt.regret(layer, theta, truth).tolist() == [2.0, 0.0]
    loss.sum().backward()
    assert theta.grad is not None and theta.grad.tolist() == [[2.0, -2.0, 0.0], [0.0, 0.0, 0.0]]
    assert not pt.regret(layer, theta, truth).requires_grad
    assert pt.SPOPlusLoss(layer)(theta, truth) == 2.0


@pytest.mark.parametrize("name", ["ranking", "top-k", "knapsack", "spanning tree"])
def test_neighbours_have_the_bits_of_the_layer(name: str) -> None:
    layer, theta = scores(name, torch.float64)
    theta, u = theta[0].requires_grad_(), normal(*theta[0].shape, seed=2, dtype=torch.float64)
    rows, g = theta.detach().numpy(), u.numpy()
    decided = layer.decide(rows)
    cases: list[tuple[nn.Module, Any, Any]] = [
        (pt.Interpolation(layer, 0.7), decided, layer.interpolation_gradient(rows, g, 0.7)),
        *(
            (pt.Identity(layer, how), layer.decide(layer.project(rows, how)), layer.identity_gradient(rows, g, how))
            for how in ("none", "mean", "standardize")
        ),
        (
            pt.ImplicitMLE(layer, HOW, 2.0),
            layer.maximizer(rows, HOW.fold(0), first_row=4),
            layer.imle_gradient(rows, g, 2.0, HOW.fold(0), first_row=4),
        ),
    ]
    for module, y_expected, gradient_expected in cases:
        module.first_row = 4
        y = module(theta)
        (gradient,) = torch.autograd.grad(y, theta, u, create_graph=True)
        assert same(y, y_expected) and same(gradient, gradient_expected), module
        with pytest.raises(NotImplementedError, match="has no derivative in theta"):
            gradient.sum().backward()
    truth = rows - np.abs(g)
    (gradient,) = torch.autograd.grad(pt.SPOPlusLoss(layer, "sum")(theta, torch.from_numpy(truth)), theta)
    assert same(gradient, layer.spo_plus(rows, truth)[1])
    loss = pt.SparseMAPLoss(layer, 0.5, "none", steps=50)(theta, torch.from_numpy(decided))
    (gradient,) = torch.autograd.grad(loss.sum(), theta, create_graph=True)
    expected = layer.sparse_map_loss(rows, decided, 0.5, steps=50)
    assert same(loss, expected[0]) and same(gradient, expected[1])
    with pytest.raises(NotImplementedError, match="no second derivative"):
        gradient.sum().backward()


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
def test_partial_labels() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    layer = Layer(SpanningTree(4, edges), "normal", 0.5)
    agreeing = [SpanningTree(4, edges, [True, None, False, None, None]), SpanningTree(4, edges), SpanningTree(4, edges)]
    theta = normal(3, 5, dtype=torch.float64, requires_grad=True)
    module = pt.PartialLabelLoss(layer, HOW, "none")
    for step, labels in enumerate((agreeing, agreeing[0])):
        loss = module(theta, labels, first_row=2)
        (gradient,) = torch.autograd.grad(loss.sum(), theta)
        expected = layer.partial_label(theta.detach().numpy(), labels, HOW.fold(step), first_row=2)
        assert same(loss, expected[0]) and same(gradient, expected[1])
    assert module(theta[0], agreeing[0]).shape == () and (module(theta, agreeing)[1:] == 0).all()
    compiled = torch.compile(module.eval(), backend="eager")
    assert same(compiled(theta, agreeing), module(theta, agreeing))
    with pytest.raises((TypeError, ValueError), match="agreeing"):
        module(theta, agreeing[:2])


def top_k_projection(theta: np.ndarray, k: int) -> np.ndarray:
    """The point of {0 <= y <= 1, <1, y> = k} that is closest to theta, by bisection."""
    low, high = theta.min() - 1, theta.max()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(theta - middle, 0, 1).sum() > k else (low, middle)
    return np.clip(theta - low, 0, 1)


def test_sparse_map() -> None:
    """Against the projection's closed form: values, differences, and the Jacobian where these cross no kink."""
    layer, lambd, options = Layer(TopK(20, 6)), 2.0, {"steps": 20_000, "tolerance": 1e-6}
    theta = normal(10, 20, seed=5, dtype=torch.float64, requires_grad=True)
    u = normal(10, 20, seed=6, dtype=torch.float64)
    y = pt.SparseMAP(layer, lambd, **options)(theta)
    (gradient,) = torch.autograd.grad(y, theta, u, create_graph=True)
    reach = 0.1 * lambd / u.norm(dim=1, keepdim=True).numpy()
    at = [theta.detach().numpy() + sign * reach * u.numpy() for sign in (0, 1, -1)]
    exact, ahead, behind = (np.stack([top_k_projection(row / lambd, 6) for row in rows]) for rows in at)
    # |y - y_lambda|^2 <= 2 gap / lambda.
    errors = [np.sqrt(2 * layer.sparse_map(rows, lambd, **options)[2] / lambd) for rows in at]
    assert np.all(np.linalg.norm(y.detach().numpy() - exact, axis=1) <= errors[0] + 1e-12)
    secant, bound = (ahead - behind) / (2 * reach), (errors[1] + errors[2]) / (2 * reach[:, 0])
    assert np.all(np.linalg.norm(gradient.detach().numpy() - secant, axis=1) <= bound + 1e-12)
    smooth = 0
    for row in range(10):
        free = (exact[row] > 0) & (exact[row] < 1)
        if all(np.array_equal(free, (y[row] > 0) & (y[row] < 1)) for y in (ahead, behind)):
            centred = np.where(free, u[row].numpy() - u[row].numpy()[free].mean(), 0) / lambd
            np.testing.assert_allclose(secant[row], centred, atol=1e-12)
            smooth += 1
    assert smooth >= 2
    with pytest.raises(NotImplementedError, match="sparse_map_gradient has no derivative"):
        gradient.sum().backward()
    assert (torch.autograd.grad(pt.SparseMAP(layer)(theta), theta, torch.zeros_like(u))[0] == 0).all()


def test_costs_that_must_not_be_negative() -> None:
    layer = Layer(GridPath(3, 3, floor=None))
    theta = (-normal(2, 3, 3).abs() - 0.5).requires_grad_()
    for module in pt.Interpolation(layer, 100.0), pt.ImplicitMLE(layer, HOW, 100.0):
        with pytest.raises(PerturbedError, match=r"row 0: theta - lambda cotangent\[\d\]|cost"):
            module(theta).backward(-torch.ones(2, 3, 3))
    with pytest.raises(PerturbedError, match="projection"):
        pt.Identity(layer)(theta)
    # As far from 0 as differences reach.
    pt.SparseMAP(layer, 1.0)(theta).backward(normal(2, 3, 3, seed=1))


# Graphs.


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
def test_opcheck() -> None:
    name, how = pt._layer(LAYER)[0], pt._method(HOW)
    grid = pt._layer(Layer(GridPath(2, 2)))[0]
    step = torch.tensor(3)
    for rows in (3,), ():
        x = [normal(*rows, 4, seed=seed, requires_grad=True) for seed in range(3)]
        y = pt.decide(LAYER, x[0])
        sampled: list[Any] = [name, how, 0, step]
        cases = [
            ("maximizer", [x[0], *sampled]),
            ("value", [x[0], *sampled]),
            ("fenchel_young", [x[0], y, *sampled, True]),
            ("vjp", [*x[:2], *sampled]),
            ("jvp", [*x[:2], *sampled]),
            ("vjp_jacobian_product", [*(z.detach() for z in x), *sampled]),
            ("decide", [x[0].detach(), grid if not rows else name]),
            ("regret", [*(z.detach() for z in x[:2]), name]),
            ("spo_plus", [*(z.detach() for z in x[:2]), name]),
            ("interpolation", [x[0], name, 1.0]),
            ("imle", [x[0], *sampled, 1.0]),
            ("identity", [x[0], name, "mean"]),
            ("sparse_map", [x[0], name, 1.0, 10, 0.1]),
            ("sparse_map_loss", [x[0].detach(), y, name, 1.0, 10, 0.1]),
        ]
        for operator, arguments in cases:
            torch.library.opcheck(getattr(torch.ops.perturbed, operator).default, arguments)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_compile(backend: str) -> None:
    """Without a break, by steps, for several batches; weights agree up to the rounding of compiled products."""
    torch._dynamo.reset()
    net = network()
    twin, compiled = copy.deepcopy(net), torch.compile(net, fullgraph=True, backend=backend)
    for rows in (6, 6, 7, 9) if backend != "inductor" else (6, 6):
        x = normal(rows, 5, seed=rows)
        for each in net, twin:
            each.zero_grad()
        compiled(x).pow(2).sum().backward()
        twin(x).pow(2).sum().backward()
        for a, b in zip(net.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-5)
    assert net[1].step == twin[1].step == (2 if backend == "inductor" else 4)
    net.eval(), twin.eval()
    torch.testing.assert_close(compiled(x), twin(x))


@pytest.mark.filterwarnings("ignore")
def test_compiled_functions_and_losses() -> None:
    torch._dynamo.reset()
    theta = normal(2, 3, 4, requires_grad=True)
    truth = normal(2, 3, 4, seed=1)
    y = pt.decide(LAYER, truth)
    for f in (
        lambda theta: pt.value(LAYER, theta, HOW).sum(),
        lambda theta: pt.fenchel_young(LAYER, theta, y, HOW, step=2, first_row=3).sum(),
        lambda theta: (theta * pt.decide(LAYER, theta)).sum(),
        lambda theta: pt.maximizer(LAYER, theta.half(), HOW).sum(),
        *(
            lambda theta, module=module: module(theta).pow(2).sum()
            for module in (
                pt.Interpolation(LAYER, 1.0),
                pt.ImplicitMLE(LAYER, HOW, 1.0).eval(),
                pt.Identity(LAYER),
                pt.SparseMAP(LAYER, steps=10),
            )
        ),
        lambda theta: pt.SPOPlusLoss(LAYER)(theta, truth),
        lambda theta: pt.SparseMAPLoss(LAYER, steps=10)(theta, y),
    ):
        compiled = torch.compile(f, fullgraph=True, backend="aot_eager")
        (expected,) = torch.autograd.grad(f(theta), theta)
        (gradient,) = torch.autograd.grad(compiled(theta), theta)
        assert same(gradient, expected)


@pytest.mark.filterwarnings("ignore")
def test_graphs_know_their_layers() -> None:
    """No graph is taken for another layer's or method's, not even for one in the memory of one that is gone."""
    torch._dynamo.reset()
    theta = normal(3, 4)
    compiled = torch.compile(lambda *arguments: pt.maximizer(*arguments), fullgraph=True, backend="eager")
    for seed in range(3):
        assert same(compiled(LAYER, theta, MonteCarlo(2, seed)), LAYER.maximizer(theta.numpy(), MonteCarlo(2, seed)))
    twin = Layer(Ranking(4), "normal", 0.8)
    assert twin is not LAYER and same(compiled(twin, theta, HOW), LAYER.maximizer(theta.numpy(), HOW))
    del twin
    others = [Layer(TopK(4, 2), "normal", 0.8) for _ in range(20)]
    with torch._dynamo.config.patch(recompile_limit=30):
        assert all(same(compiled(layer, theta, HOW), others[0].maximizer(theta.numpy(), HOW)) for layer in others)
    module = pt.PerturbedLayer(LAYER, HOW).eval()
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    assert same(compiled(theta), module(theta))
    module.layer = Layer(TopK(4, 2))
    assert same(compiled(theta), module(theta)) and compiled(theta).max() <= 1
    # Numbers of steps and rows do not make new graphs for ever.
    by_step = torch.compile(
        lambda step, row: pt.maximizer(LAYER, theta, HOW, step=step, first_row=row), fullgraph=True, backend="eager"
    )
    with torch._dynamo.config.patch(recompile_limit=3):
        for step in range(9):
            assert same(by_step(step, 3 * step), LAYER.maximizer(theta.numpy(), HOW.fold(step), first_row=3 * step))


@pytest.mark.filterwarnings("ignore")
def test_compiled_checkpoints() -> None:
    torch._dynamo.reset()
    module, theta = pt.PerturbedLayer(LAYER, HOW), normal(3, 4, requires_grad=True)

    def f(theta: Tensor, **options: Any) -> Tensor:
        return checkpoint(lambda theta: module(2 * theta, **options), theta, use_reentrant=False).pow(2).sum()

    compiled = torch.compile(f, fullgraph=True, backend="aot_eager")
    (gradient,) = torch.autograd.grad(compiled(theta, step=3), theta)
    assert same(gradient, torch.autograd.grad(f(theta, step=3), theta)[0])
    with pytest.raises(torch._dynamo.exc.Unsupported, match="side effect"):
        compiled(theta)


@pytest.mark.filterwarnings("ignore")
def test_export(tmp_path: Path) -> None:
    """A program runs in another process, without the layer; a training one counts its steps."""
    net, x = network().eval(), normal(7, 5)
    batch = torch.export.Dim("batch")
    program = torch.export.export(net, (normal(3, 5),), dynamic_shapes=({0: batch},))
    assert [str(node.target) for node in program.graph.nodes].count("perturbed.maximizer.default") == 1
    torch.export.save(program, tmp_path / "net.pt2")
    black_box = pt.PerturbedLayer(Layer(BlackBox(5, largest)), HOW).eval()
    torch.export.save(torch.export.export(black_box, (x,)), tmp_path / "box.pt2")
    torch.save(x, tmp_path / "x.pt")
    script = """
import sys, torch, perturbed.torch
folder = sys.argv[1]
x = torch.load(folder + "/x.pt")
torch.save(torch.export.load(folder + "/net.pt2").module()(x), folder + "/y.pt")
try:
    torch.export.load(folder + "/box.pt2").module()(x)
except RuntimeError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert same(torch.load(tmp_path / "y.pt"), net(x))
    assert "black boxes and long descriptions belong to the process" in found.stdout
    for strict in True, False:
        training = nn.Sequential(pt.PerturbedLayer(LAYER, HOW))
        exported = torch.export.export(training, (normal(3, 4),), strict=strict).run_decompositions().module()
        for step in range(3):
            assert same(exported(normal(3, 4)), LAYER.maximizer(normal(3, 4).numpy(), HOW.fold(step)))


def box_graph(theta: Tensor) -> tuple[Any, Any, Any]:
    solver = lambda scores: largest(scores)  # noqa: E731
    layer = Layer(BlackBox(4, solver))
    module = pt.PerturbedLayer(layer, HOW).eval()
    return torch.export.export(module, (theta,)).module(), module(theta).detach(), weakref.ref(solver)


def test_layers_live_as_long_as_they_may_be_asked() -> None:
    theta = normal(3, 4, requires_grad=True)

    def forget() -> None:
        pt._hold.cache_clear()
        gc.collect()

    graph, expected, solver = box_graph(theta)
    forget()
    assert same(graph(theta), expected) and solver() is not None
    # A backward pass is owed.
    solve = lambda scores: largest(scores)  # noqa: E731
    gone, y = weakref.ref(solve), pt.maximizer(Layer(BlackBox(4, solve)), theta, HOW)
    del solve
    forget()
    y.pow(2).sum().backward()
    del y
    forget()
    assert gone() is None
    # Nothing is kept of what is used without graphs, beyond the last ones.
    before = len(pt._HELD)
    for _ in range(1000):
        pt.maximizer(Layer(BlackBox(4, lambda scores: largest(scores))), theta, HOW)
    assert len(pt._HELD) - before <= 256
    # A description too long to travel.
    long = Layer(Knapsack(list(range(1, 8001)), 5))
    assert not pt._layer(long)[0].startswith("{") and pt._layer(LAYER)[0].startswith("{")
    assert same(pt.decide(long, torch.ones(8000)), long.decide(np.ones(8000, "f4")))


@pytest.mark.parametrize("name", [name for name in ORACLES if name != "black box"])
def test_descriptions(name: str) -> None:
    layer = Layer(ORACLES[name][0], "logistic", 1 / 3)
    description = pt._layer(layer)[0]
    pt._hold.cache_clear()
    gc.collect()
    assert description not in pt._HELD and pt._find(description).it == layer
    for how in Exact(), MonteCarlo(3, 2**64 - 1, "none", "quasi-random"), Cheapest(2**32 - 1):
        assert pt._described(pt._method(how)) == how


# Transforms.


def test_transforms() -> None:
    layer, theta = Layer(Simplex(4), "gumbel"), normal(3, 4, dtype=torch.float64)
    rows = theta.numpy()
    grad, vmap, jacrev = torch.func.grad, torch.func.vmap, torch.func.jacrev
    assert same(grad(lambda theta: pt.value(LAYER, theta, HOW).sum())(theta), LAYER.maximizer(rows, HOW))
    _, pull = torch.func.vjp(lambda theta: pt.maximizer(LAYER, theta, HOW), theta)
    assert same(pull(theta)[0], LAYER.vjp(rows, rows, HOW))
    # As a loop: every element has the method's own noise.
    each = np.stack([LAYER.maximizer(row, HOW) for row in rows])
    assert same(vmap(lambda theta: pt.maximizer(LAYER, theta, HOW))(theta), each)
    assert same(vmap(lambda theta: pt.maximizer(LAYER, theta, HOW), in_dims=1)(theta.T.contiguous()), each)
    assert same(vmap(grad(lambda theta: pt.value(LAYER, theta, HOW)))(theta), each)
    y = torch.tensor([1.0, 2.0, 3.0, 4.0])
    losses = vmap(lambda theta: pt.fenchel_young(LAYER, theta, y, HOW))(theta)
    assert same(losses, np.stack([LAYER.fenchel_young(row, y.numpy(), HOW)[0] for row in rows]))
    batches = theta.expand(2, 3, 4)
    assert same(vmap(lambda theta: pt.maximizer(LAYER, theta, HOW))(batches)[1], LAYER.maximizer(rows, HOW))
    matrix = layer.jacobian(rows[0], Exact())
    jacobian = jacrev(lambda theta: pt.maximizer(layer, theta, Exact()))(theta[0])
    hessian = jacrev(grad(lambda theta: pt.value(layer, theta, Exact())))(theta[0])
    for found in jacobian, hessian:
        np.testing.assert_allclose(found, matrix, rtol=1e-12, atol=1e-16)
    # Decisions are constants.
    assert same(grad(lambda theta: (theta * pt.decide(LAYER, theta)).sum())(theta), LAYER.decide(rows))
    module = pt.PerturbedLayer(LAYER, HOW)
    for transformed in grad(lambda theta: module(theta).sum()), vmap(module), jacrev(module):
        with pytest.raises(RuntimeError, match="cannot count steps"):
            transformed(theta)
    assert module.step == 0
    assert same(vmap(lambda theta: module(theta, step=2))(theta)[1], LAYER.maximizer(rows[1], HOW.fold(2)))
    assert same(vmap(module.eval())(theta), each)


@pytest.mark.filterwarnings("error:There is a performance drop:UserWarning")
@pytest.mark.filterwarnings("ignore")
def test_compiled_transforms() -> None:
    """Mapping without a break; gradients with one."""
    torch._dynamo.reset()
    theta = normal(3, 4)
    mapped = torch.func.vmap(lambda theta: pt.value(LAYER, theta, HOW))
    assert same(torch.compile(lambda theta: mapped(theta), backend="aot_eager", fullgraph=True)(theta), mapped(theta))
    gradient = torch.func.grad(lambda theta: pt.value(LAYER, theta, HOW).sum())
    assert same(torch.compile(lambda theta: gradient(theta), backend="aot_eager")(theta), gradient(theta))


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:FutureWarning")
def test_forward_mode_is_refused() -> None:
    theta = normal(3, 4)
    with pytest.raises(NotImplementedError, match="forward mode"):
        torch.func.jvp(lambda theta: pt.maximizer(LAYER, theta, HOW), (theta,), (theta,))
    with forward_ad.dual_level():
        with pytest.raises(NotImplementedError, match="forward mode"):
            pt.maximizer(LAYER, forward_ad.make_dual(theta, theta), HOW)
        assert same(pt.maximizer(LAYER, theta, HOW), LAYER.maximizer(theta.numpy(), HOW))


# Processes.

LARGE = Layer(Ranking(50), "normal", 0.5)


class Decisions(Dataset):
    """Rows that are decided by workers, on threads of theirs."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        theta = normal(64, 50, seed=index)
        return theta, pt.maximizer(LARGE, theta, MonteCarlo(100, 3), first_row=64 * index)


@pytest.mark.filterwarnings("ignore:.*fork")
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
@pytest.mark.parametrize(("start", "count"), [("fork", 1), ("fork", 2), ("fork", 3), ("spawn", 2)])
def test_workers(start: str, count: int) -> None:
    """After the parent has used its threads."""
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {start}")
    before = perturbed.get_num_threads()
    perturbed.set_num_threads(count)
    expected = [Decisions()[index][1] for index in range(4)]
    loader = DataLoader(Decisions(), batch_size=None, num_workers=2, multiprocessing_context=start, timeout=60)
    assert all(same(found[1], y) for found, y in zip(loader, expected, strict=True))
    assert same(Decisions()[0][1], expected[0])
    perturbed.set_num_threads(before)


def distributed(rank: int, folder: str) -> None:
    """Half of each batch, in one of two processes."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    module, theta = pt.PerturbedLayer(LAYER, HOW), normal(8, 4)[4 * rank : 4 * rank + 4].requires_grad_()
    module.first_row = 4 * rank
    y = module(theta)
    y.backward(normal(8, 4, seed=1)[4 * rank : 4 * rank + 4])
    net = network()
    net[1].first_row = 4 * rank
    train(nn.parallel.DistributedDataParallel(net), range(5), normal(5, 8, 5)[:, 4 * rank : 4 * rank + 4])
    torch.save((y.detach(), theta.grad, net.state_dict()), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch is built without distributed training")
def test_two_processes_are_one_with_the_whole_batch(tmp_path: Path) -> None:
    """The layer's answers and gradients bit for bit; a network's weights but for the order of sums."""
    torch.multiprocessing.spawn(distributed, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    theta = normal(8, 4, requires_grad=True)
    y = pt.PerturbedLayer(LAYER, HOW)(theta)
    y.backward(normal(8, 4, seed=1))
    assert same(torch.cat([first[0], second[0]]), y) and same(torch.cat([first[1], second[1]]), theta.grad)
    net = network()
    before = copy.deepcopy(net.state_dict())
    train(net, range(5), normal(5, 8, 5))
    for name, weights in net.state_dict().items():
        assert torch.equal(first[2][name], second[2][name]) and not torch.equal(weights, before[name])
        torch.testing.assert_close(first[2][name], weights, rtol=1e-5, atol=1e-5)


# Documentation.


def test_example(capsys: pytest.CaptureFixture[str]) -> None:
    example = runpy.run_path(str(Path(__file__).parents[1] / "examples/torch_shortest_path.py"))
    before, after = example["main"](size=6, count=100, epochs=8)
    assert after < before / 2, (before, after)
    assert "epoch 8: loss" in capsys.readouterr().out


def test_documentation() -> None:
    found = doctest.testmod(pt)
    assert found.attempted > 5 and found.failed == 0
    assert sorted(pt.__all__) == sorted(
        name
        for name, item in vars(pt).items()
        if name[0] != "_" and inspect.isroutine(item) | inspect.isclass(item) and item.__module__ == pt.__name__
    )
    for name in pt.__all__:
        item: Any = getattr(pt, name)
        assert len(inspect.getdoc(item) or "") > 40, name
        if inspect.isclass(item):
            assert len(inspect.getdoc(item.forward) or "") > 5, name
