"""A fault of a source in Chinese: its kind in Chinese, its message quoted as it was written."""

from __future__ import annotations

import pytest

from dashboard.tables import source_faults
from dashboard.text import words
from etl.errors import AuditError, SourceError
from etl.sources import _http_errors as http

URL = "https://itunes.apple.com/us/rss/x.json"
FAULTS = {
    str(http.out_of_reach("itunes.apple.com", "no route to host")): (
        "网络不可达：itunes.apple.com 没有应答"
    ),
    str(http.out_of_reach("itunes.apple.com", "the read timed out")): (
        "应答超时；网络不可达：itunes.apple.com 没有应答"
    ),
    str(http.left_alone("itunes.apple.com", "HTTP 429")): "请求过于频繁（限流，HTTP 429）",
    str(SourceError(f"got HTTP 503 from {URL}", "HTTP 200")): "服务器返回错误（HTTP 503）",
    str(SourceError(f"got HTTP 404 from {URL}", "an address that exists")): (
        "地址已不存在（HTTP 404）"
    ),
    str(SourceError("got no rows from gpus", "at least one", "look at the source")): (
        "gpus 的应答为空"
    ),
    str(SourceError("got gpus without ['name'] and with unknown []", "the columns")): (
        "数据未通过校验"
    ),
    str(AuditError("got tables that break their rules: gpus.name", "every audit to hold")): (
        "数据未通过校验"
    ),
    str(http.truncated(URL, "IncompleteRead")): "应答无法读取：形式与预期不同",
    repr(KeyError("x")): "意外错误（KeyError）",
}


@pytest.mark.parametrize("error", FAULTS)
def test_the_usual_kinds_are_said_in_chinese_beside_the_quoted_message(error: str) -> None:
    told = source_faults.fault(error, words("zh"))
    assert told == f"{FAULTS[error]}。消息原文：“{error}”"


def test_a_message_of_no_known_kind_is_quoted() -> None:
    assert source_faults.fault("une panne", words("zh")) == "消息原文：“une panne”"


def test_english_is_shown_as_it_was_written() -> None:
    for error in FAULTS:
        assert source_faults.fault(error, words("en")) == error
