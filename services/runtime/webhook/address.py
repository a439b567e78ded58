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
    """An address outside the allowed networks; the message names the address, the network it lies in where that has a
    name, and the setting."""


class AddressUnknown(Exception):
    """A name that has no address now."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Where messages may go, and the `setting` that says so. `elsewhere` are networks with a name that these messages
    may not go to, so that a refusal can name the one that is meant."""

    networks: tuple[Network, ...]
    setting: str
    elsewhere: tuple[tuple[str, tuple[Network, ...]], ...] = ()

    def allows(self, address: Address) -> bool:
        """Whether a message may go there."""
        return _lies_in(address, self.networks)

    def refusal(self, host: str, addresses: Sequence[Address]) -> str:
        """Why none of a host's addresses may be told, and what to do."""
        named = [name for name, networks in self.elsewhere if any(_lies_in(one, networks) for one in addresses)]
        where = f" (it lies in the network {', '.join(map(repr, named))})" if named else ""
        return (
            f"{host} is {', '.join(map(str, addresses)) or 'nowhere'}{where}, outside the allowed networks "
            f"({', '.join(map(str, self.networks)) or 'none'}): add its network to {self.setting}"
        )


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
        if guard.allows(address):
            return Pinned(parsed.copy_with(host=str(address)), parsed.netloc.decode(), parsed.host)
    raise AddressRefused(guard.refusal(parsed.host, addresses))


def written_address(url: str) -> Address | None:
    """The address that stands in a URL itself; None where it names a host.

    >>> str(written_address("http://[fd00::5]/hook")), written_address("http://nurse.lan/hook")
    ('fd00::5', None)
    """
    host = httpx.URL(url).host
    return _plain(host) if _is_address(host) else None


def _lies_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


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
