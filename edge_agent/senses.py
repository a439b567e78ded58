"""`python -m edge_agent.senses`: which senses this machine has the models for, as log lines."""

import sys
from collections.abc import Iterable

from edge_agent.models import Model
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.affect import Affect
from edge_agent.sensing.affect_calibration import read_calibration
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.expression_models import ExpressionModel
from edge_agent.sensing.motion import LEAST_FPS, Motion, too_slow
from edge_agent.sensing.own_models import OwnSceneModel
from edge_agent.sensing.role import Sense
from edge_agent.sensing.roster import Choice, Rates, roster
from edge_agent.sensing.scene import SceneModel
from edge_agent.settings import EdgeSettings
from services.runtime import logs
from services.runtime.assets import Shelf
from services.vocabulary import Mode


def chosen(settings: EdgeSettings) -> Choice:
    """What an agent's settings choose about sensing."""
    own = tuple(
        ExpressionModel(path=one.file, file=one.name, **one.model_dump(exclude={"file"}))
        for one in settings.expression_models
    )
    scene = settings.scene_model
    return Choice(
        rates=Rates(**settings.rates.model_dump()), providers=settings.provider,
        threads=settings.threads, engines=settings.engines, expression=settings.expression,
        passes=settings.expression_passes, experts=settings.experts,
        own=own, sound_extras=settings.sound_extras, cue_head=settings.cue_head,
        pose_model=settings.pose_model,
        calibration=read_calibration(settings.affect_calibration) if settings.affect_calibration else None,
        cue_embedding=settings.cue_embedding, cue_head_use=settings.cue_head_use,
        scene=None if scene is None else _scene(scene),
    )  # fmt: skip


def _scene(asked: OwnSceneModel) -> SceneModel:
    said = asked.model_dump(exclude={"file", "variance", "per_second"})
    what = ExpressionModel(path=asked.file, file=asked.name, margin=0.0, **said)
    return SceneModel(what, asked.variance, asked.per_second)


def announce(senses: Iterable[Sense], models: tuple[Model, ...], camera: str = "", fps: float = LEAST_FPS) -> None:
    """One line per sense: ready, and on which processor, or missing, and what to do; `fps` pictures a second are
    analysed."""
    log = logs.logger(camera=camera)
    on = {model.name: model.provider for model in models}
    for sense in senses:
        provider = ", ".join(sorted({on[name] for name in sense.needs if name in on})) or "CPU"
        if isinstance(sense, Absent):
            log.warning("sense missing", sense=sense.title, reason=sense.why)
        elif sense.title == Motion.title and (reason := too_slow(fps)):
            log.warning("motion is off", sense=sense.title, reason=reason)
        elif isinstance(sense, Expression | Affect):
            log.info("sense ready", sense=sense.title, provider=provider, source=sense.origin.value)
            face = sense.face if isinstance(sense, Affect) else sense
            for reason in face.calibration.ignored() if face.calibration else ():
                log.warning("calibration is not applied", sense=sense.title, reason=reason)
        else:
            log.info("sense ready", sense=sense.title, provider=provider)


def main() -> int:
    """List the senses of a camera in affect mode, which has them all."""
    logs.configure("senses")
    found = roster(Shelf.open().find, Mode.AFFECT)
    announce(found.senses, found.models)
    return 0


if __name__ == "__main__":
    sys.exit(main())
