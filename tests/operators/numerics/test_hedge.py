"""The mix is a distribution, follows the best expert, and is what theory says."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import gmean

from operators.numerics.hedge import Hedge, log_mean, qlike, weights_at

losses = st.lists(
    st.lists(st.one_of(st.none(), st.floats(0, 5)), min_size=3, max_size=3),
    max_size=60,
)
positive = st.floats(1e-6, 1e6)
PERIODS = (5, 7, 10, 14, 21, 28, 34, 55)


@given(losses, st.floats(0.01, 5), st.floats(0.001, 0.5))
def test_weights_are_a_distribution_and_none_dies(rows, rate, share):
    hedge = Hedge.of(3)
    for row in rows:
        hedge.update(row, rate, share)

    assert sum(hedge.weights) == pytest.approx(1.0)
    assert min(hedge.weights) >= share / 3 * (1 - 1e-9) or not hedge.n
    assert hedge.n == sum(any(each is not None for each in row) for row in rows)


@given(st.lists(st.lists(st.floats(0, 5), min_size=4, max_size=4), max_size=40))
def test_without_sharing_weights_are_the_softmax_of_the_losses(rows):
    hedge = Hedge.of(4)
    for row in rows:
        hedge.update(row, 0.5, 0.0)

    total = np.array(rows).sum(axis=0) if rows else np.zeros(4)
    assert hedge.weights == pytest.approx(softmax(-0.5 * total), rel=1e-9)


@given(losses, st.floats(0.01, 5))
def test_who_says_nothing_keeps_its_weight(rows, rate):
    hedge = Hedge.of(3)
    for first, second, _ in rows:
        hedge.update([first, second, None], rate, 0.0)

    assert hedge.weights[2] == pytest.approx(1 / 3)


def test_the_mix_follows_whoever_is_best_of_late():
    hedge, share, rate = Hedge.of(8), 0.01, 0.5
    for best in (0, 5):
        for _ in range(60):
            hedge.update([0.0 if k == best else 1.0 for k in range(8)], rate, share)
        assert hedge.weights[best] > 0.9


def test_the_loss_of_the_mix_is_bounded_as_herbster_and_warmuth_say():
    rng = np.random.default_rng(3)
    rate, share, n, k = 0.5, 0.01, 600, 5
    table = rng.exponential(1.0, (n, k)).clip(max=5.0)
    table[:300, 1] *= 0.2
    table[300:, 3] *= 0.2
    hedge, mixed = Hedge.of(k), 0.0
    for row in table:
        mixed -= log(np.dot(hedge.weights, np.exp(-rate * row))) / rate
        hedge.update(row.tolist(), rate, share)

    best = table[:300, 1].sum() + table[300:, 3].sum()
    stay, switch = log(1 - share + share / k), log(share / k)
    assert mixed <= best + (log(k) - (n - 2) * stay - switch) / rate + 1e-9


@given(positive, positive, positive)
def test_qlike_is_least_where_the_forecast_was_right_and_has_no_unit(x, f, unit):
    assert qlike(x, f, 1e9) >= -1e-12
    assert qlike(x, x, 1e9) == pytest.approx(0.0, abs=1e-12)
    assert qlike(x * unit, f * unit, 1e9) == pytest.approx(qlike(x, f, 1e9), rel=1e-6)
    assert qlike(0.0, f, 5.0) == 5.0


@given(st.lists(st.tuples(st.floats(0.01, 1), positive), min_size=1, max_size=9))
def test_the_mean_is_scipy_s_and_leaves_out_what_is_not_known(pairs):
    weights, values = [list(each) for each in zip(*pairs, strict=True)]
    mean = log_mean(weights, values)

    assert mean == pytest.approx(gmean(values, weights=weights))
    assert log_mean([*weights, 1.0], [*values, None]) == mean
    assert log_mean(weights, [None] * len(values)) is None


@given(st.floats(0.1, 500))
def test_weights_at_a_mean_have_that_mean_within_the_values(mean):
    weights = weights_at(PERIODS, mean)

    assert sum(weights) == pytest.approx(1.0)
    assert log_mean(weights, PERIODS) == pytest.approx(min(max(mean, 5), 55))
    assert sum(weight > 0 for weight in weights) <= 2
