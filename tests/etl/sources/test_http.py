"""The web client against a server that misbehaves; no test waits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from servers.web import Fault, Page, Web, serving

from etl.collection import GOOGLE_PLAY, ITUNES, Collection, Host
from etl.errors import SourceError
from etl.sources import _http_errors as codes
from etl.sources._http import Answer, HttpClient, Manners, Visits, json_of, retry_after_seconds

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
URL = f"https://{ITUNES}/chart.json"
Client = Callable[..., HttpClient]


class Time:
    """A clock that moves only by waiting."""

    def __init__(self) -> None:
        self.now, self.waits = 1000.0, []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def web() -> Iterator[Web]:
    page = Page(json.dumps({"rows": [1, 2]}))
    with serving(Web(lambda host, path, query: page if "missing" not in path else None)) as made:
        yield made


@pytest.fixture
def client(web: Web, time: Time, tmp_path: Path) -> Iterator[Client]:
    """Return a maker of clients that share their memory of visits and their kept answers."""
    visits, made = Visits(), []

    def make(
        *, run: datetime = NOW, per_minute: float = 6000, budget: int = 50, **manners: float
    ) -> HttpClient:
        hosts = {
            host: Host(requests_per_minute=per_minute, address=web.address(host))
            for host in (ITUNES, GOOGLE_PLAY)
        }
        patience = Manners(clock=time.clock, sleep=time.sleep, timeout_seconds=0.25, **manners)  # pyright: ignore[reportArgumentType]
        made.append(
            HttpClient(
                Collection(hosts=hosts, requests_per_run=budget),
                run,
                tmp_path / "http",
                manners=patience,
                visits=visits,
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


def code_of(client: HttpClient, url: str = URL) -> str:
    with pytest.raises(SourceError) as error:
        client.get(url, json_of)
    assert error.value.expected
    assert error.value.todo
    return error.value.code


def test_an_answer_is_read_and_the_project_is_named(client: Client, web: Web):
    assert client().get(URL, json_of) == {"rows": [1, 2]}
    assert web.headers[0]["User-Agent"].startswith("Artonomics/")
    assert web.asked == [f"{ITUNES}/chart.json"]


@pytest.mark.parametrize("fault", ["hang", "429", "500", "503", "cut", "reset", "half_json"])
def test_a_passing_fault_is_waited_out(client: Client, web: Web, time: Time, fault: Fault):
    web.faults["chart"] = [fault, fault]
    assert client().get(URL, json_of) == {"rows": [1, 2]}
    first, second = [wait for wait in time.waits if wait > 0.1]
    assert 2 <= first <= 4
    assert 4 <= second <= 6


@pytest.mark.parametrize(
    ("fault", "code", "times"),
    [
        ("hang", codes.UNREACHABLE, 3),
        ("429", codes.RATE_LIMITED, 3),
        ("500", codes.STATUS, 3),
        ("cut", codes.TRUNCATED, 3),
        ("reset", codes.UNREACHABLE, 3),
        ("half_json", codes.TRUNCATED, 3),
        ("html", codes.FORMAT, 1),
        ("login", codes.FORMAT, 1),
    ],
)
def test_a_lasting_fault_has_a_name_and_an_end(
    client: Client, web: Web, fault: Fault, code: str, times: int
):
    web.always["chart"] = fault
    found = code_of(client())
    assert found in ({code, codes.TRUNCATED} if fault == "reset" else {code})
    assert len(web.asked) == times


def test_a_login_page_is_told_by_its_title_whatever_type_it_claims(client: Client, web: Web):
    web.always["chart"] = "login"
    with pytest.raises(SourceError, match=r"page in place of JSON.*Sign in"):
        client().get(URL, json_of)


def test_what_is_no_json_at_all_is_told(client: Client):
    with pytest.raises(SourceError, match="no JSON") as error:
        json_of(Answer(URL, "text/plain", b"Not available"))
    assert error.value.code == codes.FORMAT


def test_retry_after_is_honoured(client: Client, web: Web, time: Time):
    web.faults["chart"] = ["429"]
    web.retry_after = "37"
    client().get(URL, json_of)
    assert max(time.waits) == 37


def test_a_host_that_asks_for_more_than_patience_is_left_alone(client: Client, web: Web):
    web.always["chart"], web.retry_after = "429", "3600"
    one = client()
    assert code_of(one) == codes.RATE_LIMITED
    assert code_of(one, f"https://{ITUNES}/other.json") == codes.RATE_LIMITED
    assert len(web.asked) == 1
    assert one.get(f"https://{GOOGLE_PLAY}/other.json", json_of)


def test_a_new_run_asks_a_host_again_that_was_left_alone(client: Client, web: Web):
    web.faults["chart"], web.retry_after = ["429"], "3600"
    assert code_of(client()) == codes.RATE_LIMITED
    assert client(run=NOW + timedelta(days=1)).get(URL, json_of)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("", 0),
        ("soon", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_on_the_servers_own_clock(value: str, seconds: float):
    assert retry_after_seconds(value, format_datetime(NOW, usegmt=True)) == seconds


def test_a_host_is_asked_no_faster_than_its_rate_and_hosts_do_not_wait_for_each_other(
    client: Client, time: Time
):
    one = client(per_minute=20)
    for number in range(3):
        one.get(f"https://{ITUNES}/{number}", json_of)
    assert time.waits == [3.0, 3.0]
    one.get(f"https://{GOOGLE_PLAY}/a", json_of)
    assert len(time.waits) == 2
    client(per_minute=20).get(f"https://{ITUNES}/next-source", json_of)
    assert time.waits == [3.0, 3.0, 3.0]


def test_a_clock_that_jumps_back_costs_one_pause_at_most(client: Client, time: Time):
    one = client(per_minute=20)
    one.get(f"https://{ITUNES}/1", json_of)
    time.now -= 86_400
    one.get(f"https://{ITUNES}/2", json_of)
    assert max(time.waits) <= 3.0


def test_the_budget_counts_repeats_and_is_shared_by_the_sources_of_a_run(client: Client, web: Web):
    web.faults["chart"] = ["500"]
    client(budget=3).get(URL, json_of)
    other = client(budget=3)
    other.get(f"https://{ITUNES}/b", json_of)
    assert code_of(other, f"https://{ITUNES}/c") == codes.BUDGET
    assert len(web.asked) == 3
    client(budget=3, run=NOW + timedelta(days=1)).get(f"https://{ITUNES}/c", json_of)


def test_a_host_out_of_reach_is_not_asked_for_every_chart(client: Client, web: Web):
    web.always["rss"] = "hang"
    one = client(attempts=2)
    found = {code_of(one, f"https://{ITUNES}/rss/{number}") for number in range(20)}
    assert found == {codes.UNREACHABLE}
    assert len(web.asked) == 4


def test_a_host_whose_name_is_unknown_is_given_up_at_once(time: Time):
    hosts = {ITUNES: Host(requests_per_minute=6000, address="http://nowhere.invalid")}
    manners = Manners(clock=time.clock, sleep=time.sleep)
    with HttpClient(Collection(hosts=hosts), NOW, manners=manners, visits=Visits()) as one:
        assert code_of(one) == codes.UNREACHABLE
        assert code_of(one, f"https://{ITUNES}/another.json") == codes.UNREACHABLE
    assert sum(time.waits) < 1


def test_a_missing_page_is_not_asked_for_again(client: Client, web: Web):
    assert code_of(client(), f"https://{ITUNES}/missing") == codes.NOT_FOUND
    assert len(web.asked) == 1


def test_an_endless_answer_is_not_read_to_its_end(client: Client, web: Web):
    web.always["chart"] = "huge"
    assert code_of(client(body_limit_bytes=100_000)) == codes.TOO_LARGE


def test_an_answer_that_drips_does_not_hold_a_run(client: Client, web: Web, time: Time):
    web.always["chart"] = "drip"
    one = client(attempts=1, answer_seconds=-1.0)
    assert code_of(one) == codes.UNREACHABLE


def test_an_answer_is_asked_for_once_a_run_and_conditionally_in_the_next(client: Client, web: Web):
    client().get(URL, json_of)
    assert client().get(URL, json_of) == {"rows": [1, 2]}
    assert len(web.asked) == 1
    assert client(run=NOW + timedelta(days=1)).get(URL, json_of) == {"rows": [1, 2]}
    assert "If-None-Match" in web.headers[1]
    assert "If-None-Match" not in web.headers[0]


def test_a_changed_answer_replaces_the_kept_one(client: Client, web: Web):
    client().get(URL, json_of)
    web.answer = lambda *_: Page('{"rows": [3]}')
    assert client(run=NOW + timedelta(days=1)).get(URL, json_of) == {"rows": [3]}


def test_an_answer_that_cannot_be_read_is_never_kept(client: Client, web: Web, tmp_path: Path):
    web.faults["chart"] = ["html"]
    code_of(client())
    assert not (tmp_path / "http").exists()
    assert client().get(URL, json_of) == {"rows": [1, 2]}


@pytest.mark.parametrize("spoil", ["body", "note", "other"])
def test_a_spoilt_kept_answer_is_asked_for_anew(
    client: Client, web: Web, tmp_path: Path, spoil: str
):
    client().get(URL, json_of)
    [note] = tmp_path.rglob("*.json")
    [body] = tmp_path.rglob("*.gz")
    if spoil == "body":
        body.write_bytes(body.read_bytes()[:-9])
    elif spoil == "note":
        note.write_text("{")
    else:
        body.write_bytes(gzip.compress(b'{"rows": []}'))
    assert client().get(URL, json_of) == {"rows": [1, 2]}
    assert len(web.asked) == 2
    assert "If-None-Match" not in web.headers[1]


def test_a_folder_that_cannot_be_written_is_told(client: Client, tmp_path: Path):
    (tmp_path / "http").write_text("a file in the way")
    assert code_of(client()) == "RAW_UNWRITABLE"
