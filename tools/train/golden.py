"""Golden verdicts: conversations of our own, with the chances that this trainer computes for them.

The router's tests compute them again and compare every digit.
"""
import json
import random

import numpy as np

import anchors
import calibrate
import data

COUNT = 200
MOST_BYTES = 1500
ODD = [
    [{"role": "user", "content": "🙂"}],
    [{"role": "user", "content": "word"}],
    [{"role": "user", "content": "\u0000\u0001\u0002 \ufffd\ufffd ÿþ"}],
    [{"role": "user", "content": "A" * 900}],
    [{"role": "user", "content": "9" * 300}],
    [{"role": "user", "content": "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("}],
    [{"role": "user", "content": "no_spaces_at_all/only::joined.names(and_calls)"}],
    [{"role": "user", "content": "| a | b |\n|---|---|\n| 1 | 2 |\n\n```sql\nSELECT a FROM t;\n```\n- x\n- y\n"}],
    [{"role": "system", "content": "Answer in Latin."}, {"role": "user", "content": "¿Qué? Où? Größe! Ærø — “quoted” … 100 % №5"}],
    [message for n in range(20) for message in ({"role": "user", "content": f"Step {n}?"}, {"role": "assistant", "content": f"Did {n}."})],
]


def rows():
    """Anchors made by another seed, and what no one would ask."""
    path = data.pathlib.Path(__file__).with_name("anchors.tsv")
    with open(path, encoding="utf-8") as lines:
        found = [row for row in anchors.rows(lines, 2) if len(json.dumps(data.request(row))) <= MOST_BYTES]
    random.Random(3).shuffle(found)
    odd = [{"id": f"odd-{n}", "source": "odd", "family": "odd", "messages": messages, "weak_ok": 0, "strong_ok": 0} for n, messages in enumerate(ODD)]
    return odd + found[:COUNT - len(odd)]


def write(path, router, model, curves):
    found = rows()
    _, features, grams = data.read(router, found)
    table = data.Table(found, features, grams)
    margins = model.margins(table, np.arange(len(found)))
    chances = calibrate.chances(curves, margins)
    with open(path, "w", encoding="utf-8") as file:
        for row, chance in zip(found, chances):
            asked = data.request(row)
            del asked["id"]
            file.write(json.dumps(asked | {"chances": chance.tolist()}, ensure_ascii=False) + "\n")
