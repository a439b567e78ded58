"""Runs the door for adapters beside the rest of the process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from vlm_service.adapters.settings import AdapterSettings


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: `lifecycle.run` has them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Web:
    """One HTTP server."""

    def __init__(self, app: FastAPI, settings: AdapterSettings) -> None:
        self._where = f"{settings.adapters_host}:{settings.adapters_port}"
        self._server = _Server(
            uvicorn.Config(
                app, host=settings.adapters_host, port=settings.adapters_port, log_config=None, access_log=False,
                server_header=False, proxy_headers=False, lifespan="off", timeout_graceful_shutdown=3,
            )
        )  # fmt: skip

    def check(self) -> str:
        """Empty once it listens."""
        return "" if self._server.started else "not listening yet"

    async def serve(self, stop: asyncio.Event) -> None:
        """Answer until `stop` is set.

        Raises:
            OSError: the port cannot be bound.
        """
        ending = asyncio.create_task(self._end(stop))
        try:
            await self._server.serve()
        except SystemExit as error:  # how uvicorn says that it could not bind
            raise OSError(f"adapters cannot be taken at {self._where}: is another VLM service running? "
                          "ATTUNE_VLM_ADAPTERS_PORT chooses another port") from error  # fmt: skip
        finally:
            ending.cancel()

    async def _end(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._server.should_exit = True
