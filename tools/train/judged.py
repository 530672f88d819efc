"""Judged requests: what people ask of assistants, written for this project, with the chances that models of each tier answer well.

A large language model wrote and judged them, by what has to be got right and who gets it wrong; no model was run on them. They tell
of kinds of work of which public records have few outcomes or none, all on one scale.
"""
import hashlib
import json
import pathlib
import random

import anchors

SOURCE = "judged"
DIRECTORY = pathlib.Path(__file__).with_name("judged")
# How many of them are also there with courtesies.
COURTEOUS = 0.4
GREETINGS = ["Hello!", "Hi,", "Hi there!", "Hey,", "Good morning.", "Dear assistant,", "Please help me:", "Hallo,", "Bonjour,", "Hola,", "", ""]
THANKS = ["Thank you.", "Thanks!", "Thanks in advance.", "Thank you very much!", "Cheers", "Best regards", "Danke!", "Merci", "Gracias", "", ""]


def others(name, text):
    """The text in other words, and with courtesies, of which neither makes a request harder."""
    yield from anchors.reworded_each(text)
    dice = random.Random(name)
    if dice.random() < COURTEOUS:
        yield f"{dice.choice(GREETINGS)} {text} {dice.choice(THANKS)}".strip()


def versions(name, judged):
    """The request and its other versions, which together count as one and are held out together."""
    *before, asked = judged["messages"]
    chances = [percent / 100 for percent in judged["chances"]]
    texts = list(dict.fromkeys([asked["content"], *others(name, asked["content"])]))
    for n, text in enumerate(texts):
        messages = [*before, asked | {"content": text}]
        row = anchors.row(f"{name}.{n}", SOURCE, judged["kind"], chances, messages, judged.get("tools"))
        yield row | {"group": name, "weight": 1 / len(texts)}


def rows():
    """Every judged request, in a fixed order. It is named by what it says, so that others may be added."""
    found = []
    for path in sorted(DIRECTORY.glob("*.jsonl")):
        with open(path, encoding="utf-8") as lines:
            for judged in map(json.loads, lines):
                name = hashlib.sha256(json.dumps([judged["messages"], judged.get("tools")]).encode()).hexdigest()[:16]
                found += versions(name, judged)
    return found
