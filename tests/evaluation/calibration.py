"""Print what calibration is worth: ``python -m tests.evaluation.calibration``.

Deterministic; about two minutes. ``--symbols N`` takes the first so many of each file.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from operators.calibration.params import CalibrationParams
from operators.records.time import MINUTE
from tests.evaluation import spreads
from tests.evaluation.forecasts import PROXIES, Judged, difference, judge, together
from tests.evaluation.ohlcv import LENGTHS, Numbers, load, ranges
from tests.evaluation.thresholds import Passed, lognormal, passed

DAY_NS = 1_440 * MINUTE
OTHERS = ("ATR(14)", "best")
MINE = ("calibrated", "expected")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, default=None)
    symbols = parser.parse_args().symbols
    judged = {length: show_forecasts(length, symbols) for length in LENGTHS}
    show_thresholds(judged)


def show_forecasts(length: str, symbols: int | None) -> list[Judged]:
    """Print and return how well each symbol's next window is foretold."""
    day = DAY_NS // LENGTHS[length]
    judged = [judge(bars) for bars in load(length, symbols)]
    print(f"\nQLIKE of the next window, {length}, second half, proxy TR^2:")
    print("difference per window, 95 % block bootstrap; below zero is better")
    head = ("symbol", "windows", "period", "best", "against ATR(14)", "against best")
    print("{:10} {:>7} {:>6} {:>5}  {:36} {:36}".format(*head))
    for each in judged:
        apart = [difference(each, "TR^2", "calibrated", o, day) for o in OTHERS]
        cells = [
            f"{i.mean:+.4f} [{i.low:+.4f}, {i.high:+.4f}] {i.verdict}" for i in apart
        ]
        print(
            f"{each.symbol:10} {len(each.end_ns):7} {each.calibrated:6.1f}"
            f" {each.best['TR^2']:5}  {cells[0]:36} {cells[1]:36}"
        )
    print("\nall symbols at each time, by proxy and forecast:")
    for proxy in PROXIES:
        for mine in MINE:
            for other in OTHERS:
                print(_summed(judged, proxy, mine, other, day))
    return judged


def _summed(
    judged: Sequence[Judged], proxy: str, mine: str, other: str, day: int
) -> str:
    """Return the line of one forecast against another, over symbols."""
    whole = together(judged, proxy, mine, other, day)
    counts = Counter(difference(e, proxy, mine, other, day).verdict for e in judged)
    return (
        f"{proxy:16} {mine:10} against {other:8}"
        f" {whole.mean:+.4f} [{whole.low:+.4f}, {whole.high:+.4f}] {whole.verdict:9}"
        f" symbols: {counts['win']} won, {counts['loss']} lost,"
        f" {counts['undecided']} undecided"
    )


def show_thresholds(judged: Mapping[str, list[Judged]]) -> dict[str, list[Passed]]:
    """Print and return how often bounds are passed."""
    minutes, shown = CalibrationParams(), {}
    made = made_spreads()
    shown["made"] = passed(made, minutes)
    _print_passed("made spreads, minutes, second half", shown["made"], 0.01)
    for length, length_ns in LENGTHS.items():
        params = CalibrationParams(length_ms=length_ns // 1_000_000)
        known = {each.symbol: each.alarms for each in judged[length]}
        bars = {each.symbol: ranges(each) for each in load(length, len(known))}
        shown[length] = passed(bars, params, known)
        title = f"range of {length} bars in the place of a spread, second half"
        _print_passed(title, shown[length], 0.01)
    seconds = CalibrationParams(length_ms=1_000)
    long = {each.key: each.bps for each in spreads.of_captures(long=True)}
    if long:
        shown["tick"] = passed(long, seconds)
        _print_passed("spreads of the tick captures, seconds", shown["tick"], 0.01)
    brief = CalibrationParams(length_ms=1_000, threshold_start=10, alarm_rate=0.1)
    short = {
        f"{each.capture} {each.key.partition(':')[2]}": each.bps
        for each in spreads.of_captures(long=False)
        if len(each.bps) >= 20
    }
    if short:
        shown["ws"] = passed(short, brief)
        _print_venues(shown["ws"], 0.1)
    return shown


def made_spreads(count: int = 20_000) -> dict[str, Numbers]:
    """Return made spreads that differ by 400 times, of several kinds."""
    kinds = {"free": (0.0, 0.0), "AR .9": (0.9, 0.0), "AR .99 daily": (0.99, 0.5)}
    return {
        f"{scale} bps {kind}": lognormal(scale, count, phi, seed, daily=daily)
        for seed, (kind, (phi, daily)) in enumerate(kinds.items())
        for scale in (0.05, 1.0, 20.0)
    }


def _print_passed(title: str, rows: Iterable[Passed], rate: float) -> None:
    rows = list(rows)
    print(f"\nBounds, nominal {rate:.0%}: {title}")
    print(f"{'symbol':24} {'median bps':>10} {'windows':>8} {'calibrated':>10} fixed")
    for each in rows:
        print(
            f"{each.name:24} {each.median:10.3f} {each.windows:8}"
            f" {each.calibrated:10.2%} {each.fixed:6.2%}"
        )
    near = [sum(abs(r - rate) < 0.01 for r in of) for of in _rates(rows)]
    print(f"within 1 point: calibrated {near[0]}, fixed {near[1]}, of {len(rows)}")
    near = [sum(rate / 2 <= r <= rate * 2 for r in of) for of in _rates(rows)]
    print(f"within a factor of 2: calibrated {near[0]}, fixed {near[1]}")


def _rates(rows: Iterable[Passed]) -> tuple[list[float], list[float]]:
    rows = list(rows)
    return [each.calibrated for each in rows], [each.fixed for each in rows]


def _print_venues(rows: Sequence[Passed], rate: float) -> None:
    """Print by venue: one symbol has too few seconds to show a rate."""
    print(f"\nBounds, nominal {rate:.0%}: captures of half a minute, seconds")
    print("all symbols of a venue together; how many always, and never, pass the fixed")
    print(
        f"{'venue':16} {'symbols':>7} {'median bps':>22} {'seconds':>8}"
        f" {'calibrated':>10} {'fixed':>7} {'always':>6} {'never':>6}"
    )
    for venue in sorted({each.name.partition(" ")[0] for each in rows}):
        _print_venue(venue, [e for e in rows if e.name.partition(" ")[0] == venue])
    _print_venue("all", rows)


def _print_venue(venue: str, rows: Sequence[Passed]) -> None:
    medians = [each.median for each in rows]
    weights = [each.windows for each in rows]
    calibrated, fixed = (np.average(rates, weights=weights) for rates in _rates(rows))
    always = sum(each.fixed > 0.9 for each in rows)
    never = sum(each.fixed == 0.0 for each in rows)
    between = f"{min(medians):.2f} to {max(medians):.2f}"
    print(
        f"{venue:16} {len(rows):7} {between:>22} {sum(weights):8}"
        f" {calibrated:10.1%} {fixed:7.1%} {always:6} {never:6}"
    )


if __name__ == "__main__":
    main()
