"""What sets a broker's topics apart from ``topics.yaml``, each as a value."""

from typing import ClassVar

import msgspec

from infra.kafka.specs import FOR_EVER, TopicSpec


class Missing(msgspec.Struct, frozen=True, tag=True):
    """A topic that is to be made, in so many copies."""

    refusal: ClassVar[str] = ""
    may_force: ClassVar[bool] = False

    spec: TopicSpec
    copies: int = 1

    @property
    def configs(self) -> dict[str, str]:
        """The settings by Kafka's names."""
        return self.spec.configs(self.copies)

    @property
    def topic(self) -> str:
        """The topic's name."""
        return self.spec.name

    @property
    def sentence(self) -> str:
        """What is to be done."""
        settings = ", ".join(f"{key}={value}" for key, value in self.configs.items())
        many = f"{self.spec.partitions} partitions in {self.copies} copies"
        return f"{self.topic} is missing: make it with {many}, {settings}."


class Setting(msgspec.Struct, frozen=True, tag=True):
    """A setting that differs; ``key`` is Kafka's name."""

    topic: str
    key: str
    current: str
    wanted: str

    may_force: ClassVar[bool] = True

    @property
    def sentence(self) -> str:
        """What is to be done."""
        return f"{self.topic}: change {self.key} from {self.current} to {self.wanted}."

    @property
    def refusal(self) -> str:
        """What would be lost; empty if nothing."""
        if self.key == "retention.ms" and _shorter(self.wanted, self.current):
            return "the broker would delete older records than it does now"
        added = set(self.wanted.split(",")) - set(self.current.split(","))
        if self.key == "cleanup.policy" and "compact" in added:
            return "the broker would delete all but the newest record of each key"
        if self.key == "cleanup.policy" and "delete" in added:
            return "the broker would delete records that are now kept for ever"
        return ""


class Partitions(msgspec.Struct, frozen=True, tag=True):
    """Another number of partitions, which is never applied."""

    topic: str
    current: int
    wanted: int

    may_force: ClassVar[bool] = False

    @property
    def sentence(self) -> str:
        """What differs."""
        return f"{self.topic} has {self.current} partitions; {self.wanted} are wanted."

    @property
    def refusal(self) -> str:
        """Why not."""
        if self.wanted < self.current:
            return "Kafka cannot take partitions away; make the topic's next version"
        return "keys would move and lose their order; make the topic's next version"


class Replicas(msgspec.Struct, frozen=True, tag=True):
    """Fewer copies than wanted, which is never applied."""

    topic: str
    current: int
    wanted: int

    may_force: ClassVar[bool] = False
    refusal: ClassVar[str] = (
        "all of it would be copied between brokers while it is in use; do it at a time "
        "of your choice with kafka-reassign-partitions"
    )

    @property
    def sentence(self) -> str:
        """What differs."""
        copies = f"{self.topic} is kept on {self.current} of the brokers"
        return f"{copies}; {self.wanted} are wanted."


class Stranger(msgspec.Struct, frozen=True, tag=True):
    """A topic of the broker that is not in the file; left alone."""

    refusal: ClassVar[str] = ""
    may_force: ClassVar[bool] = False

    topic: str

    @property
    def sentence(self) -> str:
        """What differs."""
        return f"{self.topic} is on the broker and not in the file; it is left alone."


Change = Missing | Setting | Partitions | Replicas | Stranger


def _shorter(wanted: str, current: str) -> bool:
    if int(wanted) == FOR_EVER:
        return False
    return int(current) == FOR_EVER or int(wanted) < int(current)
