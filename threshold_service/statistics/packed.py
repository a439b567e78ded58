"""All that a second reads of one resident in few pieces of memory, for the kernel; by name it stays as it is.

A hundred arrays of their own are as many streams from memory, more than a processor follows, and for each of them an
address has to be computed per resident and second (source: measured, a step of 1,000 residents takes half as long).
"""

import numpy as np

from threshold_service.statistics import fused
from threshold_service.statistics.arrays import LANES, State, aligned, flat
from threshold_service.statistics.baseline import Baseline
from threshold_service.statistics.calibration import STATISTICS, TERMS, Running
from threshold_service.statistics.episode_odds import ABOUTS, HELD_BINS
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.fused import Fused
from threshold_service.statistics.grid import Grid
from threshold_service.statistics.level_path import SUSTAINED_CELLS, LevelPath
from threshold_service.statistics.people import COLUMNS, Block, Limits, People, Person
from threshold_service.statistics.transitions import Transitions
from threshold_service.statistics.volatility import Volatility

LEVEL, TAUGHT, USUALS = range(3)
"""Rows of `usual`."""
VARIANCE, SPREAD, BEFORE, SURPRISE, BANK = range(5)
SLOW = BANK + fused.ARMS
FIELDS = SLOW + 1
"""Rows of `change`; the arms of the bank lie from `BANK` on."""
OFFSET, GAIN, LAG, ECHO, SHIFT, CEILING, FAR_SCALE, TOP_FAR, FITS = range(9)
"""Rows of `fit`."""
CELL, BEHIND, HALF, CUE_BITS, UNSEEN, FILLED, BIN, LAST = range(8)
COUNTS = LAST + 2
ORIGIN = COUNTS + COLUMNS
LEARNS_AFTER, SEEN_AT, SCORE, CUE, ODDS, RATE = range(ORIGIN + 1, ORIGIN + 7)
INDEX = RATE + 2
ABOUT = INDEX + 6
RECENT = ABOUT + ABOUTS
SUSTAINED = RECENT + HELD_BINS
TOP = SUSTAINED + SUSTAINED_CELLS
TOP_TERMS = TOP + len(STATISTICS)
SCALE = TOP_TERMS + len(TERMS)
THRESHOLDS = SCALE + len(TERMS)
"""Columns of `number`, whole ones before `ORIGIN`. From `INDEX` on lie the volatility's three of one half, then of the
other; thresholds go on to the end."""
NOTHING = Block(
    np.zeros((2, 0, USUALS, 0)), np.zeros((2, 0, FIELDS, 0), np.float32), np.zeros((0, FITS, 0), np.float32),
    np.zeros((0, 0, 0), np.float32), np.zeros((0, 2, 0), np.float32), np.zeros((0, THRESHOLDS)),
    np.zeros((0, THRESHOLDS), np.int64), np.zeros((0, 0, 0), np.int16), np.zeros((0, 0)), np.zeros(0), np.zeros(0),
    np.zeros((0, 0), np.int64), np.zeros((0, 0), bool), np.zeros(0, np.int8),
)  # fmt: skip


def packed(people: People) -> People:
    """`people` as views of a new block, which takes their numbers; what few seconds need stays
    where it is."""
    halves, n, c = people.level.baseline.level.shape
    number = aligned((n, -(-(THRESHOLDS + people.limits.thresholds.shape[1]) // LANES) * LANES), np.float64)
    wide, rules = -(-c // LANES) * LANES, people.limits.thresholds.shape[1]
    whole, seconds = number.view(np.int64), people.window.cells.shape[1]
    block = Block(
        aligned((halves, n, USUALS, wide), np.float64), aligned((halves, n, FIELDS, wide), np.float32),
        aligned((n, FITS, wide), np.float32), aligned((n, seconds, wide), np.float32),
        aligned((n, 2, wide), np.float32), number, whole, aligned(people.fitted.scores.shape, np.int16),
        people.odds.levels.copy(), people.odds.company, people.odds.cue, people.window.cells, people.window.taught,
        people.tier,
    )  # fmt: skip
    block.change[:, :, SPREAD], block.fit[:, GAIN], block.fit[:, FAR_SCALE] = 1.0, 1.0, 1.0  # somebody divides by them
    fit, scores, odds = block.fit[:, :, :c], block.scores, people.odds
    views = People(
        grid=Grid(number[:, ORIGIN], whole[:, CELL], whole[:, BEHIND]),
        half=whole[:, HALF],
        level=_level(block, c),
        block=block,
        sustained=number[:, SUSTAINED:TOP],
        fitted=Fitted(
            fit[:, OFFSET], fit[:, GAIN], fit[:, LAG], fit[:, ECHO], fit[:, SHIFT], fit[:, CEILING], scores
        ),
        running=Running(number[:, TOP:TOP_TERMS], number[:, TOP_TERMS:SCALE], fit[:, TOP_FAR], whole[:, FILLED]),
        limits=Limits(number[:, SCALE:THRESHOLDS], fit[:, FAR_SCALE], number[:, THRESHOLDS : THRESHOLDS + rules]),
        person=Person(
            whole[:, CUE_BITS], number[:, CUE], whole[:, UNSEEN], number[:, LEARNS_AFTER], number[:, SEEN_AT],
            number[:, SCORE],
        ),
        window=people.window._replace(values=block.window[:, :, :c]),
        counts=whole[:, COUNTS:ORIGIN],
        tier=people.tier,
        odds=odds._replace(
            sums=block.bins[:, :, :c], levels=block.levels,
            about=number[:, ABOUT:RECENT], bin=whole[:, BIN], now=number[:, ODDS], recent=number[:, RECENT:SUSTAINED]
        ),
    )  # fmt: skip
    return _taken(views, people._replace(block=block))


def _level(block: Block, c: int) -> LevelPath:
    usual, change, number, whole = block.usual[..., :c], block.change[..., :c], block.number, block.whole
    return LevelPath(
        Baseline(usual[:, :, LEVEL], change[:, :, VARIANCE], change[:, :, SPREAD], usual[:, :, TAUGHT]),
        Fused(change[:, :, BEFORE], change[:, :, SURPRISE], change[:, :, BANK:SLOW]),
        change[:, :, SLOW:],
        Volatility(*(number[:, INDEX + i : ABOUT : 3].T for i in range(3))),
        Transitions(whole[:, LAST:COUNTS].T, number[:, RATE:INDEX].T),
    )


def _taken(views: State, numbers: State) -> State:
    for view, array in zip(flat(views), flat(numbers), strict=True):
        view[...] = array
    return views
