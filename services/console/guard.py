"""What every request must pass and every answer carries: known host, same origin, strict content policy."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.models import Problem
from services.console.problems import answer

LARGEST_BODY = 64 * 1024
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """ASGI middleware: a page of another site must neither read nor press anything here, whoever is signed in."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(scope["method"], Headers(scope=scope))

        async def decorated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        if problem is None:
            await self._app(scope, receive, decorated)
        else:
            await answer(Request(scope), problem)(scope, receive, decorated)

    def _problem(self, method: str, headers: Headers) -> Problem | None:
        if _host_name(headers.get("host", "")) not in self._names:
            why = "this host name is not known here: add it to ATTUNE_CONSOLE_NAMES"
            return Problem(type="wrong-host", title="Wrong host", status=421, detail=why)
        if method in _SAFE:
            return None
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > LARGEST_BODY:
            why = f"expected a body with a Content-Length of at most {LARGEST_BODY} bytes"
            return Problem(type="too-large", title="Too large", status=413, detail=why)
        if not _same_origin(headers):
            why = "this came from another site: use the page itself, or send JSON without an Origin"
            return Problem(type="other-origin", title="Not allowed", status=403, detail=why)
        return None


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _same_origin(headers: Headers) -> bool:
    """Browsers name the origin of every POST; a program without one must send what no form can."""
    origin = headers.get("origin")
    if origin is not None:
        scheme, _, rest = origin.partition("://")
        return scheme in ("http", "https") and rest == headers.get("host")
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    return headers.get("content-type", "").partition(";")[0].strip() == "application/json"
