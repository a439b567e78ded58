"""What every queue promises, held against Redis, SQLite and PostgreSQL alike."""

import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.runtime.clock import SystemClock
from services.runtime.engine import DatabaseUrlError
from services.runtime.queue import Message, Queue, QueueUnavailable, open_queue
from services.runtime.queue.redis_streams import QueueUrlError
from services.runtime.queue.role import KEPT_MESSAGES

pytestmark = pytest.mark.unit


@pytest.fixture(params=["redis", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The Redis URL (or nothing) and the database URL that the queue is opened with."""
    if kind == "redis":
        return str(request.getfixturevalue("redis_url")), ""
    if kind == "sqlite":
        return "", f"sqlite:///{tmp_path / 'queue.db'}"
    return "", str(request.getfixturevalue("postgres_schema"))


@pytest.fixture
def prefix() -> Iterator[str]:
    name = f"test:{uuid.uuid4().hex}:"
    yield name
    if os.environ.get("ATTUNE_TEST_REDIS_URL"):
        with redis_client.Redis.from_url(os.environ["ATTUNE_TEST_REDIS_URL"]) as client:
            for key in client.scan_iter(f"{name}*"):
                client.delete(key)


@pytest.fixture
def queue(address: tuple[str, str], prefix: str) -> Iterator[Queue]:
    queue = open_queue(*address, prefix)
    yield queue
    queue.close()


def names(messages: list[Message]) -> list[str]:
    return [message.message_id for message in messages]


def publish(queue: Queue, *identities: str, topic: str = "t") -> None:
    for identity in identities:
        queue.publish(topic, identity, identity.encode())


def test_it_gives_messages_in_the_order_of_publishing_with_their_bytes(queue: Queue) -> None:
    queue.publish("t", "m1", b"\x00\xff\n")
    publish(queue, "m2", "m3")
    first = queue.read("t", "g", "c", 2, 0.0)
    assert [(one.message_id, one.body, one.deliveries) for one in first] == [("m1", b"\x00\xff\n", 1), ("m2", b"m2", 1)]
    assert names(queue.read("t", "g", "c", 2, 0.0)) == ["m3"]
    assert queue.read("t", "g", "c", 2, 0.0) == []


def test_it_shares_messages_between_the_consumers_of_a_group_and_repeats_them_for_each_group(queue: Queue) -> None:
    publish(queue, "m1", "m2", "m3")
    assert names(queue.read("t", "g", "c1", 2, 0.0)) == ["m1", "m2"]
    assert names(queue.read("t", "g", "c2", 2, 0.0)) == ["m3"]
    assert names(queue.read("t", "other", "c1", 9, 0.0)) == ["m1", "m2", "m3"]


def test_it_keeps_topics_apart(queue: Queue) -> None:
    publish(queue, "m1", topic="t1")
    publish(queue, "m2", topic="t2")
    assert names(queue.read("t2", "g", "c", 9, 0.0)) == ["m2"]
    assert queue.pending("t1", "g") == 0


def test_it_counts_what_is_given_and_not_acknowledged(queue: Queue) -> None:
    assert queue.pending("t", "g") == 0
    publish(queue, "m1", "m2")
    assert queue.pending("t", "g") == 0
    first, second = queue.read("t", "g", "c", 9, 0.0)
    assert queue.pending("t", "g") == 2
    queue.ack("t", "g", [first.id])
    queue.ack("t", "g", [first.id])
    queue.ack("t", "g", [])
    assert queue.pending("t", "g") == 1
    queue.ack("t", "other", [second.id])
    assert queue.pending("t", "g") == 1


def test_it_hands_what_a_dead_consumer_held_to_another_and_counts_the_delivery(queue: Queue) -> None:
    publish(queue, "m1", "m2", "m3")
    held = queue.read("t", "g", "dead", 2, 0.0)
    queue.ack("t", "g", [held[0].id])
    assert queue.reclaim("t", "g", "heir", 3600.0, 9) == []
    (taken,) = queue.reclaim("t", "g", "heir", 0.0, 9)
    assert (taken.id, taken.message_id, taken.body, taken.deliveries) == (held[1].id, "m2", b"m2", 2)
    assert [one.deliveries for one in queue.reclaim("t", "g", "heir", 0.0, 9)] == [3]
    queue.ack("t", "g", [taken.id])
    assert queue.reclaim("t", "g", "heir", 0.0, 9) == []
    assert names(queue.read("t", "g", "heir", 9, 0.0)) == ["m3"]


def test_it_reclaims_no_more_than_it_is_asked_for_the_oldest_first(queue: Queue) -> None:
    publish(queue, "m1", "m2", "m3")
    queue.read("t", "g", "dead", 9, 0.0)
    assert names(queue.reclaim("t", "g", "heir", 0.0, 2)) == ["m1", "m2"]


def test_it_delivers_twice_what_was_published_twice(queue: Queue) -> None:
    publish(queue, "m1", "m1")
    assert names(queue.read("t", "g", "c", 9, 0.0)) == ["m1", "m1"]


def test_it_wakes_a_waiting_reader(queue: Queue, address: tuple[str, str], prefix: str) -> None:
    queue.read("t", "g", "c", 1, 0.0)
    publisher = open_queue(*address, prefix)
    timer = threading.Timer(0.05, publish, (publisher, "m1"))
    timer.start()
    assert names(queue.read("t", "g", "c", 1, 10.0)) == ["m1"]
    timer.join()
    publisher.close()


def test_it_returns_empty_handed_when_nothing_comes(queue: Queue) -> None:
    before = SystemClock().monotonic()
    assert queue.read("t", "g", "c", 1, 0.15) == []
    assert 0.1 < SystemClock().monotonic() - before < 5.0


def test_it_shows_another_process_the_same_messages(queue: Queue, address: tuple[str, str], prefix: str) -> None:
    publish(queue, "m1")
    other = open_queue(*address, prefix)
    assert names(other.read("t", "g", "c", 1, 0.0)) == ["m1"]
    assert queue.pending("t", "g") == 1
    other.close()


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(st.sampled_from(["publish", "read a", "read b", "ack", "reclaim a", "reclaim b"]), max_size=25))
def test_it_never_loses_doubles_or_forgets_a_message_whatever_happens(queue: Queue, steps: list[str]) -> None:
    topic = uuid.uuid4().hex
    published: list[str] = []
    given_out: list[str] = []
    held: dict[str, tuple[str, int]] = {}
    for step in steps:
        act, _, consumer = step.partition(" ")
        if act == "publish":
            published.append(f"m{len(published)}")
            publish(queue, published[-1], topic=topic)
        elif act == "read":
            fresh = queue.read(topic, "g", consumer, 2, 0.0)
            given_out += names(fresh)
            held |= {one.id: (one.message_id, 1) for one in fresh}
            assert given_out == published[: len(given_out)]
        elif act == "reclaim":
            again = queue.reclaim(topic, "g", consumer, 0.0, 2)
            assert [one.id for one in again] == sorted(held, key=_age)[:2]
            for one in again:
                assert (one.message_id, one.deliveries) == (held[one.id][0], held[one.id][1] + 1)
                held[one.id] = (one.message_id, one.deliveries)
        elif held:
            queue.ack(topic, "g", [held.popitem()[0]])
        assert queue.pending(topic, "g") == len(held)
    left = names(queue.read(topic, "g", "last", 99, 0.0))
    assert given_out + left == published


def _age(identity: str) -> tuple[int, ...]:
    return tuple(int(part) for part in identity.split("-"))


def test_it_comes_back_by_itself_when_redis_loses_everything(redis_url: str, prefix: str) -> None:
    queue = open_queue(redis_url, "", prefix)
    publish(queue, "m1")
    queue.read("t", "g", "c", 1, 0.0)
    with redis_client.Redis.from_url(redis_url) as client:
        client.delete(f"{prefix}t")
    assert queue.reclaim("t", "g", "c", 0.0, 9) == []
    assert queue.pending("t", "g") == 0
    publish(queue, "m2")
    assert names(queue.read("t", "g", "c", 9, 0.0)) == ["m2"]


@pytest.mark.parametrize(
    "address", [("redis://127.0.0.1:1/0", ""), ("", "postgresql+psycopg://postgres@127.0.0.1:1/nowhere")]
)
def test_it_says_that_it_is_unavailable_rather_than_something_of_its_driver(address: tuple[str, str]) -> None:
    queue = open_queue(*address)
    calls = [
        lambda: queue.publish("t", "m", b""), lambda: queue.read("t", "g", "c", 1, 0.0),
        lambda: queue.ack("t", "g", ["1"]), lambda: queue.reclaim("t", "g", "c", 0.0, 1),
        lambda: queue.pending("t", "g"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(QueueUnavailable, match="does not answer"):
            call()


def test_it_refuses_addresses_that_it_does_not_understand() -> None:
    with pytest.raises(QueueUrlError, match="expected redis://"):
        open_queue("http://127.0.0.1", "")
    with pytest.raises(DatabaseUrlError, match="expected sqlite:///"):
        open_queue("", "")


def test_it_keeps_a_bounded_number_of_messages_in_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.queue.sql.KEPT_MESSAGES", 10)
    monkeypatch.setattr("services.runtime.queue.sql._TRIM_EVERY", 5)
    queue = open_queue("", f"sqlite:///{tmp_path / 'queue.db'}")
    publish(queue, *(f"m{n}" for n in range(8)))
    queue.read("t", "g", "c", 4, 0.0)
    publish(queue, *(f"m{n}" for n in range(8, 20)))
    assert names(queue.read("t", "g", "c", 99, 0.0)) == [f"m{n}" for n in range(10, 20)]
    assert queue.pending("t", "g") == 10
    assert KEPT_MESSAGES >= 10_000


def test_it_gives_every_message_once_to_readers_that_run_at_once(kind: str, queue: Queue) -> None:
    total, readers = 60, 3
    taken: list[list[str]] = [[] for _ in range(readers)]

    def _read(number: int) -> None:
        while batch := queue.read("t", "g", f"c{number}", 3, 0.0):
            taken[number] += names(batch)
            queue.ack("t", "g", [one.id for one in batch])

    publish(queue, *(f"m{n}" for n in range(total)))
    threads = [threading.Thread(target=_read, args=(number,)) for number in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(name for one in taken for name in one) == sorted(f"m{n}" for n in range(total))
    assert queue.pending("t", "g") == 0
