"""Where a delivery may go: a name is resolved once, checked against the allowed networks, and pinned."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, in the order to be tried; raises OSError when there is none."""


class AddressRefused(Exception):
    """An address outside the allowed networks; the message names the setting."""


class AddressUnknown(Exception):
    """A name that has no address now."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Where messages may go, and the `setting` that says so."""

    networks: tuple[Network, ...]
    setting: str


@dataclass(frozen=True, slots=True)
class Pinned:
    """A request to exactly one address: `url` names the address, `host` goes into the Host header and TLS."""

    url: httpx.URL
    host_header: str
    host: str


def look_up(host: str, port: int) -> list[str]:
    """What the machine's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def pin(url: str, guard: Guard, resolve: Resolve = look_up) -> Pinned:
    """The receiver's address for one attempt.

    Raises:
        AddressRefused: none of its addresses lies in an allowed network.
        AddressUnknown: its name has no address now.
    """
    parsed = httpx.URL(url)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    try:
        found = [parsed.host] if _is_address(parsed.host) else await asyncio.to_thread(resolve, parsed.host, port)
        addresses = [_plain(text) for text in found]
    except OSError as error:
        raise AddressUnknown(f"{parsed.host}: {error.strerror or 'no address'}") from error
    for address in addresses:
        if any(address in network for network in guard.networks if network.version == address.version):
            return Pinned(parsed.copy_with(host=str(address)), parsed.netloc.decode(), parsed.host)
    raise AddressRefused(
        f"{parsed.host} is {', '.join(map(str, addresses)) or 'nowhere'}, outside the allowed networks "
        f"({', '.join(map(str, guard.networks)) or 'none'}): add its network to {guard.setting}"
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _plain(text: str) -> Address:
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
