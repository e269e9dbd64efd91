"""What a check found: well, or not, and what to do."""

from enum import StrEnum

import msgspec


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Diagnosis(msgspec.Struct, frozen=True):
    """What a check found.

    Attributes:
        grade: How bad it is.
        of: What was looked at, in a word or two.
        found: What was seen there.
        remedy: What to do; empty where all is well.
    """

    grade: Grade
    of: str
    found: str
    remedy: str = ""


def well(of: str, found: str) -> Diagnosis:
    """Return that something is as it should be."""
    return Diagnosis(Grade.OK, of, found)


def warning(of: str, found: str, remedy: str) -> Diagnosis:
    """Return that something works, and may not for long, or not as well as it could."""
    return Diagnosis(Grade.WARNING, of, found, remedy)


def problem(of: str, found: str, remedy: str) -> Diagnosis:
    """Return that something does not work."""
    return Diagnosis(Grade.PROBLEM, of, found, remedy)
