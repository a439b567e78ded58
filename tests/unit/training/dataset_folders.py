"""Tiny folders in the official shape of each data set, and what a reader must find in them."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.io import savemat

from training.corpus.items import CANNOT_MAP
from training.corpus.readers.aff_wild2 import NAMES

_JPG = cv2.imencode(".jpg", np.full((32, 32, 3), 127, np.uint8))[1].tobytes()


def jpg(said: bytes = b"") -> bytes:
    """A small grey picture; what is said stands in a comment of it, so that no two are the same bytes."""
    return _JPG[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + _JPG[2:]


def write(file: Path, data: bytes | str | object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    raw = data if isinstance(data, bytes) else (data if isinstance(data, str) else json.dumps(data)).encode()
    file.write_bytes(raw)
    return file


def film(file: Path, seconds: int = 2, shade: int | None = None) -> Path:
    """A grey film of five frames a second; how grey follows from its name unless said, so that few are the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        shade = sum(file.stem.encode()) % 200 if shade is None else shade
        for _ in range(seconds * 5):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), shade, np.uint8), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file


def merr(root: Path) -> None:
    fine = {"c1": {"pseu_emotion": "happy", "smp_reason_caption": "She smiles.", "text": "Hi"}}
    coarse = {"c1": {"pseu_emotion": "sad", "caption": "other"}, "c2": {"pseu_emotion": "doubt", "caption": "A frown."}}
    write(root / "MERR_fine_grained.json", fine)
    write(root / "MERR_coarse_grained.json", coarse)
    film(root / "video" / "c1.mp4")
    film(root / "video" / "c2.avi")


def eibench(root: Path) -> None:
    picture = "EmoSet-118k/image/anger/anger_00189.jpg"
    basic = root / "EIBench" / "EI_Basic"
    write(basic / "user.jsonl", json.dumps({picture: "Why is he angry?"}) + "\n")
    write(basic / "basic_ground_truth.json", {picture: "1. A claw."})
    asked = {"EmoSet-118k/image/contentment/c_1.jpg": {"Why is she happy?": "1. Sun.", "Why is she sad?": "1. Alone."}}
    write(root / "EIBench" / "EI_Complex" / "ec_complex.jsonl", json.dumps(asked) + "\n")
    write(root / "dataset" / picture, jpg())
    write(root / "dataset" / "EmoSet-118k/image/contentment/c_1.jpg", jpg(b"1"))


def omni(root: Path) -> None:
    talk = [{"from": "human", "value": "<video>\nWhat is felt?"}, {"from": "gpt", "value": "A raised voice."}]
    told = [{"id": 1, "video": "a.mp4", "emotion": "Angry", "conversations": talk},
            {"id": 2, "video": "a.mp4", "emotion": "nostalgic", "conversations": talk}]  # fmt: skip
    write(root / "sre.json", told)
    film(root / "videos" / "a.mp4")


def aff_wild2(root: Path) -> None:
    for folder, video, labels in (("Train_Set", "v1_left", [4] * 20 + [-1] * 5 + [7] * 15 + [1] * 3),
                                  ("Train_Set", "v1_right", [0] * 15), ("Validation_Set", "v2", [5] * 16)):  # fmt: skip
        lines = [",".join(NAMES), *map(str, labels)]
        write(root / "EXPR_Recognition_Challenge" / folder / f"{video}.txt", "\n".join(lines))
        for frame in range(1, len(labels) + 1):
            write(root / "cropped_aligned" / video / f"{frame:05d}.jpg", jpg(bytes([frame])))


def dfew(root: Path) -> None:
    for folder, rows in (("train(single-labeled)", "1,1\n2,7\n"), ("test(single-labeled)", "3,4\n")):
        write(root / "EmoLabel_DataSplit" / folder / "set_1.csv", "video_name,label\n" + rows)
    for clip in "123":
        for frame in range(6):
            write(root / "Clip" / "clip_224x224" / f"0000{clip}" / f"{frame}.jpg", jpg(clip.encode() + bytes([frame])))


def ferv39k(root: Path) -> None:
    write(root / "4_setups" / "All_scenes" / "train_All.csv", "Action/Sad/0010 Sad\nCrime/Fear/0002 Fear\n")
    write(root / "4_setups" / "All_scenes" / "test_All.csv", "Action/Happy/0003 Happy\n")
    for clip in ("Action/Sad/0010", "Crime/Fear/0002", "Action/Happy/0003"):
        write(root / "2_ClipsforFaceCrop" / clip / "0001.jpg", jpg(clip.encode()))


def emotic(root: Path) -> None:
    def entry(name: str, *people: dict[str, object]) -> dict[str, object]:
        write(root / "emotic" / "framesdb/images" / name, jpg(name.encode()))
        return {"filename": name, "folder": "framesdb/images", "person": list(people)}

    def categories(*words: str) -> np.ndarray:
        return np.array(words, dtype=object)

    one = {"annotations_categories": {"categories": categories("Happiness", "Engagement")}, "gender": "x", "age": "Kid"}
    two = {"annotations_categories": {"categories": categories("Fear", "Anger")}, "gender": "x", "age": "Teenager"}
    three = {"combined_categories": categories("Pain"), "gender": "x", "age": "Adult"}
    told = {"train": [entry("a.jpg", one, two)], "val": [entry("b.jpg", three)], "test": [entry("c.jpg", three)]}
    (root / "Annotations").mkdir(parents=True)
    savemat(root / "Annotations" / "Annotations.mat", told)


def findingemo(root: Path) -> None:
    rows = ["user,image_path,reject,tag,age,valence,arousal,emotion",
            '1,/d/Run_1/x/a.jpg,Keep,,"Young Adults,Adults",2,3,Joy', "1,/d/Run_1/x/b.jpg,Reject,,,0,0,Joy",
            '2,/d/Run_2/y/c.jpg,Keep,,"Adults, Seniors",0,0,Vigilance']  # fmt: skip
    write(root / "data" / "annotations_single.ann", "\n".join(rows))
    for name in ("Run_1/x/a.jpg", "Run_2/y/c.jpg"):
        write(root / "images" / name, jpg(name.encode()))


def mafw(root: Path) -> None:
    lines = [
        "00001.mp4  anger  <br>一个男人。 <br> A man frowns.",
        "00002.mp4\tanxiety\t<br>一个女人。\t<br>A woman paces.",
    ]
    write(root / "caption-label" / "single_label.txt", "\n".join(lines))
    film(root / "clips" / "00001.mp4")
    film(root / "clips" / "00002.mp4")


def calmed(root: Path) -> None:
    rows = [f"p{p},{zone},0.{k},{'' if k else '1'}" for p, zone in ((1, "green"), (2, "red")) for k in range(60)]
    write(root / "calmed.csv", "\n".join(["participant,label,au1,mfcc1", *rows]))


def ssbd_plus(root: Path) -> None:
    for number, said in ((1, "armflapping"), (2, "no-class")):
        write(root / "actions" / f"action_{number}.xml", f"""<?xml version="1.0" encoding="utf-8"?>
<video id="action_{number}"><url>https://example.org/{number}</url><behaviours count="1">
<behaviour id="b_01"><time>0:1</time><category>{said}</category></behaviour></behaviours></video>""")  # fmt: skip
        film(root / "videos" / f"action_{number}.mp4")


def deemo(root: Path) -> None:
    told = [{"video": "a.mp4", "emotion": "Sad", "description": "Shoulders drop.", "athlete": "7"}]
    write(root / "DEEMO-MER" / "annotations.json", told)
    film(root / "DEEMO-MER" / "videos" / "a.mp4")


def egoemotion(root: Path) -> None:
    wheel = "Amusement,Awe,Contentment,Excitement,Anger,Disgust,Fear,Sadness"
    for who, numbers in (("005", "9,0,0,0,0,0,0,1"), ("006", "0,5,0,5,0,0,0,0")):
        text = f"Activity Index,Activity Name,Activity ID,Arousal,Valence,{wheel}\n1,Slackline,slack,3,5,{numbers}\n"
        write(root / who / f"Session_B_{who}.csv", text)
        film(root / who / "eye_video" / "slack.mp4", 1 + int(who) % 2)


def feedback(root: Path) -> None:
    lines = [{"event": f"e{k}", "resident": f"{k % 2:032x}", "report": f"EVENT REPORT {k}", "verdict": verdict,
              "consent": ["evaluation"]} for k, verdict in enumerate(("true", "false", "unsure"))]  # fmt: skip
    write(root / "feedback.jsonl", "\n".join(map(json.dumps, lines)))


FOLDERS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "MERR": (merr, ["happiness", CANNOT_MAP]),
    "EIBench": (eibench, ["anger", CANNOT_MAP, CANNOT_MAP]),
    "Omni-Emotion-SRE": (omni, ["anger", CANNOT_MAP]),
    "Aff-Wild2": (aff_wild2, ["happiness", CANNOT_MAP, "neutral", "sadness"]),
    "DFEW": (dfew, ["happiness", "fear", "anger"]),
    "FERV39k": (ferv39k, ["sadness", "fear", "happiness"]),
    "EMOTIC": (emotic, ["happiness", CANNOT_MAP, CANNOT_MAP, CANNOT_MAP]),
    "FindingEmo": (findingemo, ["happiness", CANNOT_MAP]),
    "MAFW": (mafw, ["anger", CANNOT_MAP]),
    "CALMED": (calmed, ["zone_green", "zone_green", "zone_red", "zone_red"]),
    "SSBD+": (ssbd_plus, ["arm_flapping", "none"]),
    "DEEMO": (deemo, ["sadness"]),
    "egoEMOTION": (egoemotion, ["happiness", CANNOT_MAP]),
    "facility-feedback": (feedback, ["true_alert", "false_alert"]),
}
"""Who makes the folder, and the labels in it in order of reading."""
