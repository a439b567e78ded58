"""Runs a TFLite file in its own runtime, so that what was made of it can be compared."""

from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf

from training.export.recipe import Array, Feeds


def runner(file: Path, outputs: int) -> Callable[[Feeds], Sequence[Array]]:
    """What the file says of one feed: its first `outputs` outputs."""
    interpreter = tf.lite.Interpreter(str(file))
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]
    told = interpreter.get_output_details()[:outputs]

    def run(feeds: Feeds) -> Sequence[Array]:
        (value,) = feeds.values()
        interpreter.set_tensor(place["index"], value.reshape(place["shape"]))
        interpreter.invoke()
        return [interpreter.get_tensor(one["index"]).copy() for one in told]

    return run
