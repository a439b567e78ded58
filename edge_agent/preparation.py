"""Makes the camera of another mode ready while the former one still watches."""

import threading
from collections.abc import Callable

from edge_agent.camera import Camera
from edge_agent.models import Model
from edge_agent.settings import CameraSettings
from edge_agent.warm_up import WarmUp
from services.runtime import logs


class Preparation:
    """Loads what `wanted` needs and runs it once, in a thread of its own: on TensorRT that may take minutes, and
    whoever's consent is withdrawn meanwhile waits for nobody."""

    def __init__(
        self, wanted: CameraSettings, make: Callable[[CameraSettings], Camera], loaded: dict[str, Model]
    ) -> None:
        self.wanted = wanted
        self.camera: Camera | None = None
        """Ready to begin; None until then."""
        self._make, self._loaded = make, loaded
        threading.Thread(target=self._run, name=f"prepare {wanted.name}", daemon=True).start()

    def _run(self) -> None:
        known = set(self._loaded)
        try:
            made = self._make(self.wanted)
            WarmUp(model for name, model in list(self._loaded.items()) if name not in known).run()
        except Exception as error:  # noqa: BLE001 - the outermost frame of a thread
            logs.logger().error("mode not changed, the room is watched as before", camera=self.wanted.name,
                                reason=f"{type(error).__name__}: {error}", exc_info=error)  # fmt: skip
            return
        self.camera = made
