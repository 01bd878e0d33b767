"""The linear form of reliability, built; see docs/mathematics/reliability.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case, Floats, Ints
from gridpact.planning.reliability.linear.behind import restored_behind
from gridpact.planning.reliability.linear.form import Index, LinearReliability
from gridpact.planning.reliability.linear.interruptions import Pairs, cut_from, pairs_of
from gridpact.planning.reliability.linear.moment import Moment
from gridpact.planning.reliability.linear.rows import ALWAYS, NEVER, ONE, Rows
from gridpact.planning.reliability.linear.setting import Setting, setting_of
from gridpact.planning.reliability.linear.units import Units


def linear_reliability(case: Case, candidates: Sequence[str]) -> LinearReliability:
    """Indices of reliability linear in the units of candidates; those of wind and PV have no influence.

    ``candidates`` are names from any of the tables of candidates; the first columns are theirs. At most one device is
    built at an end of a line. Raises ``InputError`` where the network is not radial.
    """
    setting = setting_of(case, candidates)
    rows = Rows(len(candidates))
    _one_device(rows, setting)
    tally = _undone(setting)
    faults = _faults(setting)
    _undisturbed(rows, setting, faults, tally)
    _restored(rows, setting, faults, tally)
    matrix, upper = rows.matrix()
    indices = (Index(float(tally.constant[k]), tally.slopes(k, matrix.shape[1])) for k in range(3))
    whole = np.array(rows.whole, dtype=np.bool_)
    return LinearReliability(tuple(candidates), whole, matrix, np.full(len(upper), -np.inf), upper, *indices)


@dataclass(eq=False)
class _Tally:
    """SAIFI, SAIDI, EENS so far: ``weight`` of the zones, shape (3, zones); answers and what they save."""

    weight: Floats
    constant: Floats
    saved: list[tuple[Ints, Floats]]

    def save(self, answers: Ints, rate: Floats, which: Sequence[int]) -> None:
        """Answers of (faults, zones), each saving ``rate`` of its fault times the weight of its zone."""
        column = answers.ravel()
        for k in which:
            value = (rate[:, None] * self.weight[k]).ravel()
            self.constant[k] -= value[column == ALWAYS].sum()
            kept = (column >= 0) & (value != 0.0)
            self.saved.append((np.stack([np.full(int(kept.sum()), k), column[kept]]), value[kept]))

    def slopes(self, k: int, columns: int) -> Floats:
        where = np.concatenate([at for at, _ in self.saved], axis=1) if self.saved else np.zeros((2, 0), dtype=np.int64)
        value = np.concatenate([part for _, part in self.saved]) if self.saved else np.zeros(0)
        mine = where[0] == k
        return -_sums(where[1, mine], value[mine], columns)


@dataclass(frozen=True, eq=False)
class _Faults:
    """Faults of one zone and one repair time as one: rate and hours of repair, and their pairs with all zones."""

    rate: Floats
    repair_h: Floats
    pairs: Pairs


def _one_device(rows: Rows, setting: Setting) -> None:
    """At most one device at an end of a line."""
    places = setting.doors(np.ones(len(setting.devices.zone), dtype=np.bool_))
    for one in places.sums():
        if len(one.terms) + one.constant > 1.0 and one.terms:
            rows.require(one + -ONE)


def _faults(setting: Setting) -> _Faults:
    faults = setting.network.faults
    kinds, of = np.unique(np.stack([faults.zone, faults.repair_h], axis=1), axis=0, return_inverse=True)
    rate = _sums(of.ravel(), faults.rate, len(kinds))
    return _Faults(rate, kinds[:, 1], pairs_of(setting.network, kinds[:, 0].astype(np.int64)))


def _undone(setting: Setting) -> _Tally:
    """The indices if all that is connected with a fault waited for its repair."""
    network, loads = setting.network, setting.network.loads
    share = loads.customers / max(float(loads.customers.sum()), 1e-300)
    by_load = np.stack([share, share, loads.mean_mw])
    weight = np.stack([_sums(loads.zone, one, network.zones.count) for one in by_load])
    own = np.stack([loads.rate, loads.rate * loads.repair_h, loads.rate * loads.repair_h])
    faults = _faults(setting)
    together = weight @ (faults.pairs.meet >= 0).T  # (3, faults)
    hours = np.stack([faults.rate, faults.rate * faults.repair_h, faults.rate * faults.repair_h])
    return _Tally(weight, (by_load * own).sum(axis=1) + (together * hours).sum(axis=1), [])


def _undisturbed(rows: Rows, setting: Setting, faults: _Faults, tally: _Tally) -> None:
    """Who is behind a device that clears: no interruption, and none of the hours before the first switching."""
    doors = setting.doors(setting.devices.clears)
    answers = cut_from(rows, faults.pairs, doors, np.full(faults.pairs.meet.shape, NEVER), None)
    first = min(_hours(setting, np.inf), default=np.inf)
    tally.save(answers, faults.rate, (0,))
    tally.save(answers, faults.rate * np.minimum(first, faults.repair_h), (1, 2))


def _hours(setting: Setting, before: float) -> list[float]:
    """The moments at which something more can be switched."""
    every = [*setting.devices.hours.tolist(), *(end.hours for end in setting.ties)]
    return sorted({hours for hours in every if hours < before})


def _restored(rows: Rows, setting: Setting, faults: _Faults, tally: _Tally) -> None:
    """Who has supply again from one moment to the next, or to the repair."""
    hours = _hours(setting, float(faults.repair_h.max(initial=0.0)))
    moments = [Moment(rows, setting, one) for one in hours]
    units = Units(rows, setting, faults.repair_h)
    load = _sums(setting.network.loads.zone, setting.network.loads.mean_mw, setting.network.zones.count)
    behind = [restored_behind(moments, units, kind, load) for kind in range(len(units.built_mw))]
    for number, (moment, after) in enumerate(zip(moments, [*hours, np.inf][1:], strict=True)):
        late = faults.repair_h > moment.hours
        pairs = faults.pairs.chosen(late)
        other = pairs.looked_up(np.stack([one[number] for one in behind])[units.kind[late]])
        answers = cut_from(rows, pairs, moment.can_pass, other, setting.doors(setting.devices.clears))
        saved = np.minimum(after, faults.repair_h[late]) - moment.hours
        tally.save(answers, faults.rate[late] * saved, (1, 2))


def _sums(place: Ints, value: Floats, count: int) -> Floats:
    return np.bincount(place, value, minlength=count).astype(np.float64)
