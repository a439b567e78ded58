"""The normal quantile of many shares at once: algorithm AS 241 (Wichura 1988), exact to about 1e-16."""

import numpy as np

from threshold_service.statistics.arrays import Floats

_MIDDLE = 0.425
_NEAR_END = 5.0
_CENTRE = (
    (2.50908_09287_30122_6727e3, 3.34305_75583_58812_8105e4, 6.72657_70927_00870_0853e4, 4.59219_53931_54987_1457e4,
     1.37316_93765_50946_1125e4, 1.97159_09503_06551_4427e3, 1.33141_66789_17843_7745e2, 3.38713_28727_96366_6080e0),
    (5.22649_52788_52854_5610e3, 2.87290_85735_72194_2674e4, 3.93078_95800_09271_0610e4, 2.12137_94301_58659_5867e4,
     5.39419_60214_24751_1077e3, 6.87187_00749_20579_0830e2, 4.23133_30701_60091_1252e1, 1.0),
)  # fmt: skip
_TAIL = (
    (7.74545_01427_83414_07640e-4, 2.27238_44989_26918_45833e-2, 2.41780_72517_74506_11770e-1,
     1.27045_82524_52368_38258e0, 3.64784_83247_63204_60504e0, 5.76949_72214_60691_40550e0,
     4.63033_78461_56545_29590e0, 1.42343_71107_49683_57734e0),
    (1.05075_00716_44416_84324e-9, 5.47593_80849_95344_94600e-4, 1.51986_66563_61645_71966e-2,
     1.48103_97642_74800_74590e-1, 6.89767_33498_51000_04550e-1, 1.67638_48301_83803_84940e0,
     2.05319_16266_37758_82187e0, 1.0),
)  # fmt: skip
_FAR_TAIL = (
    (2.01033_43992_92288_13265e-7, 2.71155_55687_43487_57815e-5, 1.24266_09473_88078_43860e-3,
     2.65321_89526_57612_30930e-2, 2.96560_57182_85048_91230e-1, 1.78482_65399_17291_33580e0,
     5.46378_49111_64114_36990e0, 6.65790_46435_01103_77720e0),
    (2.04426_31033_89939_78564e-15, 1.42151_17583_16445_88870e-7, 1.84631_83175_10054_68180e-5,
     7.86869_13114_56132_59100e-4, 1.48753_61290_85061_48525e-2, 1.36929_88092_27358_05310e-1,
     5.99832_20655_58879_37690e-1, 1.0),
)  # fmt: skip


def quantile(share: Floats) -> Floats:
    """What a standard normal number is below with the probabilities `share` (...), each between 0 and 1.

    >>> quantile(np.array([0.025, 0.5, 0.9])).round(4).tolist()
    [-1.96, 0.0, 1.2816]
    """
    off = share - 0.5
    square = 0.180625 - off * off
    found: Floats = off * _ratio(_CENTRE, square)
    outer = np.abs(off) > _MIDDLE
    if outer.any():
        found[outer] = np.copysign(_outside(np.minimum(share[outer], 1.0 - share[outer])), off[outer])
    return found


def _outside(share: Floats) -> Floats:
    reach = np.sqrt(-np.log(share))
    found = _ratio(_TAIL, reach - 1.6)
    far = reach > _NEAR_END
    if far.any():
        found[far] = _ratio(_FAR_TAIL, reach[far] - _NEAR_END)
    return found


def _ratio(of: tuple[tuple[float, ...], tuple[float, ...]], at: Floats) -> Floats:
    over, under = (_polynomial(terms, at) for terms in of)
    ratio: Floats = over / under
    return ratio


def _polynomial(terms: tuple[float, ...], at: Floats) -> Floats:
    total = np.full(at.shape, terms[0])
    for term in terms[1:]:
        total *= at
        total += term
    return total
