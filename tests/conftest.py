"""What every test may ask for, and the rule that nothing is skipped where everything can run (ATTUNE_CI=1)."""

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def asset_mirror() -> Path:
    """The folder with the models and clips that the tests play."""
    folder = os.environ.get("ATTUNE_ASSET_MIRROR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs models and clips: set ATTUNE_ASSET_MIRROR to a folder that holds them")
    return Path(folder)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis database that the tests may empty."""
    return _address("ATTUNE_TEST_REDIS_URL", "a Redis that may be emptied, e.g. redis://127.0.0.1:6379/9")


@pytest.fixture(scope="session")
def database_url() -> str:
    """A PostgreSQL database in which the tests may make and drop schemas."""
    return _address(
        "ATTUNE_TEST_DATABASE_URL", "a PostgreSQL for tests, e.g. postgresql+psycopg://postgres@127.0.0.1/test"
    )


@pytest.fixture(scope="session")
def postgres_schema(database_url: str) -> Iterator[str]:
    """A URL into the test database whose tables lie in a schema of this session alone; it is dropped at the end."""
    yield from _schema(database_url)


@pytest.fixture
def fresh_schema(database_url: str) -> Iterator[str]:
    """The same, of one test alone."""
    yield from _schema(database_url)


def _schema(database_url: str) -> Iterator[str]:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    schema = f"attune_{uuid.uuid4().hex}"
    admin = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(database_url).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


def _address(variable: str, wanted: str) -> str:
    if not os.environ.get(variable):
        pytest.skip(f"needs {wanted}: set {variable}")
    return os.environ[variable]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected = hasattr(report, "wasxfail") or item.get_closest_marker("gpu")
    if report.skipped and os.environ.get("ATTUNE_CI") and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped where everything must run (ATTUNE_CI is set): {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and os.environ.get("ATTUNE_CI"):
        report.outcome = "failed"
        report.longrepr = f"a file skipped where everything must run (ATTUNE_CI is set): {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    return longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)


@pytest.fixture(autouse=True)
def _environment_stays() -> Iterator[None]:
    before = {key: value for key, value in os.environ.items() if key.startswith("ATTUNE_")}
    yield
    after = {key: value for key, value in os.environ.items() if key.startswith("ATTUNE_")}
    assert after == before, "the test, or what it called, left the environment of later tests changed"
