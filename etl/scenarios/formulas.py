"""Arithmetic over what a scenario refers to: numbers, names, + - * / and brackets."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

from etl.errors import InputError

LONGEST_FORMULA = 1_000
"""Characters."""
_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def parsed(text: str) -> ast.expr:
    """Return a formula as a tree; anything but arithmetic is an error."""
    expected = (
        "numbers, fact identifiers, figures in quotes, + - * / and brackets, for example "
        "F0130 / (F0435 / 7) or '1357.HK revenue 2024FY' / 12"
    )
    if len(text) > LONGEST_FORMULA:
        raise InputError(
            f"got a formula of {len(text):,} characters", f"at most {LONGEST_FORMULA:,}"
        )
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise InputError(f"got the formula {text!r}", expected) from problem
    allowed = (ast.BinOp, ast.Constant, ast.Name, ast.Load, ast.operator)
    for node in ast.walk(tree):
        numeric = not isinstance(node, ast.Constant) or isinstance(node.value, int | float | str)
        known = not isinstance(node, ast.operator) or type(node) in _OPERATORS
        if not (isinstance(node, allowed) and numeric and known):
            raise InputError(f"got the formula {text!r}", expected)
    return tree


def names_in(tree: ast.expr) -> list[str]:
    """Return what the formula refers to, each once, in order."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found[node.id] = None
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found[node.value] = None
    return list(found)


def refuse_zero_within(tree: ast.expr, corners: Sequence[Mapping[str, float]]) -> None:
    """Refuse a division by a range that holds zero: its result has no range."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            divisors = [worked_out(node.right, corner) for corner in corners]
            if min(divisors) < 0 < max(divisors):
                raise InputError("got a formula that divides by a range around zero", "another")


def worked_out(node: ast.expr, values: Mapping[str, float]) -> float:
    """Return the value of a formula where its names have these values."""
    match node:
        case ast.Constant(value=str(name)):
            return values[name]
        case ast.Constant(value=value):
            try:
                return float(value)  # pyright: ignore[reportArgumentType]  (checked when parsed)
            except OverflowError as problem:
                raise InputError("got a formula with too large a number", "a figure") from problem
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            try:
                return _OPERATORS[type(op)](worked_out(left, values), worked_out(right, values))
            except ZeroDivisionError as problem:
                raise InputError(
                    "got a formula that divides by zero", "another figure"
                ) from problem
        case _:
            raise AssertionError(node)
