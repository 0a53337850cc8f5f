"""``alerts.yml`` of the data folder, checked as it is read, and a commented example of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from etl.alerts.rules import FILE, KINDS, Quiet, Rule
from etl.errors import InputError

_SHORT = "rules: [{name: fresh, kind: source_stale, to: [desk]}]"
EXAMPLE = """\
# Rules of alerts. They are looked at after each run and by `artonomics alerts check`.
# `to` names channels of delivery.yml; without it an alert stands on the Overview alone.
rules:
  # A source is stale, or its last run failed. Nothing is sent at night; the morning tells it.
  - name: fresh
    kind: source_stale
    quiet: {begin: "22:00", end: "07:00", timezone: Asia/Shanghai}   # quotes are needed

  # A share's last trading day lies 3 standard errors or more from the market model.
  # Over below calm_sigmas. The day is described, not tested.
  - {name: shares, kind: abnormal_return, sigmas: 3, calm_sigmas: 1.5}

  # An app stands among the first 10; over once it is behind position 15.
  - name: lensa-top-10
    kind: app_enters_top
    app: "1436732536"        # identifier or bundle identifier in the table apps, in quotes
    storefront: US
    chart_type: free         # free, paid, grossing
    category: photo_and_video
    top: 10
    leaves: 15

  # The newest complete weekly cohort comes back less than the 8 before it (95% intervals apart).
  # - {name: stays, kind: retention_drop, source: my_app, day: 7, weeks: 8, language: zh}

  # 1,000 pictures of a measured cell cost more than a line; over at `clear`.
  # - {name: dear, kind: cost_crosses, cell: sdxl, hourly_price_usd: 2.5, above: 1, clear: 0.9}

  # A result of a scenario lies below a line.
  - {name: thin, kind: scenario_crosses, scenario: meitu-2024, below: 0}

  # Your own question: one SELECT with subject and value (and as_of, evidence_kind where known).
  - name: rejects
    kind: query_crosses
    question: SELECT source AS subject, count(*) AS value FROM quarantine GROUP BY source
    unit: rows
    above: 100000
"""


class _OnceLoader(yaml.SafeLoader):
    """The safe loader, for which a key that stands twice is an error and not a silent choice."""


def _once(loader: _OnceLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    keys = [str(key.value) for key, _ in node.value]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        said = f"the key {twice!r} stands twice"
        raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


_OnceLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)


def load(data_dir: Path) -> list[Rule]:
    """Return the rules of the data folder; none where there is no file.

    Raises
    ------
    InputError
        If the file is no YAML, or says something wrong; the nearest known word is named.
    """
    path = data_dir / FILE
    if not path.is_file():
        return []
    try:
        told = yaml.load(path.read_text(encoding="utf-8"), _OnceLoader)
    except (yaml.YAMLError, ValueError, OSError) as problem:
        raise InputError(
            f"got {path}, which cannot be read: {problem}", _SHORT, "mend the file"
        ) from None
    return parse(told, str(path))


def parse(told: Any, place: str) -> list[Rule]:
    """Return rules as they are written; see :func:`load`."""
    listed = told.get("rules") if isinstance(told, Mapping) else None
    if not isinstance(listed, list) or set(told) != {"rules"}:
        raise InputError(f"got {place} without a list of rules alone", _SHORT, "mend the file")
    rules = [_rule(one, number, place) for number, one in enumerate(listed, 1)]
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(
            f"got two rules named {twice!r} in {place}", "each name once", "rename one"
        )
    return rules


def _rule(told: Any, number: int, place: str) -> Rule:
    name = told.get("name", number) if isinstance(told, Mapping) else number
    where = f"rule {name} of {place}"
    if not isinstance(told, Mapping):
        raise InputError(
            f"got {told!r} as {where}", "a mapping with name and kind", "mend the file"
        )
    model = KINDS.get(str(told.get("kind")))
    if model is None:
        kind = str(told.get("kind"))
        raise InputError(
            f"got the kind {kind!r} in {where}", f"one of {', '.join(KINDS)}", _nearest(kind, KINDS)
        )
    try:
        return TypeAdapter(model).validate_python(dict(told))
    except ValidationError as problem:
        raise InputError("; ".join(_faults(problem, model, where)), todo="mend the file") from None


def _faults(problem: ValidationError, model: type[Rule], where: str) -> Iterator[str]:
    for fault in problem.errors():
        place = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            *outer, word = map(str, fault["loc"])
            fields = Quiet.model_fields if outer else model.model_fields
            known = [name for name in fields if name != "kind"]
            hint = _nearest(word, known)
            yield f"got the key {place!r} in {where}; expected one of {', '.join(known)}; {hint}"
        elif fault["type"] == "missing":
            yield f"got no {place} in {where}"
        else:
            said = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "string_type":
                said += "; write it in quotes"
            yield f"got {fault['input']!r} for {place or 'it'} in {where}: {said}"


def _nearest(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"perhaps you meant {near[0]!r}" if near else "see `artonomics alerts example`"
