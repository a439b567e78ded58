"""A base that fits no single device: its decoder layers are spread over all, and each is gathered when it is its turn.

The adapter, the embeddings, the vision tower and the output layer lie whole on every device.
"""

from itertools import chain
from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from training.qlora.base import device
from training.qlora.parallel import Together


def spread(model: Any, together: Together) -> None:
    """Spread the frozen decoder layers of `model`, which lies in main memory, over the processes. A layer comes to the
    device whole, one after the other, and stays there in part."""
    inner = model.get_base_model().model
    layers = inner.language_model.layers
    parts = {id(one) for layer in layers for name, one in layer.named_parameters() if ".lora_" not in name}
    whole = {one for one in model.parameters() if id(one) not in parts}
    mesh = init_device_mesh(device(), (together.count,))
    for layer in layers:
        layer.to(device())
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    for one in chain(model.parameters(), model.buffers()):
        if one.device.type != device():
            one.data = one.data.to(device())
    fully_shard(inner, mesh=mesh, ignored_params=whole)  # holds nothing; has the next layer gathered in time
    torch.cuda.empty_cache()
