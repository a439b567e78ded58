"""Holds deliveries to the networks they may go to, whatever a name resolves to."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from services.runtime.webhook.address import AddressRefused, AddressUnknown, Guard, Pinned, pin

pytestmark = pytest.mark.unit
LAN = Guard((ip_network("10.20.0.0/16"), ip_network("fd00::/8")), "ATTUNE_ALERTS_NETWORKS")


def pinned(url: str, *addresses: str) -> Pinned:
    def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return asyncio.run(pin(url, LAN, resolve))


def test_it_goes_to_the_resolved_address_under_the_old_name() -> None:
    found = pinned("https://nurse.lan:8443/a?b=c", "10.20.0.9")
    assert str(found.url) == "https://10.20.0.9:8443/a?b=c"
    assert (found.host_header, found.host) == ("nurse.lan:8443", "nurse.lan")


def test_it_takes_the_first_allowed_of_several() -> None:
    assert pinned("http://nurse.lan/", "127.0.0.1", "fd00::5", "10.20.0.9").url.host == "fd00::5"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "169.254.169.254", "10.21.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
     "fe80::1%eth0", "8.8.8.8"],
)  # fmt: skip
def test_it_refuses_everything_else(address: str) -> None:
    with pytest.raises(AddressRefused, match="ATTUNE_ALERTS_NETWORKS"):
        pinned("http://nurse.lan/", address)


def test_it_sees_through_an_address_written_as_another_family() -> None:
    assert pinned("http://nurse.lan/", "::ffff:10.20.0.9").url.host == "10.20.0.9"


def test_it_says_that_a_name_has_no_address() -> None:
    with pytest.raises(AddressUnknown, match=r"nurse\.invalid"):
        asyncio.run(pin("http://nurse.invalid/", LAN))
