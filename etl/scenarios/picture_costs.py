"""What a scenario's pictures cost: each kind, one of the mix, a thousand of them, and a pack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.inputs import ENERGY, INPUTS, SOURCINGS
from etl.analytics.picture_cost import Values, cost_parts, generation_cost
from etl.analytics.quantities import Quantity, weakest
from etl.analytics.sensitivity import Inputs, middle_range
from etl.analytics.user_month import BY_USER
from etl.errors import InputError
from etl.scenarios.resolve import Scenario

DRAWS, SEED = 10_000, 20_221_207
ONE = "picture"
"""The only kind of picture of a scenario without a mix."""
_EACH = ("retry_rate", "blocked_rate", "storage_per_image", "egress_per_image")
_BESIDE = (*_EACH, "moderation_per_image")


@dataclass(frozen=True)
class CellCost:
    """One kind of picture.

    Attributes
    ----------
    name, share
        As in the mix.
    inputs
        What its cost was worked out from.
    cost
        Of a picture that reaches its user; ``None`` where inputs are missing.
    missing
        Inputs without which it is not known.
    """

    name: str
    share: float
    inputs: Mapping[str, Quantity]
    cost: Quantity | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class PictureCosts:
    """Costs in the scenario's currency, moderation, retries and blocked pictures included.

    Attributes
    ----------
    cells
        Kinds of pictures.
    per_image, per_1000
        Of the mix; ``None`` where a cell's cost is not known.
    parts
        Of ``per_image``: ``machine, electricity, storage_and_egress, moderation``.
    training, per_pack
        An adapter's training, and a pack: its training and its pictures. ``None`` without a pack,
        or where something is missing.
    n_pictures
        Of a pack; ``None`` without one.
    missing
        Input → the cells that lack it, or ``training``.
    without_energy
        Energy that was not given for a machine of one's own: every cost is then a lower bound.
    """

    cells: tuple[CellCost, ...]
    per_image: Quantity | None
    per_1000: Quantity | None
    parts: Mapping[str, float]
    training: Quantity | None
    per_pack: Quantity | None
    n_pictures: int | None
    missing: Mapping[str, tuple[str, ...]]
    without_energy: tuple[str, ...]

    @property
    def is_lower_bound(self) -> bool:
        """Say whether the costs leave electricity out, in whole or in part."""
        return bool(self.without_energy)


def picture_costs(found: Scenario, *, n_draws: int = DRAWS, seed: int = SEED) -> PictureCosts:
    """Return what the pictures of a scenario cost.

    Parameters
    ----------
    found
        With every reference looked up.
    n_draws, seed
        Draws of every range; what cells share is drawn once for all of them. Ranges of costs hold
        the middle 90 %.

    Returns
    -------
    PictureCosts
        The evidence of every cost is the weakest of what it was worked out from.

    Raises
    ------
    InputError
        A way of sourcing under which pictures have no cost of their own.
    """
    sourcing, mix = found.document.sourcing, found.document.mix
    if sourcing in BY_USER:
        raise InputError(
            f"got the sourcing {sourcing}, under which a picture has no cost of its own",
            "rent, own, serverless, api or stated",
            "name what a picture is made on",
        )
    shares = {ONE: 1.0} if mix is None else {name: c.share for name, c in mix.cells.items()}
    every = _inputs_of(found, list(shares))
    drawn = _Drawn(every, n_draws, seed, found.document.as_of)
    cells = tuple(_cell(name, shares[name], every[name], sourcing, drawn) for name in shares)
    total = _Sum({name: shares[name] for name in shares}, every, sourcing)
    is_known = not any(cell.missing for cell in cells)
    per_image = drawn.quantity(total, "image", total.about()) if is_known else None
    pack = _pack(found, drawn, total) if is_known else _NO_PACK
    lacking = {name for cell in cells for name in cell.missing}
    missing = {
        name: tuple(cell.name for cell in cells if name in cell.missing)
        for name in INPUTS
        if name in lacking
    }
    return PictureCosts(
        cells,
        per_image,
        None if per_image is None else _times(per_image, 1_000),
        total.parts(drawn.at_values) if is_known else {},
        pack.training,
        pack.whole,
        None if mix is None else mix.pack_images,
        missing | {name: ("training",) for name in pack.missing},
        tuple(_without_energy(every, pack) if sourcing == "own" else ()),
    )


def _inputs_of(found: Scenario, names: Sequence[str]) -> dict[str, dict[str, Quantity]]:
    """Return every input of each cell; the mix's stand-ins give way to the cell's own."""
    given = dict(found.inputs.given)
    if not found.cells:
        return {name: given for name in names}
    mixed = {name for cell in found.cells.values() for name in cell} | set(_EACH[:2])
    rest = {name: quantity for name, quantity in given.items() if name not in mixed}
    return {name: rest | dict(found.cells[name]) for name in names}


@dataclass(frozen=True)
class _About:
    """Currency and evidence of a cost, and the inputs it was computed from."""

    currency: str
    evidence_kind: str
    names: tuple[str, ...]


class _Drawn:
    """Inputs of all cells, drawn once: a quantity that several share varies in all at once."""

    def __init__(
        self, every: Mapping[str, Mapping[str, Quantity]], n: int, seed: int, day: date
    ) -> None:
        self._day = day
        rng = np.random.default_rng(seed)
        held = [q for _, cell in sorted(every.items()) for _, q in sorted(cell.items())]
        self._draws: dict[int, FloatArray] = {}
        for quantity in held:
            if id(quantity) not in self._draws and not quantity.is_exact:
                self._draws[id(quantity)] = quantity.draw(n, rng)
        self._rng, self._n = rng, n

    def at_values(self, given: Mapping[str, Quantity]) -> Values:
        return Inputs(given).values()

    def at_draws(self, given: Mapping[str, Quantity]) -> Values:
        values = Inputs(given).values()
        for name, quantity in given.items():
            if not quantity.is_exact:
                if id(quantity) not in self._draws:
                    self._draws[id(quantity)] = quantity.draw(self._n, self._rng)
                values[name] = self._draws[id(quantity)]
        return values

    def quantity(self, cost: Callable[[_At], FloatArray], per: str, about: _About) -> Quantity:
        """Return a cost with its range, of the scenario's day."""
        value = float(cost(self.at_values))
        ends = middle_range(cost(self.at_draws))
        low, high = (None, None) if ends is None else (min(ends[0], value), max(ends[1], value))
        return Quantity(
            value,
            f"{about.currency}/{per}",
            about.evidence_kind,
            low,
            high,
            source=f"computed from {', '.join(about.names)}",
            as_of=self._day,
        )


_At = Callable[[Mapping[str, Quantity]], Values]


class _Sum:
    """The cost of a delivered picture of some cells by their shares."""

    def __init__(
        self,
        shares: Mapping[str, float],
        every: Mapping[str, Mapping[str, Quantity]],
        sourcing: str,
    ) -> None:
        self._shares, self._every, self._sourcing = shares, every, sourcing

    def __call__(self, at: _At) -> FloatArray:
        each = (
            share * sum(cost_parts(at(self._every[name]), self._sourcing).values(), np.zeros(()))
            for name, share in self._shares.items()
        )
        return sum(each, np.zeros(()))

    def parts(self, at: _At) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, share in self._shares.items():
            for part, cost in cost_parts(at(self._every[name]), self._sourcing).items():
                found[part] = found.get(part, 0.0) + share * float(cost)
        return found

    def about(self) -> _About:
        """Return the currency, the weakest evidence and the names of what the costs rest on."""
        cells = [_used(self._every[name], self._sourcing) for name in self._shares]
        used = [quantity for cell in cells for quantity in cell.values()]
        names = dict.fromkeys(name for cell in cells for name in cell)
        return _About(_currency(used), weakest(q.evidence_kind for q in used), tuple(names))


def _used(given: Mapping[str, Quantity], sourcing: str) -> dict[str, Quantity]:
    return {name: given[name] for name in (*SOURCINGS[sourcing], *_BESIDE) if name in given}


def _currency(used: Sequence[Quantity]) -> str:
    """Return the currency of the amounts among some inputs: resolved ones share one."""
    units = (quantity.unit.partition("/") for quantity in used)
    return next((own for own, _, _ in units if len(own) == 3 and own.isupper()), "")


def _cell(
    name: str, share: float, given: Mapping[str, Quantity], sourcing: str, drawn: _Drawn
) -> CellCost:
    needed = [each for each in SOURCINGS[sourcing] if INPUTS[each].neutral is None]
    missing = tuple(each for each in needed if each not in given)
    inputs = _used(given, sourcing)
    cost = None
    if not missing:
        whole = _Sum({name: 1.0}, {name: given}, sourcing)
        cost = drawn.quantity(whole, "image", whole.about())
    return CellCost(name, share, inputs, cost, missing)


@dataclass(frozen=True)
class _Pack:
    training: Quantity | None = None
    whole: Quantity | None = None
    missing: tuple[str, ...] = ()
    without_energy: bool = False


_NO_PACK = _Pack()


def _pack(
    found: Scenario,
    drawn: _Drawn,
    picture: _Sum,
) -> _Pack:
    """Return a pack's cost: one training on the same machine, and its pictures."""
    mix, sourcing, told = found.document.mix, found.document.sourcing, found.training
    if mix is None or mix.pack_images is None:
        return _NO_PACK
    n, about = mix.pack_images, picture.about()
    if not told:
        whole = drawn.quantity(lambda at: n * picture(at), "pack", about)
        return _Pack(None, whole)
    if "training_cost" not in told and sourcing in ("stated", "api"):
        return _Pack(missing=("training_cost",))
    # A training takes the machine, with the mix's idle draw, as a very slow picture does.
    apart = ("images_per_second", ENERGY[0])
    base = {name: q for name, q in found.inputs.given.items() if name not in apart}

    def training(at: _At) -> FloatArray:
        v = dict(at({**base, **_named(told)}))
        if "training_cost" in told:
            return v["cost_per_image"]
        rate = 1 / v["images_per_second"]
        return generation_cost({**v, "images_per_second": rate}, sourcing)

    names = [each for each in SOURCINGS[sourcing] if each in base]
    used = {} if "training_cost" in told else {name: base[name] for name in names}
    kind = weakest(q.evidence_kind for q in (*used.values(), *told.values()))
    training_about = _About(about.currency, kind, (*told, *used))
    pack_about = _About(
        about.currency,
        weakest([kind, about.evidence_kind]),
        tuple(dict.fromkeys((*training_about.names, *about.names))),
    )
    return _Pack(
        drawn.quantity(training, "training", training_about),
        drawn.quantity(lambda at: training(at) + n * picture(at), "pack", pack_about),
        without_energy="training_seconds" in told and "training_joules" not in told,
    )


_STANDS_FOR = {
    "training_seconds": "images_per_second",
    "training_joules": "joules_per_image",
    "training_cost": "cost_per_image",
}


def _named(told: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return what a training takes by the name of the input whose place it takes."""
    return {_STANDS_FOR[name]: quantity for name, quantity in told.items()}


def _without_energy(every: Mapping[str, Mapping[str, Quantity]], pack: _Pack) -> list[str]:
    """Return the energy that some cell or the training lacks."""
    lacks = [name for name in ENERGY if any(name not in cell for cell in every.values())]
    return [*lacks, *(["training_joules"] if pack.without_energy else [])]


def _times(cost: Quantity, n: int) -> Quantity:
    """Return the cost of ``n`` pictures."""
    low, high = (None if end is None else end * n for end in (cost.low, cost.high))
    currency = cost.unit.partition("/")[0]
    return replace(cost, value=cost.value * n, unit=f"{currency}/{n} images", low=low, high=high)
