"""How the model's servers are spoken to: httpx over aiohttp's connections, which cost a fifth of its own (measured)."""

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from services.vocabulary.time import Seconds

IDLE_S: Seconds = 2.0
"""How long an idle connection is kept. vLLM closes its own after 5 s (VLLM_HTTP_TIMEOUT_KEEP_ALIVE); a question sent
at that moment is lost (seen: a ReadError)."""


def open_client(connect_timeout_s: Seconds | None, key: str = "") -> httpx.AsyncClient:
    """A client without limits of its own: whoever asks bounds how many connections there are. It looks at no proxy of
    the environment and keeps no cookies; `key` is shown to every server."""
    return httpx.AsyncClient(
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=httpx.Timeout(None, connect=connect_timeout_s),
        transport=_Transport(trust_env=False, client=_session),
        trust_env=False,
    )


class _Transport(AiohttpTransport):
    """Whatever breaks a connection is httpx's own error, an answer that is no HTTP included."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except aiohttp.ClientError as error:
            raise httpx.RemoteProtocolError(type(error).__name__, request=request) from error


def _session() -> aiohttp.ClientSession:
    checked = httpx.create_ssl_context(trust_env=False)
    connections = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S, ssl=checked)
    return aiohttp.ClientSession(connector=connections, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


def broke(error: httpx.RequestError) -> str:
    """What broke, by the name that the layer below has for it.

    >>> broke(httpx.ConnectError("refused"))
    'ConnectError'
    """
    return type(error.__cause__ or error).__name__
