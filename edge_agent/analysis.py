"""Scores the seconds of one live camera within a budget: senses are lowered, visibly, before anything falls behind."""

import time
from collections.abc import Callable, Mapping

from edge_agent import metrics
from edge_agent.capture.windows import Window
from edge_agent.load import FALLS, FALLS_PER_S, NOTCHES, Load, LoadSettings
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.blendshapes import Blendshapes
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.pose import Pose
from services.runtime import logs
from services.vocabulary import Seconds

Rated = Faces | Pose | Blendshapes | Expression
_MISSED = "posture is looked at less than twice a second: many falls are missed"


class Analysis:
    """A scorer whose senses look less often while analysis takes longer than it may.

    Each change is logged and stands in `attune_edge_lowered`; `detail` says it for the heartbeat, and the
    `quality.<sense>` of a sense that looks half as often is half as high. With `expression.passes` lowered, the
    uncertainties that only several looks can tell are absent.
    """

    def __init__(
        self, camera: str, scorer: Scorer, settings: LoadSettings, monotonic: Callable[[], Seconds] = time.perf_counter
    ) -> None:
        self._camera, self._scorer, self._monotonic = camera, scorer, monotonic
        self._rated = _rated(scorer)
        self._usual = {title: sense.per_second for title, sense in self._rated.items()}
        self._passes = {title: sense.passes for title, sense in self._rated.items() if isinstance(sense, Expression)}
        self._load = Load(settings, [word for word in NOTCHES if self._can(word)])
        self._budget_s = settings.budget_s
        metrics.FALLS_MISSED.labels(camera).set(self.falls_missed)

    @property
    def lowered(self) -> tuple[str, ...]:
        """What is lowered now, first to last."""
        return self._load.lowered

    @property
    def detail(self) -> str:
        """The same for a person; empty while everything is looked at fully."""
        said = [f"analysis takes longer than it may, lowered: {', '.join(self.lowered)}"] if self.lowered else []
        return "; ".join([*said, _MISSED] if self.falls_missed else said)

    @property
    def falls_missed(self) -> bool:
        """Whether posture is looked at too seldom for falls: nothing else was left to be lowered, or `[rates]` says
        so."""
        pose = self._rated.get(Pose.title)
        return pose is not None and pose.per_second < FALLS_PER_S

    def score(self, window: Window) -> Scores:
        """The scores of one window, and what its cost changes for the next."""
        before, began_s = self._scorer.seconds, self._monotonic()
        scores = self._scorer.score(window)
        took_s = self._monotonic() - began_s
        each = {title: spent_s - before[title] for title, spent_s in self._scorer.seconds.items()}
        for title, spent_s in each.items():
            metrics.SENSE_SECONDS.labels(title).observe(spent_s)
        was = self.lowered
        if self._load.spent(took_s, each, window.skipped):
            self._turn()
            self._say(was, took_s, each)
        return scores

    def _can(self, word: str) -> bool:
        sense, _, what = word.partition(".")
        if sense == Pose.title:
            return self._usual.get(sense, 0.0) > (1.0 if what else FALLS_PER_S)
        return self._passes.get(sense, 1) > 1 if what else sense in self._rated

    def _turn(self) -> None:
        """Set every sense as `lowered` says."""
        for title, sense in self._rated.items():
            usual, sense.per_second = self._usual[title], self._per_second(title)
            self._scorer.rest(title, self.lowered.count(title) > 1)
            self._scorer.shares[title] = sense.per_second / usual
            if isinstance(sense, Expression):
                sense.passes = 1 if f"{title}.passes" in self.lowered else self._passes[title]

    def _per_second(self, title: str) -> float:
        usual = self._usual[title]
        if title == Pose.title and FALLS in self.lowered:
            return 1.0
        if title not in self.lowered:
            return usual
        return FALLS_PER_S if title == Pose.title else 1.0

    def _say(self, was: tuple[str, ...], took_s: Seconds, each: Mapping[str, Seconds]) -> None:
        log = logs.logger(camera=self._camera)
        facts = {"took_s": round(took_s, 3), "budget_s": self._budget_s, "lowered": list(self.lowered)}
        if len(self.lowered) > len(was):
            most = max(each, key=lambda title: each[title])
            log.warning("analysis takes too long, looking less", lower=self.lowered[-1], most=most, **facts)
            if self.falls_missed:
                log.error(_MISSED, remedy="lower [rates] or [load] budget_s, watch fewer cameras, or take a faster "
                                          "machine")  # fmt: skip
        else:
            log.info("analysis has time again, looking more", back=was[-1], **facts)
        for word in NOTCHES:
            metrics.LOWERED.labels(self._camera, word).set(self.lowered.count(word))
        metrics.FALLS_MISSED.labels(self._camera).set(self.falls_missed)


def _rated(scorer: Scorer) -> dict[str, Rated]:
    faced = [getattr(sense, "face", sense) for sense in scorer.senses]  # the expression sense inside its experts
    return {sense.title: sense for sense in faced if isinstance(sense, Faces | Pose | Blendshapes | Expression)}
