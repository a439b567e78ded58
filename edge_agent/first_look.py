"""`python -m edge_agent.first_look`, which `attune doctor` starts: opens a source until something comes out of it."""

import os
import sys

from services.vocabulary.time import Seconds

NO_PICTURE_LIBRARY = 3
PATIENCE_S: Seconds = 10.0


def main() -> int:
    """The exit status: 0 something came, 1 nothing did (standard error says why), 3 nothing can be decoded here.

    The source and what is expected of it come by the environment: an address may hold a password.
    """
    try:
        import av
    except ImportError:
        return NO_PICTURE_LIBRARY
    from edge_agent.capture.opening import opened
    from edge_agent.capture.source import Expects, Source, SourceError

    expects = Expects(os.environ.get("ATTUNE_DOCTOR_EXPECTS", Expects.PICTURES))
    source = Source(os.environ["ATTUNE_DOCTOR_SOURCE"], expects=expects, read_timeout_s=PATIENCE_S)
    try:
        it = opened(source)
        with it.container as container:
            if it.video is not None:
                picture = next(container.decode(it.video))
                sound = ", with sound" if it.audio else ", without sound"
                told = f"a picture came: {picture.width} x {picture.height}{sound}"
            else:
                told = f"sound came: {next(container.decode(audio=0)).sample_rate} Hz"
    except SourceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (av.error.FFmpegError, StopIteration):
        sys.stderr.write(f"{source.place}: opened, and nothing came of it; it must be something that FFmpeg reads\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
