"""A corpus of opinions in the layout of GLUE's SST-2, made by a small grammar.

What a sentence says depends on how deep it is nested. At depth 0 one word decides ("the soup was
superb"). Each level above wraps a clause in something that keeps or turns its meaning: a negation,
a contrast, another person's opinion that is shared or denied. Shallow exits can settle the first
kind; the others need the layers above.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from vocabulary import ADVERBS, BAD, GOOD, HOLDERS, SCENES, THINGS

from pf_fairseq.files import write_text

# How many sentences in ten are nested how deep.
DEPTHS = [0] * 5 + [1] * 3 + [2] * 2
HEADER = "sentence\tlabel"


class Grammar:
    """Draws sentences of a wanted polarity.

    Args:
        seed: of the draws; equal seeds give equal sentences.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def sentence(self, positive: bool, depth: int) -> str:
        """Give one sentence with this polarity, nested `depth` levels deep."""
        text = self.clause(positive, depth)
        if self.draw.random() < 0.3:
            text = f"{self.draw.choice(SCENES)} , {text}"
        return text

    def clause(self, positive: bool, depth: int) -> str:
        """Give a clause with this polarity."""
        if depth == 0:
            return self.statement(positive)
        wrap = self.draw.choice([self.negated, self.contrasted, self.reported])
        return wrap(positive, depth - 1)

    def statement(self, positive: bool) -> str:
        """One thing and a judgement of it: the judging word alone decides."""
        verb = self.draw.choice(["is", "was", "felt", "seemed"])
        return f"the {self.draw.choice(THINGS)} {verb} {self.judgement(positive)}"

    def judgement(self, positive: bool) -> str:
        """A judging word, sometimes with an adverb or a second word."""
        words = GOOD if positive else BAD
        adverb = f"{self.draw.choice(ADVERBS)} " if self.draw.random() < 0.5 else ""
        second = f" and {self.draw.choice(words)}" if self.draw.random() < 0.2 else ""
        return f"{adverb}{self.draw.choice(words)}{second}"

    def negated(self, positive: bool, depth: int) -> str:
        """A clause of the opposite polarity, denied; at depth 0 also inside the statement."""
        if depth == 0 and self.draw.random() < 0.7:
            denial = self.draw.choice(["is not", "was never", "was hardly", "is anything but"])
            return f"the {self.draw.choice(THINGS)} {denial} {self.judgement(not positive)}"
        denial = self.draw.choice(["it is not true that", "nobody could say that", "i doubt that"])
        return f"{denial} {self.clause(not positive, depth)}"

    def contrasted(self, positive: bool, depth: int) -> str:
        """Two clauses that disagree; the conjunction tells which of them counts."""
        counts = self.clause(positive, depth)
        yields = self.clause(not positive, 0)
        form = self.draw.choice(
            [
                "{yields} , but {counts}",
                "although {yields} , {counts}",
                "{counts} , even though {yields}",
                "never mind that {yields} : {counts}",
            ]
        )
        return form.format(counts=counts, yields=yields)

    def reported(self, positive: bool, depth: int) -> str:
        """Another person's opinion, which the speaker shares or denies."""
        shared = self.draw.random() < 0.5
        verdicts = ["i agree", "rightly so"] if shared else ["i disagree", "that is wrong"]
        opinion = self.clause(positive if shared else not positive, depth)
        holder = self.draw.choice(HOLDERS)
        return f"{holder} thinks that {opinion} , and {self.draw.choice(verdicts)}"


def draw_examples(n_examples: int, seed: int, known: set[str]) -> Iterator[tuple[str, int]]:
    """Draw sentences that are not in `known`, each once, labelled 1 (positive) or 0."""
    grammar = Grammar(seed)
    while n_examples:
        positive = grammar.draw.random() < 0.5
        sentence = grammar.sentence(positive, grammar.draw.choice(DEPTHS))
        if sentence not in known:
            known.add(sentence)
            n_examples -= 1
            yield sentence, int(positive)


def write_corpus(folder: Path, *, n_train: int, n_dev: int, seed: int) -> None:
    """Write `train.tsv` and `dev.tsv` in SST-2's layout; no sentence stands in both."""
    known: set[str] = set()
    for offset, (split, n_examples) in enumerate({"dev": n_dev, "train": n_train}.items()):
        examples = draw_examples(n_examples, seed + offset, known)
        rows = [f"{sentence}\t{label}" for sentence, label in examples]
        write_text(folder / f"{split}.tsv", "\n".join([HEADER, *rows]) + "\n")
