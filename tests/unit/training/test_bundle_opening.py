"""A training begins on a bundle only where every file is as it was sealed and the key is the right one. Kind: unit."""

from pathlib import Path

import pytest

from tests.unit.vlm.bundles import sealed
from training.bundle.opening import main
from vlm_service.bundle import make_keys, seal

pytestmark = pytest.mark.unit


def test_it_opens_what_is_whole_and_says_whether_anybody_looked_at_the_signature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = sealed(tmp_path / "house")
    make_keys(tmp_path / "a.key", tmp_path / "a.pub")
    assert main([str(bundle.folder)]) == 0
    said = capsys.readouterr().err
    assert f"beginning as {bundle.served_name}" in said and "--trust KEY looks at it" in said
    trusted = [str(bundle.folder), "--trust", str(tmp_path / "a.pub")]
    assert main(trusted) == 2 and "bundle.sig: missing" in capsys.readouterr().err
    seal(bundle.folder, tmp_path / "a.key")
    assert main(trusted) == 0 and "signed by a.pub" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("adapter_model.safetensors", "sealed with digest"),
        ("card.json", "sealed with digest"),
        ("added.json", "was not"),
    ],
)
def test_it_opens_nothing_that_was_altered(
    tmp_path: Path, name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sealed(tmp_path / "house").folder
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert main([str(folder)]) == 2
    said = capsys.readouterr().err
    assert name in said and words in said and "refused" in said
    assert main([str(tmp_path / "gone")]) == 2
