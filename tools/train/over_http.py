"""Measures a running router: asks POST /v1/route for every row, as callers do, at the prices of the providers it has.

  python over_http.py --url http://127.0.0.1:8080/v1/route --key mr_sk_… --rows dev.jsonl [--out scores.jsonl]
"""
import argparse
import json
import pathlib
import urllib.request

import numpy as np

import data
import report
from metrics import Outcomes

TIMEOUT_S = 10


def ask(url, key, row):
    """Score and tier of a row."""
    body = json.dumps(data.request(row) | {"model": "auto"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=TIMEOUT_S) as answer:
        return int(answer.headers["X-Model-Router-Auto-Score"]), answer.headers["X-Model-Router-Auto-Tier"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--url", required=True, help="where POST /v1/route is")
    arguments.add_argument("--key", required=True, help="an API key")
    arguments.add_argument("--rows", required=True, help="rows with outcomes, a line each")
    arguments.add_argument("--out", type=pathlib.Path, help="also write id, score and tier of each row, a line each")
    options = arguments.parse_args()

    rows = data.rows(options.rows)
    found = [ask(options.url, options.key, row) for row in rows]
    if options.out:
        lines = (json.dumps({"id": row["id"], "score": score, "tier": tier}) for row, (score, tier) in zip(rows, found))
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    score = np.array([score for score, _ in found], float)
    tiers = np.array([report.TIERS.index(tier) for _, tier in found])
    print(report.HEAD + report.line("**auto**", Outcomes(rows), score, tiers), end="")
    print("shares: " + ", ".join(f"{name} {(tiers == n).mean():.0%}" for n, name in enumerate(report.TIERS)))


if __name__ == "__main__":
    main()
