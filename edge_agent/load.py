"""What analysis may cost, what is looked at less when it costs more, and when it is looked at fully again."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.vocabulary import Seconds

FALLS = "pose.falls"
"""The last notch of all: a look a second at posture, with which many falls are missed."""
FALLS_PER_S = 2.0
"""Looks a second from which on falls are seen (source: measured, `make bench-bodies`: at two a second 94 of 100 of
who stood, at one 56)."""
NOTCHES = {"expression.passes": 1, "blendshapes": 2, "expression": 2, "faces": 1, "pose": 1, FALLS: 1}
"""What can be lowered, and how often: `expression.passes` looks at each face once; `pose` looks at posture twice a
second, as often as falls need, and `pose.falls` once; the others first look once a second, blendshapes and expression
then not at all. Cries, loudness, movement, and one look a second for people and falls stay."""


class LoadSettings(BaseModel):
    """The table `load`: how much of its second a camera's analysis may take, and what is lowered when it takes more.

    `budget_s` holds for all senses of one camera together, by the clock on the wall, so that other cameras count;
    `sense_budget_s` for a single one, such as `{blendshapes = 0.2}`. `lowered_first` is an ordered list; a word that
    comes twice is lowered twice, and `pose.falls` may only come last. After `lower_after` seconds over the budget in a
    row one notch is lowered; after `raise_after` under half of it the last one comes back, and if that was too much,
    twice as many are waited for.
    """

    model_config = ConfigDict(extra="forbid")

    budget_s: float = Field(0.8, gt=0, le=1)
    sense_budget_s: dict[str, float] = Field(default_factory=dict)
    lowered_first: tuple[str, ...] = (
        "expression.passes", "blendshapes", "expression", "faces", "blendshapes", "expression", "pose", FALLS,
    )  # fmt: skip
    lower_after: int = Field(3, ge=1)
    raise_after: int = Field(30, ge=1)

    @field_validator("lowered_first")
    @classmethod
    def _can_be_lowered(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if words.count(word) > NOTCHES.get(word, 0):
                can = ", ".join(f"{name} ({most} times)" for name, most in NOTCHES.items())
                raise ValueError(f"{word}, {words.count(word)} times: expected at most {can}; cries, loudness and "
                                 "movement are never lowered")  # fmt: skip
        if FALLS in words[:-1]:
            raise ValueError(f"{FALLS} before {words[-1]}: expected it last, for with it about half of the falls are "
                             "missed")  # fmt: skip
        return words

    @field_validator("sense_budget_s")
    @classmethod
    def _of_a_sense(cls, budgets: dict[str, float]) -> dict[str, float]:
        senses = sorted({word.partition(".")[0] for word in NOTCHES})
        if unknown := sorted(set(budgets) - set(senses)):
            raise ValueError(f"{', '.join(unknown)}: expected one of {', '.join(senses)}")
        return budgets


class RateSettings(BaseModel):
    """The table `rates`: how many pictures a second each sense looks at; motion looks at all of `analysis_fps`.

    `sound_hop_s`: how often a new stretch of 0.975 s of sound begins to be searched for cues, in seconds; a longer hop
    costs less (one run of YAMNet each) and passes over what is short, from 0.975 on whole moments.
    """

    model_config = ConfigDict(extra="forbid")

    faces: float = Field(2.0, ge=1, le=30)
    expression: float = Field(2.0, ge=1, le=30)
    blendshapes: float = Field(2.0, ge=1, le=30)
    pose: float = Field(2.0, ge=1, le=30)
    sound_hop_s: float = Field(0.24, ge=0.1, le=0.96)


class Load:
    """Decides, second by second, what is lowered: `lowered` holds a word for each notch, the last one last.

    >>> load = Load(LoadSettings(lower_after=1, raise_after=2), ("blendshapes", "pose"))
    >>> [load.spent(took_s, {}, 0) and load.lowered for took_s in (0.9, 0.9, 0.5, 0.1, 0.1)]
    [('blendshapes',), ('blendshapes', 'pose'), False, False, ('blendshapes',)]
    """

    def __init__(self, settings: LoadSettings, there: Sequence[str]) -> None:
        self._settings = settings
        self._order = tuple(word for word in settings.lowered_first if word in there)
        self._lowered: list[str] = []
        self._over: dict[str, int] = {}
        self._under = 0
        self._since_raised: int | None = None
        self._raise_after = settings.raise_after

    @property
    def lowered(self) -> tuple[str, ...]:
        """What is lowered now."""
        return tuple(self._lowered)

    def spent(self, took_s: Seconds, senses: Mapping[str, Seconds], late: int) -> bool:
        """Whether something was lowered or raised: a second's analysis took `took_s` (`senses` says what of it), and
        `late` pictures came too late to be looked at."""
        if self._since_raised is not None:
            self._since_raised += 1
        if self._is_over("", took_s > self._settings.budget_s or late > 0):
            return self._lower(self._order)
        for sense, budget_s in self._settings.sense_budget_s.items():
            if self._is_over(sense, senses.get(sense, 0.0) > budget_s):
                own = [word for word in self._order if word.partition(".")[0] == sense and word != FALLS]
                return self._lower(own)
        calm = took_s < self._settings.budget_s / 2 and not late and not any(self._over.values())
        self._under = self._under + 1 if calm else 0
        return self._under >= self._raise_after and self._raise()

    def _is_over(self, who: str, now: bool) -> bool:
        self._over[who] = self._over.get(who, 0) + 1 if now else 0
        if self._over[who] < self._settings.lower_after:
            return False
        self._over[who] = 0
        return True

    def _lower(self, order: Sequence[str]) -> bool:
        self._under = 0
        for k, word in enumerate(order):
            if self._lowered.count(word) < order[: k + 1].count(word):
                self._lowered.append(word)
                if self._since_raised is not None and self._since_raised < _TOO_MUCH_S:
                    self._raise_after = min(2 * self._raise_after, _LONGEST_S)
                self._since_raised = None
                return True
        return False

    def _raise(self) -> bool:
        self._under = 0
        if not self._lowered:
            self._raise_after = self._settings.raise_after
            return False
        self._lowered.pop()
        self._since_raised = 0
        return True


_TOO_MUCH_S = 60
"""Lowered again within so many seconds of a raise, the raise was too much (source: guess)."""
_LONGEST_S = 1800
"""The longest that a machine that cannot carry what is asked of it waits before it tries again, seconds."""
