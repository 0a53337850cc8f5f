"""Errors of the generator: what was got, what was expected, what to do."""

from __future__ import annotations


class GeneratorError(Exception):
    """A measurement that cannot be made as asked.

    Parameters
    ----------
    got
        What was found.
    expected
        What was expected instead.
    todo
        What to do about it.
    """

    exit_status = 2

    def __init__(self, got: str, expected: str = "", todo: str = "") -> None:
        self.got, self.expected, self.todo = got, expected, todo
        parts = (f"got {got}", f"expected {expected}" * bool(expected), todo)
        super().__init__("; ".join(part for part in parts if part))


class MachineError(GeneratorError):
    """The machine failed while measuring: a lost driver, memory that ran out."""

    exit_status = 3


class ToldError(GeneratorError):
    """An error that a process of its own has told in whole sentences."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.args = (text,)
