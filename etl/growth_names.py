"""What the events of a source mean, where they bear names of their own: ``growth.toml``.

The file lies in the data folder and is optional; what it does not say follows from the usual names
(:meth:`etl.marts.activity.Definition.of`)::

    [my_app]
    begins = "signup"
    active = "app_open"
    payments = ["subscribed", "renewed"]
    refund = "refunded"
    window_days = 30
    funnel = ["picture", "picture:5", "offer_seen", "subscribed"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from etl.errors import InputError
from etl.marts.activity import Definition
from etl.marts.funnel import Step, steps_among

FILE = "growth.toml"
EXAMPLE = 'a table a source, such as [my_app] with begins = "signup"'


class Names(BaseModel):
    """What the events of one source mean; what is not said follows from the usual names.

    Attributes
    ----------
    begins, active
        Event that begins a user's time, and event that makes a day active.
    payments, refund
        Events of payments, and of refunds.
    window_days
        A payer pays no later than so many days after the day the time began.
    funnel
        Steps after the beginning, in order: ``name`` or ``name:5`` for the fifth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: str | None = Field(default=None, min_length=1)
    active: str | None = Field(default=None, min_length=1)
    payments: tuple[str, ...] | None = Field(default=None, min_length=1)
    refund: str | None = Field(default=None, min_length=1)
    window_days: int | None = Field(default=None, ge=1, le=730)
    funnel: tuple[str, ...] | None = Field(default=None, min_length=1)

    def over(self, usual: Definition) -> Definition:
        """Return ``usual`` with what is said here in its place."""
        return replace(usual, **self.model_dump(exclude={"funnel"}, exclude_none=True))


def read(data_dir: Path) -> dict[str, Names]:
    """Return what the file says, by source; nothing where there is none.

    Raises
    ------
    InputError
        When the file is no TOML, or says what cannot be.
    """
    path = data_dir / FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"got {path} that cannot be read: {error}", EXAMPLE) from error
    found: dict[str, Names] = {}
    for source, said in content.items():
        try:
            found[source] = Names.model_validate(said)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in (source, *first["loc"]))
            raise InputError(
                f"got {place} in {path}: {first['msg']}",
                f"{', '.join(Names.model_fields)} in {EXAMPLE}",
                "mend the file",
            ) from error
    return found


def meaning(
    said: Names | None, names: Collection[str], *, has_sessions: bool
) -> tuple[Definition, tuple[Step, ...]]:
    """Return what is counted of a source, and the steps of its funnel.

    Parameters
    ----------
    said
        What the file says of the source.
    names
        Names of the events it holds.
    has_sessions
        Whether its events name their sessions.

    Raises
    ------
    InputError
        When the file names an event that the source does not hold.
    """
    definition = Definition.of(names, has_sessions=has_sessions)
    if said is None:
        return definition, steps_among(names)
    steps = tuple(Step.parsed(text) for text in said.funnel or ())
    for name in (said.begins, said.active, *(said.payments or ()), *(s.name for s in steps)):
        if name is not None and name not in names:
            near = get_close_matches(name, names, 1)
            raise InputError(
                f"got the event {name!r} in {FILE}",
                f"one of {', '.join(sorted(names))}",
                f"perhaps you meant {near[0]}" if near else "mend the file",
            )
    return said.over(definition), steps or steps_among(names)
