"""Which time zones there are: an agent says where its residents live."""

from zoneinfo import ZoneInfo


def known_zone(name: str) -> str:
    """The name of a time zone that this machine knows.

    Raises:
        ValueError: it is not known.
    """
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # an unknown zone is a KeyError, a folder of zones an OSError
        raise ValueError(f"time zone {name!r} is not known: expected an IANA name such as Europe/Berlin") from error
    return name
