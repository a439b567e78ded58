"""The physical limit of the link: a stream that reads the same messages and answers, and does nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc


class Echo(sensing_pb2_grpc.SensingServicer):
    """Acknowledges every batch as it comes."""

    async def Stream(
        self, request_iterator: AsyncIterator[sensing_pb2.EdgeMessage], context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[sensing_pb2.ServerMessage]:
        async for message in request_iterator:
            last = message.batch.sequence[-1] if message.batch.sequence else 0
            yield sensing_pb2.ServerMessage(ack=sensing_pb2.Ack(durable_sequence=last))
