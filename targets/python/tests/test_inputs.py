"""Arrays of every type and layout, and wrong input of every kind."""

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import perturbed
import pytest
from conftest import ORACLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from perturbed import (
    Assignment,
    BlackBox,
    Cheapest,
    DagPath,
    Exact,
    Flow,
    GridPath,
    GroupTopK,
    Hypercube,
    Knapsack,
    Layer,
    MonteCarlo,
    Oracle,
    PerturbedError,
    Ranking,
    ShortestPath,
    Simplex,
    SpanningTree,
    TopK,
    Tour,
    estimate_scores,
)

LAYER, HOW = Layer(Ranking(4)), MonteCarlo(10, 1)
THETA = np.array([[0.5, -1.0, 2.0, 1.0], [1.0, 2.0, -3.0, 0.0], [0.25, 0.5, 0.75, -1.0]])


def misaligned(x: np.ndarray) -> np.ndarray:
    place = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    place[...] = x
    assert not place.flags.aligned
    return place


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "reversed": lambda x: x[::-1][::-1].copy()[::-1][::-1],
    "strided": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "misaligned": misaligned,
    "read-only": read_only,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "matrix": lambda x: x.view(np.matrix),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, dtype: str) -> None:
    theta = THETA.astype(dtype)
    change = LAYOUTS[layout]
    found = LAYER.vjp(change(theta), change(theta), HOW)
    assert found.dtype == dtype and found.flags.c_contiguous and found.flags.writeable
    assert found.tobytes() == LAYER.vjp(theta, theta, HOW).tobytes()


@pytest.mark.parametrize(
    ("dtype", "computed"),
    [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("g", "f8"), ("i1", "f8"), ("u8", "f8"), ("i4", "f8"), ("?", "f8")],
)
def test_types(dtype: str, computed: str) -> None:
    theta = np.array([[0, 1, 1, 0], [1, 0, 1, 1]]).astype(dtype)
    found = LAYER.maximizer(theta, HOW)
    assert found.dtype == computed
    assert np.array_equal(found, LAYER.maximizer(theta.astype(computed), HOW))


def test_other_containers() -> None:
    pandas = pytest.importorskip("pandas")
    expected = LAYER.maximizer(THETA, HOW)
    table = pandas.DataFrame(THETA)
    for theta in THETA.tolist(), tuple(map(tuple, THETA)), table, memoryview(THETA), list(THETA):
        assert np.array_equal(LAYER.maximizer(theta, HOW), expected)
    assert np.array_equal(LAYER.maximizer(table.iloc[0], HOW), LAYER.maximizer(THETA[0], HOW))
    with pytest.raises(TypeError, match="dtype object"):
        LAYER.maximizer(table.astype(object), HOW)


def test_bfloat16() -> None:
    theta = THETA.astype(pytest.importorskip("ml_dtypes").bfloat16)
    found = LAYER.maximizer(theta, HOW)
    assert found.dtype == np.float32 and np.array_equal(found, LAYER.maximizer(THETA.astype("f4"), HOW))


@pytest.mark.parametrize(
    "theta",
    [THETA * 1j, THETA.astype(object), THETA.astype("S"), np.zeros(4, "M8[s]"), "text", None, {1, 2}, object(), b"1234",
     np.zeros(4, [("a", "f8")]), np.zeros(4, "V8"), [2**70, 0, 0, 0], [None] * 4, [Fraction(1, 2)] * 4],
    ids=lambda theta: str(getattr(theta, "dtype", type(theta).__name__)),
)  # fmt: skip
def test_what_is_no_number(theta: Any) -> None:
    for ask in (
        lambda: LAYER.decide(theta),
        lambda: LAYER.maximizer(theta, HOW),
        lambda: LAYER.vjp(THETA, theta, HOW),
        lambda: LAYER.omega(theta, HOW),
        lambda: LAYER.sample(theta),
    ):
        with pytest.raises(TypeError, match=r"(theta|cotangent|y) has dtype"):
            ask()


@pytest.mark.parametrize("shape", [(), (0,), (3,), (5,), (1, 5), (4, 3), (2, 2, 4), (4, 1), (1, 1, 1, 4)])
def test_shapes(shape: tuple[int, ...]) -> None:
    found = f"shape \\({', '.join(map(str, shape))},?\\); expected "
    with pytest.raises(ValueError, match=f"theta has {found}" + r"\(4,\) or \(batch, 4\)"):
        LAYER.maximizer(np.zeros(shape), HOW)
    with pytest.raises(ValueError, match=f"target has {found}" + r"\(3, 4\), that of theta"):
        LAYER.fenchel_young(THETA, np.zeros(shape), HOW)
    grid = Layer(GridPath(2, 3))
    with pytest.raises(ValueError, match=r"expected \(2, 3\), \(batch, 2, 3\), \(6,\) or \(batch, 6\)"):
        grid.decide(np.zeros(shape))


def test_no_rows() -> None:
    none = np.zeros((0, 4), "f4")
    loss, gradient = LAYER.fenchel_young(none, none, HOW)
    assert loss.shape == (0,) and gradient.shape == (0, 4) and gradient.dtype == np.float32
    assert LAYER.jacobian(none, HOW).shape == (0, 4, 4) and LAYER.decide(none).shape == (0, 4)
    assert LAYER.sample(none, 3).shape == (0, 3, 4) and LAYER.omega(none, HOW).shape == (0,)
    assert LAYER.maximizer(none, HOW, with_error=True)[1].shape == (0, 4)


@pytest.mark.parametrize("rows", [3, 3000])
def test_errors_name_parameter_and_row(rows: int) -> None:
    """Alone and on threads."""
    theta = np.tile(THETA[0], (rows, 1))
    target, wrong = LAYER.decide(theta), theta.copy()
    wrong[2, 1], target[[1, 2], :] = np.nan, 9.0
    for ask in (LAYER.maximizer, LAYER.value, LAYER.jacobian):
        with pytest.raises(PerturbedError, match=r"row 2: theta\[1\] is NaN or infinite") as found:
            ask(wrong, HOW)
        assert found.value.kind == "NotFinite" and found.value.row == 2
    for ask in (LAYER.decide, LAYER.sample, lambda x: LAYER.maximizer(x, HOW, with_error=True)):
        with pytest.raises(PerturbedError, match=r"row 2: theta\[1\]"):
            ask(wrong)
    with pytest.raises(PerturbedError, match=r"^row 1: target lies outside the convex hull") as found:
        LAYER.fenchel_young_gradient(theta, target, HOW)
    assert (found.value.kind, found.value.row) == ("OutsideHull", 1)
    twin = pickle.loads(pickle.dumps(found.value))
    assert type(twin) is PerturbedError and (twin.kind, twin.row, str(twin)) == ("OutsideHull", 1, str(found.value))
    with pytest.raises(PerturbedError, match=r"^theta\[1\] is NaN") as found:
        LAYER.maximizer(wrong[2], HOW)
    assert found.value.row is None
    with pytest.raises(PerturbedError, match="cotangent") as found:
        LAYER.vjp(theta, wrong, HOW)
    assert found.value.row == 2


@pytest.mark.parametrize("noise", ["gumbel", "normal", "logistic"])
@pytest.mark.parametrize("oracle", [Simplex(4), TopK(4, 2), Ranking(4), Hypercube(4)], ids=lambda oracle: type(oracle).__name__)
def test_what_has_no_closed_form_is_sampled(oracle: Oracle, noise: Any) -> None:
    """By `Cheapest`, even where a closed form would cost less than these samples."""
    layer, many = Layer(oracle, noise), 20_000
    u, v = THETA[::-1].copy(), THETA + 1
    sampled = layer.vjp_jacobian_product(THETA, u, v, MonteCarlo(many, 1))
    assert np.array_equal(layer.vjp_jacobian_product(THETA, u, v, Cheapest(many, 1)), sampled)
    known = isinstance(oracle, Simplex)
    matrix = layer.vjp_jacobian(THETA, u, Exact() if known else MonteCarlo(many, 1))
    assert np.array_equal(layer.vjp_jacobian(THETA, u, Cheapest(many, 1)), matrix)
    with pytest.raises(PerturbedError, match="second derivatives .* have none"):
        layer.vjp_jacobian_product(THETA, u, v, Exact())
    target = layer.decide(THETA)
    asked: list[tuple[str, tuple[Any, ...]]] = [
        ("value", ()), ("maximizer", ()), ("jacobian", ()), ("vjp", (u,)), ("jvp", (u,)), ("fenchel_young", (target,)),
        ("epsilon_derivative", ()), ("epsilon_loss_derivative", (target,)), ("jacobian_by_curvature", ()), ("maximizer_by_score", ()),
    ]  # fmt: skip
    for name, vectors in asked:
        getattr(layer, name)(THETA, *vectors, Cheapest(2**20, 1))


def test_refusals_of_methods() -> None:
    uneven, laplace = Layer(Ranking([0, 1, 5, 9])), Layer(Ranking(4), "laplace")
    with pytest.raises(PerturbedError, match="no closed form") as found:
        uneven.maximizer(THETA[0], Exact())
    assert found.value.kind == "NoClosedForm"
    assert np.array_equal(uneven.maximizer(THETA, Cheapest(10, 1)), uneven.maximizer(THETA, HOW))
    for ask in (laplace.jacobian_by_curvature, lambda *x: laplace.vjp_jacobian(THETA, *x)):
        with pytest.raises(PerturbedError, match="laplace noise is not smooth"):
            ask(THETA, HOW)
    for method in (10, None, "exact", MonteCarlo, Exact):
        with pytest.raises(TypeError, match=r"method is of type \w+; expected Exact"):
            LAYER.maximizer(THETA, method)
    with pytest.raises(ValueError, match="with_error=True needs method=MonteCarlo"):
        LAYER.maximizer(THETA, Cheapest(10), with_error=True)
    with pytest.raises(PerturbedError, match="samples is 1; expected 2"):
        LAYER.maximizer(THETA, MonteCarlo(1), with_error=True)
    with pytest.raises(ValueError, match="first_row numbers the rows of a batch"):
        LAYER.maximizer(THETA[0], HOW, first_row=1)
    for wrong, kind in ((-1, ValueError), (2**64, ValueError), (1.0, TypeError), ("1", TypeError), (None, TypeError)):
        with pytest.raises(kind, match="first_row is"):
            LAYER.maximizer(THETA, HOW, first_row=wrong)


def test_temperatures_that_float32_does_not_hold() -> None:
    layer = Layer(Ranking(4), epsilon=1e-300)
    with pytest.raises(PerturbedError, match="epsilon must be finite and greater than 0"):
        layer.maximizer(THETA.astype("f4"), HOW)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_out(dtype: str) -> None:
    theta, y = THETA.astype(dtype), LAYER.decide(THETA).astype(dtype)
    for ask, shape in ((LAYER.maximizer, (3, 4)), (LAYER.value, (3,)), (LAYER.jacobian, (3, 4, 4))):
        out = np.full(shape, np.nan, dtype)
        assert ask(theta, HOW, out=out) is out and np.array_equal(out, ask(theta, HOW))
    pair = np.empty(3, dtype), np.empty((3, 4), dtype)
    found = LAYER.fenchel_young(theta, y, HOW, out=pair)
    assert found[0] is pair[0] and found[1] is pair[1]
    assert all(map(np.array_equal, pair, LAYER.fenchel_young(theta, y, HOW)))
    number = np.empty((), dtype)
    assert LAYER.value(theta[0], HOW, out=number) is number and number == LAYER.value(theta[0], HOW)
    # In place of an input.
    expected = LAYER.fenchel_young_gradient(theta, y, HOW)
    assert np.array_equal(LAYER.fenchel_young_gradient(theta, y, HOW, out=theta), expected)
    decision = np.empty((3, 4), dtype)
    assert LAYER.decide(y, out=decision) is decision and np.array_equal(decision, LAYER.decide(y))
    inside = LAYER.maximizer(y, MonteCarlo(100))
    place = np.empty((3, 4), dtype), np.empty(3, dtype)
    assert LAYER.inverse_maximizer(inside, Exact(), out=place)[1] is place[1]
    assert LAYER.omega(inside, Exact(), out=np.empty(3, dtype)).shape == (3,)


@pytest.mark.parametrize(
    ("out", "kind", "message"),
    [
        (np.empty((3, 4), "f4"), TypeError, "out must be a numpy array of float64"),
        (np.empty((3, 4), ">f8"), TypeError, "out must be a numpy array of float64"),
        ([[0.0] * 4] * 3, TypeError, "out must be a numpy array of float64"),
        (np.empty((4, 3)), ValueError, r"out has shape \(4, 3\); expected \(3, 4\)"),
        (np.empty((4, 3)).T, ValueError, "C-contiguous"),
        (read_only(np.empty((3, 4))), ValueError, "writeable"),
        (misaligned(np.empty((3, 4))), ValueError, "aligned"),
    ],
)
def test_wrong_out(out: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        LAYER.maximizer(THETA, HOW, out=out)
    with pytest.raises(kind, match=message):
        LAYER.decide(THETA, out=out)
    with pytest.raises(TypeError, match="out must be a tuple of 2 arrays"):
        LAYER.fenchel_young(THETA, THETA, HOW, out=out)


def test_methods() -> None:
    for how in (
        Exact(), MonteCarlo(3), Cheapest(2**32 - 1, 2**64 - 1, "none", "quasi-random"), MonteCarlo(5, 2, "leave-one-out"),
        MonteCarlo(samples=np.int64(7), seed=np.uint64(2**64 - 1), draws="antithetic"),
    ):  # fmt: skip
        assert eval(repr(how)) == how and hash(eval(repr(how))) == hash(how)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(how, protocol)) == how
        assert how.fold(3) == how.fold(3) and how.with_seed(5) == how.with_seed(5)
    assert len({MonteCarlo(3), MonteCarlo(3, 0), Cheapest(3), MonteCarlo(3, 1), Exact()}) == 4
    assert MonteCarlo(3) != Cheapest(3) and MonteCarlo(3).with_seed(9) == MonteCarlo(3, 9)
    assert MonteCarlo(3, 9).fold(1).fold(2) != MonteCarlo(3, 9).fold(2).fold(1)
    with pytest.raises(AttributeError):
        MonteCarlo(3).seed = 4  # type: ignore[misc]


@pytest.mark.parametrize("kind", [MonteCarlo, Cheapest])
def test_wrong_methods(kind: Any) -> None:
    for samples in (0, -1, 2**32, 2**80):
        with pytest.raises(ValueError, match=f"samples is {samples}; expected 1 to 4294967295"):
            kind(samples)
    for seed in (-1, 2**64):
        for ask in (lambda seed: kind(1, seed), kind(1).with_seed):
            with pytest.raises(ValueError, match=f"seed is {seed}; expected 0 to 18446744073709551615"):
                ask(seed)
    for wrong in (1.0, "1", None, [1], np.float64(1)):
        with pytest.raises(TypeError, match="samples is of type .*; expected an integer"):
            kind(wrong)
        with pytest.raises(TypeError, match="seed is of type .*; expected an integer"):
            kind(1, wrong)
    with pytest.raises(ValueError, match="control is \"no\"; expected 'baseline', 'leave-one-out', 'none'"):
        kind(1, control="no")
    with pytest.raises(ValueError, match="draws is"):
        kind(1, draws="sobol")


@pytest.mark.parametrize("name", ORACLES)
def test_oracles_are_values(name: str) -> None:
    oracle, theta = ORACLES[name]
    layer = Layer(oracle, "gumbel", 0.1)
    if not isinstance(oracle, BlackBox):
        assert eval(repr(oracle)) == oracle and eval(repr(layer)) == layer
    assert hash(pickle.loads(pickle.dumps(oracle))) == hash(oracle)
    assert layer.oracle is oracle and layer.shape == oracle.shape and layer.dim == len(theta)
    assert Layer(oracle, "gumbel", 0.2) != layer != Layer(oracle, "normal", 0.1) and layer != 3
    with pytest.raises(AttributeError):
        layer.epsilon = 3  # type: ignore[misc]


def test_oracles_take_arrays() -> None:
    edges = np.array([(0, 1), (0, 2), (1, 2)], np.uint16)
    assert DagPath(np.int8(3), edges, 0, 2) == DagPath(3, [(0, 1), (0, 2), (1, 2)], 0, 2)
    assert Ranking(np.arange(1, 4)) == Ranking(3) == Ranking([3, 1, 2]) == Ranking(np.int64(3))
    assert SpanningTree(3, edges) == SpanningTree(3, edges, [None] * 3) == SpanningTree(3, iter(edges.tolist()))
    assert GridPath(2, 3) == GridPath(2, 3, goal=(1, 2)) == GridPath(2, 3, start=np.zeros(2, int))
    assert Knapsack(np.array([1, 2]), 3).weights == (1, 2) and Hypercube(3, np.bool_(True)).sign is True


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Simplex(0), ValueError, "dimension is 0"),
        (lambda: Simplex(-1), ValueError, "dim is -1; expected 0"),
        (lambda: Simplex(3.0), TypeError, "dim is of type float; expected an integer"),
        (lambda: TopK(3, 4), PerturbedError, "k is 4; expected"),
        (lambda: TopK("3", 4), TypeError, "dim is of type str"),
        (lambda: Hypercube(3, "no"), TypeError, "sign is of type str; expected a bool"),
        (lambda: Ranking([1.0, np.nan]), ValueError, r"reference\[1\] is NaN or infinite"),
        (lambda: Ranking("abc"), TypeError, "reference is of type str"),
        (lambda: Ranking([[1.0], [2.0]]), TypeError, r"reference\[0\] is of type list; expected a number"),
        (lambda: Ranking([]), PerturbedError, "dimension is 0"),
        (lambda: Ranking(2.5), TypeError, "reference is of type float"),
        (lambda: Tour(2), PerturbedError, "cities"),
        (lambda: GridPath(2, 2, goal=(2, 0)), PerturbedError, "goal"),
        (lambda: GridPath(2, 2, goal=(1, 1, 1)), ValueError, "goal has 3 entries; expected 2"),
        (lambda: GridPath(0, 2), PerturbedError, "rows|dimension"),
        (lambda: GridPath(2, 2, floor=-1.0), PerturbedError, "floor must be finite and greater than 0"),
        (lambda: DagPath(2, [(0, 1), (1, 0)], 0, 1), PerturbedError, "cycle"),
        (lambda: DagPath(2, [(0, 5)], 0, 1), PerturbedError, "."),
        (lambda: DagPath(2, [(0, 1, 2)], 0, 1), ValueError, r"edges\[0\] has 3 entries; expected 2"),
        (lambda: DagPath(2, [(0, -1)], 0, 1), ValueError, r"edges\[0\]\[1\] is -1"),
        (lambda: DagPath(2, 7, 0, 1), TypeError, "edges is of type int; expected a sequence"),
        (lambda: SpanningTree(2, [(0, 1)], [3]), TypeError, r"labels\[0\] is of type int; expected a bool"),
        (lambda: SpanningTree(2, [(0, 1)], []), PerturbedError, "labels"),
        (lambda: SpanningTree(2, 7), TypeError, "edges is of type int"),
        (lambda: Flow(2, [(0, 1)], 0, 1, 2), PerturbedError, "."),
        (lambda: ShortestPath(2, [(1, 0)], 0, 1), PerturbedError, "."),
        (lambda: Knapsack([1, 2**32], 5), ValueError, r"weights\[1\] is 4294967296"),
        (lambda: GroupTopK([0, 3], [1, 1], 1), PerturbedError, "group"),
        (lambda: Assignment(0, 3), PerturbedError, "."),
        (lambda: BlackBox(3, 4), TypeError, "solver is of type int; expected a function"),
        (lambda: BlackBox(0, len), PerturbedError, "dimension is 0"),
        (lambda: Layer(3), TypeError, "oracle is of type int; expected an oracle"),
        (lambda: Layer(Simplex), TypeError, "."),
        (lambda: Layer(Simplex(3), "gauss"), ValueError, "noise is \"gauss\"; expected one of 'gumbel'"),
        (lambda: Layer(Simplex(3), 3), TypeError, "noise"),
        (lambda: Layer(Simplex(3), epsilon=0), PerturbedError, "epsilon must be finite and greater than 0"),
        (lambda: Layer(Simplex(3), epsilon=float("nan")), PerturbedError, "epsilon"),
        (lambda: Layer(Simplex(3), epsilon=10**400), PerturbedError, "epsilon"),
        (lambda: Layer(Simplex(3), epsilon="1"), TypeError, "epsilon"),
        (lambda: perturbed.set_num_threads(0), ValueError, "threads is 0; expected 1 to 4096"),
        (lambda: perturbed.set_num_threads(1.5), TypeError, "threads is of type float"),
    ],
)
def test_refusals(make: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        make()


ANYTHING = st.one_of(
    arrays.arrays(
        st.one_of(arrays.scalar_dtypes(), arrays.array_dtypes()),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    arrays.arrays(
        st.sampled_from(["f2", "f4", "f8", ">f4", "i4"]), st.sampled_from([(4,), (1, 4), (2, 4), (2, 2), (3, 2, 2)])
    ),
    st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()), st.lists),
)
METHODS = st.one_of(
    st.just(Exact()),
    st.builds(MonteCarlo, st.integers(1, 200), st.integers(0, 2**64 - 1), st.sampled_from(["baseline", "none"])),
    st.builds(Cheapest, st.integers(1, 70)),
    st.none(),
)
QUANTITIES = {
    "decide": None, "sample": None, "value": 0, "maximizer": 0, "value_and_maximizer": 0, "maximizer_by_score": 0,
    "jacobian": 0, "jacobian_by_curvature": 0, "vjp": 1, "jvp": 1, "vjp_jacobian": 1, "vjp_jacobian_product": 2,
    "epsilon_derivative": 0, "epsilon_loss_derivative": 1, "fenchel_young": 1, "fenchel_young_without_omega": 1, "fenchel_young_gradient": 1,
    "omega": 0, "inverse_maximizer": 0,
}
LOSSES = {
    "regret": 1, "spo_plus": 1, "interpolation_gradient": 2, "imle_gradient": 3, "project": 1, "identity_gradient": 2,
    "partial_label": 2, "sparse_map": 1, "sparse_map_loss": 2,
}  # fmt: skip
OF_FOUR = [Simplex(4), Ranking(4), Hypercube(4), Assignment(2, 2), GridPath(2, 2, floor=None), Knapsack([1, 2, 3, 4], 5)]


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_anything_is_answered_or_refused(data: st.DataObject) -> None:
    """No crash, no other exception, and the shape of what is answered."""
    layer = Layer(data.draw(st.sampled_from(OF_FOUR)), data.draw(st.sampled_from(["normal", "gumbel", "laplace"])))
    name = data.draw(st.sampled_from(list(QUANTITIES)))
    count = QUANTITIES[name]
    arguments = [data.draw(ANYTHING) for _ in range(1 + (count or 0))]
    if isinstance(arguments[0], np.ndarray) and data.draw(st.booleans()):
        arguments[1:] = [np.ones(arguments[0].shape)] * (len(arguments) - 1)
    options: dict[str, Any] = {}
    if count is not None:
        arguments.append(data.draw(METHODS))
        if name not in ("omega", "inverse_maximizer"):
            options["with_error"] = data.draw(st.booleans())
        options["out"] = data.draw(st.one_of(st.none(), st.none(), ANYTHING))
    try:
        found = getattr(layer, name)(*arguments, **options)
    except (TypeError, ValueError):
        return
    for part in found if isinstance(found, tuple) else [found]:
        for array in part if isinstance(part, tuple) else [part]:
            assert np.all(np.isfinite(array)) and array.dtype in (np.float32, np.float64)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_loss_is_answered_or_refused(data: st.DataObject) -> None:
    layer = Layer(data.draw(st.sampled_from(OF_FOUR)))
    name = data.draw(st.sampled_from(list(LOSSES)))
    scores = st.lists(st.lists(st.floats(-9, 9, width=32), min_size=4, max_size=4), min_size=2, max_size=2).map(np.array)
    vector = st.one_of(scores, scores, scores, ANYTHING)
    other = st.one_of(vector, METHODS, st.floats(), st.sampled_from(OF_FOUR), st.sampled_from(["none", "mean"]))
    arguments = [data.draw(vector), *(data.draw(other) for _ in range(LOSSES[name]))]
    steps = {"steps": data.draw(st.integers(-1, 50))} if name.startswith("sparse") else {}
    try:
        found = getattr(layer, name)(*arguments, **steps)
    except (TypeError, ValueError):
        return
    for array in found if isinstance(found, tuple) else [found]:
        assert np.all(np.isfinite(array)) and array.dtype in (np.float32, np.float64)


def test_answers_too_large_for_memory() -> None:
    layer, theta = Layer(Simplex(10**7)), np.zeros(10**7)
    for ask in (
        lambda: layer.jacobian(theta, MonteCarlo(2)),
        lambda: layer.jacobian(theta, MonteCarlo(2), with_error=True),
        lambda: layer.sample(theta, 10**7),
        lambda: Layer(BlackBox(10**7, lambda scores: scores)).maximizer(theta, MonteCarlo(10**6)),
        lambda: Layer(TopK(10**7, 5 * 10**6)).maximizer(theta, Exact()),
        lambda: estimate_scores(Layer(Simplex(10**7)), theta[None]),
    ):
        with pytest.raises(MemoryError, match="no memory for [1248]0* numbers"):
            ask()
    for make in (
        lambda: ShortestPath(2**32 - 1, [(0, 1)], 0, 1),
        lambda: SpanningTree(2**32 - 1, [(0, 1)]),
        lambda: Knapsack([2**32 - 1] * 2, 2**32 - 1),
    ):
        with pytest.raises(MemoryError, match="no memory for"):
            make()


SMALL = st.one_of(st.integers(-1, 5), st.integers(0, 3), st.sampled_from([2**31, 2**32, 2**52, 2**63, 2**64]))
NODES = st.one_of(st.integers(-1, 6), st.sampled_from([2**32 - 1, 2**40, 2**63]))
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8)
FLOORS = st.one_of(st.none(), st.floats())
MADE = st.one_of(
    st.tuples(st.sampled_from([Simplex, Hypercube, Tour]), st.tuples(SMALL)),
    st.tuples(st.sampled_from([TopK, Tour, Assignment, GridPath]), st.tuples(SMALL, SMALL)),
    st.tuples(st.just(GroupTopK), st.tuples(st.lists(SMALL), st.lists(SMALL), SMALL)),
    st.tuples(st.just(Ranking), st.tuples(st.one_of(st.lists(st.floats(), max_size=5), st.integers(-1, 5)))),
    st.tuples(st.just(GridPath), st.tuples(SMALL, SMALL, st.booleans(), st.tuples(SMALL, SMALL), st.none(), FLOORS)),
    st.tuples(st.just(DagPath), st.tuples(NODES, PAIRS, SMALL, SMALL)),
    st.tuples(st.just(ShortestPath), st.tuples(NODES, PAIRS, SMALL, SMALL, FLOORS)),
    st.tuples(st.just(Flow), st.tuples(NODES, PAIRS, SMALL, SMALL, SMALL)),
    st.tuples(st.just(SpanningTree), st.tuples(NODES, PAIRS, st.one_of(st.none(), st.lists(st.none())))),
    st.tuples(st.just(Knapsack), st.tuples(st.lists(st.integers(-1, 9)), SMALL)),
)


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(MADE, st.sampled_from(["normal", "gumbel"]), st.integers(0, 2**32))
def test_any_oracle_is_made_or_refused(made: tuple[Any, tuple[Any, ...]], noise: Any, seed: int) -> None:
    kind, arguments = made
    try:
        layer = Layer(kind(*arguments), noise)
    except (TypeError, ValueError, MemoryError):
        return
    if layer.dim > 100:
        return
    theta = -np.random.default_rng(seed).random((2, layer.dim))
    try:
        y, smoothed = layer.decide(theta), layer.maximizer(theta, MonteCarlo(20, seed))
    except PerturbedError:
        return
    low, high = (y.min(), y.max()) if kind is Ranking else (-1, 1)
    rounding = 1e-12 * max(abs(low), abs(high))
    assert np.all((low - rounding <= smoothed) & (smoothed <= high + rounding))
