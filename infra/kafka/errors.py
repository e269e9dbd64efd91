"""What can go wrong with a broker and its topics."""


class BrokerError(Exception):
    """A broker that does not start, or is not what it should be."""


class UnavailableError(BrokerError):
    """Apache Kafka cannot be had on this machine: what is missing, what to do."""


class TopicsError(Exception):
    """A topics file, or the topics of a broker, that cannot be read or changed."""
