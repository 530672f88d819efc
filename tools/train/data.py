"""Rows and what the router reads of them: the features come from the router itself, never from a copy."""
import json
import pathlib
import re
import subprocess
import zlib

import numpy as np

import judged


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


TYPES = {"dict": "object", "float": "number", "tuple": "array", "list": "array", "any": "string", "int": "integer", "str": "string", "bool": "boolean",
         "hashtable": "object", "hashmap": "object", "arraylist": "array", "double": "number", "long": "integer", "char": "string", "byte": "integer",
         "bigint": "integer", "short": "integer"}


def in_json_schema(value):
    """Tools of data sets that name types of Python or Java, in the words of JSON Schema; names without dots."""
    if isinstance(value, list):
        return [in_json_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: in_json_schema(item) for key, item in value.items()}
    if isinstance(value.get("type"), str):
        value["type"] = TYPES.get(value["type"].lower(), value["type"])
        if value["type"] not in {"array", "boolean", "integer", "null", "number", "object", "string", "function"}:
            del value["type"]
    return value


def request(row):
    """What the router is asked for a row."""
    asked = {"id": row["id"], "messages": row["messages"]}
    if row.get("tools"):
        asked["tools"] = in_json_schema(row["tools"])
        for tool in asked["tools"]:
            tool["function"]["name"] = re.sub("[^A-Za-z0-9_-]", "_", tool["function"]["name"])[:64]
    return asked


def ask(router, options, rows):
    """What `router classify` writes for the rows, line by line."""
    lines = "".join(json.dumps(request(row), ensure_ascii=False) + "\n" for row in rows)
    done = subprocess.run([router, "classify", *options, "-"], check=True, input=lines.encode(), stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def read(router, rows):
    """What the router says of itself (names of the features, prices of the tiers), the features and the grams of every
    conversation."""
    about, *found = ask(router, ["--features"], rows)
    features = np.array([line["features"] for line in found], np.int64)
    return about, np.minimum(features, 2**31 - 1), [sorted(set(line["grams"])) for line in found]


class Table:
    """Conversations with outcomes, features and weights: equal by family, anchors as one of them."""

    def __init__(self, rows, features, grams):
        self.rows, self.features, self.grams = rows, features, grams
        self.source = np.array([row["source"] for row in rows])
        self.family = np.array([row["family"] for row in rows])
        self.is_anchor = self.family == "anchors"
        self.is_judged = self.source == judged.SOURCE
        self.kind = np.array([row.get("kind", "") for row in rows])
        # Rows whose outcomes can be compared: those of one source. Anchors are one scale, whatever they are made of.
        self.scale = np.where(self.is_anchor, "anchors", self.source)
        self.share = np.array([row.get("weight", 1) for row in rows])
        count = {family: self.share[self.family == family].sum() for family in set(self.family)}
        weight = self.share / np.array([count[family] for family in self.family])
        self.weight = weight * self.share.sum() / weight.sum()
        fails = [[1 - row["weak_ok"], np.nan if row.get("mid_ok") is None else 1 - row["mid_ok"], 1 - row["strong_ok"]] for row in rows]
        self.fails = np.array(fails, float)
        # One fold for all versions of a question.
        self.fold = np.array([zlib.crc32(str(row.get("group") or row["id"]).encode()) % 4 for row in rows])

    def weight_by_kind(self, rows):
        """Weights of judged requests: rare kinds count more, by the root of how rare they are."""
        count = {kind: self.share[rows][self.kind[rows] == kind].sum() for kind in set(self.kind[rows])}
        weight = self.share[rows] * np.array([count[kind] ** -0.5 for kind in self.kind[rows]])
        return weight * len(rows) / weight.sum()

    def target(self, kind, train):
        """What is to be predicted: half that economy fails and half what premium gains ("mixed"), or, as residuals within each
        source, that economy fails ("residual") or what premium gains ("gain")."""
        economy, _, premium = self.fails[train].T
        target = {"mixed": economy - premium / 2, "residual": economy, "gain": economy - premium}[kind].copy()
        if kind != "mixed":
            for name in np.unique(self.scale[train]):
                rows = self.scale[train] == name
                target[rows] -= np.average(target[rows], weights=self.share[train][rows])
        return target
