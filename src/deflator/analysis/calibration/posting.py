"""How a rent comes to be read: posted prices are renewed now and then, with noise, and stay in between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.calibration.history import UNMOVED, Series

Floats = NDArray[np.float64]
_STREAM = 72  # of the seed sequence


class Postings:
    """Draws that say when a price is posted anew, and how far off the rent it is then.

    Parameters
    ----------
    months, lanes
        Shape of the rents that are posted.
    seed
        The same seed gives the same draws whatever the parameters are.

    Notes
    -----
    The chance of a new price is the same each month, whatever the rent did (Calvo 1983). A list that waits longer
    when rents fall would make falls look later and larger than they were; the histories are too short to tell.
    """

    def __init__(self, months: int, lanes: int, seed: int) -> None:
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, _STREAM])))
        self._uniform = generator.random((months, lanes))
        self._noise = generator.standard_normal((months, lanes))

    def post(self, log_rent: Floats, renewal: float | Floats, noise_log: float | Floats) -> Floats:
        """Return posted log prices, [month, lane]; the first month is always posted.

        Parameters
        ----------
        log_rent
            Log rents, [month, lane].
        renewal
            Chance that the price of a month is new.
        noise_log
            Standard deviation of a new price around the rent, log: quotes, mix of offers.

        Examples
        --------
        >>> rents = np.array([[0.0], [-0.1], [-0.2]])
        >>> Postings(3, 1, 1).post(rents, 0.0, 0.0).tolist(), Postings(3, 1, 1).post(rents, 1.0, 0.0).tolist()
        ([[0.0], [0.0], [0.0]], [[0.0], [-0.1], [-0.2]])
        """
        fresh = self._uniform < renewal
        fresh[0] = True
        months = np.arange(len(log_rent))[:, None]
        newest = np.maximum.accumulate(np.where(fresh, months, 0), axis=0)
        return np.take_along_axis(log_rent + noise_log * self._noise, newest, axis=0)


def renewal_of(series: Series) -> float:
    """Return the chance that a price is new, from the share of months in which it moved.

    One half is added to the months that moved and to those that did not, so that a list that never moved in a year is
    not taken to stay for ever.

    Examples
    --------
    >>> stairs = Series("h100", "list", -4, np.log([4.0, 4.0, 4.0, 2.0]))
    >>> renewal_of(stairs)
    0.375
    """
    changes = series.changes()
    return float((np.sum(np.abs(changes) > UNMOVED) + 0.5) / (changes.size + 1.0))
