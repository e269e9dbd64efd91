"""May signals and orders be made of a symbol?"""

from collections.abc import Iterable

from operators.records.quality import IssueKind


def gate(critical: Iterable[IssueKind], *, has_book: bool, wrong: str) -> str:
    """Return why a symbol may not be traded on; empty where it may.

    What is not known refuses: a symbol that has never had a book does not pass.

    Args:
        critical: The kinds of its open CRITICAL issues.
        has_book: Whether it has ever had a book.
        wrong: Why its book is not proven right; empty where it is.
    """
    reasons = [f"critical: {kind.value}" for kind in critical]
    if not has_book:
        reasons.append("no book")
    elif wrong:
        reasons.append(f"book not right: {wrong}")
    return ", ".join(reasons)
