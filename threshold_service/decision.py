"""From what a wave showed to events: which rules speak, what becomes of each event, and the reasons it carries."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.vocabulary import Cue, CueName, Event, Mode, Position, PriorEpisodes, Reason, Rules, Term, Tier, describe
from services.vocabulary.hours import within
from threshold_service.calibration_record import calibration_record
from threshold_service.engine_state import EngineState, level_of
from threshold_service.judgement import literal, rules, scene, watch
from threshold_service.judgement.scene import WINDOW_S, Scene
from threshold_service.senses import minute_of_day
from threshold_service.statistics import calibration, composite, level_path
from threshold_service.statistics.arrays import Bools, Floats
from threshold_service.wave import Setting, Shown, Wave

AUDIO = calibration.TERMS.index("audio")
_GROUP_TERMS = tuple(calibration.TERMS.index(name) for name in ("deviation", "audio", "motion"))
_KNOWN_AFTER = 30
"""Values after which a channel's usual is spoken of."""


def decide(state: EngineState, setting: Setting, wave: Wave, shown: Shown) -> tuple[Event, ...]:
    """The events that this wave opened, raised or ended. Looks only at residents for whom a rule speaks or an event is
    open; changes `state`'s watches, events and learning guard."""
    if setting.policy.rules is Rules.LITERAL:
        return _decide_literally(state, setting, wave, shown)
    seen = rules.looked_at(shown.statistics)
    over = seen > state.history.thresholds[wave.rows]
    held = rules.HELD[state.person.cue_bits[wave.rows]]
    blind = state.person.unseen[wave.rows] >= setting.blind_after_s[wave.rows]
    speaks = np.count_nonzero(over) or np.count_nonzero(held) or np.count_nonzero(blind)
    if not speaks and not any(one.tier is not None for one in state.watches):
        return ()
    changed = []
    for i, row in enumerate(wave.rows.tolist()):
        local = minute_of_day(float(wave.times[i]), setting.identity.time_zone) if setting.hours else 0
        policy = setting.policies[row]
        if blind[i] and within(local, policy.private):
            blind[i] = False
        if within(local, policy.sleeping) and _merely_still(state, setting, wave, shown, i):
            over[i], seen[i] = False, -np.inf
        rule = rules.verdict(over[i], bool(held[i]), bool(blind[i]))
        if rule is None and state.watches[row].tier is None:
            continue
        still = rules.lasting(seen[i], state.history.releases[row], bool(held[i]), bool(blind[i]))
        spoken = None if rule is None else (rule, *_measured(state, setting, shown, row, i, rule))
        changed.append(follow(state, setting, wave, shown, i, spoken, still))
    return tuple(event for event in changed if event is not None)


def _merely_still(state: EngineState, setting: Setting, wave: Wave, shown: Shown, i: int) -> bool:
    """Whether more than half of what speaks is a body that moves less, or a room that is quieter, than usual."""
    row = int(wave.rows[i])
    usual = level_of(state, np.array([row])).baseline.level[0] + state.fitted.offset[row]
    weighed = shown.evidence[i] * _channel_weights(state, setting, row)
    less = shown.present[i] & (wave.values[i] < usual) & (setting.meaning.groups[1:].sum(axis=0) > 0.0)
    return float(weighed[less].sum()) > 0.5 * float(weighed.sum())


def _decide_literally(state: EngineState, setting: Setting, wave: Wave, shown: Shown) -> tuple[Event, ...]:
    """The same by the plain rules, with the same life of an event; for comparison only."""
    changed = []
    for i, row in enumerate(wave.rows.tolist()):
        own, blind = setting.policies[row], float(state.person.unseen[row])
        cue = (float(state.person.cue[row]) if state.person.cue_bits[row] & 1 else 0.0, own.cue_threshold)
        far, composite = _window_distances(state, row), float(shown.composite.score[i])
        if not np.isfinite(state.history.thresholds[row, 0]):  # nothing is usual yet, only a cue may speak
            far, composite = far * np.nan, 0.0
        spoken = literal.verdict(far, composite, cue, own.literal, own.timing.sustained_s)
        if spoken is None and blind >= own.timing.blind_after_s:
            spoken = rules.BLIND, blind, own.timing.blind_after_s
        if spoken is not None or state.watches[row].tier is not None:
            changed.append(follow(state, setting, wave, shown, i, spoken, spoken and spoken[0].tier))
    return tuple(event for event in changed if event is not None)


def _window_distances(state: EngineState, row: int) -> Floats:
    """How far the last seconds were from what was usual before this one, in spreads, (WINDOW_S, c)."""
    rows = np.array([row])
    before = level_path.half(state.level, 1 - state.half[rows], rows).baseline
    usual = np.where(before.taught[0] >= _KNOWN_AFTER, before.level[0] + state.fitted.offset[row], np.nan)
    distances: Floats = (_window(state, row) - usual) / before.spread[0]
    return distances


def follow(
    state: EngineState, setting: Setting, wave: Wave, shown: Shown, i: int, spoken: literal.Spoken | None,
    lasting: Tier | None,
) -> Event | None:  # fmt: skip
    """What becomes of resident `i` of the wave's event, given what spoke and the most urgent tier that still holds."""
    row, rule = int(wave.rows[i]), None if spoken is None else spoken[0]
    tier, reason = (None, None) if rule is None else (rule.tier, rule.reason)
    found = watch.Finding(float(wave.times[i]), tier, reason, lasting)
    prior = state.watches[row].prior(found.time)
    state.watches[row], change = watch.follow(state.watches[row], found, setting.policies[row].timing)
    if change is watch.Change.NONE:
        return None
    state.person.learns_after[row] = state.watches[row].learns_after
    event = state.events[row]
    if change is watch.Change.ENDED:
        assert event is not None
        state.events[row] = None
        if event.tier in (Tier.IMMEDIATE, Tier.URGENT):
            state.level.change.bank[:, row] = 0.0  # what comes next is judged afresh
        return scene.ended(event, found.time)
    assert spoken is not None
    here = _scene(state, setting, wave, shown, i, prior)
    position = Position(setting.identity.agent, setting.identity.epoch, int(wave.sequences[i]))
    rule, score, threshold = spoken
    fresh = scene.opened(
        here, position, rule.tier, rule.reason, rule.detector, score, threshold, setting.policy.version
    )
    fresh = replace(fresh, calibration=calibration_record(state, setting, shown, i, row, found.time))
    state.events[row] = fresh if event is None else scene.raised(event, fresh)
    return state.events[row]


def _measured(
    state: EngineState, setting: Setting, shown: Shown, row: int, i: int, rule: rules.Rule
) -> tuple[float, float]:
    """The statistic that spoke and what it exceeded."""
    if rule.reason is Reason.CUE:
        return float(state.person.cue[row]), setting.policies[row].cue_threshold
    if rule.reason is Reason.BLIND:
        return float(state.person.unseen[row]), float(setting.blind_after_s[row])
    place = rules.RULES.index(rule)
    return float(rules.looked_at(shown.statistics)[i, place]), float(state.history.thresholds[row, place])


def _scene(state: EngineState, setting: Setting, wave: Wave, shown: Shown, i: int, prior: PriorEpisodes) -> Scene:
    row, identity, meaning = int(wave.rows[i]), setting.identity, setting.meaning
    learning = not np.isfinite(state.history.thresholds[row, 0])
    now, time = level_of(state, np.array([row])), float(wave.times[i])
    baseline = now.baseline
    return Scene(
        resident=identity.seats[row],
        time=time,
        time_zone=identity.time_zone,
        channels=identity.channels,
        visual=meaning.visual & meaning.allowed[row],
        values=np.where(shown.present[i], wave.values[i], np.nan),
        context=np.where(_context(identity.channels, identity.seats[row].mode), wave.values[i], np.nan),
        usual=baseline.level[0] + state.fitted.offset[row],
        spread=baseline.spread[0],
        known=(baseline.taught[0] >= _KNOWN_AFTER) & (not learning),
        evidence=shown.evidence[i],
        weights=_channel_weights(state, setting, row),
        window=_window(state, row),
        terms=_terms(state, setting, shown, row, i, learning),
        volatility=float(now.volatility.now[0]),
        usual_volatility=float(now.volatility.usual[0]),
        transition_rate=float(now.transitions.rate[0]),
        cues=_cues(state, row, time),
        prior=prior,
        learning=learning,
        derived=identity.derived,
    )


def _context(channels: Sequence[str], mode: Mode) -> Bools:
    """Channels that are told and not judged, (c,), as far as the mode allows them."""
    return np.array([not known.judged and known.allowed_in(mode) for known in map(describe, channels)], bool)


def _channel_weights(state: EngineState, setting: Setting, row: int) -> Floats:
    """What one unit of a channel's evidence adds to the composite, (c,)."""
    weights = np.zeros(len(setting.identity.channels))
    for mask, term in zip(setting.meaning.groups, _GROUP_TERMS, strict=True):
        weights += mask * setting.weights[term] / state.history.scale[row, term]
    return weights


def _window(state: EngineState, row: int) -> Floats:
    """The last seconds, oldest first, (WINDOW_S, c); NaN where there was no sample."""
    latest = int(state.grid.cell[row])
    cells = np.arange(latest - WINDOW_S + 1, latest + 1)
    values: Floats = state.window.values[row, cells % WINDOW_S].astype(np.float64)
    values[state.window.cells[row, cells % WINDOW_S] != cells] = np.nan
    return values


def _cues(state: EngineState, row: int, time: float) -> tuple[Cue, ...]:
    start = time - WINDOW_S
    return tuple(
        Cue(CueName(heard.name), heard.probability, heard.time - start, *heard[3:])
        for heard in state.heard[row]
        if heard.time >= start
    )


def _terms(state: EngineState, setting: Setting, shown: Shown, row: int, i: int, learning: bool) -> tuple[Term, ...]:
    """Largest first. While learning only the cue has a meaning: nothing is usual yet."""
    weights = setting.weights
    if learning:
        cue = composite.CUE_WEIGHT * float(state.person.cue[row])
        return (Term("audio", cue, float(weights[AUDIO]), cue * float(weights[AUDIO])),)
    values, contributions = shown.composite.values[i], shown.composite.contributions[i]
    terms = [
        Term(name, float(values[t]), float(weights[t]), float(contributions[t]))
        for t, name in enumerate(calibration.TERMS)
    ]
    return tuple(sorted(terms, key=lambda term: -term.contribution))
