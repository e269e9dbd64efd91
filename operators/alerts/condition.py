"""A condition of a rule: an expression over the fields of a record.

It is Python's own syntax, and very little of it: comparisons (also ``in`` and ``is
None``), ``and``, ``or``, ``not``, ``+ - * / // %``, names of fields, numbers, texts,
None, and lists of these. Nothing can be called, and nothing but a field be reached.

What is not known is None: it is neither more nor less than anything, and a calculation
with it, or one that divides by zero, is not known either. A severity or a level is less
than a worse one.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from operators.alerts.fields import NOTHING, NUMBER, OTHER, TEXT, TRUTH, Kind

Ask = Callable[[Any], Any]
"""Asked of a record, returns a value."""

MOST: Final = 1_000
_COMPARED: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_SAME: Final = (ast.Eq, ast.Is)
_OTHER: Final = (ast.NotEq, ast.IsNot)
_CALCULATED: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class Term(NamedTuple):
    """A part of a condition: how it is asked for, and of what kind the answer is."""

    ask: Ask
    kind: Kind
    literal: Any = ...


def compiled(text: str, fields: Mapping[str, Kind]) -> Callable[[Any], bool]:
    """Return a condition as something to ask of a record.

    Raises:
        ValueError: If it is none; what was expected, and where.
    """
    if len(text) > MOST:
        raise ValueError(f"Expected a condition of at most {MOST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        term = _Reader(fields).read(tree.body)
    except SyntaxError as error:
        place = f"column {error.offset or 1} of `{text}`"
        raise ValueError(f"Expected a condition, and {place} is none") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError("Expected a condition that is nested less deeply") from error
    if term.kind != TRUTH:
        kind = term.kind.name
        raise ValueError(f"Expected a condition, such as `x > 1`, not a {kind}: {text}")
    return lambda record: bool(term.ask(record))


class _Reader:
    """Turns a syntax tree into terms, innermost first."""

    def __init__(self, fields: Mapping[str, Kind]) -> None:
        self._fields = fields

    def read(self, node: ast.expr) -> Term:
        term: Term | None = None
        match node:
            case ast.Constant(value):
                term = self._literal(node, value)
            case ast.Name(name):
                term = self._field(node, name)
            case ast.BoolOp(op, values):
                term = self._both(op, values)
            case ast.UnaryOp(op, operand):
                term = self._single(op, operand)
            case ast.BinOp(left, op, right) if type(op) in _CALCULATED:
                sides = self._number(left), self._number(right)
                term = _calculation(_CALCULATED[type(op)], *sides)
            case ast.Compare(left, ops, rights):
                term = self._chain(left, ops, rights)
            case ast.List(each) | ast.Tuple(each) | ast.Set(each):
                term = self._list(each)
        return term or _refuse(node, "Expected a comparison, a field or a value")

    def _single(self, op: ast.unaryop, operand: ast.expr) -> Term | None:
        if isinstance(op, ast.Not):
            ask = self._truth(operand).ask
            return Term(lambda record: not ask(record), TRUTH)
        if not isinstance(op, ast.USub):
            return None
        term = self._number(operand)
        if term.literal is not ...:
            return Term(lambda _: -term.literal, NUMBER, -term.literal)
        return _calculation(operator.sub, Term(lambda _: 0, NUMBER), term)

    def _literal(self, node: ast.expr, value: Any) -> Term:
        kinds = {bool: TRUTH, int: NUMBER, float: NUMBER, str: TEXT}
        kind = NOTHING if value is None else kinds.get(type(value))
        if kind is None:
            return _refuse(node, "Expected a number, a text or None")
        return Term(lambda _: value, kind, value)

    def _field(self, node: ast.expr, name: str) -> Term:
        if name not in self._fields:
            known = ", ".join(sorted(self._fields))
            return _refuse(node, f"Expected a field of the topic's records ({known})")
        kind = self._fields[name]
        return Term(lambda record: getattr(record, name, None), kind)

    def _both(self, op: ast.boolop, values: Sequence[ast.expr]) -> Term:
        asks = [self._truth(value).ask for value in values]
        if isinstance(op, ast.And):
            return Term(lambda record: all(ask(record) for ask in asks), TRUTH)
        return Term(lambda record: any(ask(record) for ask in asks), TRUTH)

    def _list(self, nodes: Sequence[ast.expr]) -> Term:
        terms = [self.read(node) for node in nodes]
        for node, term in zip(nodes, terms, strict=True):
            if term.literal is ...:
                return _refuse(node, "Expected a list of values only")
        values = tuple(term.literal for term in terms)
        return Term(lambda _: values, OTHER, values)

    def _truth(self, node: ast.expr) -> Term:
        term = self.read(node)
        return term if term.kind == TRUTH else _refuse(node, "Expected a comparison")

    def _number(self, node: ast.expr) -> Term:
        term = self.read(node)
        return term if term.kind == NUMBER else _refuse(node, "Expected a number")

    def _chain(
        self, left: ast.expr, ops: Sequence[ast.cmpop], rights: Sequence[ast.expr]
    ) -> Term:
        asks, term = [], self.read(left)
        for op, node in zip(ops, rights, strict=True):
            right = self.read(node)
            asks.append(self._comparison(node, op, term, right))
            term = right
        if len(asks) == 1:
            return Term(asks[0], TRUTH)
        return Term(lambda record: all(ask(record) for ask in asks), TRUTH)

    def _comparison(
        self, node: ast.expr, op: ast.cmpop, left: Term, right: Term
    ) -> Ask:
        if isinstance(op, ast.In | ast.NotIn):
            return self._within(node, left, right, wanted=isinstance(op, ast.In))
        _check_words(node, left.kind, right)
        _check_words(node, right.kind, left)
        first, second = left.ask, right.ask
        if NOTHING not in {left.kind, right.kind} and left.kind.name != right.kind.name:
            _refuse(node, f"Expected a {left.kind.name}")
        if isinstance(op, _SAME):
            return lambda record: first(record) == second(record)
        if isinstance(op, _OTHER):
            return lambda record: first(record) != second(record)
        return self._more_or_less(node, _COMPARED[type(op)], left, right)

    def _more_or_less(
        self, node: ast.expr, does: Callable[[Any, Any], Any], left: Term, right: Term
    ) -> Ask:
        first, second = left.ask, right.ask
        words = left.kind.words or right.kind.words
        if left.kind.name != "number" and not (left.kind.ranked or right.kind.ranked):
            _refuse(node, "Expected a number, or a severity or level")
        ranks = {word: rank for rank, word in enumerate(words)}

        def ask(record: Any) -> bool:
            one, two = first(record), second(record)
            if one is None or two is None:
                return False
            if ranks:
                one, two = ranks.get(one), ranks.get(two)
            return bool(does(one, two))

        return ask

    def _within(self, node: ast.expr, left: Term, right: Term, *, wanted: bool) -> Ask:
        first, second = left.ask, right.ask
        if isinstance(right.literal, tuple):
            for each in right.literal:
                _check_words(node, left.kind, Term(second, TEXT, each))
            return lambda record: (first(record) in right.literal) is wanted
        if left.kind.name != "text" or right.kind.name != "text":
            _refuse(node, "Expected a list, or a text in a text")

        def ask(record: Any) -> bool:
            one, two = first(record), second(record)
            return None not in {one, two} and (one in two) is wanted

        return ask


def _calculation(does: Callable[[Any, Any], Any], left: Term, right: Term) -> Term:
    first, second = left.ask, right.ask

    def ask(record: Any) -> Any:
        one, two = first(record), second(record)
        if one is None or two is None:
            return None
        try:
            return does(one, two)
        except ArithmeticError:
            return None

    return Term(ask, NUMBER)


def _check_words(node: ast.expr, kind: Kind, term: Term) -> None:
    """Refuse a text that a field can never be."""
    text = term.literal
    if kind.words and isinstance(text, str) and text not in kind.words:
        _refuse(node, f"Expected one of {', '.join(kind.words)}")


def _refuse(node: ast.expr, expected: str) -> NoReturn:
    what = ast.unparse(node)[:60]
    raise ValueError(f"{expected}, not `{what}` in column {node.col_offset + 1}")
