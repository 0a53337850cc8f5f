"""Rules are refused with what was got, what was expected and the nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.alerts import rules_file
from etl.alerts.rules import KINDS
from etl.errors import InputError

COST = "name: dear, kind: cost_crosses, cell: sdxl, hourly_price_usd: 2"


def read(tmp_path: Path, text: str):
    (tmp_path / "alerts.yml").write_text(text, encoding="utf-8")
    return rules_file.load(tmp_path)


def refused(tmp_path: Path, rule: str) -> str:
    with pytest.raises(InputError) as told:
        read(tmp_path, f"rules:\n  - {{{rule}}}\n")
    return str(told.value)


def test_the_example_holds_and_has_every_kind_in_it(tmp_path):
    assert len(read(tmp_path, rules_file.EXAMPLE)) == 5
    whole = rules_file.EXAMPLE.replace("  # - {", "  - {")
    assert {rule.kind for rule in read(tmp_path, whole)} == set(KINDS)  # pyright: ignore


def test_without_a_file_there_are_no_rules(tmp_path):
    assert rules_file.load(tmp_path) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("name: a, kind: source_stail", "perhaps you meant 'source_stale'"),
        ("name: a, kind: source_stale, chanels: [x]", "expected one of name, to"),
        ("name: a, kind: abnormal_return, sigma: 3", "perhaps you meant 'sigmas'"),
        ("name: a, kind: source_stale, quiet: {begn: '22:00', end: '07:00'}", "meant 'begin'"),
        ("name: a, kind: source_stale, quiet: {begin: 22:00, end: '07:00'}", "in quotes"),
        ("name: a, kind: source_stale, quiet: {begin: '07:00', end: '07:00'}", "not the beginning"),
        (
            "name: a, kind: source_stale, quiet: {begin: '22:00', end: '07:00', "
            "timezone: Asia/Shanghia}",
            "perhaps you meant 'Asia/Shanghai'",
        ),
        ("name: a, kind: app_enters_top, app: '1', storefront: NO, top: 3", "write it in quotes"),
        ("name: a, kind: app_enters_top, app: 12, storefront: US, top: 3", "write it in quotes"),
        ("name: a, kind: app_enters_top, app: '1', storefront: US, top: yes", "integer"),
        ("name: a, kind: app_enters_top, app: '1', storefront: US, top: 9, leaves: 5", "leaves 5"),
        (f"{COST}, above: .nan", "finite"),
        (f"{COST}, above: .inf", "finite"),
        (f"{COST}, above: yes", "number"),
        (f"{COST}, above: '1'", "number"),
        (f"{COST}", "exactly one of above and below"),
        (f"{COST}, above: 1, below: 2", "exactly one of above and below"),
        (f"{COST}, above: 1, clear: 2", "side of the alarm"),
        (f"{COST}, above: 1, above: 2", "'above' stands twice"),
        ("name: 'A b', kind: source_stale", "name"),
        ("kind: source_stale", "got no name"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(tmp_path, rule, said):
    assert said in refused(tmp_path, rule)


@pytest.mark.parametrize("text", ["", "rules: {}", "- a", "rules: [1]", "rules: [", "rulez: []"])
def test_a_file_that_is_no_list_of_rules_is_refused(tmp_path, text):
    with pytest.raises(InputError):
        read(tmp_path, text)


def test_a_name_stands_once(tmp_path):
    one = "{name: a, kind: source_stale}"
    with pytest.raises(InputError, match="two rules named 'a'"):
        read(tmp_path, f"rules: [{one}, {one}]")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "alerts.yml").write_bytes(b"\xff\xfe\x00rules")
    with pytest.raises(InputError, match="cannot be read"):
        rules_file.load(tmp_path)
