"""How `attune adapters` shows versions to a person."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

_STYLES = {"active": "bold green", "canary": "yellow", "shadow": "cyan", "refused": "red", "retired": "dim"}


def listing(items: Sequence[Mapping[str, Any]]) -> Table:
    """Every version in one line."""
    table = Table(title="adapters" if items else "adapters: none was pushed yet", title_justify="left")
    for heading in ("served name", "state", "since", "pushed by", "why"):
        table.add_column(heading, overflow="fold")
    for item in items:
        state = item["state"]
        table.add_row(item["served_name"], f"[{_STYLES.get(state, 'default')}]{_stands(item)}", _at(item["changed_at"]),
                      item["pushed_by"], item["why"])  # fmt: skip
    return table


def one(found: Mapping[str, Any]) -> Iterator[Table]:
    """Everything about one version."""
    yield _facts(found)
    for report in found["reports"]:
        yield _report(report)
    yield from difference(found)
    yield _steps(found["moves"])


def difference(found: Mapping[str, Any]) -> Iterator[Table]:
    """Two versions side by side."""
    for part in found["tables"]:
        yield _table(part["title"], part["headings"], part["rows"])


def _facts(found: Mapping[str, Any]) -> Table:
    table = Table(title=found["served_name"], show_header=False, title_justify="left")
    table.add_row("state", _stands(found))
    table.add_row("why", found["why"])
    if old := found.get("outdated"):
        table.add_row("gates outdated", old)
    if doubt := found.get("untrusted"):
        table.add_row("not trusted", doubt)
    card = found.get("card") or {}
    if card:
        base = card["base"]
        table.add_row("base model", f"{base['model']}, weights {base['weights_sha256'][:12]}")
        table.add_row("changes", f"{', '.join(card['targets'])} by rank {card['rank']}")
        table.add_row("prompt", card["prompt_version"])
        for figure in card.get("evaluation", ()):
            if not figure["layer"]:
                table.add_row(f"trained: {figure['metric']}", _figure(figure))
        table.add_row("may be run for", card.get("use") or "not told")
        for source in card.get("sources", ()):
            table.add_row(f"source {source['dataset']}", f"{source['use'] or 'use not told'}: {source['terms']}")
        table.add_row("approved by", card["approved_by"] or "nobody")
    table.add_row("digest", found["digest"])
    return table


def _figure(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.3g} ({figure['low']:.3g} to {figure['high']:.3g}, n = {figure['n']})"


def _report(report: Mapping[str, Any]) -> Table:
    body = report["body"]
    outcome = "passed" if report["passed"] else "NOT passed"
    return _table(f"{report['kind']}: {outcome}, {_at(report['at'])}", body["headings"], body["rows"])


def _steps(moves: Sequence[Mapping[str, Any]]) -> Table:
    rows = [[_at(move["at"]), _stands({**move, "state": move["after"]}), move["cause"], _who(move), move["why"]]
            for move in moves]  # fmt: skip
    return _table("steps", ("when", "to", "cause", "by", "why"), rows)


def _who(move: Mapping[str, Any]) -> str:
    return f"{move['by']} ({move['token']} token)" if move.get("token") else str(move["by"])


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    return table


def _stands(item: Mapping[str, Any]) -> str:
    state = str(item["state"])
    if state != "canary":
        return state
    return f"canary, {item['share']:.0%}" if item["share"] else f"canary, {', '.join(item['rooms'])}"


def _at(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
