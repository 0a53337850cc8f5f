"""Which app charts and apps are collected, how deep and how politely: ``collection.toml``.

The file lies in the data folder and is optional; what it does not name keeps its default.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from etl.errors import InputError

FILE = "collection.toml"
OVERALL = "overall"
ITUNES = "itunes.apple.com"
MARKETING_TOOLS = "rss.marketingtools.apple.com"
MARKETING_TOOLS_BEFORE = "rss.applemarketingtools.com"
GOOGLE_PLAY = "play.google.com"
WITHOUT_GOOGLE_PLAY = ("CN",)
"""Storefronts where Google Play does not exist."""

Storefront = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Category = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
ChartType = Literal["free", "paid", "grossing"]
Feed = Literal["itunes_rss", "marketing_tools"]


class Host(BaseModel):
    """How one host is asked.

    Attributes
    ----------
    requests_per_minute
        At most so many, evenly spaced.
    address
        Another base address to ask instead of ``https://<host>``, for a mirror of one's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: float = Field(default=20, gt=0, le=6000)
    address: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")


# Apple names about 20 calls a minute for its search interface; the others name nothing.
_HOSTS = {
    ITUNES: Host(requests_per_minute=20),
    MARKETING_TOOLS: Host(requests_per_minute=30),
    MARKETING_TOOLS_BEFORE: Host(requests_per_minute=30),
    GOOGLE_PLAY: Host(requests_per_minute=20),
}


class Collection(BaseModel):
    """What is collected from the app stores; each field can be set in ``collection.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    storefronts: tuple[Storefront, ...] = Field(
        default=("JP", "US", "CN", "TW", "HK", "KR", "GB", "DE", "BR"),
        min_length=1,
        description="countries of the stores, ISO 3166-1 alpha-2 in upper case",
    )
    chart_types: tuple[ChartType, ...] = Field(
        default=("free", "paid", "grossing"), min_length=1, description="charts of each genre"
    )
    genres: dict[Category, Annotated[int, Field(ge=6000, le=7999)]] = Field(
        default={"photo_and_video": 6008, "graphics_and_design": 6027, "entertainment": 6016},
        description="Apple's genres: our name of the category and Apple's number",
    )
    overall: bool = Field(
        default=True, description="whether the charts over all genres are collected too"
    )
    depth: int = Field(
        default=200, ge=1, le=200, description="rows of a chart; the newer feed stops at 100"
    )
    feeds: tuple[Feed, ...] = Field(
        default=("itunes_rss", "marketing_tools"),
        min_length=1,
        description="Apple's feeds in the order they are tried; the newer one, marketing_tools, "
        "has only the free and paid charts over all genres",
    )
    lookup_batch: int = Field(
        default=100, ge=1, le=200, description="apps asked for in one look-up"
    )
    google_play_apps: tuple[Annotated[str, Field(pattern=r"^\w+(\.\w+)+$")], ...] = Field(
        default=(
            "com.bigwinepot.nwdn.international",
            "com.lensa.app",
            "com.mt.mtxx.mtxx",
            "com.openai.chatgpt",
            "com.womboai.wombodream",
            "io.faceapp",
        ),
        description="apps followed at Google Play by package name, beside those of the table apps",
    )
    requests_per_run: int = Field(
        default=1000, ge=1, description="requests of one run over all hosts, repeats included"
    )
    hosts: dict[str, Host] = Field(
        default=_HOSTS,
        description="by host: requests_per_minute, and address to ask a mirror instead",
    )

    @field_validator("hosts")
    @classmethod
    def _known_hosts(cls, given: dict[str, Host]) -> dict[str, Host]:
        unknown = sorted(set(given) - set(_HOSTS))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(_HOSTS)}")
        return _HOSTS | given

    @model_validator(mode="after")
    def _consistent(self) -> Collection:
        if OVERALL in self.genres:
            raise ValueError(f"genres: {OVERALL!r} is no genre; set `overall` to true or false")
        if not self.genres and not self.overall:
            raise ValueError("genres: none is named and `overall` is false: no chart is left")
        for name in ("storefronts", "chart_types", "feeds", "google_play_apps"):
            values = getattr(self, name)
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{name}: {', '.join(twice)} stands there more than once")
        return self

    @property
    def categories(self) -> dict[str, int | None]:
        """Categories by name with Apple's number; ``None`` for the charts over all genres."""
        return ({OVERALL: None} if self.overall else {}) | self.genres

    @property
    def google_play_storefronts(self) -> tuple[str, ...]:
        """Storefronts that Google Play has."""
        return tuple(name for name in self.storefronts if name not in WITHOUT_GOOGLE_PLAY)


def read(user_dir: Path | None) -> Collection:
    """Return the configuration of a data folder; the defaults where it has no file.

    Raises
    ------
    InputError
        When the file is no TOML in UTF-8 or says something wrong; each fault with its place.
    """
    path = user_dir / FILE if user_dir else None
    if path is None or not path.exists():
        return Collection()
    try:
        return Collection.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"got {path}, which is no TOML: {error}",
            "a text file in UTF-8 with lines such as depth = 100",
            "mend that line, or move the file away to use the defaults",
            code="COLLECTION_FILE",
        ) from error
    except ValidationError as error:
        raise InputError(
            f"got {path} with {'; '.join(map(_fault, error.errors()))}",
            f"the fields {', '.join(Collection.model_fields)}",
            "edit the file; data/README.md explains each field",
            code="COLLECTION_FILE",
        ) from error


def _fault(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    got = "" if isinstance(error["input"], dict) else f" (got {error['input']!r})"
    return f"{place}: {error['msg']}{got}".removeprefix(": ")
