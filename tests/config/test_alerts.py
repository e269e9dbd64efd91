"""Rules and targets from a file: a mistake is named and placed."""

from pathlib import Path

import pytest

from config.alerts import RULES
from config.load import ConfigError, load, save

GOOD = """\
alerts:
  more:
    - name: wide
      topic: quality_issues.v1
      when: kind == 'wide spread' and value > 2 * bound and phase != 'close'
      clear: phase == 'close'
      severity: low
      subject: "{venue} {symbol} {connection} {kind}"
      title: "{symbol}: {value:.1f} {unit}"
      digest_s: 600
  targets:
    - {name: ops, url_env: OPS_URL, min_severity: high}
    - {name: night, url_env: NIGHT_URL, rules: [wide, no-system-health]}
    - {name: snitch, url_env: SNITCH_URL, deadman: true}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it.yaml"


def test_rules_stand_beside_those_of_the_house_or_in_their_place(path: Path) -> None:
    path.write_text(GOOD)
    found = load(path)
    assert found.alerts.all_rules[:-1] == RULES
    assert found.alerts.all_rules[-1].name == "wide"
    path.write_text(GOOD.replace("more:", "rules:"))
    assert [rule.name for rule in load(path).alerts.all_rules] == ["wide"]
    save(found, path)
    assert load(path) == found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("kind ==", "kinds ==", "a field .* not `kinds` in column 1 in `when` - at"),
        ("'wide spread'", "'wide'", "Expected one of crossed book, .* in `when` - at"),
        ("phase == 'close'", "phase ==", "Expected a condition, .* in `clear` - at"),
        ("{value:.1f}", "{values}", "a field .* not `values` .* in `title` - at"),
        ("quality_issues.v1", "issues.v1", "Expected a `topic` .* not `issues.v1`"),
        ("name: wide", "name: high-issue", "`high-issue` is there twice"),
        ("name: wide", "name: no-system-health", "`no-system-health` is there twice"),
        ("name: night", "name: ops", "`ops` is there twice"),
        ("rules: [wide", "rules: [wid", "Expected one of .*, not `wid` - at"),
        ("url_env: OPS_URL", "url: 'json://x'", "unknown field `url` - at"),
        ("OPS_URL", "'json://x'", "matching regex"),
        ("severity: low", "severity: lwo", "Invalid enum value 'lwo' - at"),
    ],
)
def test_a_mistake_is_named_and_placed(
    path: Path, old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError, match=expected) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "`$.alerts" in str(raised.value)


def test_every_rule_of_the_house_can_be_told_and_ends() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) == 6
    assert all(rule.title and rule.cooldown_s for rule in RULES)
