"""The model: words, a small space of topics, a line and shallow trees, all brought to integers as the router computes them."""
import math

import lightgbm
import numpy as np
import scipy.sparse
from sklearn.linear_model import Ridge
from sklearn.utils.extmath import randomized_svd

UNIT = 65536
DIMENSIONS = 24
LEAST_CONVERSATIONS = 4
SEED = 11

# More of these never makes a request easier: what every family agrees on is told to the trees, not learned from one.
RISING = set("""ask_content ask_content_share ask_numbers ask_long_numbers ask_sentence_length ask_code_lines ask_code_share
    ask_fences ask_operators ask_operators_share ask_latex ask_formulas ask_brackets ask_depth ask_quotes ask_joined
    ask_invoked ask_constraints ask_proofs ask_reasons ask_failures ask_colons ask_lines opening_letters opening_constraints
    system_letters system_constraints system_items result_failures answer_failures failing_results failing_now
    repeated_actions""".split())

# Read by the router, and not learned from: of a request's bytes the letters, words and lines are counted already, and what is left,
# white space, courtesies and images, does not matter.
UNUSED = ("bytes_",)

# The parts: what each is fitted to, its weight (in standard deviations of the fit), and how many trees. Most of them only
# compare requests of one source: what tells sources apart says nothing of sources that are yet to come. The trees that do so
# do not see topics, by which a source is recognised. Weights were chosen by cross-validation.
TREES = [("residual", 1.0, 200, "counts"), ("mixed", 2.5, 100, "counts and topics")]
WORDS = [("residual", 1.5), ("gain", 1.0)]
LINE = [("residual", 1.0)]
# Words of judged requests once more, by themselves. Only their words: how long such a request is, and how it is laid out, is
# the manner of whoever wrote it.
JUDGED_WORDS = [("residual", 1.5), ("gain", 1.5)]


def log2(values):
    """The router's binary logarithm of `value + 1` in 1/256."""
    values = values.astype(np.int64) + 1
    power = np.frexp(values.astype(float))[1] - 1
    return power * 256 + ((values << 8) >> power) - 256


class Grams:
    """Known grams, their coordinates, and the matrices of a table."""

    def __init__(self, table, train):
        count = {}
        for i in train:
            for gram in table.grams[i]:
                count[gram] = count.get(gram, 0) + 1
        self.hashes = sorted(gram for gram, n in count.items() if n >= LEAST_CONVERSATIONS)
        self.number = {gram: n for n, gram in enumerate(self.hashes)}
        known = self.matrix([table.grams[i] for i in train])
        rarity = np.log(len(train) / (1 + np.asarray(known.sum(0)).ravel()))
        scaled = known.multiply(rarity).tocsr()
        length = np.sqrt(np.asarray(scaled.multiply(scaled).sum(1)).ravel())
        scaled = scipy.sparse.diags(1 / np.maximum(length, 1e-9)) @ scaled
        _, _, space = randomized_svd(scaled, DIMENSIONS, n_iter=4, random_state=SEED)
        coordinates = (space * rarity).T
        scale = 127 / np.quantile(np.abs(coordinates), 0.995)
        self.coordinates = np.clip(np.round(coordinates * scale), -127, 127).astype(np.int64)

    def matrix(self, grams):
        places = [[self.number[gram] for gram in row if gram in self.number] for row in grams]
        ends = np.cumsum([0] + [len(row) for row in places])
        columns = np.array([column for row in places for column in row], np.int64)
        return scipy.sparse.csr_matrix((np.ones(len(columns), np.int64), columns, ends), shape=(len(grams), len(self.hashes)))

    def directions(self, known):
        """The router's `Tally::direction`."""
        sums = known @ self.coordinates
        length = np.array([max(1, math.isqrt(int(square))) for square in (sums * sums).sum(1)])
        return sums * 1000 // length[:, None]


def root(known):
    """The router's divisor of a sum of weights."""
    return np.array([math.isqrt(max(1, int(n)) << 24) for n in np.asarray(known.sum(1)).ravel()], np.int64)


def fit_words(known, target, weight, alpha):
    scaled = scipy.sparse.diags(1 / np.sqrt(np.maximum(np.asarray(known.sum(1)).ravel(), 1))) @ known
    model = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-4).fit(scaled, target, sample_weight=weight)
    return model.coef_, scaled @ model.coef_


def fit_line(logs, target, weight, source):
    """Slopes within sources: of each source only how far its rows are from its mean."""
    spread = logs.std(0) + 12
    scaled = logs / spread
    for name in np.unique(source):
        rows = source == name
        scaled[rows] -= np.average(scaled[rows], axis=0, weights=weight[rows])
    slopes = Ridge(alpha=30).fit(scaled, target, sample_weight=weight).coef_ / spread
    return slopes, logs @ slopes


def fit_trees(inputs, names, target, weight, count):
    options = dict(objective="l2", learning_rate=0.06, num_leaves=8, max_depth=4, min_child_samples=40,
                   feature_fraction=0.3, bagging_fraction=0.7, bagging_freq=1, lambda_l2=20, verbose=-1, num_threads=1, seed=SEED,
                   deterministic=True, force_row_wise=True, monotone_constraints=[int(name in RISING) for name in names])
    return lightgbm.train(options, lightgbm.Dataset(inputs, target, weight=weight), num_boost_round=count)


def scale(fitted, share, weight):
    """What brings a fit to its share of the margin."""
    mean = np.average(fitted, weights=weight)
    return share * 0.1 * UNIT / max(1e-6, math.sqrt(np.average((fitted - mean) ** 2, weights=weight)))


class Tree:
    """A tree in integers: input, threshold, below, above, value of each node; 65535 marks a leaf."""

    def __init__(self, structure, scale):
        self.nodes = []
        self.add(structure, scale)

    def add(self, node, scale):
        at = len(self.nodes)
        self.nodes.append(None)
        if "leaf_value" in node:
            count = node.get("leaf_count", 1)
            value = node["leaf_value"] * scale
            self.nodes[at] = (65535, 0, 0, 0, round(value))
            return count, value
        below, above = len(self.nodes), None
        below_count, below_value = self.add(node["left_child"], scale)
        above = len(self.nodes)
        above_count, above_value = self.add(node["right_child"], scale)
        count = below_count + above_count
        value = (below_count * below_value + above_count * above_value) / count
        self.nodes[at] = (node["split_feature"], math.floor(node["threshold"]), below, above, round(value))
        return count, value

    def predict(self, inputs):
        at = np.zeros(len(inputs), np.int64)
        nodes = np.array(self.nodes, np.int64)
        rows = np.arange(len(inputs))
        while True:
            feature = nodes[at, 0]
            inner = feature != 65535
            if not inner.any():
                return nodes[at, 4]
            goes_below = inputs[rows, np.where(inner, feature, 0)] <= nodes[at, 1]
            at = np.where(inner, np.where(goes_below, nodes[at, 2], nodes[at, 3]), at)


class Model:
    """The margin by which economy fails, fitted on the training rows of a table."""

    def __init__(self, table, train, names, leave=()):
        train = np.asarray(train)
        self.grams = Grams(table, train)
        left = [prefix for prefix in (*leave, *UNUSED) if prefix.endswith("_")]
        self.keep = np.array([not any(f"{name}_".startswith(prefix) for prefix in left) for name in names])
        self.has_topics = int("topic" not in leave)
        known, inputs, logs = self.view(table, train)
        weight = table.weight[train]
        words, line = np.zeros(len(self.grams.hashes)), np.zeros(logs.shape[1])
        self.trees = []
        judged = np.flatnonzero(table.is_judged[train])
        fits = [(WORDS, np.arange(len(train)), weight, 5)]
        if len(judged):
            fits.append((JUDGED_WORDS, judged, table.weight_by_kind(train[judged]), 1))
        for parts, rows, row_weight, alpha in fits:
            for kind, share in parts if "words" not in leave else []:
                weights, fitted = fit_words(known[rows], table.target(kind, train[rows]), row_weight, alpha)
                words += weights * scale(fitted, share, row_weight)
        for kind, share in LINE if "line" not in leave else []:
            slopes, fitted = fit_line(logs, table.target(kind, train), weight, table.scale[train])
            line += slopes * scale(fitted, share, weight)
        names = list(names) + [f"topic_{n}" for n in range(DIMENSIONS)]
        for kind, share, count, seen in TREES if "trees" not in leave else []:
            width = logs.shape[1] if seen == "counts" else inputs.shape[1]
            model = fit_trees(inputs[:, :width], names[:width], table.target(kind, train), weight, count)
            by = scale(model.predict(inputs[:, :width]), share, weight)
            self.trees += [Tree(tree["tree_structure"], by) for tree in model.dump_model()["tree_info"]]
        self.words, self.line = np.round(words).astype(np.int64), np.round(line * 256).astype(np.int64)
        self.centres = np.round(np.average(logs, axis=0, weights=weight)).astype(np.int64)
        self.bias = 0
        self.bias = -int(np.average(self.margins(table, train), weights=weight))

    def view(self, table, rows):
        known = self.grams.matrix([table.grams[i] for i in rows])
        features = table.features[rows] * self.keep
        return known, np.hstack([features, self.grams.directions(known) * self.has_topics]), log2(features)

    def margins(self, table, rows):
        known, inputs, logs = self.view(table, rows)
        words = ((known @ self.words) << 12) // root(known)
        return self.bias + words + ((logs @ self.line) >> 8) + sum((tree.predict(inputs) for tree in self.trees), np.zeros(len(inputs), np.int64))
