"""The small picture model, trained for a moment on drawings made here, resumed and judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")
pytest.importorskip("resvg_py", reason="no resvg-py: the extra `toy` adds it")

import torch

from generator import catalog
from generator.emoji import (
    autoencoder,
    build,
    card,
    denoiser,
    drawings,
    few,
    judge,
    quality,
    seeded,
    source,
    stage,
    training,
    use,
)
from generator.emoji.drawings import Drawing
from generator.emoji.stage import Budget, Stage
from generator.errors import GeneratorError

from .small_emoji import PLAN, drawn_here, quiet, small_batches, train

__all__ = ["small_batches"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("model") / "small")


def weights(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.safetensors"))
    }


def test_the_folder_is_a_pipeline_of_diffusers_in_float16_without_pickles(trained) -> None:
    from safetensors.torch import load_file

    names = {path.name for path in trained.rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith((".bin", ".pt", ".ckpt", ".pkl"))]
    files = list(trained.rglob("*.safetensors"))
    assert len(files) == 4  # the three parts and the adapter
    for path in files:
        assert {weight.dtype for weight in load_file(path).values()} == {torch.float16}
    model = catalog.model(str(trained))
    assert (model.pipeline, model.native_px, model.steps) == ("StableDiffusionPipeline", 64, 20)
    assert model.text_tokens == build.WINDOW


def test_the_record_tells_how_it_was_made_and_nothing_of_the_machine_s_folders(trained) -> None:
    told = json.loads((trained / training.RECORD).read_text())
    assert told["steps"] == [3, 4, 2]
    assert told["packages"] == source.told()
    assert [part["stage"] for part in told["stages"]] == list(training.STAGES)
    for part in told["stages"]:
        assert part["seconds"] > 0
        assert part["loss"][-1][0] == part["steps"]
    assert told["versions"]["torch"] == torch.__version__.split("+")[0]
    assert str(trained.parent) not in json.dumps(told)
    assert told["weights"] == build.weights(use.load(trained).pipe) | {
        few.FOLDER: told["weights"][few.FOLDER]
    }


def test_the_same_seed_makes_the_same_weights_and_another_does_not(trained, tmp_path) -> None:
    assert weights(train(tmp_path / "again")) == weights(trained)
    other = weights(train(tmp_path / "other", replace(PLAN, seed=4)))
    assert other.keys() == weights(trained).keys()
    assert all(other[name] != held for name, held in weights(trained).items())


def test_a_seed_and_a_prompt_make_one_picture_alone_or_among_others(trained) -> None:
    maker = use.load(trained)
    (alone,) = use.draw(maker, ["red circle"], [5], 2)
    among = use.draw(maker, ["blue square", "red circle"], [4, 5], 2)
    assert alone.shape == (64, 64, 3)
    assert np.abs(alone.astype(int) - among[1]).max() <= 1
    assert (use.draw(maker, ["red circle"], [5], 2)[0] == alone).all()
    assert (use.draw(maker, ["red circle"], [6], 2)[0] != alone).any()


def test_the_adapter_draws_with_one_call_a_step(trained) -> None:
    maker = use.load(trained, with_adapter=True)
    sizes: list[int] = []
    maker.pipe.unet.register_forward_pre_hook(lambda _unet, given: sizes.append(len(given[0])))
    plain = use.load(trained)
    plain.pipe.unet.register_forward_pre_hook(lambda _unet, given: sizes.append(len(given[0])))
    few_made = use.draw(maker, ["red circle"], [5], 3)
    assert sizes == [1, 1, 1]
    guided = use.draw(plain, ["red circle"], [5], 2)
    assert sizes[3:] == [2, 2]
    assert (few_made != guided).any()


def test_a_folder_without_an_adapter_says_so(trained, tmp_path) -> None:
    assert not few.has_adapter(tmp_path)
    with pytest.raises(GeneratorError, match="got no adapter"):
        use.load(tmp_path, with_adapter=True)


def test_words_that_were_never_read_are_named(trained) -> None:
    assert use.unknown_words(trained, "A Red circle, please: red-square") == ["a", "please"]


def test_a_picture_is_shown_larger_and_no_sharper(trained) -> None:
    flat = np.full((64, 64, 3), 7, dtype="uint8")
    shown = use.shown(flat)
    assert shown.size == (256, 256)
    assert (np.asarray(shown) == 7).all()


def test_the_teacher_draws_as_the_guided_pipeline_does(trained) -> None:
    from contextlib import nullcontext

    from peft import LoraConfig

    pipe = use.load(trained).pipe
    heard = LoraConfig(r=2, target_modules=["to_q", "conv1"], init_lora_weights=False)
    pipe.unet.add_adapter(heard, "few")  # with weights that are not nought: it would be seen
    latents = torch.zeros(2, build.LATENT_CHANNELS, 4, 4)
    lessons = denoiser.Lessons(latents, drawn_here()[:2], 3)
    told: list[str] = []
    known = few.paths(pipe, lessons, nullcontext, told.append)
    assert known.points.shape == (21, 4, build.LATENT_CHANNELS, 4, 4)
    assert known.times.tolist() == list(range(999, 0, -50))
    assert told == ["few-steps: 4 of 4 paths of the teacher"]
    pipe.unet.disable_adapters()
    theirs = pipe(
        list(known.said),
        latents=known.points[0].float(),
        num_inference_steps=20,
        guidance_scale=3.0,
        output_type="latent",
        height=64,
        width=64,
    ).images
    assert torch.allclose(known.points[20].float(), theirs, atol=0.02, rtol=0.02)


def test_the_held_out_concept_is_in_no_lesson(monkeypatch, tmp_path) -> None:
    said: set[str] = set()
    wrapped = denoiser.caption

    def listen(one: Drawing, *more: Any) -> str:
        said.add(one.concept)
        return wrapped(one, *more)

    monkeypatch.setattr(denoiser, "caption", listen)
    split = drawings.split(drawn_here(), 3, share=1 / 6)
    lessons = denoiser.Lessons(
        torch.zeros(len(split.trained), build.LATENT_CHANNELS, 4, 4), split.trained, 3
    )
    for step in range(1000, 1020):
        lessons.batch(step, 16)
    assert said == {one.concept for one in split.trained}
    assert len(said) == 10


def test_most_lessons_are_near_pure_noise_and_none_beyond() -> None:
    lessons = denoiser.Lessons(torch.zeros(24, build.LATENT_CHANNELS, 4, 4), drawn_here(), 3)
    when = torch.cat([lessons.batch(step, 32).when for step in range(40)])
    assert 0 <= when.min() < 50
    assert when.max() == 999
    for limit in (935, 700, 300):  # of 1 - u^3 with u even: P(t > 1000 s) is (1 - s)^(1/3)
        assert (when > limit).float().mean() == pytest.approx(
            (1 - limit / 1000) ** (1 / 3), abs=0.02
        )


def a_line(seed: int = 1) -> Stage:
    """Return a stage that learns one weight matrix from noise of its own."""
    torch.manual_seed(seed)
    layer = torch.nn.Linear(4, 4, bias=False)

    def loss(step: int) -> Any:
        given = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        return (layer(given) - 2 * given).square().mean()

    return Stage("line", layer, loss, learning_rate=0.05, mark=stage.mark(seed, []))


def test_a_stage_learns_and_tells_its_loss(tmp_path) -> None:
    learnt = a_line()
    told = stage.run(learnt, Budget(steps=300), tmp_path, "cpu", quiet)
    losses = [loss for _, loss in told["loss"]]
    assert losses[-1] < 0.01 * losses[0]
    assert [step for step, _ in told["loss"]] == [50, 100, 150, 200, 250, 300]
    wanted = 2 * torch.eye(4)
    assert torch.allclose(learnt.trained.weight, wanted, atol=0.05)


def test_a_stopped_stage_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch) -> None:
    whole = a_line()
    stage.run(whole, Budget(steps=90), tmp_path / "whole", "cpu", quiet)
    monkeypatch.setattr(stage, "_KEPT_EVERY", 20)
    stopped, calls = a_line(), []

    def dies(step: int) -> Any:
        calls.append(step)
        if step == 50:
            raise KeyboardInterrupt
        return a_loss(step)

    a_loss = stopped.loss
    with pytest.raises(KeyboardInterrupt):
        stage.run(replace(stopped, loss=dies), Budget(steps=90), tmp_path / "x", "cpu", quiet)
    resumed, later = a_line(), []
    first = resumed.loss
    on = replace(resumed, loss=lambda step: (later.append(step), first(step))[1])
    stage.run(on, Budget(steps=90), tmp_path / "x", "cpu", quiet)
    assert later == list(range(40, 90))
    assert torch.equal(on.trained.weight, whole.trained.weight)


def test_a_plan_that_was_changed_on_the_way_is_told(tmp_path) -> None:
    stage.run(a_line(), Budget(steps=5), tmp_path, "cpu", quiet)
    told = stage.run(a_line(), Budget(steps=8), tmp_path, "cpu", quiet)
    assert told["planned"] == [[0, 5], [5, 8]]
    assert told["steps"] == 8


def test_a_stage_that_went_on_makes_the_later_ones_begin_anew(tmp_path) -> None:
    folder = train(tmp_path / "m", replace(PLAN, steps=(1, 1, 1)))
    on = train(folder, replace(PLAN, steps=(1, 2, 1)))
    told = json.loads((on / training.RECORD).read_text())
    assert [part["planned"] for part in told["stages"]] == [[[0, 1]], [[0, 1], [1, 2]], [[0, 1]]]
    anew = train(tmp_path / "n", replace(PLAN, steps=(1, 2, 1)))
    name = f"{few.FOLDER}/pytorch_lora_weights.safetensors"
    kept = tmp_path / "m.training" / "few-steps.pt"
    later = tmp_path / "m.training" / "denoiser.pt"
    assert kept.stat().st_mtime_ns > later.stat().st_mtime_ns
    assert name in weights(on).keys() & weights(anew).keys()


def test_a_checkpoint_of_another_seed_is_refused(tmp_path) -> None:
    stage.run(a_line(), Budget(steps=3), tmp_path, "cpu", quiet)
    with pytest.raises(GeneratorError, match="a checkpoint of another training"):
        stage.run(a_line(seed=2), Budget(steps=3), tmp_path, "cpu", quiet)


def test_a_training_on_other_drawings_does_not_go_on_from_these(tmp_path) -> None:
    folder = train(tmp_path / "m", replace(PLAN, steps=(1, 1, 1)))
    with pytest.raises(GeneratorError, match=r"another training: .*autoencoder\.pt"):
        train(folder, replace(PLAN, steps=(1, 1, 1)), drawn_here()[:-4])
    renamed = [replace(one, keywords=("form", *one.keywords[2:])) for one in drawn_here()]
    with pytest.raises(GeneratorError, match=r"another training: .*denoiser\.pt"):
        train(folder, replace(PLAN, steps=(1, 1, 1)), renamed)


def test_the_judge_of_other_drawings_is_another(tmp_path) -> None:
    for many in (drawn_here(), drawn_here()[:-4], drawn_here()):
        judge.train(many, training.rendered(many), 1, 3, tmp_path, quiet)
    assert len(list(tmp_path.iterdir())) == 2


def test_fewer_steps_than_were_done_are_refused(tmp_path) -> None:
    stage.run(a_line(), Budget(steps=5), tmp_path, "cpu", quiet)
    with pytest.raises(GeneratorError, match="got 3 steps"):
        stage.run(a_line(), Budget(steps=3), tmp_path, "cpu", quiet)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path) -> None:
    broken = replace(a_line(), loss=lambda _step: torch.tensor(float("nan"), requires_grad=True))
    with pytest.raises(GeneratorError, match="the loss nan at step 0"):
        stage.run(broken, Budget(steps=5), tmp_path, "cpu", quiet)


def test_seconds_of_work_are_as_many_steps_as_fit(tmp_path, monkeypatch) -> None:
    ticks = iter(np.arange(0, 1e6, 0.25))  # every look at the clock, three a step
    monkeypatch.setattr(stage, "worked_seconds", lambda _device: float(next(ticks)))
    told = stage.run(a_line(), Budget(seconds=10), tmp_path, "cpu", quiet)
    assert told["steps"] == 40  # of a quarter of a second


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    assert [stage.rate(step, 1000) for step in (0, 99, 600, 800)] == pytest.approx(
        [0.01, 1, 1, 0.5]
    )
    assert stage.rate(999, 1000) < 0.003
    assert stage.rate(500, 0) == 1


@pytest.mark.parametrize("wrong", [(1, 2), (0,), (1, 2, 3, 4)])
def test_steps_that_make_no_sense_are_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(GeneratorError, match="got the steps"):
        training.Plan(steps=wrong).budgets()


def test_minutes_and_steps_are_shared_among_the_stages() -> None:
    seconds = [budget.seconds for budget in training.Plan(minutes=10).budgets()]
    assert sum(filter(None, seconds)) == pytest.approx(600)
    assert [b.steps for b in training.Plan(steps=(80,)).budgets()] == [20, 80, 10]


@pytest.fixture(scope="module")
def judged(trained: Path, tmp_path_factory) -> dict[str, Any]:
    kept = tmp_path_factory.mktemp("judge")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quality, "STEPS_MEASURED", (1, 2))
        patched.setattr(quality, "_TIMED", 1)
        return quality.held_against(trained, drawn_here(), kept, (3, 5), quiet)


def test_quality_is_measured_for_every_number_of_steps_and_way_of_drawing(judged, trained) -> None:
    assert json.loads((trained / quality.FILE).read_text()) == judged
    drawn = [(row["variant"], row["steps"]) for row in judged["rows"]]
    assert drawn == [("few-steps", 1), ("few-steps", 2), ("guided", 1), ("guided", 2)]
    for row in judged["rows"]:
        assert row["seconds_per_picture"] > 0
        assert row["frechet"] >= 0
        assert row["seen"]["n"] == 3
        assert 0 <= row["seen"]["top1_low"] <= row["seen"]["top1_rate"] <= row["seen"]["top5_rate"]
    assert judged["judge"]["concepts"] == 12


def test_the_judge_learns_to_name_what_it_has_only_seen_changed(tmp_path) -> None:
    everything = drawn_here()
    pictures = training.rendered(everything)
    made = judge.train(everything, pictures, 50, 3, tmp_path, quiet)
    known = judge.concepts(everything)
    truth = np.array([known.index(one.concept) for one in everything])
    _, scores = judge.look(made, pictures)
    assert judge.hits(scores, truth, 1).mean() > 0.8


def test_changes_leave_a_picture_a_picture() -> None:
    pictures = training.rendered(drawn_here()[:4])
    rng = np.random.default_rng(0)
    changed = judge.changed(autoencoder.scaled(pictures), rng)
    assert changed.shape == (4, 3, 64, 64)
    assert changed.isfinite().all()
    assert (changed - autoencoder.scaled(pictures)).abs().mean(dim=(1, 2, 3)).min() > 0.02


def test_a_hit_is_among_the_best_scores() -> None:
    scores = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert judge.hits(scores, np.array([0, 2]), 1).tolist() == [True, False]
    assert judge.hits(scores, np.array([1, 2]), 2).tolist() == [True, False]


def test_the_interval_of_a_share_is_that_of_statsmodels() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for hits, n in ((0, 10), (7, 10), (300, 300), (31, 103)):
        theirs = proportion_confint(hits, n, method="wilson")
        assert quality.wilson(hits / n, n) == pytest.approx(theirs, abs=1e-4)


def test_a_picture_and_a_grid_lie_in_the_folder_afterwards(judged, trained) -> None:
    from PIL import Image

    with Image.open(trained / quality.GRID) as drawn:
        assert drawn.width > 4 * 64
    outcome = seeded.compare(trained)
    assert outcome == seeded.Outcome(True, True, 0.0)
    told = json.loads((trained / seeded.FILE).read_text())
    assert list(told["sha256"]) == ["guided", "few-steps"]
    told["sha256"]["few-steps"] = "another"
    (trained / seeded.FILE).write_text(json.dumps(told))
    assert not seeded.compare(trained).holds
    (trained / seeded.FILE).write_text(json.dumps(told | {"instructions": "another"}))
    assert seeded.compare(trained).holds  # another machine, within the tolerance
    assert outcome.holds


def test_a_card_says_what_is_known_and_what_was_not_measured(trained, tmp_path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    told = json.loads((trained / training.RECORD).read_text())
    told["stages"][1]["planned"] = [[0, 6000], [400, 4]]
    (folder / training.RECORD).write_text(json.dumps(told))
    card.write(folder)
    text = (folder / "README.md").read_text("utf-8")
    assert "$" not in text
    assert "Not measured yet" in text
    assert (
        "denoiser 4 steps in 0 minutes of work (planned: 6,000 from step 0, 4 from step 400)"
        in text
    )
    assert f"torch {torch.__version__.split('+')[0]}" in text
    for package in source.PACKAGES:
        assert package.rights in text
        assert package.rights in (folder / "NOTICE.md").read_text("utf-8")


def test_a_judged_card_holds_its_table(judged, trained) -> None:
    card.write(trained)
    text = (trained / "README.md").read_text("utf-8")
    assert card.table(judged) in text
    assert f"]({quality.GRID})" in text


def test_on_another_machine_a_picture_may_be_a_little_off_and_on_the_same_not_at_all() -> None:
    assert seeded.Outcome(False, False, 1.9).holds
    assert not seeded.Outcome(False, False, 2.1).holds
    assert not seeded.Outcome(True, False, 0.1).holds


def test_a_folder_that_was_not_trained_here_cannot_be_judged(tmp_path) -> None:
    with pytest.raises(GeneratorError, match=r"got no training.json"):
        quality.held_against(tmp_path, drawn_here(), tmp_path, (1, 1), quiet)


def test_the_verbs_train_and_judge_a_folder(tmp_path, monkeypatch, capsys) -> None:
    from generator.__main__ import main

    seen: list[Any] = []
    monkeypatch.setattr(training, "make", lambda *given: seen.append(given))
    with pytest.raises(SystemExit) as ended:
        main(["make-emoji", str(tmp_path / "m"), "--steps", "1,2,3", "--device", "cpu"])
    assert ended.value.code == 0
    assert seen[0][2] == training.Plan(steps=(1, 2, 3))
    for wrong in ("32", "32,64,128", "64,100", "0,32"):
        with pytest.raises(SystemExit) as ended:
            main(["make-emoji", str(tmp_path / "m"), "--unet", wrong])
        assert ended.value.code == 2
        assert f"got the channels {wrong}; expected two multiples" in capsys.readouterr().err
    monkeypatch.setattr(quality, "measure", lambda *_given: {"rows": []})
    monkeypatch.setattr(card, "write", seen.append)
    with pytest.raises(SystemExit) as ended:
        main(["judge-emoji", str(tmp_path / "m"), "--threads", "1"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"rows": []}
    assert seen[1] == tmp_path / "m"
