"""The only room that knows both the vocabulary and protobuf."""

from services.runtime.wire.canary import canary_from_wire, canary_interval, canary_to_wire
from services.runtime.wire.edge_alarm import edge_alarms_from_wire, edge_alarms_to_wire, kept_to_wire
from services.runtime.wire.judgement import assessment_from_wire, assessment_to_wire, event_from_wire, event_to_wire
from services.runtime.wire.modes import (
    mode_change_from_wire,
    mode_change_to_wire,
    mode_states_from_wire,
    mode_states_to_wire,
    server_message,
)
from services.runtime.wire.packed import PackedBatch, batches, edge_message
from services.runtime.wire.pictures import (
    picture_from_wire,
    picture_reply_from_wire,
    picture_reply_to_wire,
    picture_request_from_wire,
    picture_request_to_wire,
    picture_to_wire,
)
from services.runtime.wire.sensing import (
    LATEST,
    MOST,
    WireError,
    batch_from_wire,
    batch_to_wire,
    derived_from_wire,
    derived_to_wire,
    mode_from_wire,
    mode_to_wire,
    seat_from_wire,
    seat_to_wire,
)

__all__ = [
    "LATEST",
    "MOST",
    "PackedBatch",
    "WireError",
    "assessment_from_wire",
    "assessment_to_wire",
    "batch_from_wire",
    "batch_to_wire",
    "batches",
    "canary_from_wire",
    "canary_interval",
    "canary_to_wire",
    "derived_from_wire",
    "derived_to_wire",
    "edge_alarms_from_wire",
    "edge_alarms_to_wire",
    "edge_message",
    "event_from_wire",
    "event_to_wire",
    "kept_to_wire",
    "mode_change_from_wire",
    "mode_change_to_wire",
    "mode_from_wire",
    "mode_states_from_wire",
    "mode_states_to_wire",
    "mode_to_wire",
    "picture_from_wire",
    "picture_reply_from_wire",
    "picture_reply_to_wire",
    "picture_request_from_wire",
    "picture_request_to_wire",
    "picture_to_wire",
    "seat_from_wire",
    "seat_to_wire",
    "server_message",
]
