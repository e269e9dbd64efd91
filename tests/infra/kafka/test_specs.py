"""topics.yaml says all of it, and a mistake in it is named and placed."""

from pathlib import Path

import pytest

from infra.kafka import specs
from infra.kafka.errors import TopicsError
from operators.records import topics as records

FRAME_BYTES = 24 * 1024 * 1024

GOOD = """\
topics:
  - name: bars.v1
    partitions: 4
    retention_ms: 1000
    cleanup: delete
    timestamps: LogAppendTime
    max_message_bytes: 1048576
    reason: For a test.
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "topics.yaml"
    path.write_text(text)
    return path


def test_the_file_and_the_code_have_the_same_topics() -> None:
    assert {topic.name for topic in specs.load()} == {t.name for t in records.ALL}


def test_frames_and_dead_letters_hold_a_frame_of_10_mb() -> None:
    sizes = {topic.name: topic.max_message_bytes for topic in specs.load()}
    assert sizes[records.FRAMES.name] >= FRAME_BYTES
    assert sizes[records.DEAD.name] >= FRAME_BYTES


def test_old_event_times_never_make_a_record_old() -> None:
    assert {topic.timestamps for topic in specs.load()} == {specs.Timestamps.APPEND}


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (topic,) = specs.load(written(tmp_path, GOOD))
    assert topic.replication == 3
    assert topic.configs(3) == {
        "retention.ms": "1000",
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": "1048576",
        "min.insync.replicas": "2",
    }


def test_one_broker_may_be_away_where_there_are_more(tmp_path: Path) -> None:
    (topic,) = specs.load(written(tmp_path, GOOD + "    replication: 5\n"))
    confirmed = [topic.configs(copies)["min.insync.replicas"] for copies in (1, 2, 5)]
    assert confirmed == ["1", "1", "4"]


def test_every_topic_of_ours_outlasts_a_broker() -> None:
    assert {topic.replication for topic in specs.load()} == {3}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "partitions: 4",
            "partitons: 4",
            "unknown field `partitons` - at `$.topics[0]`",
        ),
        ("    partitions: 4\n", "", "missing required field `partitions`"),
        ("partitions: 4", "partitions: many", "Expected `int`, got `str` - at "),
        (
            "partitions: 4",
            "partitions: 0",
            "Expected `int` >= 1 - at `$.topics[0].part",
        ),
        ("retention_ms: 1000", "retention_ms: -2", "`int` >= -1 - at `$.topics[0].ret"),
        (
            "retention_ms: 1000",
            "retention_ms: 0",
            "or -1 for ever - at `$.topics[0].ret",
        ),
        ("cleanup: delete", "cleanup: burn", "enum value 'burn' - at `$.topics[0].cl"),
        ("name: bars.v1", "name: Bars", "matching regex"),
        ("1048576", "99999999", "Expected `int` <= 33554432 - at `$.topics[0].max_me"),
        ("reason: For a test.", "reason: ''", "length >= 1 - at `$.topics[0].reason`"),
        ("topics:", "topics: [", "topics.yaml: "),
        (GOOD, "", "topics.yaml: Expected `object`, got `null`"),
        (GOOD, "topics: []", "Expected `array` of length >= 1 - at `$.topics`"),
        (GOOD, GOOD + GOOD[8:], "Expected each name once - at `$.topics[1].name`"),
    ],
)
def test_a_mistake_is_named_and_placed(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(TopicsError) as mistake:
        specs.load(path)
    assert str(mistake.value).startswith(f"{path}: ")
    assert told in str(mistake.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopicsError, match=r"nowhere\.yaml: No such file"):
        specs.load(tmp_path / "nowhere.yaml")
