"""A camera that speaks RTSP: GStreamer's own server plays a clip to whoever asks, and misbehaves when it is told to.

Run by the system's Python, which has Debian's `gi`:

    /usr/bin/python3 tests/facility/rtsp_server.py [--port N] [--user NAME --password WORD] CLIP

Paths: /both (pictures and sound), /pictures, /sound. It prints `listening PORT`, and then answers each line on its
standard input with `done LINE`:

    freeze           send nothing more, and keep every connection
    slow FACTOR      take FACTOR times as long as the clip (1: as it is)
    garble SHARE     change bytes in this share of the pictures
    mute SHARE       lose this share of the pictures
    serve CLIP       hang up and go on with another clip, as a camera whose settings were changed
"""

import argparse
import random
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PAYLOADERS = {
    "video/x-h264": "rtph264pay config-interval=-1",
    "video/x-h265": "rtph265pay config-interval=-1",
    "image/jpeg": "rtpjpegpay",
    "audio/mpeg": "rtpmp4gpay",
}


class Mischief:
    """What is wrong with the camera at the moment; the same for everybody who watches."""

    def __init__(self) -> None:
        self.frozen = False
        self.factor, self.garbled, self.lost = 1.0, 0.0, 0.0
        self._chance = random.Random(1)

    def on_picture(self, pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        """Called with every picture before it is cut into packets."""
        self.on_anything(pad, info)
        if self._chance.random() < self.lost:
            return Gst.PadProbeReturn.DROP
        if self._chance.random() >= self.garbled:
            return Gst.PadProbeReturn.OK
        old = info.get_buffer()
        content = bytearray(old.extract_dup(0, old.get_size()))
        for _ in range(1 + len(content) // 200):
            content[self._chance.randrange(4, len(content))] = self._chance.randrange(256)
        new = Gst.Buffer.new_wrapped(bytes(content))
        new.pts, new.dts, new.duration = old.pts, old.dts, old.duration
        pad.get_peer().chain(new)
        return Gst.PadProbeReturn.DROP

    def on_anything(self, pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        """Wait while frozen; a second, third ... time the length of each piece when slow."""
        while self.frozen:
            time.sleep(0.05)
        if self.factor > 1.0:
            length_s = info.get_buffer().duration / Gst.SECOND
            time.sleep(self.factor * min(length_s, 1.0))  # upstream of the clock, which would wait for one length
        return Gst.PadProbeReturn.OK


class Factory(GstRtspServer.RTSPMediaFactory):
    """One path of the camera; everybody who asks gets the clip from its beginning."""

    def __init__(self, camera: "Camera", wanted: str) -> None:
        super().__init__()
        self._camera, self._wanted = camera, wanted

    def do_create_element(self, url: object) -> Gst.Element:
        """The pipeline of one session."""
        parts, pays = [f"filesrc location={self._camera.clip} ! {self._camera.demuxer} name=d"], 0
        for kind, pad in (("video", "video_0"), ("audio", "audio_0")):
            pay = self._camera.payloaders.get(kind)
            if pay and self._wanted in (kind, "both"):
                parts.append(f"d.{pad} ! queue name={kind} ! {pay} name=pay{pays} pt={96 + pays}")
                pays += 1
        made = Gst.parse_launch(" ".join(parts))
        mischief = self._camera.mischief
        for kind, probe in (("video", mischief.on_picture), ("audio", mischief.on_anything)):
            if (queue := made.get_by_name(kind)) is not None:
                queue.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, probe)
        return made


class Camera:
    """The server, its paths, and what it serves."""

    def __init__(self, clip: str, port: int, user: str, password: str) -> None:
        self.mischief = Mischief()
        self.take(clip)
        self.server = GstRtspServer.RTSPServer.new()
        self.server.set_address("127.0.0.1")
        self.server.set_service(str(port))
        mounts = self.server.get_mount_points()
        for path, wanted in (("/both", "both"), ("/pictures", "video"), ("/sound", "audio")):
            factory = Factory(self, wanted)
            if user:
                self._allow(factory, user)
            mounts.add_factory(path, factory)
        if user:
            auth = GstRtspServer.RTSPAuth.new()
            token = GstRtspServer.RTSPToken()
            token.set_string("media.factory.role", user)
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
            self.server.set_auth(auth)
        self.server.attach(None)

    def _allow(self, factory: Factory, user: str) -> None:
        permissions = GstRtspServer.RTSPPermissions()
        for what in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role(user, what, True)
        factory.set_permissions(permissions)

    def take(self, clip: str) -> None:
        """Look into `clip`, and serve it from now on."""
        self.clip = clip
        self.demuxer = "matroskademux" if clip.endswith(".mkv") else "qtdemux"
        self.payloaders = {}
        told = Gst.parse_launch(f"filesrc location={clip} ! {self.demuxer} name=d")
        found = threading.Event()

        def pad_added(demuxer: Gst.Element, pad: Gst.Pad) -> None:
            name = pad.get_current_caps().get_structure(0).get_name()
            self.payloaders[name.partition("/")[0].replace("image", "video")] = PAYLOADERS[name]
            sink = Gst.ElementFactory.make("fakesink")
            told.add(sink)
            sink.sync_state_with_parent()
            pad.link(sink.get_static_pad("sink"))

        demuxer = told.get_by_name("d")
        demuxer.connect("pad-added", pad_added)
        demuxer.connect("no-more-pads", lambda _: found.set())
        told.set_state(Gst.State.PAUSED)
        found.wait(10)
        told.set_state(Gst.State.NULL)

    def told(self, line: str) -> None:
        """Do what a line of standard input says."""
        word, *rest = line.split()
        if word == "freeze":
            self.mischief.frozen = True
        elif word == "slow":
            self.mischief.factor = float(rest[0])
        elif word == "garble":
            self.mischief.garbled = float(rest[0])
        elif word == "mute":
            self.mischief.lost = float(rest[0])
        elif word == "serve":
            self.take(rest[0])
            self.server.client_filter(lambda server, client: GstRtspServer.RTSPFilterResult.REMOVE)
        else:
            raise SystemExit(f"{line}: not known; expected freeze, slow, garble, mute or serve")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    asked = parser.parse_args()
    Gst.init(None)
    camera = Camera(asked.clip, asked.port, asked.user, asked.password)
    print("listening", camera.server.get_bound_port(), flush=True)

    def obey() -> None:
        for line in sys.stdin:
            camera.told(line.strip())
            print("done", line.strip(), flush=True)
        loop.quit()  # whoever started it is gone

    loop = GLib.MainLoop()
    threading.Thread(target=obey, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
