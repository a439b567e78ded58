"""Who is asking, and in which language: known to everything that answers the same request."""

from contextvars import ContextVar
from dataclasses import dataclass

from services.console.problems import Refused
from services.console.roles import EVERYTHING, ROLES, May
from services.ledger import Person

UNNAMED = "somebody (no name given)"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is signed in (`name`, `shown`), a program with the token, or anybody where sign-in is off."""

    may: frozenset[May]
    name: str = ""
    shown: str = ""
    role: str = ""
    csrf: str = ""
    """What every form of this session has to carry; a page of another site cannot read it."""
    by_token: bool = False
    open_door: bool = False
    """Sign-in is off here."""

    @property
    def signed_in(self) -> bool:
        """Whether it is known who they are."""
        return bool(self.name)

    def can(self, thing: str) -> bool:
        """Whether they may do a thing, by its name in `May`; for templates."""
        return May[thing] in self.may

    def named(self, given: str) -> str:
        """Under which name something is recorded: their own when they are signed in, else the one they gave."""
        return self.shown if self.signed_in else given.strip() or UNNAMED

    def answering(self, given: str) -> str:
        """The same, for what somebody has to answer for by name.

        Raises:
            Refused: not signed in, and no name given.
        """
        if not self.signed_in and not given.strip():
            raise Refused(422, "name-missing", "expected the name of who answers for it", "by")
        return self.named(given)


NOBODY = Visitor(frozenset())
ANYBODY = Visitor(EVERYTHING, open_door=True)
PROGRAM = Visitor(EVERYTHING, by_token=True)
CURRENT: ContextVar[Visitor] = ContextVar("visitor", default=NOBODY)
"""Of the request that is being answered."""


def of_person(person: Person, csrf: str) -> Visitor:
    """A person who is signed in."""
    return Visitor(ROLES[person.role], person.name, person.shown, person.role.value, csrf)
