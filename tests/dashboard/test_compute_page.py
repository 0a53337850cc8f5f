"""The Compute page: every part in both languages, its states, what it starts and what it shows."""

# pyright: basic

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from dashboard import measuring, processes
from dashboard.studies.compute import TOYS
from etl.errors import ArtonomicsError

SECTIONS = {"runs": 3, "stages": 3, "cost": 1, "measure": 0}  # figures at least


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_part_opens_with_its_evidence(published, open_page, section, lang):
    page = open_page(published, "compute", lang=lang, section=section)
    assert not page.exception
    assert not page.error
    assert len(page.get("plotly_chart")) >= SECTIONS[section]
    kinds = {
        "runs": ("measured", "实测"),
        "stages": ("measured", "实测"),
        "cost": ("assumed", "假设"),
    }
    if section in kinds:
        badge = kinds[section][lang == "zh"]
        assert any(badge in element.value for element in page.markdown)


def test_without_a_measurement_it_says_what_to_do(tmp_path, open_page):
    from etl import pipeline
    from etl.config import Settings

    names = ["gpus", "published_benchmarks", "disclosed_facts"]
    pipeline.run(Settings(data_dir=tmp_path), names, offline=True)
    page = open_page(tmp_path, "compute", section="stages")
    assert not page.exception
    assert "bench run" in page.info[0].value
    assert len(open_page(tmp_path, "compute", section="runs").get("plotly_chart")) == 2


def test_prices_change_the_cost_and_stand_in_the_address(published, open_page):
    def mix(**query: str) -> str:
        page = open_page(published, "compute", section="cost", **query)
        assert not page.exception
        return page.metric[0].value

    assert mix(cents="500", used="100") != mix(cents="250", used="100")
    assert mix(cents="500", used="50") == mix(cents="250", used="25")
    assert mix(cents="100", used="50", blocked="50") == mix(cents="200", used="50")


def test_a_toy_is_priced_under_a_banner_that_says_so(published, open_page):
    page = open_page(published, "compute", section="cost")
    assert any("A toy is priced here, not a product." in told.value for told in page.warning)
    chosen = page.selectbox(key="run_txt2img")
    assert chosen.options[0].startswith("tiny-shapes (toy) · ")  # nothing else was measured


def test_a_product_is_offered_before_the_toy_and_priced_without_a_banner(
    published, open_page, monkeypatch
):
    from dashboard.app_pages import compute_cost

    own = compute_cost.own_runs

    def with_a_product(study, device):
        runs = own(study, device)
        copied = runs[runs["task"] == "txt2img"].head(1)
        named = copied.assign(run="product", model="sdxl", label="sdxl · txt2img")
        return pd.concat([runs, named], ignore_index=True)

    monkeypatch.setattr(compute_cost, "own_runs", with_a_product)
    page = open_page(published, "compute", section="cost")
    assert not page.exception
    assert page.selectbox(key="run_txt2img").value == "product"
    assert not page.warning
    toy = next(o for o in page.selectbox(key="run_txt2img").options if "(toy)" in o)
    page.selectbox(key="run_txt2img").select(toy).run()
    assert "not a product" in page.warning[0].value


def test_an_owned_machine_without_measured_energy_is_a_lower_bound(published, open_page):
    page = open_page(published, "compute", section="cost", owning="own", bought="30000")
    assert not page.exception
    assert any("lower bound" in element.value for element in page.markdown)


def test_shares_that_do_not_add_up_give_no_cost(published, open_page):
    page = open_page(published, "compute", section="cost", share_txt2img="50")
    assert any("50%" in told.value for told in page.warning)
    assert page.metric[0].value == "–"


def test_without_torch_it_says_how_to_add_it(published, open_page, monkeypatch):
    monkeypatch.setattr(measuring, "is_installed", lambda: False)
    page = open_page(published, "compute", section="measure")
    assert "make generator" in page.info[0].value
    assert not page.exception


def test_the_models_are_known_without_importing_the_generator():
    from generator import catalog, emoji
    from generator.emoji import few

    assert measuring.FEW_STEPS == emoji.FEW_STEPS
    assert measuring._ADAPTER.as_posix() == f"{few.FOLDER}/{few._FILE}"
    assert tuple(TOYS) == tuple(catalog.TOYS)
    assert tuple(measuring.models()[: len(catalog.toys())]) == catalog.toys()
    assert {"sdxl", "flux1-dev", "qwen-image"} <= set(measuring.models())
    assert measuring.word_of("sdxl") == "sdxl"


class Ended:
    """A process that has ended, as a page sees one."""

    def __init__(self, folder, said: str, document: dict | None, status: int | None = 0) -> None:
        self.status, self._said = status, said
        self.output = folder / f"{id(self)}.json"
        self.output.write_text("" if document is None else json.dumps(document))
        self.process = type("Process", (), {"pid": 1})()

    def said(self) -> str:
        return self._said

    def failure(self) -> ArtonomicsError | None:
        return ArtonomicsError(self._said) if self.status else None

    def stop(self) -> None:
        self.status = -15


def with_started(page, key: str, started):
    page.session_state[key] = started
    return page.run()


def test_progress_is_read_from_what_the_process_says(tmp_path):
    events = [
        {"event": "cell", "key": "sdxl/txt2img"},
        {"event": "sample", "n_images": 3, "of_images": 12},
    ]
    said = "cut off}\n" + "\n".join(json.dumps(event) for event in events)
    far = measuring.progress(Ended(tmp_path, said, None, None))
    assert (far.doing, far.share) == ("sdxl/txt2img", 0.25)


def test_a_refused_cell_is_told_with_its_reason(published, open_page, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(
        processes, "start", lambda *given: started.append(given) or Ended(tmp_path, "", {})
    )
    page = open_page(published, "compute", section="measure")
    cell = {"key": "sdxl/b1", "status": "refused", "reason": "got 1 GB of free memory"}
    page = with_started(page, "bench_run", Ended(tmp_path, "", {"cells": [cell]}, 2))
    assert not page.exception
    assert "1 GB of free memory" in page.warning[0].value
    assert started[0][1][:2] == ("etl", "run")  # the record is collected


def test_a_measurement_that_fails_is_told(published, open_page, tmp_path):
    page = open_page(published, "compute", section="measure")
    page = with_started(page, "bench_run", Ended(tmp_path, "got no torch; expected it", None, 2))
    assert "got no torch; expected it" in page.error[0].value


def test_a_cancelled_measurement_is_told(published, open_page, tmp_path):
    page = open_page(published, "compute", section="measure")
    page = with_started(page, "bench_run", Ended(tmp_path, "", None, -15))
    assert "Cancelled" in page.warning[0].value


def pictures(tmp_path, model: str = "/x/emoji-64", **more) -> dict:
    """Return the document of one picture, as the command prints it."""
    from PIL import Image

    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path)
    made = {"path": str(path), "preset": "few-steps", "steps": 4, "seed": 7, "seconds": 1.8}
    made |= {"joules": None, "joules_reason": "a CPU"}
    document = {"cell": {"model": model}, "prompt": "a red circle", "unknown_words": []}
    return document | {"pictures": [made]} | more


def test_pictures_are_shown_with_what_each_cost(published, open_page, tmp_path):
    page = open_page(published, "compute", section="measure")
    page.session_state["bench_pictures:cents"] = 200
    page = with_started(page, "bench_pictures", Ended(tmp_path, "", pictures(tmp_path)))
    assert not page.exception
    told = " ".join(element.value for element in page.caption)
    assert (
        "**4 steps** · Adapter for few steps · seed 7 · 1.800 s · USD 0.001000 at the price" in told
    )
    assert "0.001000" in told  # 2 USD an hour for 1.8 s
    assert "no energy: a CPU" in told
    assert any("a toy of 64 pixels" in element.value for element in page.markdown)


def test_a_product_s_picture_bears_no_badge_of_a_toy(published, open_page, tmp_path):
    page = open_page(published, "compute", section="measure")
    document = pictures(tmp_path, "sdxl", unknown_words=["xyzzy"])
    page = with_started(page, "bench_pictures", Ended(tmp_path, "", document))
    assert not any("a toy of 64 pixels" in element.value for element in page.markdown)
    assert "It has never read xyzzy" in page.warning[0].value


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Put a small model of our own in place, with its names and its measured quality."""
    share = {"n": 300, "top5_rate": 0.5, "top5_low": 0.44, "top5_high": 0.56}
    row = {"seen": share, "wording": share, "held_out": share | {"n": 50}, "frechet": 30.0}
    rows = [
        row | {"variant": variant, "steps": steps, "seconds_per_picture": 0.03 * steps}
        for variant, numbers in (("few-steps", (1, 4)), ("guided", (1, 20)))
        for steps in numbers
    ]
    told = {
        "rows": rows,
        "autoencoder": {"coded": {"seen": share}},
        "judge": {"concepts": 1000},
        "machine": {"name": "a processor"},
        "measured_at": "2026-11-29T20:00:00+00:00",
    }
    (tmp_path / "quality.json").write_text(json.dumps(told))
    names = {"drawings": {"names": ["bee", "red apple"]}}
    (tmp_path / "training.json").write_text(json.dumps(names))
    monkeypatch.setattr(measuring, "toy_folder", lambda *_name: tmp_path)


def test_what_more_steps_buy_is_told_apart_by_what_is_measured_and_what_is_chosen(
    judged, published, open_page
):
    page = open_page(published, "compute", section="measure")
    assert not page.exception
    [chart] = page.get("plotly_chart")
    drawn = json.loads(chart.proto.spec)["data"]
    assert [trace["name"] for trace in drawn] == ["Adapter for few steps", "With guidance"]
    # Where all shares are high they are told apart, whiskers and their labels within the panel.
    layout = json.loads(chart.proto.spec)["layout"]
    low, high = layout["yaxis"]["range"]
    assert 0 < low < 0.44
    assert high > 0.6
    assert len({trace["textposition"] for trace in drawn}) == 2
    told = " ".join(element.value for element in page.markdown)
    assert "USD 2.50 an hour is chosen; shares and seconds of emoji" in told
    assert "are measured, on a processor" in told
    caption = " ".join(element.value for element in page.caption)
    assert "one the model was taught" in caption
    words = page.selectbox(key="pictures:prompt")
    assert (words.value, words.options) == ("red apple", ["bee", "red apple"])


def test_without_measured_quality_there_is_no_curve(published, open_page, monkeypatch, tmp_path):
    monkeypatch.setattr(measuring, "toy_folder", lambda *_name: tmp_path)
    page = open_page(published, "compute", section="measure")
    assert not page.exception
    assert not page.get("plotly_chart")
    assert page.selectbox(key="pictures:prompt").value == "a red circle on white"


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("each", ["--by-steps"]),
        ("own", []),
        ("4", ["--steps", "4", "--preset", "few-steps"]),
        ("8", ["--steps", "8"]),
    ],
)
def test_pictures_are_asked_for_by_steps(published, open_page, monkeypatch, tmp_path, steps, words):
    started = []
    monkeypatch.setattr(
        processes,
        "start",
        lambda _data, told, _name: started.append(told) or Ended(tmp_path, "", None, None),
    )
    monkeypatch.setattr(measuring, "has_adapter", lambda _source: True)
    page = open_page(published, "compute", section="measure")
    prompt = page.selectbox(key="pictures:prompt").value
    page.selectbox(key="pictures:steps").select(steps)
    next(button for button in page.button if button.label == "Make pictures").click().run()
    told = started[0]
    assert told[:2] == ["bench", "picture"]
    assert told[told.index("--prompt") + 1] == prompt
    assert told[told.index("--folder") + 2 :] == words


def test_a_number_of_steps_that_is_none_is_told(published, open_page):
    from dashboard.app_pages import compute_pictures
    from dashboard.text import words

    said = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compute_pictures.st, "error", lambda told, icon: said.append(told))
        assert not compute_pictures._is_right("x", "many", words("en"))
        assert not compute_pictures._is_right("x", "201", words("en"))
        assert not compute_pictures._is_right(" ", "each", words("en"))
        assert not compute_pictures._is_right(501 * "x", "each", words("en"))
        assert compute_pictures._is_right(500 * "x", "30", words("en"))
    assert said[0] == "Got many steps; expected a whole number from 1 to 200."
    assert said[3] == "Got 501 letters; expected at most 500."


def test_the_form_starts_the_command_it_shows(published, open_page, monkeypatch, tmp_path):
    started = []

    def start(data, words, name):
        started.append(list(words))
        return Ended(tmp_path, "", None, None)

    monkeypatch.setattr(processes, "start", start)
    page = open_page(published, "compute", section="measure")
    page.selectbox(key="measure:model").select("sdxl")
    page.number_input(key="measure:batch").set_value(4)
    next(button for button in page.button if button.label == "Measure").click().run()
    (words,) = started
    assert words[:3] == ["bench", "run", "sdxl"]
    assert words[words.index("--batch") + 1] == "4"


def test_a_started_process_can_be_stopped_with_its_children(tmp_path):
    started = processes.start(tmp_path, ["--help"], "help")
    started.process.wait()
    started.stop()  # it has ended: nothing happens
    assert started.status == 0
    shutil.rmtree(tmp_path / "jobs")
