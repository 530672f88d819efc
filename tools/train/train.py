"""Trains the classifier of `auto` and writes its weights, golden verdicts and report.

  python train.py --router target/debug/model-router --train train.jsonl --dev dev.jsonl

One row a line: id, source, family, kind, messages, tools?, weak_ok, mid_ok?, strong_ok (chances that pools of small, middle
and large models answered well), group? (versions of one question share it),
weight? (how much it counts in its family). Same data and versions, same weights.
"""
import argparse
import json
import pathlib

import numpy as np

import anchors
import calibrate
import data
import export
import golden
import judged
import report
from metrics import Outcomes
from model import Model

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
ANCHOR_SEED = 1


class Trained:
    """Everything that was learned of the data, and how well it does on rows that it had not seen."""

    def __init__(self, router, rows):
        with open(HERE / "anchors.tsv", encoding="utf-8") as lines:
            hand_made = anchors.rows(lines, ANCHOR_SEED) + judged.rows()
        self.rows, self.count = rows, len(rows)
        about, features, grams = data.read(router, rows + hand_made)
        self.names, self.prices = about["features"], report.Prices(about["prices_picodollars"])
        self.table = data.Table(rows + hand_made, features, grams)
        self.anchors = np.arange(self.count, len(self.table.rows))
        self.outcomes = Outcomes(rows)

    def held_out(self, unseen, leave=()):
        """Margins of every row by models that saw no row of its fold ("question") or family ("family").

        Anchors are held out by fold with the questions, and follow the rows.
        """
        everything = np.arange(len(self.table.rows))
        anchors = self.anchors if "anchors" not in leave else np.array([], int)
        if "judged" in leave:
            anchors = anchors[~self.table.is_judged[anchors]]
        groups = self.table.fold if unseen == "question" else np.where(self.table.is_anchor, "", self.table.family)
        margins = np.zeros(len(everything), np.int64)
        for group in np.unique(groups[:self.count]):
            test = np.flatnonzero(groups == group)
            train = np.setdiff1d(np.concatenate([everything[:self.count], anchors]), test)
            margins[test] = Model(self.table, train, self.names, leave).margins(self.table, test)
        return margins

    def curves(self, question, family):
        """Calibrated on rows of known and of unknown families alike, as callers send both, and on anchors."""
        margins = np.concatenate([question, family[:self.count]])
        fails, weight = self.table.fails, self.table.weight
        weight = np.concatenate([weight * np.where(self.table.is_anchor, 2, 1), weight[:self.count]])
        return calibrate.curves(margins, np.concatenate([fails, fails[:self.count]]), weight)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--router", required=True, help="the model-router binary, which reads features")
    arguments.add_argument("--train", required=True)
    arguments.add_argument("--dev", help="rows that are only looked at for the report")
    arguments.add_argument("--out", default=ROOT / "data" / "auto.bin", type=pathlib.Path)
    arguments.add_argument("--docs", default=ROOT / "docs" / "auto-routing", type=pathlib.Path)
    arguments.add_argument("--ablation", action="store_true", help="also measure what each part is worth (minutes)")
    options = arguments.parse_args()

    trained = Trained(options.router, data.rows(options.train))
    question, family = trained.held_out("question"), trained.held_out("family")
    curves = trained.curves(question, family)
    model = Model(trained.table, np.arange(len(trained.table.rows)), trained.names)
    description = json.loads((HERE / "sources.json").read_text(encoding="utf-8"))
    size = export.weights(options.out, model, curves, trained.names, description)
    print(f"{options.out}: {size} bytes, {len(model.grams.hashes)} grams, {len(model.trees)} trees")
    golden.write(ROOT / "src" / "routing" / "classify" / "golden.jsonl", options.router, model, curves)

    options.docs.mkdir(parents=True, exist_ok=True)
    question, family = question[:trained.count], family[:trained.count]
    sections = report.held_out(trained, question, family, curves, options.docs)
    if options.dev:
        sections += report.dev(options.router, trained.prices, data.rows(options.dev), model, curves)
    if options.ablation:
        sections += report.ablation(trained)
    (options.docs / "report.md").write_text(sections, encoding="utf-8")
    print(sections)


if __name__ == "__main__":
    main()
