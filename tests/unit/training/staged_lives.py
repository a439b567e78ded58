"""Six people's two days, played once for all tests of synthesis."""

from functools import cache

from services.simulator.staged import Moment
from training.synthesis.questions import Asked, Form, Question, choose, usable
from training.synthesis.scenes import plan
from training.synthesis.settings import Protocol, SynthesisSettings, TeacherSettings

RULES = TeacherSettings(name="rules", protocol=Protocol.RULES)


def settings(*teachers: TeacherSettings, **others: object) -> SynthesisSettings:
    """Of a run that fits the six."""
    return SynthesisSettings.model_validate(
        {"seed": 3, "people": 6, "days": 2, "scale": 0.002, "teacher": teachers or (RULES,)} | others
    )


@cache
def moments() -> tuple[Moment, ...]:
    """What the real engine noticed of them."""
    from threshold_service.staged import moments as played

    return tuple(moment for stage in plan(settings()) for moment in played(stage))


@cache
def asked() -> tuple[Asked, ...]:
    """Those that may be asked about."""
    return tuple(usable(moments(), settings()))


def questions(of: SynthesisSettings, form: Form | None = None) -> list[Question]:
    """What is asked about them."""
    chosen = choose(asked(), of)
    return [one for part in chosen for one in part.questions if form in (None, one.form)]
