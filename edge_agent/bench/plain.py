"""The plain loop: the same decoding, resizing, flow, detector and session calls as the senses, and nothing else.

It keeps no windows, abstains from nothing, tracks nobody, and throws every number away.
"""

from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame

from edge_agent.capture.decimation import Decimator
from edge_agent.capture.frame import SAMPLE_RATE_HZ
from edge_agent.capture.source import Source
from edge_agent.models import FindModel, load
from edge_agent.preprocess.pixels import grey, resized
from edge_agent.sensing import audio, blendshapes, faces, motion, pose, yunet
from edge_agent.sensing.blendshape_names import SUBSET
from edge_agent.sensing.expression_models import DEFAULT
from services.vocabulary import Mode

LOOKS = 2.0
"""Looks per second of the senses at their default rates; every second one goes to where the face was."""


class Plain:
    """One film through a plain loop with models of its own."""

    def __init__(self, find: FindModel, mode: Mode, fps: float, looks: float = LOOKS) -> None:
        def session(name: str) -> Callable[[dict[str, Any]], list[Any]]:
            model = load(find(name))
            return model.run

        cv2.setNumThreads(1)
        self._flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._faces = session(yunet.MODEL)
        self._pose, self._landmarks = session(pose.MODEL), session(blendshapes.LANDMARKS)
        self._shapes, self._yamnet, self._silero = (
            session(blendshapes.BLENDSHAPES),
            session(audio.YAMNET),
            session(audio.SILERO),
        )
        self._expression = session(DEFAULT) if mode is Mode.AFFECT else None
        self._fps, self._looks = fps, looks
        self._hop = round(0.24 * SAMPLE_RATE_HZ)

    def run(self, source: Source) -> None:
        """From its beginning to `end_s`; a source without pictures or without sound is taken as it is."""
        decimator, looks = Decimator(self._fps), Decimator(self._looks)
        resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
        ear, looked, before = _Ear(self._yamnet, self._silero, self._hop), 0, None
        end_s = source.end_s if source.end_s is not None else float("inf")
        with av.open(source.url) as film:
            streams = [*film.streams.video[:1], *film.streams.audio[:1]]
            for stream in film.streams.video[:1]:
                stream.codec_context.thread_count = 1
            past = set()
            for packet in film.demux(streams):
                for decoded in packet.decode():
                    if not isinstance(decoded, VideoFrame | AudioFrame):
                        continue
                    if decoded.time is None or decoded.time >= end_s:
                        past.add(packet.stream.index)
                    elif isinstance(decoded, VideoFrame):
                        if decimator.keeps(decoded.time):
                            image = decoded.to_ndarray(format="bgr24")
                            before = self._move(image, before)
                            if looks.keeps(decoded.time):
                                self._look(image, looked % 2 == 0)
                                looked += 1
                    else:
                        for chunk in resampler.resample(decoded):
                            ear.hear(chunk.to_ndarray()[0])
                if len(past) == len(streams):
                    return

    def _move(self, image: Any, before: Any) -> Any:
        small = grey(resized(image, motion.WIDTH, motion.HEIGHT))
        if before is not None:
            self._flow.calc(before, small, None)
        return small

    def _look(self, image: Any, first: bool) -> None:
        height, width = image.shape[:2]
        scale = 416 / max(height, width)
        if first:
            looked = resized(image, round(width * scale), round(height * scale))
        else:
            looked = resized(image[: height // 2, : height // 2], faces.NEARBY_SIDE, faces.NEARBY_SIDE)
        seen = np.zeros((1, 3, *(-(-side // 32) * 32 for side in looked.shape[:2])), np.float32)
        seen[0, :, : looked.shape[0], : looked.shape[1]] = looked.transpose(2, 0, 1)
        self._faces({"input": seen})
        scale = 256 / max(height, width)
        fitted = np.zeros((256, 256, 3), np.uint8)
        inner = resized(image, round(width * scale), round(height * scale))
        fitted[: inner.shape[0], : inner.shape[1]] = inner
        self._pose({"image": fitted[..., ::-1].astype(np.int32)[None]})
        turn = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        square = cv2.warpAffine(image, turn, (256, 256))
        points = self._landmarks({"image": (square[..., ::-1].astype(np.float32) / 255.0)[None]})[0].reshape(-1, 3)
        self._shapes({"points": np.ascontiguousarray(points[SUBSET, :2][None])})
        if self._expression is not None:
            face = cv2.resize(image[:150, :120], (112, 112))
            self._expression({"image_rgb": face[..., ::-1].astype(np.float32)[None]})


class _Ear:
    """Windows of sound through YAMNet, and steps through Silero, as soon as they are full."""

    def __init__(self, yamnet: Any, silero: Any, hop: int) -> None:
        self._yamnet, self._silero, self._hop = yamnet, silero, hop
        self._waiting = np.zeros(0, np.float32)
        self._steps = np.zeros(0, np.float32)
        self._state, self._context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)

    def hear(self, samples: Any) -> None:
        """Add samples; the windows of a second go through YAMNet together."""
        self._waiting = np.concatenate([self._waiting, samples])
        self._steps = np.concatenate([self._steps, samples])
        if len(self._waiting) >= 15_600 + 3 * self._hop:
            windows = np.lib.stride_tricks.sliding_window_view(self._waiting, 15_600)[:: self._hop]
            self._yamnet({"waveform": np.ascontiguousarray(windows)})
            self._waiting = self._waiting[len(windows) * self._hop :]
        rate = np.array(SAMPLE_RATE_HZ, np.int64)
        while len(self._steps) >= 512:
            step, self._steps = self._steps[:512], self._steps[512:]
            heard = np.concatenate([self._context, step])[None]
            _, self._state = self._silero({"input": heard, "state": self._state, "sr": rate})
            self._context = step[-64:]
