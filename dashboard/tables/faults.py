"""Our own errors in the reader's language: what was got, what was expected and what to do.

The errors are written in English where they are raised. The sentences that pages meet stand here
as they are written there, so that one found in an error is said in the language of the page; any
other is shown as it was written, in a frame that is of that language.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

from dashboard.tables.table import plain
from dashboard.text import Words, words
from etl.errors import ArtonomicsError


def told(failure: ArtonomicsError, said: Words) -> str:
    """Return one line of Markdown: what was got, what was expected, what to do."""
    parts = [plain(sentence(failure.got, said))]
    if failure.expected:
        expected = plain(sentence(failure.expected, said))
        parts.append(said.t("Expected: {expected}", expected=expected))
    if failure.todo:
        parts.append(said.t("To do: {todo}", todo=_commands(sentence(failure.todo, said))))
    return "  \n".join(parts)


def sentence(text: str, said: Words) -> str:
    """Say a sentence of one of our errors; one that is not known is left as it is."""
    if said.language == "en":
        return text
    for pattern, known in zip(_patterns(), _sentences(said), strict=True):
        if (found := pattern.fullmatch(text)) is not None:
            return known.format(**found.groupdict())
    return text


def note(text: str, said: Words) -> str:
    """Say the note of an older snapshot that is read instead of the newest."""
    parts = [part.removeprefix("expected: ").removeprefix("to do: ") for part in text.split("; ")]
    return said.t("; ").join(sentence(part, said) for part in parts)


@lru_cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_pattern(known), re.DOTALL) for known in _sentences(words("en")))


def _pattern(known: str) -> str:
    parts = string.Formatter().parse(known)
    return "".join(
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "") for text, name, _, _ in parts
    )


def _commands(text: str) -> str:
    """Return a sentence as Markdown in which what stands between backticks is code still."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return plain(text)
    return "".join(f"`{piece}`" if at % 2 else plain(piece) for at, piece in enumerate(pieces))


def _sentences(said: Words) -> tuple[str, ...]:
    return (
        *_of_the_warehouse(said),
        *_of_shares(said),
        *_of_histories(said),
        *_of_files(said),
        *_of_imports(said),
    )


def _of_the_warehouse(said: Words) -> tuple[str, ...]:
    return (
        said.t("got no published snapshot in {folder}"),
        said.t("at least one finished collection run"),
        said.t("run `artonomics etl run --offline`"),
        said.t("got a file that DuckDB cannot open: {file} (its checksum differs)"),
        said.t("got a file that DuckDB cannot open: {file} ({error})"),
        said.t("a whole DuckDB file"),
        said.t("got a file of format {version}: {file}"),
        said.t("format {version}"),
        said.t(
            "run `artonomics etl run`, with --offline where there is no network: it brings all "
            "that was collected to the new format and publishes it"
        ),
        said.t(
            "move the folder `warehouse` away and collect again, or use the version that wrote it"
        ),
        said.t("showing {snapshot}"),
        said.t("got a question DuckDB refuses: {error}"),
        said.t("valid SQL"),
        said.t("see data/README.md"),
    )


def _of_shares(said: Words) -> tuple[str, ...]:
    return (
        said.t("got the ticker {ticker}"),
        said.t("a ticker of the table instruments"),
        said.t('list them with `artonomics sql "SELECT ticker, name FROM instruments"`'),
        said.t("got the event {event}, which is not an event of {ticker} known on {as_of}"),
        said.t("got the event {event}, which is not an event of {ticker}"),
        said.t("one of none: no event of this share is held"),
        said.t("choose another event or leave the choice out"),
    )


def _of_histories(said: Words) -> tuple[str, ...]:
    return (
        said.t("got the history {source}, of which no day was over when it was read"),
        said.t("at least one whole UTC day of events"),
        said.t("import it again when a day is over"),
        said.t("got the history {source}"),
        said.t("an imported or simulated history"),
        said.t("import events, or simulate them"),
        said.t("got a question that the stored counts of {source} cannot answer"),
        said.t("events in the lake"),
        said.t("the events were counted elsewhere and only counts came back; import the events"),
        said.t("got the event {name}"),
        said.t("perhaps you meant {name}"),
        said.t("got the window of {n} days, and nobody who began so long before the end"),
        said.t("a shorter window"),
        said.t("got the transactions of {source}, which has none"),
        said.t("an imported source of transactions"),
        said.t("import them with `artonomics import subscriptions`"),
        said.t("got no transactions to stand beside the events"),
        said.t("payments of the same kind of evidence"),
        said.t("a rule and periods that fit together"),
        said.t("got own data of {source} that reach to {day}"),
        said.t("data known on {day}"),
        said.t("choose a later day of the scenario (as_of), or data that end before it"),
    )


def _of_files(said: Words) -> tuple[str, ...]:
    return (
        said.t("got {error} while writing in {folder}"),
        said.t("a folder that can be written"),
        said.t("free the disk, or name another folder with --data"),
        said.t("one of {options}"),
    )


def _of_imports(said: Words) -> tuple[str, ...]:
    return (
        said.t("got --source {source}"),
        said.t("letters, digits, dots, dashes and underscores"),
        said.t("got no column for {missing} in {file}, whose columns are {columns}"),
        said.t("the columns {columns}, or one a figure ({measures})"),
        said.t("the columns {columns}"),
        said.t("name them: {maps}, or give one value for all rows with --set OURS=VALUE; {advice}"),
        said.t("name them: {maps}, or give one value for all rows with --set OURS=VALUE"),
        said.t("got money ({columns}) without a currency"),
        said.t("a column with ISO 4217 codes"),
        said.t("say --set currency=USD if all of it is in one currency"),
        said.t("got --map {theirs}=…, but {file} has no column {quoted}"),
        said.t("got no rows in {file}"),
        said.t("at least one row below the header"),
        said.t("got an empty file at {file}"),
        said.t("got {n} cells in line {line} of {file}"),
        said.t("{n} cells, as in the header"),
        said.t(
            "use one separator in the whole file, and quotation marks around a value that holds it"
        ),
        said.t("got {file} with values in its first line ({values})"),
        said.t("a header line with the names of the columns"),
        said.t("write the names into the first line"),
        said.t("got {file} in an encoding that cannot be told ({where})"),
        said.t("one of {options}, the same in the whole file"),
        said.t("save it in UTF-8, or name its encoding with --encoding"),
        said.t("got the column {name} {n} times in {file}"),
        said.t("each column once, whatever its case"),
        said.t("rename or remove the others"),
        said.t("got a damaged or cut-off archive at {file} ({error})"),
        said.t("a whole gzip or zip file"),
        said.t("got an Office document at {file}"),
        said.t("save it as CSV"),
        said.t("export it again"),
        said.t("fetch it again"),
    )
