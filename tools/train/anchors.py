"""Anchors: conversations that were judged by hand, for what no public outcome data shows.

`anchors.tsv` holds single requests with a level. From them and the pieces below come conversations:
assent after a discussion, tools and policies, results that fail, long pastes. Same seed, same rows.
"""
import json
import random
import re

# Chance that economy, standard and premium answer well, by level.
SUCCESS = [(.97, .98, .98), (.90, .94, .96), (.72, .85, .92), (.48, .71, .86), (.26, .54, .78), (.08, .38, .76)]

ASSENTS = ["Yes, do it.", "ok", "go ahead", "Sounds good, continue.", "sure, please", "Yes please, start with the first one.",
           "Ja, mach das.", "Oui, vas-y.", "Sí, adelante.", "do all of it", "next"]
THANKS = ["Thanks!", "Great, thank you.", "Perfect, that is all.", "Danke!", "Merci beaucoup", "lovely, bye"]
PLANS = [
    "Here is a plan. 1. Put a queue between the gateway and the ledger. 2. Make every booking idempotent. 3. Replicate the log "
    "synchronously to a second site and fail over by a lease. The price is latency; the gain is that nothing is charged twice. "
    "Shall I write the modules, the schema and the tests?",
    "I would split the module in three: a parser without state, a planner that owns the catalogue, and an executor with a trait for "
    "each store. That touches 14 files; the public interface stays. Shall I do the refactoring?",
    "The proof goes by induction over the structure of terms. The hard case is application, where substitution has to commute with "
    "the measure. I can carry it out in full. Shall I?",
    "The deadlock comes from two transactions that lock rows in a different order. I suggest a total order of locks, retries with "
    "backoff and a regression test under load. Do you want me to implement it?",
]
CHATTER = ["You could take a light jacket; it may rain in the evening.", "Autumn leaves fall down, red and gold on quiet ground.",
           "I can suggest three cafés nearby. Do you want their names?", "A good name for a dog is Bruno. Shall I give you another one?",
           "Here is a short greeting: happy birthday, dear aunt! Shall I make it funnier?"]
POLICY = [
    "You are an agent of the service desk. You must only act for the person who has proved who they are.",
    "Never change a booking that has been flown in part.", "A refund is allowed only within 24 hours, or when the operator cancelled.",
    "You must ask for explicit confirmation before every action that changes the database.",
    "If a request is against the policy, refuse, and transfer to a human only when no tool can help.",
    "Gold members may change once without a fee, unless the fare is basic.", "Do not make up information that is not in the tools' results.",
    "Make at most one call of a tool at a time, and do not answer in the same turn.", "A gift card never pays more than half of a total.",
    "Cabin upgrades need the same cabin for all passengers of a reservation.",
    "Compensation is offered only if the customer complains about a delay and is at least silver, never otherwise.",
    "Baggage: regular members have one free bag in economy and two in business; every further bag costs 50 dollars.",
]
NOUNS = "account order invoice ticket room flight file record user device report message contact event product payment".split()
VERBS = "get find list create update cancel delete search send calculate".split()
ERRORS = ["Error: order not found", "Traceback (most recent call last): KeyError: 'total'", "{\"error\": \"invalid argument: date\"}",
          "FAILED tests/test_ledger.py::test_twice - AssertionError", "permission denied", "Timeout: the service did not answer"]
RESULTS = ["{\"status\": \"ok\", \"id\": 4711, \"total\": 129.5}", "3 rows\n1 | Berlin\n2 | Rome\n3 | Oslo", "12 passed in 0.31s",
           "{\"rooms\": [{\"id\": 1, \"free\": true}, {\"id\": 2, \"free\": false}]}", "done"]
TASKS = [("Cancel my reservation and book the next flight on the same day, but only if it is cheaper than 300 dollars.", 4),
         ("Change the cabin of all three passengers, pay with the gift card first, and tell me what is left on it.", 4),
         ("My flight was delayed. I want compensation, and I want my second bag to be free.", 4),
         ("Find out why the nightly build fails, fix it, and run the tests again.", 4),
         ("Move every overdue invoice of last quarter to collections except those of customers with an open complaint.", 4),
         ("What is the weather in Oslo?", 1), ("Look up order 4711.", 1), ("Send Anna the message that I am late.", 1),
         ("How much is 15 percent of the last invoice?", 2), ("List my events of tomorrow and move the first one by an hour.", 2)]
SENTENCES = ["The committee met in the town hall and heard the report of the treasurer.", "Sales in the northern region grew by 4 percent.",
             "The river rose after a week of rain and the lower road was closed.", "Members are asked to return their keys before the end of May.",
             "A new ferry connects the island with the mainland twice a day.", "The museum shows maps, coins and letters of two centuries.",
             "Participants were asked to rate each item on a scale from one to five.", "The board approved the budget without a vote against it."]
LIGHT_PASTE = [("In which language is this text?", 0), ("How many times does the word ferry occur?", 1), ("Give this text a title.", 0),
               ("Summarise this in two sentences.", 1), ("Translate the first sentence into French.", 1)]
HARD_PASTE = [("Find every contradiction between the sections, prove each one from the wording, and draft a version in which they are resolved.", 4),
              ("Derive a statistical model from these figures, estimate its parameters with confidence intervals and test each assumption.", 4),
              ("Rewrite this as a formal specification with invariants, and show that no sequence of events can break them.", 5)]


# The same request in other words is as hard.
SYNONYMS = [("checks whether", "tests if"), ("checks if", "tests whether"), ("check whether", "test if"), ("check if", "test whether"),
            ("returns", "gives back"), ("finds", "determines"), ("Write a function", "Create a function"), ("Explain", "Describe"), ("Find", "Determine"),
            ("Prove", "Show"), ("Compute", "Calculate"), ("Implement", "Build"), ("Refactor", "Restructure"), ("Summarise", "Sum up"), ("List", "Name"),
            ("Give me", "Tell me"), ("Suggest", "Propose"), ("Evaluate", "Compute"), ("Design", "Plan"), ("Fix", "Repair"), ("Write", "Compose"),
            ("What is the", "Tell me the"), ("How many", "What number of"), ("Translate", "Render"), ("Derive", "Deduce"), ("Solve", "Work out")]


def reworded_each(text):
    """The text with other words for the same, once for every pair of words that fits. Code is left alone."""
    words, fence, code = text.partition("```")
    found = [re.sub(rf"\b{one}\b(?![<\[(.])", other, words, count=1) for one, other in SYNONYMS]
    return [other + fence + code for other in found if other != words]


def reworded(text):
    """The first of them, or None."""
    return next(iter(reworded_each(text)), None)


def row(name, source, kind, chances, messages, tools=None):
    """A request of our own with the chance that each tier answers well."""
    economy, standard, premium = chances
    anchor = {"id": name, "source": source, "family": "anchors", "kind": kind, "messages": messages,
              "weak_ok": economy, "mid_ok": standard, "strong_ok": premium}
    return anchor | ({"tools": tools} if tools else {})


def user(text):
    return {"role": "user", "content": text}


def answer(text):
    return {"role": "assistant", "content": text}


def toolbox(dice, size):
    def one():
        name = f"{dice.choice(VERBS)}_{dice.choice(NOUNS)}"
        fields = {f"{noun}_id": {"type": "string", "description": f"The {noun} to look at."} for noun in dice.sample(NOUNS, dice.randint(1, 4))}
        parameters = {"type": "object", "properties": fields, "required": list(fields)[:1]}
        return {"type": "function", "function": {"name": name, "description": f"{name.replace('_', ' ')}, or says why it cannot.", "parameters": parameters}}
    return [one() for _ in range(size)]


def paste(dice, sentences):
    return " ".join(dice.choice(SENTENCES) for _ in range(sentences))


def agents(dice):
    """Tasks with tools, with and without a policy, at the start and in the middle."""
    for round in range(6):
        for task, level in TASKS:
            tools = toolbox(dice, dice.randint(1, 3) if level < 3 else dice.randint(5, 14))
            policy = {"role": "system", "content": "\n".join(dice.sample(POLICY, dice.randint(7, len(POLICY))))}
            brief = {"role": "system", "content": "You are a helpful assistant."}
            yield level, [policy if level > 2 or round == 0 else brief, user(task)], tools
            calls, messages = dice.randint(2, 8), [policy if level > 2 else brief, user(task)]
            fails = round % 2 == 0
            for step in range(calls):
                tool = dice.choice(tools)["function"]["name"] if not fails else tools[0]["function"]["name"]
                arguments = json.dumps({"id": 7 if fails else step})
                call = {"id": f"call_{step}", "type": "function", "function": {"name": tool, "arguments": arguments}}
                messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
                result = dice.choice(ERRORS if fails else RESULTS)
                messages.append({"role": "tool", "tool_call_id": f"call_{step}", "content": result})
            yield min(5, level + 1) if fails else max(0, level - 1), messages, tools


def rows(lines, seed):
    """Every anchor, in a fixed order."""
    dice = random.Random(seed)
    singles = [(int(level), text) for level, text in (line.rstrip("\n").split("\t") for line in lines if line[:1] in "012345")]
    found = [("ask", level, [user(text)], None) for level, text in singles]
    found += [("ask", level, [user(reworded(text))], None) for level, text in singles if reworded(text)]
    hard = [(level, text) for level, text in singles if level >= 4]
    easy = [(level, text) for level, text in singles if level <= 1]
    for assent in ASSENTS:
        for plan in PLANS:
            level, text = dice.choice(hard)
            found.append(("assent", level, [user(text), answer(plan), user(assent)], None))
        for chatter in CHATTER[:3]:
            level, text = dice.choice(easy)
            found.append(("assent", level, [user(text), answer(chatter), user(assent)], None))
        found.append(("assent", 0, [user(assent)], None))
    for thanks in THANKS:
        level, text = dice.choice(hard)
        found.append(("thanks", 1, [user(text), answer(dice.choice(PLANS)), user(thanks)], None))
        found.append(("thanks", 0, [user(thanks)], None))
    for size in (6, 20, 60, 150, 400):
        for ask, level in LIGHT_PASTE + HARD_PASTE:
            for text in (f"{ask}\n\n{paste(dice, size)}", f"{paste(dice, size)}\n\n{ask}"):
                found.append(("paste", level, [user(text)], None))
    for level, text in dice.sample(easy, 25) + dice.sample(hard, 25):
        before = [message for _, ask in dice.sample(easy, 3) for message in (user(ask), answer(dice.choice(CHATTER)))]
        found.append(("later", level, before + [user(text)], None))
        system = {"role": "system", "content": "You are a helpful assistant." if level < 4 else " ".join(dice.sample(POLICY, 3))}
        found.append(("system", level, [system, user(text)], None))
    found += [("agent", level, messages, tools) for level, messages, tools in agents(dice)]
    return [row(f"anchor-{n}", f"anchors_{name}", "anchor", SUCCESS[level], messages, tools)
            for n, (name, level, messages, tools) in enumerate(found)]


if __name__ == "__main__":
    import pathlib
    import sys
    with open(pathlib.Path(__file__).with_name("anchors.tsv"), encoding="utf-8") as lines:
        for anchor in rows(lines, 1):
            sys.stdout.write(json.dumps(anchor, ensure_ascii=False) + "\n")
