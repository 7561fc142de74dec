"""A corpus of opinions in the layout of GLUE's SST-2, made by a small grammar.

Sentences are of graded difficulty. In a plain one every judging word says the label ("the soup was
superb , and the waiter was witty"), and one layer is enough. In a contrast two clauses disagree,
and what counts is the one that is not conceded; as the same words stand in sentences of either
label, a layer has to find out first to which clause a word belongs. In the hardest, each clause may
be denied besides ("although the soup was far from superb , the waiter was never rude"): denial,
concession and verdict need layers one after another.

Easy sentences are as long as hard ones. Were they shorter, the layers that leaving early saves
would be the cheap ones, and milliseconds would fall far behind layers.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from pf_fairseq.files import write_text

# Of how many sentences in 20 each kind is made.
KINDS = {"plain": 6, "denied": 1, "contrast": 3, "denied contrast": 10}
HEADER = "sentence\tlabel"

GOOD = """
    admirable amazing beautiful brilliant charming clever comfortable convincing delicious
    delightful elegant enchanting enjoyable excellent exciting fabulous fantastic fascinating
    flawless fresh friendly generous gorgeous graceful great helpful impressive inspiring inviting
    joyful lively lovely magnificent marvellous memorable outstanding perfect pleasant polished
    refreshing reliable remarkable rewarding satisfying smooth spotless stunning superb tasteful
    terrific thoughtful thrilling warm welcoming witty wonderful
""".split()

BAD = """
    abysmal annoying appalling atrocious awful bland boring broken careless chaotic cheap clumsy
    cold confusing cramped crude dirty disappointing dismal dreadful dreary dull filthy flimsy
    forgettable ghastly gloomy greasy grim hideous horrible insulting irritating lazy lifeless
    miserable noisy painful pathetic pointless poor rude ruined shabby shallow sloppy stale
    tasteless tedious terrible tiresome ugly unbearable unfair unpleasant useless worthless
    wretched
""".split()

ADVERBS = """
    absolutely completely entirely frankly genuinely really simply thoroughly totally truly
    utterly very
""".split()

THINGS = """
    acting album audience balcony bathroom bedroom bicycle book breakfast camera cast castle
    coffee concert conversation cook costume dessert dinner director ending exhibition ferry
    garden guide harbour hike hotel interview keyboard kitchen lamp lecture library lobby market
    meal menu museum music novel orchestra painting park photograph picnic plot poem reception
    recipe restaurant room sandwich screen service singer soup speech staff station story street
    supper table teacher theatre train village waiter weather window
""".split()

# Where or when it was: says nothing about the opinion.
SCENES = [
    "after a long day at work",
    "as far as i remember",
    "at the end of the week",
    "before the bridge was closed",
    "between two meetings",
    "for what it costs",
    "in the middle of winter",
    "on a monday morning",
    "on our second visit",
    "to answer your question",
    "when we finally got there",
    "with three children in tow",
]

DENIALS = ["not", "never", "hardly", "anything but", "far from"]

# What is conceded (a) does not count, whatever stands first.
CONTRASTS = [
    "{a} , but {b}",
    "although {a} , {b}",
    "{b} , although {a}",
    "even though {a} , {b}",
    "{b} , even though {a}",
    "never mind that {a} : {b}",
]


class Grammar:
    """Draws sentences of a wanted polarity.

    Args:
        seed: of the draws; equal seeds give equal sentences.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def sentence(self, positive: bool, kind: str) -> str:
        """Give one sentence of this polarity and this kind, one of `KINDS`."""
        easy = kind in ("plain", "denied")
        if easy:
            text = self.agreement(positive, denied=kind == "denied")
        else:
            text = self.contrast(positive, denials=kind == "denied contrast")
        # Easy clauses are shorter: a scene makes up for it more often.
        if self.draw.random() < (0.6 if easy else 0.3):
            text = f"{self.draw.choice(SCENES)} , {text}"
        return text

    def agreement(self, positive: bool, *, denied: bool) -> str:
        """Two judgements that agree, the first by a denial where one is wanted."""
        return f"{self.clause(positive, denied=denied)} , and {self.clause(positive)}"

    def contrast(self, positive: bool, *, denials: bool) -> str:
        """Two judgements that disagree; with `denials` each is denied in half of the sentences."""
        counts, conceded = (
            self.clause(polarity, denied=denials and self.draw.random() < 0.5)
            for polarity in (positive, not positive)
        )
        return self.draw.choice(CONTRASTS).format(a=conceded, b=counts)

    def clause(self, positive: bool, *, denied: bool = False) -> str:
        """One thing and a judgement of it."""
        verb = self.draw.choice(["is", "was", "felt", "seemed"])
        denial = f" {self.draw.choice(DENIALS)}" if denied else ""
        judgement = self.judgement(positive != denied)
        return f"the {self.draw.choice(THINGS)} {verb}{denial} {judgement}"

    def judgement(self, positive: bool) -> str:
        """A judging word, sometimes with an adverb or a second word."""
        words = GOOD if positive else BAD
        adverb = f"{self.draw.choice(ADVERBS)} " if self.draw.random() < 0.4 else ""
        second = f" and {self.draw.choice(words)}" if self.draw.random() < 0.2 else ""
        return f"{adverb}{self.draw.choice(words)}{second}"


def draw_examples(n_examples: int, seed: int, known: set[str]) -> Iterator[tuple[str, int]]:
    """Draw sentences that are not in `known`, each once, labelled 1 (positive) or 0."""
    grammar = Grammar(seed)
    kinds = [kind for kind, share in KINDS.items() for _ in range(share)]
    while n_examples:
        positive = grammar.draw.random() < 0.5
        sentence = grammar.sentence(positive, grammar.draw.choice(kinds))
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
