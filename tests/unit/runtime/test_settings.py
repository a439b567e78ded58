"""A process refuses what it was told wrongly, and says which key, which value and what would be right."""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import HealthSettings, LedgerSettings, SettingError, environment_names, load
from services.runtime.settings_help import config_file, describe

pytestmark = pytest.mark.unit


class Sample(LedgerSettings):
    model_config = SettingsConfigDict(env_prefix="ATTUNE_EDGE_")

    fps: int = Field(5, gt=0)
    names: list[str] = Field(default_factory=list)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for key in list(os.environ):
        if key.startswith("ATTUNE_"):
            monkeypatch.delenv(key)


def test_it_lets_the_environment_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "edge.toml"
    file.write_text('fps = 3\nnames = ["a"]\n')
    monkeypatch.setenv("ATTUNE_EDGE_FPS", "7")
    assert load(Sample, file).fps == 7
    assert load(Sample, file).names == ["a"]


def test_it_shares_what_every_room_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", "sqlite:///x.db")
    assert load(Sample).database_url == "sqlite:///x.db"


def test_it_reads_a_secret_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("sqlite:///secret.db\n")
    monkeypatch.setenv("ATTUNE_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert load(Sample).database_url == "sqlite:///secret.db"
    assert "ATTUNE_DATABASE_URL" not in os.environ  # nor in the environment of a child


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("ATTUNE_EDGE_FPS", "many", r"fps \(ATTUNE_EDGE_FPS\) = 'many': input should be a valid integer"),
        ("ATTUNE_EDGE_FPS", "0", "greater than 0"),
        ("ATTUNE_EDGE_FSP", "5", "ATTUNE_EDGE_FSP = '5': unknown setting; expected one of .*ATTUNE_EDGE_FPS"),
        ("ATTUNE_DATABASE_URI", "x", "ATTUNE_DATABASE_URI = 'x': unknown setting"),
        ("ATTUNE_DATABASE_URL_FILE", "/does/not/exist", "expected a readable file"),
    ],
)
def test_it_names_key_value_and_expectation(key: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingError, match=says):
        load(Sample)


def test_it_refuses_an_unknown_key_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("fsp = 5\n")
    with pytest.raises(SettingError, match=r"fsp = 5: unknown setting; expected one of .*fps"):
        load(Sample, tmp_path / "edge.toml")


def test_it_names_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("fps = = 5\n")
    with pytest.raises(SettingError, match=r"edge\.toml"):
        load(Sample, tmp_path / "edge.toml")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ATTUNE_EDGE_TOKN", "hunter2"),
        ("ATTUNE_EDGE_RECEIVER", '[{"secret": "hunter2"}]'),
        ("ATTUNE_EDGE_RECEIVER", '[{"x": "whsec_hunter2"}]'),
        ("ATTUNE_DATABASE_URI", "postgresql+psycopg://attune:hunter2@db/attune"),
    ],
)
def test_it_hides_what_looks_like_a_secret_under_a_misspelt_name(
    key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingError, match=rf"{key} = \(hidden\): unknown setting") as refused:
        load(Sample)
    assert "hunter2" not in str(refused.value)


def test_it_hides_a_secret_under_a_misspelt_key_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text('api_tokn = "hunter2"\n')
    with pytest.raises(SettingError, match=r"api_tokn = \(hidden\): unknown setting"):
        load(Sample, tmp_path / "edge.toml")


class Doors(Sample):
    host: str = "127.0.0.1"

    @model_validator(mode="after")
    def _closed(self) -> "Doors":
        if self.host != "127.0.0.1":
            raise ValueError(f"host = {self.host!r}: set ATTUNE_EDGE_TOKEN")
        return self


def test_it_does_not_tell_the_other_settings_when_some_do_not_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", "postgresql+psycopg://attune:hunter2@db/attune")
    monkeypatch.setenv("ATTUNE_EDGE_HOST", "0.0.0.0")
    with pytest.raises(SettingError) as refused:
        load(Doors)
    assert str(refused.value) == "value error, host = '0.0.0.0': set ATTUNE_EDGE_TOKEN"


class Camera(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    source: str
    """A file or an address."""
    token: SecretStr = SecretStr("")


class Watched(HealthSettings):
    """A room that answers health."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_EDGE_")

    cameras: list[Camera] = Field(default_factory=list)
    """What it looks at."""


def test_it_refuses_metrics_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_EDGE_HEALTH_HOST", "0.0.0.0")
    with pytest.raises(SettingError, match=r"health_host = '0\.0\.0\.0' .* set ATTUNE_HEALTH_BOUNDARY=container"):
        load(Watched)
    monkeypatch.setenv("ATTUNE_HEALTH_BOUNDARY", "container")
    assert load(Watched).health_host == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_answers_health_on_loopback_without_being_asked_twice(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_EDGE_HEALTH_HOST", host)
    assert load(Watched).health_host == host


def test_it_lists_every_setting_in_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        config_file("room", Watched, ["--help"])
    shown = capsys.readouterr().out
    for name, variable in environment_names(Watched).items():
        assert f"  {name}, {variable} = " in shown
    for text in (
        "ATTUNE_EDGE_HEALTH_HOST = 127.0.0.1",
        "What it looks at.",
        "source required",
        "A file or an address.",
    ):
        assert text in shown


def test_it_shows_no_secret_default_in_its_help() -> None:
    assert "token = (none)" in describe(Watched)


def test_it_reads_the_file_that_is_named(tmp_path: Path) -> None:
    assert config_file("room", Watched, ["--config", str(tmp_path)]) == tmp_path
    assert config_file("room", Watched, []) is None
