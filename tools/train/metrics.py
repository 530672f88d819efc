"""AUC of "economy fails", APGR, CPT50 and success at a cost; by source, macro over families, pooled."""
import collections

import numpy as np

COST = np.array([1.0, 6.0, 30.0])
LEAST_ROWS, LEAST_GAP = 60, 0.05


def auc(score, positive, negative):
    """Weighted area under the ROC curve; ties count half."""
    if positive.sum() <= 0 or negative.sum() <= 0:
        return float("nan")
    values, place = np.unique(score, return_inverse=True)
    up, down = np.bincount(place, positive, len(values)), np.bincount(place, negative, len(values))
    below = np.concatenate([[0], np.cumsum(down)[:-1]])
    return float((up * (below + down / 2)).sum() / (positive.sum() * negative.sum()))


def gap_recovered(score, weak, strong, weight):
    """APGR and CPT50: how much of the gap between weak and strong is recovered by the share sent to strong."""
    order = np.argsort(-score, kind="stable")
    sorted_score, weight_sum = score[order], weight.sum()
    share = np.concatenate([[0], np.cumsum(weight[order]) / weight_sum])
    gained = np.concatenate([[0], np.cumsum(((strong - weak) * weight)[order]) / weight_sum])
    if gained[-1] <= 1e-9:
        return None
    ends = np.concatenate([[True], sorted_score[1:] != sorted_score[:-1], [True]])
    share, recovered = share[ends], (gained / gained[-1])[ends]
    apgr = float(np.sum((recovered[1:] + recovered[:-1]) / 2 * np.diff(share)))
    at = int(np.argmax(recovered >= 0.5 - 1e-12))
    if at == 0:
        return apgr, 0.0
    low, high = recovered[at - 1], recovered[at]
    return apgr, float(share[at - 1] + (share[at] - share[at - 1]) * ((0.5 - low) / (high - low) if high > low else 1))


class Outcomes:
    """Rows with known outcomes, ready to be scored many times."""

    def __init__(self, rows):
        self.weak = np.array([row["weak_ok"] for row in rows], float)
        self.strong = np.array([row["strong_ok"] for row in rows], float)
        self.middle = np.array([np.nan if row.get("mid_ok") is None else row["mid_ok"] for row in rows], float)
        by = collections.defaultdict(list)
        for i, row in enumerate(rows):
            by[row["source"], row["family"]].append(i)
        self.sources = {key: np.array(index) for key, index in sorted(by.items())}

    def by_source(self, score, sample=None):
        """AUC, APGR and CPT50 of each source."""
        found = {}
        for (source, family), index in self.sources.items():
            index = index if sample is None else sample[source]
            weak, strong = self.weak[index], self.strong[index]
            gap = gap_recovered(score[index], weak, strong, np.ones(len(index)))
            if gap and len(index) >= LEAST_ROWS and strong.mean() - weak.mean() >= LEAST_GAP:
                found[source] = (family, auc(score[index], 1 - weak, weak), *gap)
        return found

    def summary(self, score, sample=None):
        """Macro AUC and APGR over families, pooled APGR and CPT50 under one threshold."""
        families = collections.defaultdict(list)
        for family, *numbers in self.by_source(score, sample).values():
            families[family].append(numbers)
        macro = np.mean([np.mean(numbers, axis=0) for numbers in families.values()], axis=0)
        pool = [(family, index if sample is None else sample[source]) for (source, family), index in self.sources.items() if len(index) >= LEAST_ROWS]
        count = collections.Counter(family for family, _ in pool)
        index = np.concatenate([index for _, index in pool])
        weight = np.concatenate([np.full(len(index), 1 / len(index) / count[family]) for family, index in pool])
        pooled = gap_recovered(score[index], self.weak[index], self.strong[index], weight)
        return {"auc": macro[0], "apgr": macro[1], "pooled_apgr": pooled[0], "pooled_cpt50": pooled[1]}

    def tiers(self, tiers, sample=None):
        """Success and relative cost of tiers 0, 1, 2, macro over sources with a middle pool; the share of each."""
        found = []
        for (source, _), index in self.sources.items():
            index = index if sample is None else sample[source]
            index = index[~np.isnan(self.middle[index])]
            if len(index):
                outcome = np.stack([self.weak[index], self.middle[index], self.strong[index]], 1)
                picked = tiers[index]
                shares = np.bincount(picked, minlength=3) / len(index)
                found.append([outcome[np.arange(len(index)), picked].mean(), COST[picked].mean(), *shares])
        return np.mean(found, axis=0)

    def by_family(self, score, sample=None):
        """AUC and APGR of each family, the mean of its sources."""
        families = collections.defaultdict(list)
        for family, auc, apgr, _ in self.by_source(score, sample).values():
            families[family].append((auc, apgr))
        return {family: np.mean(numbers, axis=0) for family, numbers in families.items()}

    def differences(self, score, other, times=300, seed=7):
        """95 % bootstrap intervals of how much AUC and APGR of each family differ between two scores, on the same rows."""
        dice, drawn = np.random.default_rng(seed), collections.defaultdict(list)
        for _ in range(times):
            sample = self.resample(dice)
            ours, theirs = self.by_family(score, sample), self.by_family(other, sample)
            for family in ours.keys() & theirs.keys():
                drawn[family].append(ours[family] - theirs[family])
        return {family: np.percentile(values, [2.5, 97.5], axis=0) for family, values in drawn.items()}

    def resample(self, dice):
        """Rows drawn with replacement within each source."""
        return {source: dice.choice(index, len(index)) for (source, _), index in self.sources.items()}

    def intervals(self, score, tiers=None, times=300, seed=7):
        """95 % bootstrap intervals of `summary`, and of success and cost."""
        dice, drawn = np.random.default_rng(seed), collections.defaultdict(list)
        for _ in range(times):
            sample = self.resample(dice)
            for name, value in self.summary(score, sample).items():
                drawn[name].append(value)
            if tiers is not None:
                success, cost, *_ = self.tiers(tiers, sample)
                drawn["success"].append(success)
                drawn["cost"].append(cost)
        return {name: tuple(np.percentile(values, [2.5, 97.5])) for name, values in drawn.items()}
