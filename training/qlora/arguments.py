"""What `python -m training.qlora` is asked, read without torch."""

import argparse
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Of all five: `show` what is learned from, `train`, have it `answer`, find `golden` prompts, and say how much
    each answer is a `surprise`."""
    whole = argparse.ArgumentParser(prog="attune train qlora")
    commands = whole.add_subparsers(dest="what", required=True)
    for name in ("show", "train", "answer", "golden", "surprise"):
        command = commands.add_parser(name)
        command.add_argument("settings", type=Path)
        command.add_argument("--corpus", type=Path, required=True)
        command.add_argument("--layers", default="")
        if name == "show":
            command.add_argument("--count", type=int, default=1)
        if name == "train":
            command.add_argument("--out", type=Path, required=True)
            command.add_argument("--from", type=Path, dest="begin")
            command.add_argument("--log", type=Path)
            command.add_argument("--processes", type=int)
        if name == "surprise":
            command.add_argument("--out", type=Path, required=True)
        if name in ("answer", "golden", "surprise"):
            command.add_argument("--run", type=Path, required=True)
        if name == "answer":
            command.add_argument("--beside", type=Path)
            for option in ("--thinking", "--answer", "--most", "--at-once"):
                command.add_argument(option, type=int, required=True)
    return whole
