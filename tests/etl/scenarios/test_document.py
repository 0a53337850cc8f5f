from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.inputs import INPUTS
from etl.errors import InputError
from etl.scenarios import document, links, names, store
from etl.scenarios.document import parse, read, validate
from etl.warehouse import SnapshotReader
from tests.etl.scenarios.conftest import TYPED


def refused(**keys: Any) -> str:
    with pytest.raises(InputError) as fault:
        validate({**TYPED, **keys}, "mine.yml")
    return str(fault.value)


UNKNOWN = [
    ({"curency": "CNY"}, "curency", "perhaps you meant currency"),
    ({"inputs": {"paying_shar": 0.1}}, "inputs.paying_shar", "perhaps you meant paying_share"),
    (
        {"inputs": {"paying_share": {"value": 0.1, "evidence": "measured"}}},
        "inputs.paying_share.evidence",
        "perhaps you meant evidence_kind",
    ),
    (
        {"plans": [{"name": "a", "price": 1, "stor": "x"}]},
        "plans.0.stor",
        "perhaps you meant store",
    ),
    ({"inputs": {"pay_rate": 0.1}}, "inputs.pay_rate", "perhaps you meant paying_share"),
    ({"inputs": {"conversion": 0.1}}, "inputs.conversion", "you meant paid_conversion_rate"),
    ({"inputs": {"churn": 0.1}}, "inputs.churn", "perhaps you meant paid_churn_rate"),
    ({"inputs": {"ARPU": 1}}, "inputs.ARPU", "perhaps you meant net_proceeds"),
    ({"inputs": {"price": 1}}, "inputs.price", "perhaps you meant price in plans"),
    ({"pay_rate": 0.1}, "pay_rate", "perhaps you meant inputs: paying_share"),
    ({"cac": 3}, "cac", "perhaps you meant inputs: cac"),
    ({"listed": {"tickr": "1357.HK", "event_id": "E"}}, "listed.tickr", "perhaps you meant ticker"),
]


@pytest.mark.parametrize(("keys", "named", "nearest"), UNKNOWN)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    keys: dict[str, Any], named: str, nearest: str
) -> None:
    told = refused(**keys)
    assert named in told
    assert nearest in told
    assert "mine.yml" in told


def test_what_was_perhaps_meant_stands_before_all_that_is_known() -> None:
    told = refused(inputs={"paying_shar": 0.1})
    assert told.startswith(
        "got the unknown key inputs.paying_shar in mine.yml (perhaps you meant paying_share); "
    )
    assert told.index("perhaps") < told.index("one of active_users")


WRONG = [
    ({"currency": "yuan"}, "perhaps you meant CNY"),
    ({"currency": "XYZ"}, "currency: XYZ in mine.yml; expected: an ISO 4217 code"),
    ({"currency": "UDS"}, "perhaps you meant USD"),
    ({"inputs": {"cac": {"value": 1, "unit": "RMB/payer"}}}, "perhaps you meant CNY"),
    ({"plans": [{"name": "a", "price": 1, "storefront": "ZZ"}]}, "plans.0.storefront: ZZ"),
    ({"plans": [{"name": "a", "price": 1, "storefront": "UK"}]}, "perhaps you meant GB"),
    ({"plans": [{"name": "a", "price": 1, "storefront": "cn"}]}, "perhaps you meant CN"),
    ({"as_of": "9999-01-01"}, "as_of: 9999-01-01, a day to come"),
    ({"as_of": "soon"}, "as_of"),
    ({"horizon_months": 0}, "horizon_months"),
    ({"sourcing": "borrow"}, "one of stated, rent, own"),
    (
        {"inputs": {"cac": {"value": 1, "fact": "F0001"}}},
        "inputs.cac: fact and value in mine.yml; expected: one of value",
    ),
    ({"inputs": {"cac": {"low": 1, "high": 2}}}, "inputs.cac: nothing"),
    ({"inputs": {"cac": {"value": 1, "low": 0.5}}}, "one end of a range"),
    ({"inputs": {"cac": {"value": float("inf")}}}, "inputs.cac.value"),
    ({"inputs": {"cac": {"value": 1, "evidence_kind": "guess"}}}, "measured"),
    ({"inputs": {"cac": True}}, "inputs.cac"),
    ({"inputs": {"cac": "a lot"}}, "inputs.cac.value: 'a lot'"),
    (
        {"inputs": {"cac": {"value": 1, "evidence_kind": "measured"}}},
        "inputs.cac: the evidence kind measured without a source",
    ),
    ({"as_of": 1_700_000_000 // 86_400 * 86_400}, "a day such as"),
    ({"as_of": "1699920000"}, "a day such as"),
    ({"as_of": "2026-01-31T00:00:00"}, "a day such as"),
    ({"inputs": {"cac": {"value": 1, "as_of": 1_699_920_000}}}, "a day such as"),
]


@pytest.mark.parametrize(("keys", "told"), WRONG)
def test_a_wrong_value_says_where_and_what_was_expected(keys: dict[str, Any], told: str) -> None:
    assert told in refused(**keys)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(InputError, match="got no currency in mine"):
        validate({"name": "x", "as_of": "2026-01-01"}, "mine")


def test_what_the_trade_calls_an_input_is_one_that_there_is() -> None:
    for near in names.ALIASES.values():
        assert near == "price in plans" or near.split()[0] in INPUTS


def test_known_codes_are_those_of_the_bundled_tables(bundled: SnapshotReader) -> None:
    rates = bundled.query("SELECT DISTINCT quote FROM fx_rates")["quote"]
    assert {"EUR", *rates} <= names.currencies()
    terms = bundled.query("SELECT DISTINCT storefront FROM net_proceeds")["storefront"]
    assert set(terms) <= names.storefronts()
    assert not {"ZZ", "XX", "QQ"} & names.storefronts()


def test_a_day_that_has_begun_somewhere_is_not_ahead(monkeypatch) -> None:
    monkeypatch.setattr(document, "latest_day", lambda: date(2026, 3, 1))
    assert validate({**TYPED, "as_of": "2026-03-01"}, "mine").as_of == date(2026, 3, 1)
    assert "a day to come" in refused(as_of="2026-03-02")


def test_a_key_that_stands_twice_is_an_error_and_not_a_choice() -> None:
    with pytest.raises(InputError, match="'name' stands twice"):
        parse("name: a\nname: b\n", "mine.yml")


def test_a_number_with_an_exponent_is_one_although_yaml_calls_it_text() -> None:
    found = validate({**TYPED, "inputs": parse("cac: 1e3", "mine.yml")}, "mine.yml")
    assert found.inputs["cac"].value == 1_000


NO_SCENARIO = [
    *("a: [", "", "- 1\n- 2\n", "!!python/object/apply:os.system [ls]"),
    *("as_of: 2026-02-30", "? [1, 2]\n: 3", "a: " + "9" * 5_000, "a: " + "[" * 3_000),
]


@pytest.mark.parametrize("text", NO_SCENARIO)
def test_what_is_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.yml"):
        parse(text, "mine.yml")


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.yml")


def test_a_saved_scenario_reads_back_and_a_case_keeps_its_name(tmp_path: Path) -> None:
    store.save("my-app", TYPED, tmp_path)
    assert store.saved(tmp_path) == ["my-app"]
    assert store.load("my-app", tmp_path) == TYPED
    with pytest.raises(InputError, match="a ready case's"):
        store.save("small-platform", TYPED, tmp_path)
    for wrong in ("../up", "", " ", "a" * 64, "mine\n", "a\\b", "\0"):
        with pytest.raises(InputError, match="without slashes"):
            store.save(wrong, TYPED, tmp_path)
    with pytest.raises(InputError, match=r"got no scenario my-ap \(perhaps you meant my-app\); ex"):
        store.load("my-ap", tmp_path)
    store.remove("my-app", tmp_path)
    assert store.saved(tmp_path) == []
    with pytest.raises(InputError, match="my-app"):
        store.remove("my-app", tmp_path)


def test_a_scenario_that_cannot_be_evaluated_replaces_no_good_one(tmp_path: Path) -> None:
    store.save("keep", TYPED, tmp_path)
    for name, value in (("paid_churn_rate", 1.4), ("hourly_price", -2.5)):
        bad = {**TYPED, "inputs": {**TYPED["inputs"], name: value}}
        with pytest.raises(InputError, match=f"inputs.{name} {value}"):
            store.save("keep", bad, tmp_path)
    assert store.load("keep", tmp_path) == TYPED
    assert [path.name for path in (tmp_path / "scenarios").iterdir()] == ["keep.yml"]


TITLES = [("My App", "my-app"), ("Prix d'été 2", "prix-d-ete-2"), ("我的应用", "scenario-")]


@pytest.mark.parametrize(("title", "begins"), TITLES)
def test_a_title_becomes_a_safe_file_name_and_stays_the_title(
    tmp_path: Path, title: str, begins: str
) -> None:
    path = store.save(title, TYPED, tmp_path)
    assert path.stem.startswith(begins)
    assert path.name.isascii()
    assert " " not in path.name
    assert store.load(title, tmp_path) == store.load(path.stem, tmp_path)
    assert store.load(title, tmp_path)["name"] == title
    store.save(title, {**TYPED, "horizon_months": 3}, tmp_path)  # the same title is replaced
    store.remove(title, tmp_path)
    assert store.saved(tmp_path) == []


def test_two_titles_never_share_a_file(tmp_path: Path) -> None:
    assert store.key_of("我的应用") != store.key_of("他的应用")
    assert store.key_of("我的 app") != store.key_of("他的 app")
    store.save("My App", TYPED, tmp_path)
    with pytest.raises(InputError, match=r"whose file my-app\.yml holds 'My App'"):
        store.save("my  app", TYPED, tmp_path)


@given(name=st.text(min_size=1, max_size=63))
def test_the_key_of_a_name_is_a_file_name_in_its_folder(name: str) -> None:
    try:
        key = store.key_of(name)
    except InputError:
        return
    assert re.fullmatch("[a-z0-9][a-z0-9-]{0,62}", key)
    assert store.key_of(key) == key


def test_nothing_invalid_is_saved(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="curency"):
        store.save("mine", {**TYPED, "curency": "CNY"}, tmp_path)
    assert store.saved(tmp_path) == []


def test_an_upload_is_limited_and_checked() -> None:
    assert store.uploaded(store.written(TYPED).encode(), "mine.yml") == TYPED
    with pytest.raises(InputError, match="at most"):
        store.uploaded(b"a: " + b"x" * store.MAX_BYTES, "mine.yml")
    with pytest.raises(InputError, match="not UTF-8"):
        store.uploaded(b"\xff\xfe", "mine.yml")


def test_a_scenario_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch) -> None:
    def full(_: object) -> str:
        raise OSError("no space left on device")

    monkeypatch.setattr(store, "written", full)
    with pytest.raises(OSError, match="no space"):
        store.save("mine", TYPED, tmp_path)
    assert not list((tmp_path / store.FOLDER).iterdir())


def test_a_link_nested_without_end_is_refused() -> None:
    import base64
    import zlib

    deep = base64.urlsafe_b64encode(zlib.compress(b"[" * 60_000, 9)).decode()
    with pytest.raises(InputError, match="cannot be read"):
        links.decode(deep)


@pytest.mark.parametrize("key", store.cases())
def test_every_ready_case_fits_into_a_link(key: str, tmp_path: Path) -> None:
    raw = store.load(key, tmp_path)
    again = links.decode(links.encode(raw))
    assert validate(again, key) == validate(raw, key)


@pytest.mark.parametrize(
    "change", [lambda c: c[:-9], lambda c: "!" + c, lambda c: "", lambda c: c * 2]
)
def test_a_cut_or_changed_link_is_refused(change) -> None:
    with pytest.raises(InputError, match="a link"):
        links.decode(change(links.encode(TYPED)))


def test_a_link_that_would_unpack_to_gigabytes_is_refused() -> None:
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b"0" * 10_000_000, 9)).decode()
    assert len(bomb) < 20_000
    with pytest.raises(InputError, match="a link"):
        links.decode(bomb)


def test_a_saved_scenario_is_replaced_only_by_one_that_can_be_evaluated(published, tmp_path):
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    store.save("keep", TYPED, tmp_path)
    before = store.load("keep", tmp_path)
    wrong = {**TYPED, "inputs": {**TYPED["inputs"], "paid_churn_rate": {"fact": "F9999"}}}
    with pytest.raises(InputError, match="F9999"):
        store.save("keep", wrong, tmp_path)
    assert store.load("keep", tmp_path) == before
    store.save("new", wrong, tmp_path)  # a reference that another snapshot may hold
    with pytest.raises(InputError, match="reserved"):
        store.save("unsaved", TYPED, tmp_path)
