"""The evidence of one agent: a ring for every camera whose settings allow one, and who releases from them."""

from collections.abc import Callable, Sequence

from edge_agent.camera import Camera, Eyes, RealCamera
from edge_agent.capture.frame import Frame, Image
from edge_agent.edge_time import EdgeTime
from edge_agent.evidence.nudity import Nudity
from edge_agent.evidence.poses import Poses
from edge_agent.evidence.release import Bodies, Refused, Release, View
from edge_agent.evidence.ring import Ring
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.models import ModelAltered, ModelMissing, ModelUnreadable, load
from edge_agent.preprocess.skeleton import Skeleton
from edge_agent.sensing import pose
from services.runtime import logs
from services.vocabulary import UnixSeconds

NO_MODEL = (ModelMissing, ModelAltered, ModelUnreadable)


def album(
    settings: EvidenceSettings, time_zone: str, eyes: Eyes, when: EdgeTime, cameras: Callable[[], Sequence[Camera]]
) -> Release:
    """Who releases pictures of `cameras`, as they are when somebody asks."""

    def views() -> list[View]:
        return [
            View(one.settings.name, one.settings.evidence, one.settings.seat(), one.ring, one.poses)
            for one in cameras()
            if isinstance(one, RealCamera) and one.ring is not None and one.poses is not None
        ]

    return Release(settings, time_zone, views, bodies_by(eyes), _nudity(settings, eyes), when.now)


def bodies_by(eyes: Eyes) -> Bodies:
    """Finds the bodies of which outlines are drawn, by the agent's own model and as its sense does, the lying ones
    included."""

    def bodies(frame: Frame) -> list[Skeleton]:
        model = eyes.loaded.get(eyes.choice.pose_file)
        if model is None:
            raise Refused("no model that finds bodies is loaded, and only outlines may leave")
        return [person.skeleton for person in pose.Pose(model).everybody(frame)]

    return bodies


def fill(camera: Camera, settings: EvidenceSettings, private: Callable[[UnixSeconds], bool]) -> None:
    """Have a camera keep its last seconds, where its settings allow anybody to be shown them."""
    if not isinstance(camera, RealCamera):
        return
    ring, poses = Ring(settings), Poses(camera.settings.name, settings)
    camera.ring, camera.poses = ring, poses
    if camera.settings.evidence == "none":
        return

    def shown(time: UnixSeconds, image: Image) -> None:
        if private(time):
            ring.clear()
        else:
            ring.keep(time, image)

    def moved(time: UnixSeconds, look: pose.Look) -> None:
        if private(time):
            poses.clear()
        else:
            poses.keep(time, look)

    camera.shown, camera.moved = shown, moved


def _nudity(settings: EvidenceSettings, eyes: Eyes) -> Nudity | None:
    if settings.nudity is None:
        return None
    try:
        asked, choice = settings.nudity, eyes.choice
        model = load(asked.model, choice.providers, expected_digest=asked.sha256, threads=choice.threads)
        return Nudity(model, settings.nudity)
    except NO_MODEL as error:
        logs.logger().error("no nudity detector: only silhouettes leave", reason=str(error))
        return None
