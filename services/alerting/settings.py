"""What alerting can be told: receivers, where deliveries may go, and how patient to be."""

import tomllib
from datetime import tzinfo
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.alerting.bodies import Form
from services.alerting.chain_settings import ChainSettings, Hours, problem, read_hours
from services.alerting.networks import LOOPBACK, NetworkName, guard_of, refusal
from services.alerting.shifts import EMPTY, ShiftRoster, read_shifts
from services.runtime.clock import zone
from services.runtime.settings import HealthSettings, LedgerSettings, TimeZone
from services.runtime.webhook.address import Guard, Network
from services.runtime.webhook.endpoint import Endpoint
from services.runtime.webhook.signing import read_key
from services.vocabulary import Timing

TOLD_BY = ("tier2_wait_s", "tier1_late_s", "tier2_late_s")
"""The durations of a policy that telling follows."""


class Told(BaseModel):
    """What every receiver has, however it is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    tiers: frozenset[Annotated[int, Field(ge=1, le=2)]] = Field(frozenset({1, 2}), min_length=1)
    technical: bool = False
    """Also told when a camera shows nothing; where no receiver is, such a room is blind on the page only."""
    networks: tuple[str, ...] = (LOOPBACK,)
    """Names of the networks that it lives in; every other address is refused, whatever a name resolves to."""
    tests: bool = False
    """Takes canaries, which are marked as tests; where no receiver does, the first webhook takes them."""
    hours: Hours = ()
    """When somebody answers here, e.g. ["07:00-19:00"]: a chain passes it over at other times. Empty: always."""
    quiet_hours: Hours = ()
    """When only tier 1 is told here, unless nobody else would hear of a tier 2. Empty: never."""

    @field_validator("hours", "quiet_hours")
    @classmethod
    def _spans_of_a_day(cls, spans: Hours) -> Hours:
        return read_hours(spans)


class Receiver(Told, Endpoint):
    """One webhook endpoint and the tiers it is told of. Exactly one of `secret` and `secret_file` holds the signing
    secret, or an ed25519 key signs."""

    body: Form = Form.ATTUNE
    """What it reads: attune (our own schema), alertmanager (Alertmanager's, version 4), fhir-communication, fhir-flag.
    """
    thin: bool = False
    """Say only that something is to be looked at, and where: no resident, no headline, no opinion."""


class AppriseReceiver(Told):
    """Chat, SMS, mail or push by an Apprise address, such as ntfy://ntfy.lan/ward: in `address`, or in `address_file`,
    since it often holds a password."""

    address: SecretStr = SecretStr("")
    address_file: Path | None = None
    internet: bool = False
    """It may go beyond its networks, as most chat services have to."""
    thin: bool = True
    """Say only that something is to be looked at, and where: it passes through other people's servers."""

    @model_validator(mode="after")
    def _one_address(self) -> "AppriseReceiver":
        if bool(self.address.get_secret_value()) == (self.address_file is not None):
            raise ValueError("expected exactly one of address and address_file")
        self.address_itself  # noqa: B018 - a file that cannot be read is refused here
        return self

    @property
    def address_itself(self) -> str:
        """The address.

        Raises:
            ValueError: the file cannot be read.
        """
        if self.address_file is None:
            return self.address.get_secret_value()
        return read_key(self.address_file, "address_file")


class AlertingSettings(HealthSettings, LedgerSettings):
    """Settings of `python -m services.alerting`; environment variables begin with `ATTUNE_ALERTS_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_ALERTS_")

    receivers: tuple[Receiver, ...] = ()
    """Who is told; empty: alerts stand on the page only, and stand there as undelivered."""
    apprise: tuple[AppriseReceiver, ...] = ()
    """Who is told by chat, SMS, mail or push."""
    chains: tuple[ChainSettings, ...] = ()
    """Who is asked after whom. A receiver in no chain is told at once; a tier without a chain asks all its receivers,
    and after 120 s (tier 1) or 600 s (tier 2) again every five minutes for an hour, until somebody takes the alert."""
    group_s: float = Field(60.0, ge=0, le=600)
    """A tier 2 of a room of which somebody was told so lately waits this long, unless they took that; 0: none does."""
    time_zone: TimeZone = "UTC"
    """Of the facility: what hours and quiet_hours mean."""
    networks: dict[NetworkName, tuple[Network, ...]] = Field(default_factory=dict)
    """Networks of the facility by name, e.g. nurse-call = ["10.20.0.0/16"]; `loopback` is known. A receiver names those
    that it may be reached in."""
    shifts: Path | None = None
    """The roster of shifts: a TOML file that says who is on shift in a role; `attune oncall` shows who is now. It is
    read again when it changes."""
    opinion_raises: int = Field(1, ge=0, le=100)
    """How many alerts of one resident the second opinion may make more urgent in seven days; 0: none."""
    canary_slack_s: float = Field(60.0, ge=0, le=86_400)
    """How much longer than two intervals a canary may stay away before it is told."""
    timeout_s: float = Field(10.0, gt=0, le=60)
    """For one attempt, name look-up to answer."""
    give_up_s: float = Field(86_400.0, gt=0)
    """After this a notice is not tried any more."""
    policy: Path | None = None
    """The policy file, as the threshold service has it: what its [timing] says of waiting and lateness wins
    over the three settings below. It is read at start."""
    tier2_wait_s: float = Field(Timing().tier2_wait_s, ge=0, le=60)
    tier1_late_s: float = Field(Timing().tier1_late_s, gt=0)
    tier2_late_s: float = Field(Timing().tier2_late_s, gt=0)
    page_url: str = "http://127.0.0.1:7080"
    """Where a message tells people to look."""
    health_port: int = Field(7093, ge=0, le=65535)

    @field_validator("receivers")
    @classmethod
    def _names_differ(cls, receivers: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
        names = [receiver.name for receiver in receivers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two receivers are named {name!r}: expected different names")
        return receivers

    @model_validator(mode="after")
    def _nobody_is_left_out(self) -> "AlertingSettings":
        names = [receiver.name for receiver in self.everybody]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two receivers are named {name!r}: expected different names")
        hours = {receiver.name: receiver.hours for receiver in self.everybody}
        if wrong := problem(self.chains, hours):
            raise ValueError(f"{wrong} (ATTUNE_ALERTS_CHAINS)")
        self.shift_roster  # noqa: B018 - one that leaves somebody out is refused here
        return self

    @model_validator(mode="after")
    def _networks_are_known(self) -> "AlertingSettings":
        for receiver in self.everybody:
            url = receiver.url if isinstance(receiver, Receiver) else ""
            if wrong := refusal(receiver.name, receiver.networks, self.networks, url):
                raise ValueError(f"{wrong} (ATTUNE_ALERTS_NETWORKS)")
        return self

    @model_validator(mode="after")
    def _a_policy_that_can_be_read(self) -> "AlertingSettings":
        _timing_of(self.policy)
        return self

    def guard(self, receiver: Told) -> Guard:
        """Where messages to a receiver may go."""
        return guard_of(receiver.name, receiver.networks, self.networks)

    @property
    def everybody(self) -> tuple[Told, ...]:
        """Every receiver, however it is reached."""
        return (*self.receivers, *self.apprise)

    @property
    def zone(self) -> tzinfo:
        """The time zone of the facility."""
        return zone(self.time_zone)

    @property
    def shift_roster(self) -> ShiftRoster:
        """Who is on shift when, as the file says now.

        Raises:
            ValueError: it cannot be read, says what cannot be, or leaves a chain with nobody.
        """
        if self.shifts is None and not any(step.roster for chain in self.chains for step in chain.steps):
            return EMPTY
        hours = {receiver.name: receiver.hours for receiver in self.everybody}
        return read_shifts(self.shifts, self.time_zone, self.chains, hours)

    @property
    def timing(self) -> Timing:
        """The policy's timing as far as telling is concerned."""
        own = {name: getattr(self, name) for name in TOLD_BY}
        return Timing(**own | _timing_of(self.policy))


def _timing_of(policy: Path | None) -> dict[str, float]:
    """What the policy file says of telling; the threshold service refuses a file with a typo, this reads its own part.

    Raises:
        ValueError: it cannot be read, or a value cannot be meant.
    """
    if policy is None:
        return {}
    try:
        said = tomllib.loads(policy.read_text()).get("timing", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"policy file {str(policy)!r}: {error}") from error
    found = {name: said[name] for name in TOLD_BY if name in said} if isinstance(said, dict) else {}
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1e7:
            raise ValueError(f"policy file {str(policy)!r}: timing.{name} = {value!r}: expected seconds")
    return {name: float(value) for name, value in found.items()}
