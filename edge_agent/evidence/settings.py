"""What an agent can be told about evidence pictures."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.vocabulary.hours import minutes

Allowed = Literal["none", "silhouette", "picture"]


class NuditySettings(BaseModel):
    """An ONNX detector of an operator's own, of the YOLOv8 kind: takes 1x3xSxS in 0..1, RGB, gives 1x(4 + labels)xN.
    `hits` are those of its `labels` of which one at `threshold` makes a picture a silhouette."""

    model_config = ConfigDict(extra="forbid")

    model: Path
    """The ONNX file."""
    sha256: str = Field("", pattern="^([0-9a-f]{64})?$")
    """Of the file; empty: not checked."""
    labels: tuple[str, ...] = Field(min_length=1)
    hits: tuple[str, ...] = Field(min_length=1)
    threshold: float = Field(0.2, gt=0, le=1)
    size_px: int = Field(320, ge=32, le=1280, multiple_of=32)

    @model_validator(mode="after")
    def _hits_are_labels(self) -> "NuditySettings":
        if strange := sorted(set(self.hits) - set(self.labels)):
            raise ValueError(f"hits {', '.join(strange)}: expected some of labels")
        return self


class EvidenceSettings(BaseModel):
    """Pictures that a server may ask for, of cameras whose `evidence` allows it. They are kept in memory alone, one a
    second, for `keep_s`, and at most `keep` of them and `keep_bytes` for each camera."""

    model_config = ConfigDict(extra="forbid")

    keep: int = Field(60, ge=1, le=600)
    keep_s: float = Field(60.0, gt=0, le=600)
    keep_bytes: int = Field(2 * 2**20, ge=10_000)
    most: int = Field(5, ge=1, le=20)
    """Pictures in one answer."""
    width_px: int = Field(320, ge=64, le=640)
    quality: int = Field(70, ge=10, le=95)
    """Of the JPEGs."""
    private: tuple[str, ...] = ()
    """Local hours such as 21:30-06:30 in which no picture is kept or released."""
    nudity: NuditySettings | None = None
    """Without a detector nothing but silhouettes leaves."""

    @field_validator("private")
    @classmethod
    def _hours(cls, spans: tuple[str, ...]) -> tuple[str, ...]:
        for span in spans:
            minutes(span)
        return spans
