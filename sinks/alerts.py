"""A target that is told of alerts, through apprise, and what became of each telling.

Apprise says yes or no. No is told again only where it is certain that nothing arrived:
the connection was never made, or the receiver answered that it did not take it. Where
a request was sent and no answer came, it may have arrived, and to tell it again might
be to tell it twice: that is unknown, and left at that. The difference is only in what
apprise notes for developers, so any note that is not known counts as unknown too.

Nothing of such a note is ever shown, for it holds the address, which is a secret.
"""

import logging
import os
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from apprise import Apprise, AppriseAsset, NotifyType
from apprise.common import OverflowMode
from apprise.result import AppriseResult, AppriseResultStatus

from config.alerts import Target
from config.load import ConfigError
from operators.records.alerts import Outcome
from operators.records.quality import Severity

TYPES: Final = {
    Severity.LOW: NotifyType.INFO,
    Severity.MEDIUM: NotifyType.INFO,
    Severity.HIGH: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
}
_NOTES: Final = logging.getLogger("apprise")
_STATUS: Final = re.compile(r"\berror\s*[=:]\s*(\d{3})\.?\s*\Z")
_NOT_TAKEN: Final = frozenset({500, 501, 503, 505})
_PERHAPS_TAKEN: Final = frozenset({408, 499})
_NEVER_MADE: Final = {
    "Connection refused": "connection refused",
    "ConnectTimeoutError": "no connection in time",
    "NameResolutionError": "its name is not known",
    "Name or service not known": "its name is not known",
    "Temporary failure in name resolution": "its name is not known",
    "Network is unreachable": "network unreachable",
    "No route to host": "no way there",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    "WRONG_VERSION_NUMBER": "it speaks no TLS",
    "Unable to connect to proxy": "no way through the proxy",
}
_EXCEPTION: Final = re.compile(r"[\w. ]{0,40}exception\b", re.IGNORECASE)
"""At its beginning: what is sent, and what is answered, is noted too."""


class Message(NamedTuple):
    """What a target is told.

    Attributes:
        title: A line.
        body: The rest.
        kind: How it is marked, where the target marks messages.
    """

    title: str
    body: str
    kind: NotifyType


class Verdict(NamedTuple):
    """What became of a telling.

    Attributes:
        outcome: ``sent``, ``failed`` or ``unknown``.
        reason: Why, in our own words; empty where it was sent.
    """

    outcome: Outcome
    reason: str = ""


class Door:
    """The way to one target."""

    def __init__(self, target: Target, url: str, timeout_s: float) -> None:
        """Open it; nothing is sent yet.

        Raises:
            ConfigError: If the address is none; it is not shown.
        """
        asset = AppriseAsset(service_timeout=2 * timeout_s + 1, app_id="Tapewatch")
        self._apprise = Apprise(asset=asset)
        _NOTES.setLevel(logging.DEBUG)  # where it says what has happened
        _NOTES.propagate = False
        whole = self._apprise.add(url)
        services = list(self._apprise)
        if not whole or len(services) != 1:
            text = f"Expected one apprise address in the variable {target.url_env}"
            hint = "https://github.com/caronc/apprise/wiki lists their forms"
            raise ConfigError(f"{text}; {hint} - at `$.alerts.targets`")
        (service,) = services
        service.retry = 0  # it would not know what must not be told again
        service.optional = False  # else it calls a failure a success
        service.overflow_mode = OverflowMode.TRUNCATE  # one message is one request
        service.socket_connect_timeout = timeout_s
        service.socket_read_timeout = timeout_s

    def tell(self, message: Message) -> Verdict:
        """Tell it once; return what became of that."""
        result = self._apprise.notify(
            body=message.body or message.title,
            title=message.title,
            notify_type=message.kind,
            log_level=logging.DEBUG,
        )
        return verdict(result)


def opened(
    targets: Iterable[Target], timeout_s: float, env: Mapping[str, str] = os.environ
) -> dict[str, Door]:
    """Return the doors of all targets, by name.

    Raises:
        ConfigError: If a variable is missing, or holds no address; it is not shown.
    """
    doors = {}
    for number, target in enumerate(targets):
        url = env.get(target.url_env, "").strip()
        if not url:
            text = f"Expected the environment variable {target.url_env} to be set"
            place = f"$.alerts.targets[{number}].url_env"
            raise ConfigError(f"{text}, to the address of {target.name} - at `{place}`")
        doors[target.name] = Door(target, url, timeout_s)
    return doors


def verdict(result: AppriseResult) -> Verdict:
    """Return what apprise's result means; what is not certain is unknown."""
    if result.status is AppriseResultStatus.SUCCESS:
        return Verdict(Outcome.SENT)
    if result.status is not AppriseResultStatus.FAILURE:
        return Verdict(Outcome.UNKNOWN, "no answer in time")
    notes = [(str(note.level), str(note.message)) for note in result.logs()]
    return _meant(notes)


def _meant(notes: Iterable[tuple[str, str]]) -> Verdict:
    reasons = set()
    for level, text in notes:
        if level == "INFO" and text.startswith("Sent "):
            return Verdict(Outcome.UNKNOWN, "only some of its recipients took it")
        if level != "DEBUG" and (status := _STATUS.search(text)):
            code = int(status[1])
            if not _is_refusal(code):
                return Verdict(Outcome.UNKNOWN, f"HTTP {code}")
            reasons.add(f"HTTP {code}")
        elif _EXCEPTION.match(text):
            found = [said for sign, said in _NEVER_MADE.items() if sign in text]
            if not found:
                return Verdict(Outcome.UNKNOWN, "no answer")
            reasons.add(found[0])
    if not reasons:
        return Verdict(Outcome.UNKNOWN, "it failed, and apprise does not say how")
    return Verdict(Outcome.FAILED, ", ".join(sorted(reasons)))


def _is_refusal(code: int) -> bool:
    """Return whether an answer says that the receiver did not take the message.

    A gateway's 502 or 504 does not: what stands behind it may have.
    """
    return code in _NOT_TAKEN or (300 <= code < 500 and code not in _PERHAPS_TAKEN)
