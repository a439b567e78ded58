"""Only a table's owner writes it: every room's code is read for writing calls, and a planted one is found."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.ledger import topics
from services.ledger.owners import ALERTING, CONSOLE, EVERYBODY, PRODUCERS, TABLES, THRESHOLD, VLM, WRITES
from services.ledger.tables import METADATA

pytestmark = pytest.mark.contract
HOUSE = Path(__file__).parents[2]
ROOMS = (THRESHOLD, VLM, ALERTING, CONSOLE, "services.cli", "edge_agent")
SQL_WRITES = {"insert", "update", "delete", "put", "insert_new", "insert_many"}
TOPICS = {name: value for name, value in vars(topics).items() if name.isupper()}


def test_it_names_an_owner_for_every_table_and_topic() -> None:
    assert set(TABLES) == set(METADATA.tables)
    assert set(PRODUCERS) == set(TOPICS.values())
    assert {table for methods in WRITES.values() for tables in methods.values() for table in tables} == set(TABLES)


def test_it_knows_every_writing_method_of_every_repository() -> None:
    found = {
        (repository.name, method.name)
        for file in sorted((HOUSE / "services" / "ledger").rglob("*.py"))
        for module in (ast.parse(file.read_text()),)
        for repository in ast.walk(module)
        if isinstance(repository, ast.ClassDef) and repository.name.endswith("Repository")
        for method in writing_methods(repository, statements(module))
    }
    assert found == {(name, method) for name, methods in WRITES.items() for method in methods}


def statements(module: ast.Module) -> set[str]:
    """Names of statements that write, built once for the whole file: `_CHANGED = update(...)`."""
    return {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign) and SQL_WRITES & set(called(node))
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def writing_methods(repository: ast.ClassDef, built: set[str]) -> list[ast.FunctionDef]:
    """Public methods that write themselves, by one of the statements `built` before, or through another method."""
    methods = {node.name: node for node in repository.body if isinstance(node, ast.FunctionDef)}
    writing = {
        name
        for name, method in methods.items()
        if SQL_WRITES & set(called(method)) or built & {one.id for one in ast.walk(method) if isinstance(one, ast.Name)}
    }
    while more := {name for name, method in methods.items() if writing & set(called(method))} - writing:
        writing |= more
    return [method for name, method in methods.items() if name in writing and not name.startswith("_")]


def called(node: ast.AST) -> Iterator[str]:
    """The last name of everything that is called: `put` of put(...), `insert` of table.insert()."""
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        if isinstance(call.func, ast.Name):
            yield call.func.id
        elif isinstance(call.func, ast.Attribute) and not isinstance(call.func.value, ast.Attribute):
            yield call.func.attr


def violations(room: str, source: str) -> list[str]:
    """What a room writes and does not own, and the ways round the repositories that it takes."""
    tree = ast.parse(source)
    kinds = {name: kind for node in ast.walk(tree) for name, kind in named_repositories(node)}
    found = [problem for node in ast.walk(tree) for problem in forbidden_imports(node)]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute):
            kind = repository_of(call.func.value) or kinds.get(ast.unparse(call.func.value), "")
            tables = WRITES.get(kind, {}).get(call.func.attr, ())
            found += [f"writes {table}" for table in tables if TABLES[table] not in (room, EVERYBODY)]
            if (kind, call.func.attr) == ("OutboxRepository", "add") and (topic := topic_of(call)):
                found += [] if PRODUCERS[topic] == room else [f"adds to {topic}"]
    return found


def named_repositories(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(variable, repository) of `x = EventRepository(c)`, `x: EventRepository` and `with` or walrus forms of it."""
    if isinstance(node, ast.Assign | ast.NamedExpr) and (kind := repository_of(node.value)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((ast.unparse(target), kind) for target in targets)
    elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
        name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
        yield name, ast.unparse(node.annotation).split(".")[-1]


def repository_of(node: ast.AST) -> str:
    """`EventRepository` of the expression `EventRepository(...)` or `ledger.EventRepository(...)`."""
    name = ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
    return name if name in WRITES else ""


def topic_of(call: ast.Call) -> str:
    """The topic named in a call of `OutboxRepository.add`, as text or as a constant of `topics`."""
    topic = next((word.value for word in call.keywords if word.arg == "topic"), call.args[0] if call.args else None)
    if isinstance(topic, ast.Constant):
        return str(topic.value)
    return TOPICS.get(ast.unparse(topic).split(".")[-1], "") if topic is not None else ""


def forbidden_imports(node: ast.AST) -> Iterator[str]:
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    for module in modules:
        if module in ("services.ledger.tables", "services.ledger.upsert"):
            yield f"goes round the repositories by {module}"
    if isinstance(node, ast.ImportFrom) and node.module == "services.ledger":
        yield from (f"goes round by {a.name}" for a in node.names if a.name in ("tables", "upsert"))


@pytest.mark.parametrize("room", ROOMS)
def test_it_finds_nobody_writing_what_another_room_owns(room: str) -> None:
    for file in sorted((HOUSE / room.replace(".", "/")).rglob("*.py")):
        assert violations(room, file.read_text()) == [], file


@pytest.mark.parametrize(
    ("room", "source", "found"),
    [
        (CONSOLE, "AlertRepository(c).update(alert)", "writes alerts"),
        (ALERTING, "events = EventRepository(c)\nevents.record(event)", "writes events"),
        (
            VLM,
            "class A:\n def f(self, c):\n  self.alerts = AlertRepository(c)\n  self.alerts.create(a)",
            "writes alerts",
        ),
        (ALERTING, "def f(words: FeedbackRepository): words.record(w)", "writes feedback"),
        (CONSOLE, "import services.ledger.tables", "goes round"),
        (ALERTING, "from services.ledger import tables", "goes round"),
        (VLM, "OutboxRepository(c).add('event.changed', k, b, now)", "adds to event.changed"),
        (ALERTING, "OutboxRepository(c).add(topics.FEEDBACK_GIVEN, k, b, now)", "adds to feedback.given"),
    ],
)
def test_it_finds_a_planted_violation(room: str, source: str, found: str) -> None:
    (problem, *_) = violations(room, source)
    assert found in problem


def test_it_lets_everybody_read_and_owners_write() -> None:
    assert violations(CONSOLE, "AlertRepository(c).page(None, 9)\nFeedbackRepository(c).record(w)") == []
    assert (
        violations(THRESHOLD, "OutboxRepository(c).add(EVENT_CHANGED, k, b, now)\nEventRepository(c).record(e)") == []
    )
