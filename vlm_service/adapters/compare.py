"""Lays versions side by side for people: cards, gate cases, and what they answered to real events. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.evaluation.cases import VERDICT, CaseAnswer
from services.evaluation.paired import difference, exact_bounds, sign_test
from services.vocabulary import AdapterAnswer
from vlm_service.adapters.pairs import experiment_tables, pairs_of, turned
from vlm_service.adapters.policy import Live
from vlm_service.adapters.watch import watched

Table = dict[str, Any]
_LIVE = ("as", "answers", "verdicts", "median s", "same tier as beside", "grounded", "contradicted answers")


def live_tables(answers: Sequence[AdapterAnswer], live: Live) -> list[Table]:
    """What one version did on real events, by what it was, and whether that is too often for the policy."""
    if not answers:
        return []
    rows = []
    for role in sorted({one.role for one in answers}):
        rows.append([role.value, *_figures([one for one in answers if one.role is role])])
    told = [
        [test.what, f"{test.hits} of {test.n}", f"{test.allowed:.0%}", f"{test.evidence:.3g}", f"{test.limit:.3g}",
         "yes" if test.too_often else ""]
        for test in watched(answers, live)
    ]  # fmt: skip
    found = pairs_of(answers)
    return [
        _table("on real events", _LIVE, rows),
        *experiment_tables(sorted(found), found, live.alpha),
        _table("is it too often?", ("what", "times", "allowed", "evidence", "limit", "too often"), told),
    ]


def card_table(names: tuple[str, str], cards: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Table:
    """Where two cards differ."""
    first, second = (_flat(card) for card in cards)
    keys = [key for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    rows = [[key, _short(first.get(key)), _short(second.get(key))] for key in keys]
    return _table("cards differ in", ("what", *names), rows)


def gates_table(names: tuple[str, str], answers: tuple[Sequence[CaseAnswer], Sequence[CaseAnswer]]) -> Table:
    """Gate cases that both answered, by kind and by layer: the second against the first, paired case by case."""
    first = {one.case: one for one in answers[0]}
    pairs = [(first[one.case], one) for one in answers[1] if one.case in first]
    groups = [(kind.value, [p for p in pairs if p[1].kind is kind]) for kind in sorted({b.kind for _, b in pairs})]
    groups += [(layer, [p for p in pairs if p[1].layer == layer]) for layer in sorted({b.layer for _, b in pairs})]
    rows = [[name, *_paired(group)] for name, group in [("all", pairs), *groups] if group]
    headings = ("cases", "n", f"right: {names[0]}", f"right: {names[1]}", "second - first (95 %)", "p", "slower by s")
    return _table("the same gate cases", headings, rows)


def events_table(names: tuple[str, str], answers: tuple[Sequence[AdapterAnswer], Sequence[AdapterAnswer]]) -> Table:
    """Real events that both answered: how often they say the same tier."""
    said = {one.event: one.tier for one in answers[0] if one.tier}
    said |= {one.event: one.beside_tier for one in answers[1] if one.beside == names[0] and one.beside_tier}
    pairs = [(said[one.event], one.tier) for one in answers[1] if one.tier and one.event in said]
    said = {one.event: one.beside_tier for one in answers[0] if one.beside == names[1] and one.beside_tier}
    known = {one.event for one in answers[1]}
    pairs += [(one.tier, said[one.event]) for one in answers[0] if one.tier and one.event in said.keys() - known]
    same = exact_bounds(sum(a == b for a, b in pairs), len(pairs))
    more, less = sum(b < a for a, b in pairs), sum(b > a for a, b in pairs)
    rows = [[len(pairs), f"{same.value:.0%} ({same.low:.0%} to {same.high:.0%})", more, less]] if pairs else []
    headings = ("events", "same tier (95 %)", f"more urgent: {names[1]}", f"less urgent: {names[1]}")
    return _table("the same real events", headings, rows)


def pairs_table(
    names: tuple[str, str], answers: tuple[Sequence[AdapterAnswer], Sequence[AdapterAnswer]], live: Live
) -> list[Table]:
    """The second against the first as an experiment, on every event that both answered."""
    pairs = [*pairs_of(answers[1]).get(names[0], ())]
    known = {one.event for one in answers[1] if one.beside == names[0]}
    pairs += turned(pairs_of([one for one in answers[0] if one.event not in known]).get(names[1], ()))
    return list(experiment_tables([names[0]], {names[0]: pairs}, live.alpha))


def _figures(answers: Sequence[AdapterAnswer]) -> list[str]:
    said = [one for one in answers if one.outcome == VERDICT]
    both = [one for one in said if one.beside_tier]
    valid = exact_bounds(len(said), len(answers))
    same = exact_bounds(sum(one.tier == one.beside_tier for one in both), len(both))
    grounded = [one.grounding for one in said if not math.isnan(one.grounding)]
    return [
        f"{len(answers)}", f"{valid.value:.0%} ({valid.low:.0%} to {valid.high:.0%})",
        f"{statistics.median(one.latency_s for one in answers):.2f}",
        f"{same.value:.0%} ({same.low:.0%} to {same.high:.0%}, n = {len(both)})" if both else "",
        f"{statistics.fmean(grounded):.0%}" if grounded else "",
        f"{sum(one.contradictions > 0 for one in said)}",
    ]  # fmt: skip


def _paired(pairs: Sequence[tuple[CaseAnswer, CaseAnswer]]) -> list[str]:
    first, second = [a.right for a, _ in pairs], [b.right for _, b in pairs]
    gained = difference(first, second, np.random.default_rng(0))
    slower = difference([a.latency_s for a, _ in pairs], [b.latency_s for _, b in pairs], np.random.default_rng(0))
    return [
        f"{len(pairs)}", f"{sum(first)}", f"{sum(second)}",
        f"{gained.value:+.2f} ({gained.low:+.2f} to {gained.high:+.2f})", f"{sign_test(first, second):.3f}",
        f"{slower.value:+.2f} ({slower.low:+.2f} to {slower.high:+.2f})",
    ]  # fmt: skip


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    return {"title": title, "headings": list(headings), "rows": [list(row) for row in rows]}


def _flat(card: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in card.items():
        if key == "evaluation":
            for figure in value:
                found[f"{figure['metric']} {figure['layer']}".strip()] = f"{figure['value']:.3f}"
        elif isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def _short(value: Any) -> str:
    text = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
