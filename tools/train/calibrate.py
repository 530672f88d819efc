"""From a margin to chances: three rising curves of straight lines.

The first is the chance that economy fails, the others what standard gains over economy and premium over standard. A harder
request never gains less by a stronger tier, so that the tier never falls where the score rises.
"""
import numpy as np
from sklearn.isotonic import IsotonicRegression

KNOTS = 16
# Parts to each side over which heights of gains are averaged: on a step of the regression many requests would gain just the same,
# and a small change of prices would send all of them to another tier.
NEIGHBOURS = 2


def curve(margin, value, weight, low, high, neighbours=0):
    """Knots (margin, ten-thousandths): isotonic regression, averaged over equal parts of the rows (and their neighbours), and
    carried on at the ends."""
    known = ~np.isnan(value)
    margin, value, weight = margin[known], value[known], weight[known]
    risen = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip").fit_transform(margin, value, sample_weight=weight)
    order = np.argsort(margin, kind="stable")
    total = np.cumsum(weight[order])
    part = np.minimum((total / total[-1] * KNOTS).astype(int), KNOTS - 1)
    knots = []
    for n in range(KNOTS):
        here, around = order[part == n], order[np.abs(part - n) <= min(neighbours, n, KNOTS - 1 - n)]
        at = np.average(margin[here], weights=weight[here])
        knots.append((int(at), round(10000 * np.average(risen[around], weights=weight[around]))))
    least, most = int(np.quantile(margin, 0.002)), int(np.quantile(margin, 0.998))
    ends = [(least, round(10000 * risen[margin <= least].mean()))], [(most, round(10000 * risen[margin >= most].mean()))]
    rising = []
    # Beyond what was measured the curve goes on to its bounds, slowly.
    beyond = (most - least) // 3
    for at, height in [(least - beyond, round(10000 * low)), *ends[0], *knots, *ends[1], (most + beyond, round(10000 * high))]:
        if not rising or at > rising[-1][0]:
            rising.append((at, max(height, rising[-1][1] if rising else 0)))
    return rising


def curves(margin, fails, weight):
    """The three curves, from rows that were held out."""
    gains = [fails[:, 0] - fails[:, 1], fails[:, 1] - fails[:, 2]]
    return [curve(margin, fails[:, 0], weight, 0.02, 0.96), *(curve(margin, gain, weight, 0.0, 0.4, NEIGHBOURS) for gain in gains)]


def height(knots, margin):
    """The router's `Curve::at`."""
    at = np.array([knot for knot, _ in knots], np.int64)
    value = np.array([value for _, value in knots], np.int64)
    after = np.clip(np.searchsorted(at, margin, side="right"), 1, len(at) - 1)
    low, high = after - 1, after
    within = np.clip(margin, at[low], at[high]) - at[low]
    return value[low] + (value[high] - value[low]) * within // (at[high] - at[low])


def chances(curves, margins):
    """Chances of success of the three tiers, never falling from one to the next, in ten-thousandths."""
    fails, standard, premium = (height(knots, margins) for knots in curves)
    economy = 10000 - fails
    standard = np.minimum(10000, economy + standard)
    return np.stack([economy, standard, np.minimum(10000, standard + premium)], 1)
