"""Who may do what at the door for adapters: a token for each role, and nothing for pages of other sites."""

import hmac
from enum import StrEnum

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.runtime.settings import LOOPBACK
from vlm_service.adapters.problems import Refused, answer
from vlm_service.adapters.settings import AdapterSettings


class Role(StrEnum):
    """What a caller is there for."""

    PUSH = "push"
    PROMOTE = "promote"


class Callers:
    """Knows the tokens. Without any (loopback alone) every caller has both roles."""

    def __init__(self, settings: AdapterSettings) -> None:
        self._tokens = {Role.PUSH: settings.push_token, Role.PROMOTE: settings.promote_token}

    def check(self, shown: str, needs: Role | None = None) -> str:
        """Let a caller with this `Authorization` header do what needs a role; any of them may look. The role whose
        token was shown, which is all that is known of who it is; empty where there are no tokens.

        Raises:
            Refused: 401 without a known token, 403 with the other role's.
        """
        if not any(self._tokens.values()):
            return ""
        roles = {
            role
            for role, token in self._tokens.items()
            if hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
        }
        if not roles:
            raise Refused(401, "no-token", "expected 'Authorization: Bearer' and ATTUNE_VLM_PUSH_TOKEN or "
                                           "ATTUNE_VLM_PROMOTE_TOKEN; `attune adapters` takes it from "
                                           "ATTUNE_ADAPTERS_TOKEN")  # fmt: skip
        if needs is not None and needs not in roles:
            raise Refused(403, "wrong-role", f"this token may not {needs.value}: ask whoever holds "
                                             f"ATTUNE_VLM_{needs.name}_TOKEN")  # fmt: skip
        return next(iter(roles)).value


class NoBrowsers:
    """ASGI middleware: a page of any site must reach nothing here, neither by its own name nor by one it made up."""

    def __init__(self, app: ASGIApp, any_host: bool) -> None:
        self._app, self._any_host = app, any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            known = self._any_host or headers.get("host", "").rpartition(":")[0].strip("[]") in LOOPBACK
            if "origin" in headers or "sec-fetch-site" in headers or not known:
                refused = Refused(403, "no-browser", "this door is for programs on this machine: use `attune adapters`")
                await answer(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)
