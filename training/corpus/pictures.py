"""Whether a file is a picture to its last pixel: its opening bytes prove nothing."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from training.corpus.errors import AssetInvalid


def check_picture(file: Path) -> None:
    """That a picture can be shown, all of it.

    Raises:
        AssetInvalid: it cannot; the message names the file.
    """
    try:
        with Image.open(file) as opened:
            opened.verify()
        with Image.open(file) as opened:  # verify leaves nothing that could be loaded
            opened.load()
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise AssetInvalid(f"{file}: is no image that can be shown ({error}); it may be half-downloaded") from error
