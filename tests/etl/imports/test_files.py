"""Files are what their content says; hostile, damaged and mislabelled ones are refused in words."""

from __future__ import annotations

import gzip
import io
import time
import zipfile

import pandas as pd
import pytest

from etl.errors import InputError

BILLS = "period_start,period_end,provider,amount,currency\n2022-12-01,2022-12-31,Rack,10.5,EUR\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a PNG picture"),
        ("a.csv", b"%PDF-1.7\n", "a PDF document"),
        ("a.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        ("a.csv", b"\n  <html>", "a web page"),
        ("a.csv", b"", "an empty file"),
        ("a.csv", b"a,b\n\0\1\2\3,\0\n" * 9, "a binary file"),
        ("a.parquet", BILLS.encode(), "not Parquet"),
        ("a.parquet", b"PAR1" + b"x" * 50, "a cut-off Parquet file"),
        ("a.json", b'[{"a": 1}]', "a JSON list"),
        # The bytes name the case: without a fixed time two workers collect different cases.
        (
            "a.csv.gz",
            gzip.compress(BILLS.encode() * 99, mtime=0)[:-20],
            "damaged or cut-off archive",
        ),
        (
            "a.csv.gz",
            gzip.compress(gzip.compress(b"a,b", mtime=0), mtime=0),
            "an archive in an archive",
        ),
        ("a.zip", b"PK\x03\x04" + b"x" * 40, "damaged or cut-off archive"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(desk, name, content, said):
    assert said in desk.refused("gpu-bills", desk.write(name, content))


def zipped(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_an_archive_bomb_is_refused_before_it_fills_the_disk(desk, kind):
    zeros = b"0" * (80 * 2**20)
    packed = gzip.compress(zeros, 9) if kind == "gzip" else zipped(a=zeros)
    path = desk.write(f"bomb.csv.{'gz' if kind == 'gzip' else 'zip'}", packed)
    assert "times its size" in desk.refused("gpu-bills", path)
    assert not list(desk.settings.scratch_dir.iterdir())


def test_an_archive_within_an_archive_and_a_workbook_are_refused(desk):
    nested = desk.write("a.zip", zipped(**{"b.zip": zipped(c=b"x")}))
    assert "archive in an archive" in desk.refused("gpu-bills", nested)
    book = desk.write("b.zip", zipped(**{"[Content_Types].xml": b"<x/>"}))
    assert "an Office document" in desk.refused("gpu-bills", book)


def test_a_path_in_an_archive_leads_nowhere(desk):
    path = desk.write("a.zip", zipped(**{"../../escaped.csv": BILLS.encode()}))
    assert desk.brought("gpu-bills", path)[2] == 1
    assert not list(desk.files.parent.rglob("escaped.csv"))


@pytest.mark.parametrize("form", ["csv", "gz", "zip", "parquet", "jsonl", "zip of gz"])
def test_one_table_in_every_form_gives_the_same_rows(desk, form):
    frame = pd.read_csv(io.StringIO(BILLS))
    content = {
        "csv": BILLS.encode(),
        "gz": gzip.compress(BILLS.encode()),
        "zip": zipped(**{"in/a.csv": BILLS.encode(), "__MACOSX/._a.csv": b"x"}),
        "parquet": frame.to_parquet(),
        "jsonl": frame.to_json(orient="records", lines=True).encode(),
        "zip of gz": zipped(**{"a.csv.gz": gzip.compress(BILLS.encode())}),
    }[form]
    path = desk.write("bills", content)
    assert desk.brought("gpu-bills", path) == ("ok", 1, 1, 0, 0)
    [row] = desk.ask("SELECT * FROM gpu_bills").to_dict("records")
    assert (row["provider"], row["amount"], row["currency"]) == ("Rack", 10.5, "EUR")
    assert str(row["period_end"].date()) == "2022-12-31"
    assert row["evidence_kind"] == "measured"
    assert row["source_url"].startswith("bills")


def test_a_folder_is_read_to_its_depths_and_what_is_no_data_is_named(desk):
    desk.write("in/2/b.csv", BILLS.replace("Rack", "Two"))
    desk.write("in/1.csv", BILLS)
    desk.write("in/readme.md", "not data")
    desk.write("in/.hidden.csv", "x")
    assert desk.brought("gpu-bills", desk.files / "in")[:3] == ("ok", 2, 2)
    names = list(desk.ask("SELECT source_url FROM gpu_bills ORDER BY 1")["source_url"])
    assert names == ["1.csv", "2/b.csv"]
    assert desk.preview("gpu-bills", desk.files / "in").passed_over == ["readme.md"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(desk, separator):
    path = desk.write("a.csv", BILLS.replace(",", separator))
    assert desk.brought("gpu-bills", path)[:3] == ("ok", 1, 1)


def test_mixed_separators_are_told_with_their_line(desk):
    lines = [BILLS.splitlines()[1]] * 3000
    lines[2500] = lines[2500].replace(",", ";")
    text = "\n".join([BILLS.splitlines()[0], *lines])
    said = desk.refused("gpu-bills", desk.write("a.csv", text))
    assert "line 2502" in said
    assert "separated by ';'" in said


def test_a_row_with_a_cell_too_many_is_told_with_its_line(desk):
    path = desk.write("a.csv", BILLS + "2022-12-01,2022-12-31,Rack,10,5,EUR\n")
    assert "6 cells in line 3" in desk.refused("gpu-bills", path)


WORDS = {
    "utf-8": "東京のラック",
    "utf-8-sig": "東京のラック",
    "utf-16": "東京のラック",
    "utf-16-le": "東京のラックと電気代",
    "gb18030": "北京云计算公司的显卡账单",
    "cp932": "東京のクラウド会社の請求書",
    "cp1252": "Société Générale à Genève, coût élevé",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_the_encoding_is_found_out(desk, encoding):
    text = BILLS.replace("Rack", f'"{WORDS[encoding]}"')
    path = desk.write("a.csv", text.encode(encoding))
    assert desk.brought("gpu-bills", path)[:3] == ("ok", 1, 1)
    assert desk.ask("SELECT provider FROM gpu_bills")["provider"][0] == WORDS[encoding]


def test_an_encoding_that_shows_late_is_found_out_all_the_same(desk):
    line = BILLS.splitlines()[1]
    early = "\n".join([line.replace("Rack", f"R{i}") for i in range(9000)])
    text = f"{BILLS.splitlines()[0]}\n{early}\n{line.replace('Rack', WORDS['gb18030'])}\n"
    assert desk.brought("gpu-bills", desk.write("a.csv", text.encode("gb18030")))[2] == 9001


def test_two_encodings_in_one_file_are_told_with_the_line(desk):
    utf8 = BILLS.replace("Rack", "東京").encode()
    other = BILLS.splitlines()[1].replace("Rack", "請求書の").encode("cp932")
    said = desk.refused("gpu-bills", desk.write("a.csv", utf8 + other + b"\n"))
    assert "not utf-8 in line 3" in said


def test_the_user_may_name_the_encoding(desk):
    path = desk.write("a.csv", BILLS.replace("Rack", "Zażółć").encode("cp1250"))
    assert desk.brought("gpu-bills", path, encoding="cp1250")[2] == 1
    assert desk.ask("SELECT provider FROM gpu_bills")["provider"][0] == "Zażółć"
    assert "--encoding 'klingon'" in desk.refused("gpu-bills", path, encoding="klingon")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_ten_million_columns_are_refused_at_once(desk, form):
    n = 10_000_000
    if form == "csv":
        content = ",".join(f"c{i}" for i in range(n)).encode() + b"\n" + b"," * (n - 1) + b"\n"
    else:
        content = b'{"a0":1' + b"".join(b',"a%d":1' % i for i in range(1, n)) + b"}\n"
    path = desk.write("wide.csv", content)
    begin = time.monotonic()
    said = desk.refused("gpu-bills", path)
    assert "at most 2000 columns" in said
    assert time.monotonic() - begin < 10


def test_a_few_columns_too_many_are_counted(desk):
    path = desk.write("wide.csv", ",".join(f"c{i}" for i in range(3000)) + "\n1\n")
    assert "got 3000 columns" in desk.refused("gpu-bills", path)


def test_a_broken_json_line_is_told(desk):
    path = desk.write("a.jsonl", '{"provider": "Rack"}\n{"provider": "R\n')
    assert "line 2" in desk.refused("gpu-bills", path)


def test_a_file_without_a_header_or_with_one_name_twice_is_refused(desk):
    assert "in its first line" in desk.refused("gpu-bills", desk.write("a.csv", "1,2\n3,4\n"))
    path = desk.write("b.csv", "amount,Amount\n1,2\n")
    assert "2 times" in desk.refused("gpu-bills", path)


def test_formulas_are_data_and_stored_as_they_are(desk):
    cell = '=HYPERLINK(""http://x"")'
    path = desk.write("a.csv", BILLS.replace("Rack", f'"{cell}"'))
    assert desk.brought("gpu-bills", path)[2] == 1
    stored = desk.ask("SELECT provider FROM gpu_bills")["provider"][0]
    assert stored == '=HYPERLINK("http://x")'


def test_many_columns_of_long_names_are_counted_and_not_choked_on(desk):
    header = ",".join(f"a_rather_long_name_{number}" for number in range(20_000))
    said = desk.refused("events", desk.write("wide.csv", f"{header}\n"))
    assert "got 20000 columns" in said


def test_a_cell_without_an_end_is_told_by_its_line(desk):
    text = "user_id,event_name,event_at,x\nu,open,2023-01-01T00:00:00Z,"
    said = desk.refused("events", desk.write("long.csv", text + "y" * (17 * 2**20) + "\n"))
    assert "more than 16 MiB in long.csv (line 2)" in said


def test_a_zone_that_is_no_zone_is_refused(desk):
    path = desk.write("e.csv", "user_id,event_name,event_at\nu,open,2023-01-01T00:00:00\n")
    with pytest.raises(InputError, match="got --timezone 'Mars'"):
        desk.bring("events", path, timezone="Mars")


def test_notes_in_a_folder_are_passed_over_and_named(desk):
    desk.write("bills/a.csv", BILLS)
    desk.write("bills/readme.txt", "hello\nworld\n")
    done = desk.bring("gpu-bills", desk.files / "bills")
    assert done.entries[0].status == "ok"
    assert list(done.passed_over) == ["readme.txt"]


def test_of_a_simulated_history_each_kind_takes_its_own_table(desk):
    from etl import simulate

    history = desk.files / "history"
    simulate.simulate(simulate.Parameters(600, 30, 1), history)
    for kind in ("events", "spend", "subscriptions"):
        done = desk.bring(kind, history, source=f"simulated_{kind}")
        assert done.error is None
        assert done.entries[0].status in ("ok", "partial")
    kinds = desk.ask("SELECT DISTINCT evidence_kind FROM acquisition_spend")["evidence_kind"]
    assert list(kinds) == ["simulated"]
