"""One outcome at a time it comes to what a regression of all at once comes to."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from operators.numerics.logistic import Logistic, unlearnt


def drawn(seed: int, count: int, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    # Numbers that go together, as components do.
    mixed = rng.normal(size=(count, len(truth))) @ rng.normal(size=(len(truth),) * 2)
    x = np.clip(0.3 * mixed, -1, 1)
    x[:, 0] = 1.0
    happened = rng.random(count) < 1 / (1 + np.exp(-x @ truth))
    return x, happened


def learnt(x: np.ndarray, happened: np.ndarray, variance: float) -> Logistic:
    found = unlearnt([0.0] * x.shape[1], variance)
    for row, each in zip(x.tolist(), happened.tolist(), strict=True):
        found.update(row, each, 0.0, variance)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_it_comes_to_the_ridge_regression_of_scikit_learn(seed):
    """To a fraction of what chance leaves open: the standard error."""
    truth = np.array([-1.0, 2.0, 0.5, -0.5, 1.0])
    x, happened = drawn(seed, 4_000, truth)
    variance = 4.0
    mine = learnt(x, happened, variance)
    theirs = LogisticRegression(C=variance, fit_intercept=False, tol=1e-10).fit(
        x, happened
    )
    probable = 1 / (1 + np.exp(-x @ theirs.coef_[0]))
    told = (x * (probable * (1 - probable))[:, None]).T @ x + np.eye(5) / variance
    error = np.sqrt(np.diag(np.linalg.inv(told)))
    apart = np.abs(mine.coefficients - theirs.coef_[0]) / error
    assert apart.max() < 0.35
    assert np.sqrt(np.diag(mine.doubts)) == pytest.approx(error, rel=0.05)


def test_what_is_never_seen_stays_as_it_was():
    found = unlearnt([0.0, 0.7], 2.0)
    for number in range(500):
        found.update((1.0, 0.0), number % 3 == 0, 1e-3, 2.0)

    assert found.coefficients[1] == 0.7
    assert found.doubts[1][1] == 2.0
    assert found.probability((1.0, 0.0)) == pytest.approx(1 / 3, abs=0.05)


def test_what_drifts_is_followed():
    rng = np.random.default_rng(7)
    found = unlearnt([0.0, 0.0], 4.0)
    for number in range(20_000):
        x = rng.uniform(-1, 1)
        slope = 3.0 if number < 10_000 else -3.0
        happened = bool(rng.random() < 1 / (1 + np.exp(-slope * x)))
        found.update((1.0, x), happened, 64 / 1_000**2, 4.0)

    assert found.coefficients[1] == pytest.approx(-3.0, abs=0.5)
