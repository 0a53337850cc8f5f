"""Columns are mapped with reasons, rows are checked, corrected files restate, the ledger tells."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import artonomics

SPEND = """\
Date,Network,Campaign Name,Country,Cost,Installs,ccy
2022-12-01,Apple Search Ads,brand,JP,120.5,300,USD
2022-12-02,Apple Search Ads,brand,JP,98.0,240,USD
"""


def test_columns_are_found_by_name_and_by_guess_and_the_preview_says_so(desk):
    found = desk.preview("spend", desk.write("spend.csv", SPEND))
    told = {row["ours"]: (row["theirs"], row["how"]) for row in found.mapping}
    assert told["country"] == ("Country", "name")
    assert told["spend_date"] == ("Date", "guess")
    assert told["campaign"] == ("Campaign Name", "guess")
    assert told["platform"] == ("'*'", "default")
    assert told["value of metric spend"] == ('"Cost"', "measure")
    assert all(0 < row["sure"] <= 1 for row in found.mapping)
    assert {row["sure"] for row in found.mapping if row["how"] == "guess"} < {0.9, 0.8, 0.6}
    assert not (desk.settings.data_dir / "warehouse").exists()


def test_a_figure_in_a_column_becomes_a_row(desk):
    assert desk.brought("spend", desk.write("spend.csv", SPEND)) == ("ok", 4, 4, 0, 0)
    rows = desk.ask("SELECT metric, value, currency FROM acquisition_spend ORDER BY ALL")
    assert rows.fillna("").to_numpy().tolist() == [
        ["installs", 240, ""],
        ["installs", 300, ""],
        ["spend", 98, "USD"],
        ["spend", 120.5, "USD"],
    ]


def test_a_second_import_changes_nothing_and_a_corrected_file_restates(desk):
    path = desk.write("spend.csv", SPEND)
    desk.bring("spend", path)
    assert desk.brought("spend", path) == ("unchanged", 4, 0, 0, 0)
    desk.write("spend.csv", SPEND.replace("98.0", "99.0"))
    assert desk.brought("spend", path) == ("ok", 4, 0, 1, 0)
    ask = "SELECT max(value) AS v FROM {} WHERE spend_date = '2022-12-02' AND metric = 'spend'"
    assert desk.ask(ask.format("acquisition_spend"))["v"][0] == 99
    before = "acquisition_spend_as_of(TIMESTAMPTZ '2026-11-22 14:30:00+00')"
    assert desk.ask(ask.format(before))["v"][0] == 98


def test_bad_rows_are_kept_with_their_reason_and_content(desk):
    text = SPEND + "2022-13-01,Meta,a,JP,1,2,USD\n2022-12-03,Meta,a,Japan,1,2,USD\n"
    assert desk.brought("spend", desk.write("spend.csv", text)) == ("partial", 8, 4, 0, 4)
    kept = desk.ask("SELECT DISTINCT check_name, payload FROM quarantine ORDER BY ALL")
    assert set(kept["check_name"]) == {"country_refused", "spend_date_unreadable"}
    assert any(json.loads(p)["spend_date"] == "2022-13-01" for p in kept["payload"])


def test_a_column_that_is_missing_is_told_with_what_there_is(desk):
    path = desk.write("a.csv", "day,netwrk,cost\n2022-12-01,Meta,1\n")
    said = desk.refused("spend", path, constants={"currency": "USD"})
    assert "no column for channel" in said
    assert "day, netwrk, cost" in said
    assert "--map netwrk=channel" in said
    assert desk.brought(
        "spend", path, maps={"netwrk": "channel"}, constants={"currency": "USD"}
    ) == ("ok", 1, 1, 0, 0)


def test_wrong_wishes_are_told_with_the_nearest(desk):
    path = desk.write("spend.csv", SPEND)
    assert "perhaps you meant 'Network'" in desk.refused("spend", path, maps={"Netwok": "channel"})
    assert "'chanel'" in desk.refused("spend", path, maps={"Network": "chanel"})
    assert "--layout" in desk.refused("spend", path, layout="nobody")


def test_money_without_a_currency_is_not_guessed(desk):
    path = desk.write("a.csv", "date,channel,cost\n2022-12-01,Meta,1\n")
    assert "--set currency=USD" in desk.refused("spend", path)


@pytest.mark.parametrize("source", ["stock_prices", "../x", "a b"])
def test_a_source_name_that_cannot_be_is_refused(desk, source):
    with pytest.raises(Exception, match="--source"):
        desk.bring("spend", desk.write("spend.csv", SPEND), source=source)


def test_equal_lines_of_a_bill_are_told_apart_and_found_again(desk):
    line = "2022-12-01,2022-12-31,Rack,10.5,EUR\n"
    path = desk.write("b.csv", "start,end,vendor,cost,ccy\n" + line * 2)
    assert desk.brought("gpu-bills", path) == ("ok", 2, 2, 0, 0)
    assert desk.brought("gpu-bills", path) == ("unchanged", 2, 0, 0, 0)


def test_simulated_rows_are_never_mixed_with_measured_ones(desk):
    path = desk.write("spend.csv", SPEND)
    desk.bring("spend", path)
    desk.write("sim/simulation.json", "{}")
    made_up = desk.write("sim/a/spend.csv", SPEND.replace("JP", "DE"))
    assert "under the source name user_spend" in desk.refused("spend", made_up)
    assert desk.brought("spend", desk.files / "sim", source="made_up")[0] == "ok"
    kinds = desk.ask("SELECT DISTINCT source, evidence_kind FROM acquisition_spend ORDER BY 1")
    assert kinds.to_numpy().tolist() == [["made_up", "simulated"], ["user_spend", "measured"]]
    with pytest.raises(Exception, match="say they are simulated"):
        desk.bring("spend", made_up, evidence="measured")


def test_what_was_imported_and_under_which_terms_is_kept(desk):
    desk.bring("spend", desk.write("spend.csv", SPEND), redistributable=False)
    [source] = desk.ask("SELECT * FROM sources").to_dict("records")
    assert (source["source"], source["redistributable"]) == ("user_spend", "no")
    [file] = desk.ask("SELECT * FROM imported_files").to_dict("records")
    assert (file["file_name"], file["file_bytes"]) == ("spend.csv", len(SPEND))
    assert json.loads(file["mapping"])["channel"] == '"Network"'
    assert desk.ask("SELECT mode, status FROM etl_runs").to_numpy().tolist() == [["import", "ok"]]


def test_keys_meet_in_one_portion_however_many_there_are(desk, monkeypatch):
    from etl.imports import tables

    real = tables.portions
    monkeypatch.setattr(tables, "portions", lambda con, job, rows: real(con, job, rows, size=100))
    days = pd.date_range("2020-01-01", periods=400).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"date": days, "channel": "Meta", "installs": range(400)})
    twice = pd.concat([frame, frame.head(7)])
    path = desk.write("a.csv", twice.to_csv(index=False))
    assert desk.brought("spend", path) == ("ok", 407, 400, 0, 7)


def test_the_command_prints_the_ledger_and_the_preview(desk, capsys):
    path = str(desk.write("spend.csv", SPEND))
    data = ["--data", str(desk.settings.data_dir), "--json"]
    assert artonomics.run_command([*data, "import", "spend", path, "--dry-run"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["n_rejected"], len(shown["rows"])) == (0, 4)
    assert artonomics.run_command([*data, "import", "spend", path]) == 0
    [entry] = json.loads(capsys.readouterr().out)
    assert (entry["source"], entry["rows_new"]) == ("user_spend", 4)
    bad = str(desk.write("a.csv", "x\n1\n"))
    assert artonomics.run_command([*data, "import", "spend", bad]) == 2
    answer = capsys.readouterr()
    assert json.loads(answer.out)[0]["status"] == "failed"
    assert "no column for" in answer.err
    assert artonomics.run_command([*data, "import", "spend", path, "--map", "x"]) == 2
    assert "theirs=ours" in capsys.readouterr().err


def test_a_file_never_replaces_what_another_source_says(desk):
    bars = "ticker,trade_date,close,adjusted_close,currency\n1357.HK,2022-12-07,1.49,{},HKD\n"
    assert desk.brought("prices", desk.write("a.csv", bars.format(1.4)), source="a")[0] == "ok"
    same = desk.write(
        "b.csv", bars.format(500) + bars.format(2).splitlines()[1].replace("07", "08")
    )
    entry = desk.bring("prices", same, source="b").entries[0]
    assert (entry.status, entry.rows_new, entry.rows_changed) == ("partial", 1, 0)
    assert "1 row kept out: 1 × another source, a, says something else" in entry.error
    held = desk.ask("SELECT trade_date::VARCHAR AS day, adjusted_close, source FROM stock_prices")
    assert sorted(held.itertuples(index=False, name=None)) == [
        ("2022-12-07", 1.4, "a"),
        ("2022-12-08", 2.0, "b"),
    ]
    assert list(desk.ask("SELECT check_name FROM quarantine")["check_name"]) == ["held_elsewhere"]


def test_a_source_still_corrects_itself(desk):
    bars = "ticker,trade_date,close,adjusted_close,currency\n1357.HK,2022-12-07,1.49,{},HKD\n"
    desk.bring("prices", desk.write("a.csv", bars.format(1.4)))
    assert desk.brought("prices", desk.write("a.csv", bars.format(1.5))) == ("ok", 1, 0, 1, 0)


def test_where_no_row_passes_the_import_has_failed_and_says_why(desk):
    entry = desk.bring(
        "spend", desk.write("s.csv", SPEND.splitlines()[0] + "\nx,Meta,a,JP,1,2,USD\n")
    ).entries[0]
    assert entry.status == "failed"
    assert "2 rows kept out: 2 × spend_date is not a date" in entry.error
    assert "FROM quarantine WHERE run_id" in entry.error


def test_closes_as_traded_are_not_proposed_as_adjusted_ones(desk):
    bars = "ticker,date,close,currency\n1357.HK,2022-12-07,1.49,HKD\n"
    said = desk.refused("prices", desk.write("p.csv", bars))
    assert "got no column for adjusted_close" in said
    assert "--map THEIRS=adjusted_close" in said
    assert "closes as traded belong into raw_close" in said
