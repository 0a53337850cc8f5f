"""What every verb shares: the global options, the exit status and the words for a wrong command.

Heavy modules are imported inside the functions, so that help answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError, UnknownOptionError

from etl.errors import ArtonomicsError, InputError

if TYPE_CHECKING:
    from etl.config import Settings
    from etl.pipeline import LedgerEntry

GLOBAL_OPTIONS = ("--data", "--json", "--debug")
FAULT_OF_OURS, FAILED_SOURCE, INTERRUPTED = 1, 3, 128 + signal.SIGINT
LEDGER_COLUMNS = ("source", "status", "rows_in", "rows_new", "rows_changed", "rows_quarantined")


@dataclass(frozen=True)
class Session:
    """The global options of one call.

    Attributes
    ----------
    data
        Folder of everything made at run time; ``None`` means the default.
    json
        Print one JSON document on standard output and nothing else there.
    """

    data: Path | None = None
    json: bool = False

    def settings(self) -> Settings:
        """Return the settings of this call; child processes see the same data folder."""
        from etl.config import Settings

        if self.data is not None:
            os.environ["ARTONOMICS_DATA"] = str(self.data.expanduser().resolve())
        return Settings()

    def show(self, document: Any, table: Callable[[], None]) -> None:
        """Print the document as JSON if that was asked for, else call ``table``."""
        from etl import console

        if self.json:
            console.print_json(document)
        else:
            table()
        sys.stdout.flush()

    def tell(self, entries: Sequence[LedgerEntry]) -> int:
        """Print what a run did for each source and return the exit status."""
        from dataclasses import asdict

        from etl import console

        rows = [console.plain(asdict(entry)) for entry in entries]
        self.show(rows, lambda: console.print_rows(rows, LEDGER_COLUMNS))
        for entry in entries:
            if entry.error and not self.json:
                console.note(f"{entry.source}: {entry.error}")
        for line in self._alerts():
            console.note(line)
        failed = {entry.source for entry in entries if entry.status == "failed"}
        if "publish" in failed:
            return FAULT_OF_OURS
        return FAILED_SOURCE if failed else 0

    def _alerts(self) -> list[str]:
        """Look at the rules of alerts, where there are some; return what is to be told."""
        from datetime import UTC, datetime

        from etl.alerts import rules

        data_dir = self.settings().data_dir
        if not (data_dir / rules.FILE).is_file():
            return []
        from etl.alerts import check  # brings the analytics along

        return check.after_run(data_dir, datetime.now(UTC))

    def announce(self, address: str) -> None:
        """Print where the dashboard answers."""
        self.show({"address": address}, lambda: _print(f"Artonomics answers at {address}"))


Given = Annotated[Session, Parameter(parse=False)]
"""The session of the call, as a verb's last parameter."""
Flag = Parameter(negative="", show_default=False)
"""An option that is there or not."""


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def run(app: App, tokens: list[str]) -> int:
    """Run one command of ``app``; return its exit status.

    0 is done, 1 a fault of ours, 2 wrong input, 3 a source that failed, 130 an interruption.
    """
    try:
        status = app.meta(
            tokens, exit_on_error=False, print_error=False, result_action="return_value"
        )
        sys.stdout.flush()
        return status or 0
    except CycloptsError as error:
        return _fail(_explain(error))
    except ArtonomicsError as error:
        return _fail(error)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing is wrong, and nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the last resort: a fault of ours, told briefly
        if "--debug" in tokens:
            traceback.print_exc()
        todo = "repeat the command with --debug to see where, and report it"
        return _fail(ArtonomicsError(f"{type(error).__name__}: {error}", "no such fault", todo))


def refuse_broken_numbers(app: App, commands: tuple[str, ...], arguments: Any) -> None:
    """Refuse 2.5 where a whole number is asked for, which would be rounded in silence.

    A ``config`` of the root app: called with the tokens of every verb before they are converted.

    Raises
    ------
    InputError
        Names the option.
    """
    for argument in arguments:
        if _leaves(argument.hint) - {type(None), ...} != {int}:
            continue
        for token in argument.tokens:
            if _is_broken(token.value):
                todo = f"see `{' '.join(['artonomics', *commands, '--help'])}`"
                raise InputError(f"got {argument.name} {token.value}", "a whole number", todo)


def _leaves(hint: Any) -> set[Any]:
    """Return the types that an annotation is made of."""
    parts = get_args(hint)
    return set().union(*map(_leaves, parts)) if parts else {hint}


def _is_broken(text: str) -> bool:
    try:
        return "." in text and not float(text).is_integer()
    except ValueError:
        return False  # no number at all: told by the conversion


def _fail(error: ArtonomicsError) -> int:
    from etl import console

    console.print_error(error)
    return error.exit_status


def _explain(error: CycloptsError) -> InputError:
    """Return a wrong command or option as got, expected and what to do."""
    error.verbose = False
    chain = [*(error.command_chain or ())]
    help_todo = f"see `{' '.join(['artonomics', *chain, '--help'])}`"
    if isinstance(error, UnknownOptionError):
        given = (error.token.keyword or error.token.value).split("=")[0]
        own = [name for item in error.argument_collection if item.parse for name in item.names]
        options = [name for name in (*own, *GLOBAL_OPTIONS) if name.startswith("--")]
        return _unknown("option", given, options, help_todo)
    if isinstance(error, UnknownCommandError) and error.app and error.unused_tokens:
        given = error.unused_tokens[0]
        if given.startswith("-"):
            return _unknown("option", given, [*GLOBAL_OPTIONS], help_todo)
        verbs = [name for name in error.app if not name.startswith("-")]
        return _unknown("command", given, verbs, help_todo)
    return InputError(str(error), todo=help_todo)


def _unknown(what: str, given: str, known: list[str], help_todo: str) -> InputError:
    near = get_close_matches(given, known, n=1)
    todo = f"perhaps you meant {near[0]!r}; {help_todo}" if near else help_todo
    return InputError(f"got the unknown {what} {given!r}", f"one of {', '.join(known)}", todo)
