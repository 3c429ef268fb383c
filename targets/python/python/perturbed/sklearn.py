"""Estimators for scikit-learn's pipelines, searches and cross-validations.

`PerturbedClassifier` picks a class, `LabelRanker` ranks labels, `DecisionRegressor` makes the decisions of any oracle, all by
theta = x W + b; `ChoiceModel` decides among the options of a table. All hold a `Model` after `fit`, which a file, a C header or firmware
takes: `estimator.model_.save(path)`.

>>> import numpy as np
>>> from perturbed.sklearn import LabelRanker
>>> x = np.random.default_rng(0).standard_normal((300, 4))
>>> ranks = (-(x @ np.ones((4, 3)) * [1, 2, 3])).argsort(axis=1).argsort(axis=1) + 1
>>> float(LabelRanker().fit(x, ranks).score(x, ranks)) > 0.95
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from . import metrics
from ._checks import integer
from ._perturbed import Cheapest, Decisions, Estimates, Exact, Layer, MonteCarlo, descend, elasticities, estimate, estimates_at
from .decisions import Recipe
from .model import Model
from .oracles import Oracle, Ranking, Simplex
from .training import Training, settings_of, train

__all__ = ["ChoiceModel", "DecisionRegressor", "LabelRanker", "PerturbedClassifier"]

if TYPE_CHECKING:
    from ._perturbed import _LossOfLabels, _Noise


def _method(samples: int) -> Exact | MonteCarlo:
    """As `--samples` of the program."""
    return Exact() if samples == 0 else MonteCarlo(samples)


class _Trained(BaseEstimator):  # type: ignore[misc]
    """theta = x W + b, trained by stochastic gradients."""

    _parameters = """
    noise : {"normal", "gumbel", "laplace", "logistic"}, optional
        By default "gumbel" for PerturbedClassifier, elsewhere "normal".
    epsilon : float
        The temperature, positive, in units of scores.
    loss : {"fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox"}
        See `perturbed.train`.
    samples : int, optional
        Samples a gradient; 0 computes expectations exactly, where they are known. By default 0 for PerturbedClassifier, elsewhere 10.
    lambd : float
        Of loss "blackbox".
    epochs, batch, rate, schedule, optimizer, momentum, averaging, standardize
        See `perturbed.Training`.
    fit_intercept : bool
        Whether there is an intercept b.
    random_state : int, RandomState or None
        Names the shuffles and the noise.

    Attributes
    ----------
    model_ : Model
        The model, in float32: the bits of `perturb train --validation 0`.
    coef_ : ndarray of shape (n_features, n_labels)
    intercept_ : ndarray of shape (n_labels,)
        Scores are X @ coef_ + intercept_, but for the digits that are lost where features lie far from 0; `model_.scores` keeps them.
    """

    _noise: _Noise = "normal"
    _samples = 10

    def __init_subclass__(cls) -> None:
        cls.__doc__ = (cls.__doc__ or "") + cls._parameters

    def __init__(
        self,
        *,
        noise: _Noise | None = None,
        epsilon: float = 1.0,
        loss: _LossOfLabels = "fenchel-young",
        samples: int | None = None,
        lambd: float = 0.1,
        epochs: int | None = None,
        batch: int = 32,
        rate: float | None = None,
        schedule: Literal["linear", "cosine", "constant"] = "linear",
        optimizer: Literal["sgd", "adam"] = "sgd",
        momentum: float = 0.0,
        averaging: float = 0.5,
        standardize: bool = True,
        fit_intercept: bool = True,
        random_state: Any = 0,
    ) -> None:
        self.noise = noise
        self.epsilon = epsilon
        self.loss = loss
        self.samples = samples
        self.lambd = lambd
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.schedule = schedule
        self.optimizer = optimizer
        self.momentum = momentum
        self.averaging = averaging
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.random_state = random_state

    def _train(self, oracle: Oracle, x: NDArray[Any], y: NDArray[Any], labels: Sequence[str] | None = None) -> Self:
        training = Training(
            epochs=self.epochs,
            batch=self.batch,
            rate=self.rate,
            schedule=self.schedule,
            optimizer=self.optimizer,
            momentum=self.momentum,
            averaging=self.averaging,
            standardize=self.standardize,
            intercept=self.fit_intercept,
            seed=_seed(self.random_state),
        )
        layer = Layer(oracle, self._noise if self.noise is None else self.noise, self.epsilon)
        method = _method(self._samples if self.samples is None else self.samples)
        names = getattr(self, "feature_names_in_", None)
        self.model_ = train(
            layer, x, y, method, loss=self.loss, lambd=self.lambd, training=training,
            feature_names=None if names is None else [str(name) for name in names], label_names=labels,
        )  # fmt: skip
        self.coef_ = self.model_.weights
        self.intercept_ = self.model_.bias - self.model_.centres @ self.coef_
        return self

    def _scores(self, x: Any) -> NDArray[Any]:
        check_is_fitted(self)
        x = validate_data(self, x, reset=False, dtype=np.float64)
        return self.model_.scores(x)

    def _layer(self) -> Layer:
        layer = self.model_.layer
        assert layer is not None  # It was trained with one.
        return layer


def _seed(random_state: Any) -> int:
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        return integer("random_state", random_state, 64)
    return int(check_random_state(random_state).randint(2**31 - 1))


class PerturbedClassifier(ClassifierMixin, _Trained):  # type: ignore[misc]
    """Picks one of several classes: multinomial logistic regression with noise "gumbel", a probit with "normal", and so on.

    Trained by Fenchel-Young losses, whose gradient is the probability of each class less what was picked.
    """

    _noise: _Noise = "gumbel"
    _samples = 0

    def fit(self, X: Any, y: Any) -> Self:
        """Trains on features of shape (n, d) and a class in each row."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, places = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"y has 1 class, {self.classes_[0]!r}; expected at least 2 classes")
        return self._train(Simplex(count), X, np.eye(count)[places], [str(label) for label in self.classes_])

    def decision_function(self, X: Any) -> NDArray[Any]:
        """theta, of shape (n, classes); of two classes the difference of the second and the first, of shape (n,)."""
        theta = self._scores(X)
        two: NDArray[Any] = theta[:, 1] - theta[:, 0] if len(self.classes_) == 2 else theta
        return two

    def predict(self, X: Any) -> NDArray[Any]:
        """The class with the largest score in each row."""
        theta = self._scores(X)
        classes: NDArray[Any] = self.classes_[theta.argmax(axis=1)]
        return classes

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """The probability of each class under the noise, y_eps(theta), of shape (n, classes)."""
        theta = self._scores(X).astype(np.float64)
        y = self._layer().maximizer(theta, Exact())
        probabilities: NDArray[Any] = y / y.sum(axis=1, keepdims=True)
        return probabilities

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """The logarithm of `predict_proba`."""
        logarithms: NDArray[Any] = np.log(self.predict_proba(X))
        return logarithms


class LabelRanker(_Trained):
    """Ranks k labels. Targets are ranks, 1 for the best label: permutations of 1, ..., k, of shape (n, k)."""

    def fit(self, X: Any, y: Any) -> Self:
        """Trains on features of shape (n, d) and ranks of shape (n, k)."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        if y.ndim != 2 or y.shape[1] < 2:
            raise ValueError(f"y has shape {y.shape}; expected (n, k), ranks of at least 2 labels")
        k = y.shape[1]
        wrong = np.flatnonzero((np.sort(y, axis=1) != np.arange(1, k + 1)).any(axis=1))
        if len(wrong):
            raise ValueError(f"y is {y[wrong[0]].tolist()} in row {wrong[0]}; expected each of 1 to {k} once, 1 for the best label")
        return self._train(Ranking(k), X, k + 1 - y)

    def decision_function(self, X: Any) -> NDArray[Any]:
        """theta, of shape (n, k): the larger, the better a label."""
        return self._scores(X)

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Ranks, 1 for the best label, of shape (n, k)."""
        theta = self._scores(X)
        y = self._layer().decide(theta)
        ranks: NDArray[np.int64] = (y.shape[1] + 1 - y).astype(np.int64)
        return ranks

    def score(self, X: Any, y: Any) -> float:
        """The mean of Spearman's rank correlation."""
        return float(np.mean(metrics.spearman(self.predict(X), np.asarray(y))))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required, tags.target_tags.multi_output, tags.target_tags.single_output = True, True, False
        return tags


class DecisionRegressor(_Trained):
    """Makes the decisions of an oracle: a route, a matching, a tree, k of d.

    Targets are decisions, of shape (n, k) or (n, *oracle.shape).

    oracle : Oracle
        What is decided. Scores of an affine model change sign, so that DagPath suits routes and GridPath, whose costs are positive, does
        not. A `BlackBox` is called once a step, with all rows and samples in float32.
    """

    def __init__(
        self,
        oracle: Oracle,
        *,
        noise: _Noise | None = None,
        epsilon: float = 1.0,
        loss: _LossOfLabels = "fenchel-young",
        samples: int | None = None,
        lambd: float = 0.1,
        epochs: int | None = None,
        batch: int = 32,
        rate: float | None = None,
        schedule: Literal["linear", "cosine", "constant"] = "linear",
        optimizer: Literal["sgd", "adam"] = "sgd",
        momentum: float = 0.0,
        averaging: float = 0.5,
        standardize: bool = True,
        fit_intercept: bool = True,
        random_state: Any = 0,
    ) -> None:
        super().__init__(
            noise=noise, epsilon=epsilon, loss=loss, samples=samples, lambd=lambd, epochs=epochs, batch=batch, rate=rate,
            schedule=schedule, optimizer=optimizer, momentum=momentum, averaging=averaging, standardize=standardize,
            fit_intercept=fit_intercept, random_state=random_state,
        )  # fmt: skip
        self.oracle = oracle

    def fit(self, X: Any, y: Any) -> Self:
        """Trains on features of shape (n, d) and decisions."""
        X = validate_data(self, X, dtype=np.float64)
        y = check_array(y, allow_nd=True, dtype=np.float64)
        if len(y) != len(X):
            raise ValueError(f"y has {len(y)} rows; expected {len(X)}, as X")
        return self._train(self.oracle, X, y)

    def decision_function(self, X: Any) -> NDArray[Any]:
        """theta, of shape (n, k)."""
        return self._scores(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """The decisions y*(theta), of shape (n, k)."""
        theta = self._scores(X)
        found: NDArray[Any] = self._layer().decide(theta)
        return found

    def score(self, X: Any, y: Any) -> float:
        """The share of rows that are decided as they were, in every entry."""
        found = self.predict(X)
        y = np.asarray(y)
        if len(y) != len(found) or y.size != found.size:
            raise ValueError(f"y has shape {y.shape}; expected {found.shape}, or rows of the oracle's shape")
        return float(np.mean((found == y.reshape(found.shape)).all(axis=1)))


class ChoiceModel(BaseEstimator):  # type: ignore[misc]
    """Decides among options by one vector of weights, theta = phi w: discrete-choice models and learning to rank, route or pack.

    X is a table: a DataFrame or a mapping of columns, with what was decided among them. Decisions whose expectations are known (picks, k
    picks, rankings, yes or no to each) are estimated by Newton's method, with standard errors; others by stochastic gradients. Split
    tables by decisions: `GroupKFold`, with `groups=X[group]`.

    recipe : Recipe
        What the options of a decision are, their features, and what was decided.
    noise : {"gumbel", "normal", "laplace", "logistic"}
        Picks with "gumbel" are the multinomial logit.
    epsilon : float
        The temperature, which only names the scale of the weights.
    loss : {"fenchel-young", "likelihood", "perturbed-squared", "squared", "pairwise-logistic", "blackbox", "spo-plus"}
        What is minimised; "likelihood" of picks alone: the independent probit with noise "normal".
    ridge : float
        A penalty on large weights (`perturbed.estimate`); without standard errors.
    samples : int, optional
        Samples a gradient; 0 computes expectations exactly, and is the default where they are known; elsewhere 10.
    lambd : float
        Of loss "blackbox".
    training : Training, optional
        How stochastic gradients descend.

    Attributes
    ----------
    model_ : Model
    estimates_ : Estimates or None
        The weights with their uncertainty, where they minimise the loss.
    coef_ : ndarray of shape (n_terms,)
    terms_ : list of str
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        noise: _Noise = "gumbel",
        epsilon: float = 1.0,
        loss: str = "fenchel-young",
        ridge: float = 0.0,
        samples: int | None = None,
        lambd: float = 0.1,
        training: Training | None = None,
    ) -> None:
        self.recipe = recipe
        self.noise = noise
        self.epsilon = epsilon
        self.loss = loss
        self.ridge = ridge
        self.samples = samples
        self.lambd = lambd
        self.training = training

    def _layer(self) -> dict[str, Any]:
        return {"noise": self.noise, "epsilon": self.epsilon}

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learns the weights from the decisions of a table; y is ignored."""
        if not isinstance(self.recipe, Recipe):
            raise TypeError(f"recipe is of type {type(self.recipe).__name__}; expected a Recipe")
        if not self.recipe.is_decided:
            raise ValueError("recipe: expected one of chosen, one_of, ranks, grades and worth, which says what was decided")
        decisions, layer = Decisions(X, self.recipe), self._layer()
        criterion: Any = "likelihood" if self.loss == "likelihood" else "fenchel-young"
        training = settings_of(self.training)
        self.estimates_: Estimates | None = None
        exact = decisions.exact if self.samples is None else self.samples == 0
        if self.loss in ("fenchel-young", "likelihood") and exact:
            found = estimate(decisions, criterion=criterion, ridge=self.ridge, **layer)
            self.coef_, self.estimates_ = found.weights, found if self.ridge == 0 else None
        elif self.ridge != 0:
            raise ValueError("ridge applies to exact Fenchel-Young losses and likelihoods; expected 0")
        else:
            loss: Any = self.loss
            method = Exact() if exact else MonteCarlo(self.samples or 10)
            self.coef_ = descend(decisions, training, method=method, loss=loss, lambd=self.lambd, **layer)
            if loss == "fenchel-young" and len(self.coef_) <= 100:
                many = Exact() if decisions.exact else MonteCarlo(1000, training.seed)
                self.estimates_ = estimates_at(decisions, self.coef_, many, **layer)
        self.terms_ = decisions.terms
        self.model_ = Model.of_options(
            decisions, self.coef_, estimates=self.estimates_, loss=self.loss, seed=training.seed, **layer
        )
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """theta of each row of a table, NaN in rows that are left out; with columns by option of shape (n, options)."""
        check_is_fitted(self)
        return self.model_.scores(X)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """What is decided of each row: 1 if it is chosen; of rankings ranks, 1 for the best."""
        check_is_fitted(self)
        found = self.model_.decide(X)
        return self._ranks(X, found) if self.recipe.decide == "rank" else found

    def predict_proba(self, X: Any, *, method: Exact | MonteCarlo | Cheapest | None = None) -> NDArray[np.float64]:
        """The expected decision of each row: the probability that it is chosen, or its expected rank.

        method : Exact, MonteCarlo or Cheapest, optional
            How expectations are computed: by default exactly where they are known, otherwise by 1,000 samples, MonteCarlo(1000), with
            standard errors of at most 0.016 for probabilities.
        """
        check_is_fitted(self)
        if method is None:
            method = Exact() if self.model_.read(X, decided=False).exact else MonteCarlo(1000)
        found = self.model_.maximizer(X, method)
        return self._ranks(X, found) if self.recipe.decide == "rank" else found

    def _ranks(self, X: Any, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """From y, which is largest for the best, to ranks."""
        decisions = self.model_.read(X, decided=False)
        most = np.full(found.size, np.nan)
        sizes: NDArray[np.int64] = np.diff(decisions.starts).astype(np.int64)
        most[decisions.rows] = np.repeat(sizes + 1, sizes)
        return most.reshape(found.shape) - found

    def score(self, X: Any, y: Any = None) -> float:
        """How well the model decides as was decided, the larger the better.

        Of worth minus the mean regret, of rankings the mean of Spearman's correlation, of picks the share of those that are right, of others
        the share of what was chosen that is chosen, too.
        """
        check_is_fitted(self)
        decisions = self.model_.read(X)
        layer = self._layer()
        found = decisions.judge(self.coef_, Exact() if decisions.exact else MonteCarlo(1), **layer)
        counts = decisions.counts
        for name, sign in (("regret", -1), ("Spearman", 1), ("overlap", 1), ("agreement", 1)):
            if name in found:
                known = ~np.isnan(found[name])
                return float(sign * np.average(found[name][known], weights=counts[known]))
        raise ValueError("X does not say what was decided, or none of its decisions counts")

    def elasticities(self, X: Any, terms: str | Sequence[str]) -> list[tuple[str, str, str, float, float]]:
        """Own and cross elasticities of picks, with standard errors.

        Tuples of the term, the alternative whose term grows, the alternative that is picked more or less often, by how many per cent for one
        per cent, and its standard error, NaN where it is not known.
        """
        check_is_fitted(self)
        layer = self._layer()
        terms = [terms] if isinstance(terms, str) else list(terms)
        found = elasticities(self.model_.read(X, decided=False), self.coef_, terms, **layer)
        covariance = None if self.estimates_ is None else self.estimates_.covariance()

        def error(gradient: NDArray[np.float64]) -> float:
            if covariance is None or len(gradient) != len(covariance):
                return float("nan")
            return float(np.sqrt(gradient @ covariance @ gradient))

        return [(term, changed, of, value, error(gradient)) for term, changed, of, value, gradient in found]

    def summary(self, errors: Literal["model", "robust", "clustered"] | None = None, level: float = 0.95) -> str:
        """The fit and its weights as a table of text.

        errors : {"model", "robust", "clustered"}, optional
            Which standard errors: by default clustered where there are clusters, else the model's where they are known, else robust.
        level : float
            Of the intervals.
        """
        check_is_fitted(self)
        found = self.estimates_
        rows = [("decisions", self.recipe.decide), ("noise", f"{self.noise}, temperature {self.epsilon:g}")]
        width = max(map(len, self.terms_))
        if found is None:
            lines = [f"{term:<{width}} {weight:>12.6g}" for term, weight in zip(self.terms_, self.coef_, strict=True)]
            return "\n".join([f"{name:<24}{value}" for name, value in rows] + ["", f"{'':<{width}} {'weight':>12}", *lines])
        errors = errors or found.errors_by_default
        rows += [("number of decisions", str(found.decisions)), ("terms", str(len(self.terms_)))]
        if found.log_likelihood is not None:
            rows += [("log-likelihood", f"{found.log_likelihood:.4f}")]
        test = found.test_of_null()
        if found.null_log_likelihood is not None and test is not None:
            rows += [
                ("of equal probabilities", f"{found.null_log_likelihood:.4f}"),
                ("McFadden's R squared", f"{found.r_squared:.4f}"),
                ("LR test, p", f"{test[0]:.4f} on {test[1]}, {test[2]:.4g}"),
                ("AIC", f"{found.aic:.4f}"),
                ("BIC", f"{found.bic:.4f}"),
            ]
        rows += [("mean loss", f"{found.loss:.6f}"), ("standard errors", errors)]
        if found.clusters:
            rows += [("clusters", str(found.clusters))]
        low, high = f"[{(1 - level) / 2:.3g}", f"{(1 + level) / 2:.3g}]"
        heads = ("weight", "s.e.", "z", "P>|z|", low, high)
        lines = [f"{'':<{width}} " + " ".join(f"{head:>12}" for head in heads)]
        columns = (
            found.weights, found.standard_errors(errors), found.z(errors), found.p_values(errors),
            *found.intervals(level, errors).T,
        )  # fmt: skip
        forms = ("12.6g", "12.6g", "12.3f", "12.4f", "12.6g", "12.6g")
        for term, *numbers in zip(self.terms_, *columns, strict=True):
            lines.append(f"{term:<{width}} " + " ".join(f"{x:{form}}" for x, form in zip(numbers, forms, strict=True)))
        rule = "-" * len(lines[0])
        head = [f"{name:<24}{value}" for name, value in rows]
        return "\n".join([*head, rule, lines[0], rule, *lines[1:], rule])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.allow_nan = True, True
        return tags
