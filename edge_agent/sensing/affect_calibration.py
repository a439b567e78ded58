"""Moves valence and arousal from the faces a model learned from to those it looks at, where a study showed the need."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_agent.preprocess.fusion import HIGH, LOW, Opinion

SIGNIFICANT = 0.05
"""Largest p with which a difference between two kinds of faces counts as one (the custom of the field)."""


class CalibrationUnreadable(ValueError):
    """A calibration file that says something else than expected; names file, key, value and expectation."""


class Line(BaseModel):
    """`slope` x + `intercept`; `p` is the probability of such a difference from slope 1 and intercept 0 by chance, and
    `slope_interval` the 95 % interval of the slope."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slope: float = Field(gt=0, le=5, allow_inf_nan=False)
    intercept: float = Field(ge=-1, le=1, allow_inf_nan=False)
    p: float = Field(ge=0, le=1)
    slope_interval: tuple[float, float]

    @model_validator(mode="after")
    def _holds_the_slope(self) -> "Line":
        low, high = self.slope_interval
        if not low <= self.slope <= high:
            raise ValueError(f"slope_interval [{low:g}, {high:g}] does not hold the slope {self.slope:g}: expected the "
                             "95 % interval around it")  # fmt: skip
        return self

    @property
    def significant(self) -> bool:
        """Whether it is to be applied at all."""
        return self.p < SIGNIFICANT

    def applied(self, opinion: Opinion) -> Opinion:
        """The opinion on the other scale, held within its bounds, with what the unsure slope adds to its variance.

        >>> line = Line(slope=1.5, intercept=0.1, p=0.001, slope_interval=(1.5, 1.5))
        >>> line.applied(Opinion(0.2, 0.04)) == Opinion(0.2 * 1.5 + 0.1, 0.04 * 1.5**2)
        True
        """
        low, high = self.slope_interval
        unsure = ((high - low) / 3.92 * opinion.value) ** 2
        value = self.slope * opinion.value + self.intercept
        return Opinion(min(HIGH, max(LOW, value)), self.slope**2 * opinion.variance + unsure)


class Calibration(BaseModel):
    """What a study found: `n` people (not pictures), its `source`, and a line for each quantity that it measured.

    A quantity without a line, or with one that was not significant, is told as the model tells it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    n: int = Field(ge=10)
    valence: Line | None = None
    arousal: Line | None = None

    def apply(self, quantity: str, opinion: Opinion) -> Opinion:
        """`opinion` of `valence` or `arousal`, calibrated where the study was significant."""
        line: Line | None = getattr(self, quantity)
        return line.applied(opinion) if line is not None and line.significant else opinion

    def ignored(self) -> tuple[str, ...]:
        """Which lines are not applied, and why.

        >>> line = Line(slope=1.1, intercept=0.0, p=0.4, slope_interval=(0.8, 1.4))
        >>> Calibration(source="a study", n=40, arousal=line).ignored()
        ('arousal: p = 0.4, expected under 0.05',)
        """
        lines = {"valence": self.valence, "arousal": self.arousal}
        return tuple(
            f"{name}: p = {line.p:g}, expected under {SIGNIFICANT:g}"
            for name, line in lines.items()
            if line is not None and not line.significant
        )


def read_calibration(file: Path) -> Calibration:
    """The calibration of a TOML file.

    Raises:
        CalibrationUnreadable: it is not there, no TOML, or has a key or value that is not expected.
    """
    try:
        return Calibration.model_validate(tomllib.loads(file.read_text()))
    except OSError as error:
        raise CalibrationUnreadable(f"{file}: cannot be read ({error.strerror}); expected a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CalibrationUnreadable(f"{file}: no TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CalibrationUnreadable(
            f"{file}: {key} = {first['input']!r}: {first['msg']}; expected source, n, and tables [valence] or "
            "[arousal] with slope, intercept, p and slope_interval"
        ) from error
