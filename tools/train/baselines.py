"""What the model is compared with: the length of a conversation, and seven lists of keywords."""
import re

KEYWORDS = [
    (("prove", "proof", "theorem", "derive", "rigorous", "step by step", "reason"), 20),
    (("refactor", "implement", "algorithm", "debug", "optimize", "architecture", "concurren"), 18),
    (("function", "class", "code", "python", "sql", "javascript", "rust", "api"), 10),
    (("analyze", "analyse", "compare", "evaluate", "explain why", "trade-off", "tradeoff"), 12),
    (("integral", "equation", "probability", "matrix", "calculate", "solve"), 14),
    (("must", "exactly", "at least", "without", "ensure", "constraint"), 6),
    (("translate", "summarize", "summarise", "rewrite", "list", "define", "hello"), -10),
]


def text(row):
    def of(content):
        if isinstance(content, list):
            return " ".join(part.get("text", "") for part in content)
        return content or ""
    return "\n".join(of(message.get("content")) for message in row["messages"])


def length(row):
    return len(text(row))


def keywords(row):
    """Seven signals, each once: how usual scorers of complexity work."""
    asked = text(row).lower()
    score = sum(weight for words, weight in KEYWORDS if any(word in asked for word in words))
    return score + min(15, len(asked) / 200) + min(10, 2 * len(re.findall(r"\?|```", asked)))
