"""People who are signed in, for tests of the console with its doors shut."""

import re
from dataclasses import dataclass

from fastapi.testclient import TestClient
from httpx import Response

from services.console import people
from services.console.app import make_app
from services.console.room import Room
from services.ledger import Role

HOME = "http://127.0.0.1:7080"
PASSWORD = "correct horse 1"


@dataclass(frozen=True)
class Browser:
    """One browser of one person: it keeps cookies, names its origin and carries the form token of its own pages."""

    client: TestClient

    def get(self, path: str) -> Response:
        return self.client.get(path, headers={"accept": "text/html"})

    def csrf(self) -> str:
        found = re.search(r'data-csrf="([0-9a-f]+)"', self.get("/me").text)
        return found.group(1) if found else ""

    def press(self, path: str, **form: str) -> Response:
        return self.client.post(
            path, data={"csrf": self.csrf(), **form}, headers={"origin": HOME, "accept": "text/html"}
        )  # fmt: skip

    def sign_in(self, name: str, password: str = PASSWORD, then: str = "/") -> Response:
        form = {"name": name, "password": password, "then": then}
        return self.client.post("/sign-in", data=form, headers={"origin": HOME, "accept": "text/html"})


def browser(room: Room) -> Browser:
    """A browser that nobody has signed in with yet."""
    return Browser(TestClient(make_app(room), base_url=HOME, follow_redirects=False))


def somebody(room: Room, name: str, role: Role) -> Browser:
    """A person of a role, let in and signed in."""
    people.add(room.database, name, name.title(), role, PASSWORD, room.clock.now())
    opened = browser(room)
    assert opened.sign_in(name).status_code == 303
    return opened
