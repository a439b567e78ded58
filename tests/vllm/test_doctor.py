"""The doctor finds a real server with the shipped flags to be well, and the one that is not, not."""

import subprocess

import pytest

from services.cli import doctor_vllm
from services.cli.doctor_vllm import Needs
from services.runtime.findings import Grade
from services.runtime.model_geometry import geometry_of
from tests.vllm.conftest import KEY
from tests.vllm.server import FLAGS, VllmServer, interpreter

pytestmark = pytest.mark.vllm

_PARSE = """
import sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
for file in sys.argv[1:]:
    print(make_arg_parser(FlexibleArgumentParser()).parse_args(["--config", file]).max_lora_rank)
"""


def test_it_finds_a_server_with_the_shipped_flags_well(model_server: VllmServer) -> None:
    found = {one.what: one for one in doctor_vllm.look(model_server.url, Needs(priorities=True))}
    assert {one.grade for one in found.values()} == {Grade.GOOD}, found
    assert {"thinking", "priorities", "adapters", "pictures", "pictures by address", "adapter slots"} <= set(found)
    assert found["pictures"].found == "up to 4 with a report"


def test_it_needs_the_key_of_a_server_that_has_one(narrow_server: VllmServer) -> None:
    [refused] = doctor_vllm.look(narrow_server.url, Needs())
    assert refused.grade is Grade.BAD
    assert {one.grade for one in doctor_vllm.look(narrow_server.url, Needs(server_key=KEY))} <= {Grade.GOOD, Grade.NOTE}


def test_it_counts_what_the_server_counts(model_server: VllmServer) -> None:
    """A GiB for the context holds as many tokens as the shape of the model says."""
    shape = geometry_of(str(model_server.model))
    assert shape is not None
    found = {one.what: one.found for one in doctor_vllm.look(model_server.url, Needs())}
    assert found["context in memory"].startswith(f"{2**30 // shape.kv_bytes_per_token(2):,} tokens")


def test_it_counts_the_parameters_that_the_weights_hold(model_server: VllmServer) -> None:
    from safetensors import safe_open

    shape = geometry_of(str(model_server.model))
    assert shape is not None
    with safe_open(model_server.model / "model.safetensors", "np") as weights:
        sizes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118 - no mapping
    counted = 0
    for size in sizes:
        product = 1
        for side in size:
            product *= side
        counted += product
    assert shape.parameters == counted


def test_it_ships_flags_that_this_vllm_knows(vllm_there: None) -> None:
    files = sorted(FLAGS.parent.glob("*.yaml"))
    done = subprocess.run([interpreter(), "-c", _PARSE, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["32"] * len(files)
