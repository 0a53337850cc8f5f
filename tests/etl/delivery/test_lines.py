"""Files of lines: whose they are."""

from __future__ import annotations

from pathlib import Path

from etl.delivery import lines


def test_a_new_ledger_is_read_by_its_user_alone_and_an_old_one_keeps_its_rights(tmp_path: Path):
    new, old = tmp_path / "deep" / "new.jsonl", tmp_path / "old.jsonl"
    old.touch(0o640)
    for path in (new, old):
        lines.add(path, {"a": 1})
        lines.add(path, {"a": 2})
        assert lines.read(path, lambda told: told["a"]) == ([1, 2], 0)
    assert new.stat().st_mode & 0o777 == 0o600
    assert old.stat().st_mode & 0o777 == 0o640
