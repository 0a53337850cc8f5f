"""``analyze unit-economics | curiosity-to-cash`` and ``scenario`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import artonomics
from etl.scenarios.store import CASES_DIR
from tests.etl.scenarios.conftest import TYPED


@pytest.fixture
def run(capsys, published: Path):
    """Return a function that runs words over the bundled snapshot: status, output, errors."""

    def ran(*words: str, data: Path = published) -> tuple[int, str, str]:
        status = artonomics.run_command(["--data", str(data), *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return ran


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    path = tmp_path / "typed.yml"
    path.write_text(yaml.safe_dump(TYPED), encoding="utf-8")
    return path


def test_every_step_has_its_evidence(run, typed: Path) -> None:
    status, out, _ = run("analyze", "unit-economics", "--scenario", str(typed), "--json")
    assert status == 0
    found = json.loads(out)
    for step in (*found["steps"], *found["inputs"]):
        assert {"value", "low", "high", "unit", "evidence_kind", "source"} <= set(step)
    for name in ("break_even_paid_conversion_rate", "payback_months", "probability_profitable"):
        assert name in found
    # p · (10 − 50·0.01) = (1 − p) · 5·0.01
    assert found["break_even_paid_conversion_rate"] == pytest.approx(0.05 / 9.55)
    assert found["payback_months"] is None
    assert found["not_known"] == {"payback_months": "not known: paid_churn_rate, cac"}
    assert "break_even_with_fixed_costs" not in {step["name"] for step in found["steps"]}
    assert "cac" in found["missing"]
    assert [row["name"] for row in found["sensitivity"]] == ["paying_share"]
    assert found["sensitivity"][0]["variance_share"] == 1
    assert 0 < found["probability_profitable"] <= 1


def test_draws_and_seed_are_obeyed(run, typed: Path) -> None:
    def low(*more: str) -> float:
        words = ("analyze", "unit-economics", "--scenario", str(typed), "--json", *more)
        steps = json.loads(run(*words)[1])["steps"]
        return next(s["low"] for s in steps if s["name"] == "contribution_per_user")

    assert low("--seed", "1") == low("--seed", "1")
    assert low("--seed", "1") != low("--seed", "2")
    status, _, err = run("analyze", "unit-economics", "--scenario", str(typed), "--draws", "5")
    assert (status, "100 to 1,000,000 draws" in err) == (2, True)


def test_without_a_seed_the_dashboards_is_used_and_both_are_named(run, typed: Path) -> None:
    from dashboard.studies.economics.scenario import SEED as ON_THE_PAGE
    from etl.analytics.scenario_result import SEED

    words = ("analyze", "unit-economics", "--scenario", str(typed))
    assert json.loads(run(*words, "--json")[1])["seed"] == SEED == ON_THE_PAGE
    _, out, err = run(*words, "--draws", "2000")
    assert f"2,000 draws, seed {SEED}" in " ".join((out + err).split())


def test_a_scenario_is_told_by_its_key_and_a_wrong_one_names_the_nearest(run) -> None:
    words = ("analyze", "unit-economics", "--json", "--scenario")
    status, out, err = run(*words, "small-platform")
    assert status == 0, err
    assert json.loads(out) == json.loads(run(*words, str(CASES_DIR / "small-platform.yml"))[1])
    status, _, err = run(*words, "small-platfrom")
    assert (status, "small-platform" in err) == (2, True)


def test_the_break_even_rate_of_a_wave_is_its_own_and_not_a_months(run, typed: Path) -> None:
    wave = {
        **{"installs": 1_000, "net_proceeds": 10, "paid_conversion_rate": 0.05},
        **{"paid_churn_rate": 1, "paid_images_per_user": 30, "cost_per_image": 0.05},
        **{"free_images_per_install": 5, "retained_rate": 0, "free_churn_rate": 1},
        "free_images_per_user": 5,
    }
    typed.write_text(yaml.safe_dump({**TYPED, "inputs": wave}), encoding="utf-8")
    words = ("analyze", "curiosity-to-cash", "--scenario", str(typed))
    # Every install brings 5 free pictures, a payer one payment of 10 and 30 pictures more.
    found = json.loads(run(*words, "--json")[1])
    assert found["break_even_paid_conversion_rate"] == pytest.approx(0.25 / 8.5)
    gained = {**wave, "free_images_per_install": 0}
    typed.write_text(yaml.safe_dump({**TYPED, "inputs": gained}), encoding="utf-8")
    assert json.loads(run(*words, "--json")[1])["break_even_paid_conversion_rate"] == 0
    status, _, err = run(*words, "--seed", "-1")
    assert (status, "got --seed -1" in err) == (2, True)


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES_DIR.glob("*.yml")))
def test_every_ready_case_is_evaluated(run, case: str) -> None:
    path = str(CASES_DIR / f"{case}.yml")
    waves = yaml.safe_load((CASES_DIR / f"{case}.yml").read_text(encoding="utf-8"))["inputs"]
    verb = "curiosity-to-cash" if "installs" in waves else "unit-economics"
    status, out, err = run("analyze", verb, "--scenario", path, "--json")
    assert status == 0, err
    found = json.loads(out)
    assert found["later"]
    status, out, err = run("analyze", verb, "--scenario", path)
    assert status == 0
    assert found["scenario"]["as_of"] in out + err
    assert found["later"][0]["name"] in " ".join((out + err).split())


def test_a_scenario_without_a_wave_says_what_is_needed(run, typed: Path) -> None:
    status, _, err = run("analyze", "curiosity-to-cash", "--scenario", str(typed))
    assert status == 2
    assert "installs, or peak_installs_per_day" in err


def test_a_misspelt_key_is_refused_with_the_nearest(run, typed: Path) -> None:
    typed.write_text(yaml.safe_dump({**TYPED, "hurdle": 0.1}), encoding="utf-8")
    status, _, err = run("analyze", "unit-economics", "--scenario", str(typed))
    assert status == 2
    assert "perhaps you meant hurdle_rate" in err


def test_typed_numbers_need_no_snapshot_and_references_say_what_to_do(
    run, typed: Path, tmp_path: Path
) -> None:
    words = ("analyze", "unit-economics", "--scenario")
    empty = tmp_path / "empty"
    assert run(*words, str(typed), "--json", data=empty)[0] == 0
    status, _, err = run(*words, str(CASES_DIR / "small-platform.yml"), data=empty)
    assert status != 0
    assert "etl run --offline" in err


def test_scenarios_are_saved_listed_shown_and_removed(run, typed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run("scenario", "save", "mine", str(typed), data=data)[0] == 0
    listed = json.loads(run("scenario", "list", "--json", data=data)[1])
    assert {"scenario": "mine", "kind": "saved", "name": "typed"} in listed
    assert {"small-platform", "meitu-2022", "lensa-2022"} <= {row["scenario"] for row in listed}
    (data / "scenarios" / "broken.yml").write_text("a: [", encoding="utf-8")
    status, out, _ = run("scenario", "list", "--json", data=data)
    assert status == 0
    assert "no valid YAML" in {row["scenario"]: row["name"] for row in json.loads(out)}["broken"]
    status, out, _ = run("scenario", "show", "mine", data=data)
    assert yaml.safe_load(out)["inputs"]["active_users"] == 1_000
    assert run("scenario", "remove", "mine", data=data)[0] == 0
    status, _, err = run("scenario", "show", "mine", data=data)
    assert status == 2
    assert "one of" in err


def test_saving_says_what_it_replaced_and_replaces_nothing_by_what_cannot_be(
    run, typed: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    answers = [
        json.loads(run("scenario", "save", "keep", str(typed), "--json", data=data)[1])
        for _ in range(2)
    ]
    assert [each["replaced"] for each in answers] == [False, True]
    status, out, err = run("scenario", "save", "keep", str(typed), data=data)
    assert status == 0
    assert "replaced keep in" in out + err
    kept = (data / "scenarios" / "keep.yml").read_text(encoding="utf-8")
    inputs = {**TYPED["inputs"], "paid_churn_rate": 1.4}
    typed.write_text(yaml.safe_dump({**TYPED, "inputs": inputs}), encoding="utf-8")
    status, _, err = run("scenario", "save", "keep", str(typed), data=data)
    assert status == 2
    assert "inputs.paid_churn_rate 1.4" in err
    assert (data / "scenarios" / "keep.yml").read_text(encoding="utf-8") == kept


def test_without_a_snapshot_the_verbs_of_scenarios_work_and_references_say_what_to_do(
    run, typed: Path, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    status, out, _ = run("scenario", "list", "--json", data=fresh)
    assert status == 0
    assert "small-platform" in out
    assert run("scenario", "show", "small-platform", data=fresh)[0] == 0
    status, out, _ = run("scenario", "save", "我的 应用", str(typed), "--json", data=fresh)
    assert status == 0
    key = json.loads(out)["scenario"]
    assert key.isascii()
    listed = json.loads(run("scenario", "list", "--json", data=fresh)[1])
    assert {"scenario": key, "kind": "saved", "name": "我的 应用"} in listed
    assert run("analyze", "unit-economics", "--scenario", key, data=fresh)[0] == 0
    assert run("scenario", "remove", "我的 应用", data=fresh)[0] == 0
    status, _, told = run("analyze", "unit-economics", "--scenario", "small-platform", data=fresh)
    assert status == 2
    assert "artonomics etl run --offline" in told


def test_what_no_range_can_turn_is_told_as_construction_and_not_as_odds(run) -> None:
    words = ("analyze", "curiosity-to-cash", "--scenario", "meitu-2022")
    verdict = json.loads(run(*words, "--json")[1])["verdict"]
    assert verdict["is_by_construction"]
    status, out, err = run(*words)
    assert status == 0
    told = " ".join((out + err).split())
    assert "above zero in every draw" in told
    assert "probability of 100%" not in told


def test_a_scenario_of_the_other_kind_names_either_input_and_the_other_verb(run) -> None:
    status, _, err = run("analyze", "curiosity-to-cash", "--scenario", "meitu-2023")
    told = " ".join(err.split())
    assert status == 2
    assert "got meitu-2023, which describes no wave" in told
    assert "installs, or peak_installs_per_day with half_life_days" in told
    assert "artonomics analyze unit-economics" in told
