"""Where each receiver may be reached: networks have names, and nothing is reached that was not named."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from services.runtime.webhook.address import Guard, Network, written_address

NetworkName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
LOOPBACK = "loopback"
_ALWAYS: dict[str, tuple[Network, ...]] = {LOOPBACK: (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))}
"""This machine; a receiver that names no network is reached here alone."""

Networks = Mapping[str, tuple[Network, ...]]


def guard_of(receiver: str, named: Sequence[str], networks: Networks) -> Guard:
    """Where messages to a receiver may go that names these networks; each of them is known."""
    known = _ALWAYS | dict(networks)
    inside = tuple(network for name in named for network in known[name])
    elsewhere = tuple((name, of) for name, of in known.items() if name not in named)
    return Guard(inside, f"the networks that the receiver {receiver!r} names (ATTUNE_ALERTS_NETWORKS)", elsewhere)


def refusal(receiver: str, named: Sequence[str], networks: Networks, url: str = "") -> str:
    """What is wrong with the networks that a receiver names, or with the address that its `url` holds; empty: nothing.

    >>> refusal("ward", ["lna"], {"lan": (IPv4Network("10.0.0.0/8"),)})
    "receiver 'ward' names the network 'lna', which there is not: expected one of lan, loopback"
    """
    known = _ALWAYS | dict(networks)
    if LOOPBACK in networks:
        return f"networks names {LOOPBACK!r}, which is this machine: expected another name"
    for name in named:
        if name not in known:
            return (
                f"receiver {receiver!r} names the network {name!r}, which there is not: expected one of "
                f"{', '.join(sorted(known))}"
            )
    address = written_address(url) if url else None
    guard = guard_of(receiver, named, networks)
    return "" if address is None or guard.allows(address) else guard.refusal(f"receiver {receiver!r}", [address])
