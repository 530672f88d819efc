"""The report: tables in Markdown, curves as SVG."""
import numpy as np

import baselines
import calibrate
import data
import plots
from metrics import Outcomes

TIERS = ["economy", "standard", "premium"]
# What a good answer is worth with `balanced`, and when premium is taken at any price (`decide.rs`).
WORTH = 23.4
WORTHS = (14, 16, 18, 20, 22, 23, 23.4, 24, 25, 26.5, 30, 45, 60, 80, 100)
FLOOR, CLEARLY_BETTER = 1800, 1500
PARTS = {
    "without words": ("words",), "without topics": ("topic",), "without the line": ("line",), "without trees": ("trees",),
    "without judged requests": ("judged",), "without judged requests and anchors": ("anchors",), "without numbers, formulas, code of the ask": ("ask_numbers_", "ask_code_", "ask_latex_", "ask_operators_", "ask_formulas_", "ask_brackets_", "ask_long_numbers_"),
    "without system, tools and history": ("system_", "tools_", "answer_", "result_", "opening_"),
}


class Prices:
    """What a typical answer costs in each tier, in hundredths of the cheapest, as the router has it."""

    def __init__(self, picodollars):
        cheapest = min(picodollars)
        self.times = np.array([min(6000, price * 100 // cheapest) for price in picodollars])

    def __str__(self):
        return " : ".join(f"{times / 100:g}" for times in self.times)


def decide(chances, prices, worth=WORTH):
    """The router's `decide::by_price`."""
    picked = np.argmax(worth * chances - prices.times * 100, axis=1)
    poor = (chances[:, 0] < FLOOR) & (chances[:, 2] >= chances[:, 1] + CLEARLY_BETTER)
    return np.where(poor, 2, picked)


def line(name, outcomes, score, tiers=None):
    """A row of numbers with their intervals."""
    found, between = outcomes.summary(score), outcomes.intervals(score, tiers)
    cells = [f"{found[key]:.3f} [{between[key][0]:.3f}, {between[key][1]:.3f}]" for key in ("auc", "apgr", "pooled_apgr")]
    cells.append(f"{100 * found['pooled_cpt50']:.1f} % [{100 * between['pooled_cpt50'][0]:.1f}, {100 * between['pooled_cpt50'][1]:.1f}]")
    if tiers is not None:
        success, cost, *_ = outcomes.tiers(tiers)
        cells.append(f"{success:.3f} [{between['success'][0]:.3f}, {between['success'][1]:.3f}] at {cost:.2f}")
    else:
        cells.append("")
    return f"| {name} | {' | '.join(cells)} |\n"


HEAD = "| | macro AUC | macro APGR | pooled APGR | pooled CPT50 | success at relative cost |\n|---|---|---|---|---|---|\n"


def matched(score, tiers):
    """Tiers by a baseline's score, in the same shares as ours."""
    place = np.argsort(np.argsort(score, kind="stable"), kind="stable")
    ends = np.cumsum(np.bincount(tiers, minlength=3))
    return np.searchsorted(ends, place, side="right")


def compared(rows, outcomes, score, tiers):
    length = np.array([baselines.length(row) for row in rows], float)
    words = np.array([baselines.keywords(row) for row in rows], float)
    table = HEAD + line("length", outcomes, length, matched(length, tiers)) + line("keywords", outcomes, words, matched(words, tiers))
    return table + line("**auto**", outcomes, score, tiers), words


def families(outcomes, score, words):
    """AUC and APGR by family beside keywords, and whether a difference is more than noise."""
    ours, theirs, between = outcomes.by_family(score), outcomes.by_family(words), outcomes.differences(score, words)
    table = "| family | AUC keywords | AUC auto | difference | APGR keywords | APGR auto | difference |\n|---|---|---|---|---|---|---|\n"
    below = []
    for family in sorted(ours):
        cells = []
        for i, name in enumerate(("AUC", "APGR")):
            low, high = between[family][:, i]
            cells += [f"{theirs[family][i]:.3f}", f"{ours[family][i]:.3f}", f"{ours[family][i] - theirs[family][i]:+.3f} [{low:+.3f}, {high:+.3f}]"]
            below += [f"{family} ({name})"] if high < 0 else []
        table += f"| {family} | {' | '.join(cells)} |\n"
    return table + f"\nBelow keywords beyond noise: {', '.join(below) or 'none'}.\n"


def scored(chances):
    return (10000 - chances[:, 0] + 50) // 100


def held_out(trained, question, family, curves, docs):
    """Cross-validation on the training rows, and how far chances can be believed."""
    text = "# What was measured\n\nWritten by `tools/train`. Intervals are 95 % bootstrap intervals over rows within each source.\n"
    titles = {"question": "New questions of known families (four folds)", "family": "Families that were left out altogether"}
    for name, margins in (("question", question), ("family", family)):
        chances = calibrate.chances(curves, margins)
        table, words = compared(trained.rows, trained.outcomes, scored(chances).astype(float), decide(chances, trained.prices))
        text += f"\n## {titles[name]}\n\n{table}\n{families(trained.outcomes, scored(chances).astype(float), words)}"
    return text + worths(trained, question, family, curves) + reliability(trained, question, family, curves, docs)


def worths(trained, question, family, curves):
    """Success and cost against what a good answer is worth."""
    table = "| worth | new questions | cost | shares | new families | cost | shares |\n|---|---|---|---|---|---|---|\n"
    for worth in WORTHS:
        cells = []
        for margins in (question, family):
            tiers = decide(calibrate.chances(curves, margins), trained.prices, worth)
            cells.append("{:.3f} | {:.2f} | {:.0%} {:.0%} {:.0%}".format(*trained.outcomes.tiers(tiers)))
        table += f"| {'**' + str(worth) + '**' if worth == WORTH else worth} | {' | '.join(cells)} |\n"
    return (f"\n## What a good answer is worth\n\nIn prices of an economy answer, against success, relative cost (1, 6, 30) and shares of the tiers, "
            f"at prices of {trained.prices}.\n\n{table}")


def reliability(trained, question, family, curves, docs):
    weight = np.tile(trained.table.weight[:trained.count], 2)
    chances = calibrate.chances(curves, np.concatenate([question, family])) / 10000
    success = np.tile(1 - trained.table.fails[:trained.count], (2, 1))
    heads = []
    for head, name in enumerate(TIERS):
        known = ~np.isnan(success[:, head])
        heads.append((name, plots.reliability(chances[known, head], success[known, head], weight[known])))
    (docs / "calibration.svg").write_text(plots.svg("Chances of the three tiers, held out", heads), encoding="utf-8")
    kinds = np.tile(np.array([row.get("kind", "") for row in trained.rows]), 2)
    table = "| kind | rows | estimated economy | succeeded | expected error |\n|---|---|---|---|---|\n"
    curves_by_kind = []
    for kind in sorted(set(kinds)):
        rows = kinds == kind
        points = plots.reliability(chances[rows, 0], success[rows, 0], weight[rows], parts=5)
        error = np.average([abs(x - y) for x, y, _ in points], weights=[n for *_, n in points])
        estimated, came = (np.average(values[rows, 0], weights=weight[rows]) for values in (chances, success))
        table += f"| {kind} | {rows.sum() // 2} | {estimated:.3f} | {came:.3f} | {error:.3f} |\n"
        curves_by_kind.append((kind, points))
    (docs / "reliability.svg").write_text(plots.svg("Chance of economy by kind of request, held out", curves_by_kind), encoding="utf-8")
    return f"\n## Whether the chances hold\n\n![](calibration.svg)\n\n![](reliability.svg)\n\n{table}"


def dev(router, prices, rows, model, curves):
    """The shipped weights on rows that were used for nothing else."""
    _, features, grams = data.read(router, rows)
    table = data.Table(rows, features, grams)
    chances = calibrate.chances(curves, model.margins(table, np.arange(len(rows))))
    outcomes, score = Outcomes(rows), scored(chances).astype(float)
    tiers = decide(chances, prices)
    text, words = compared(rows, outcomes, score, tiers)
    shares = "success {:.3f} at {:.2f}; economy {:.0%}, standard {:.0%}, premium {:.0%}".format(*outcomes.tiers(tiers))
    return f"\n## Development rows\n\n{text}\nTiers: {shares}.\n\n{families(outcomes, score, words)}"


def ablation(trained):
    """Each part's worth: everything measured again without it."""
    table = "| | AUC, new questions | APGR | pooled APGR | AUC, new families | APGR | pooled APGR |\n|---|---|---|---|---|---|---|\n"
    for name, leave in [("everything", ()), *PARTS.items()]:
        cells = []
        for unseen in ("question", "family"):
            found = trained.outcomes.summary(trained.held_out(unseen, leave)[:trained.count].astype(float))
            cells += [f"{found[key]:.3f}" for key in ("auc", "apgr", "pooled_apgr")]
        table += f"| {name} | {' | '.join(cells)} |\n"
    return f"\n## What each part is worth\n\n{table}"
