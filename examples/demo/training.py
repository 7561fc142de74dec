"""How the demo trains: a RoBERTa of 6 small layers from scratch, with an exit after each."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from commands import Command

BATCH_SIZE = 64
# Enough for the demo's own corpus; a larger set is gone through fewer times.
SENTENCES_SEEN = 96_000
MOST_EPOCHS = 10

SHAPE = """
    --arch past_future_roberta --encoder-layers 6 --encoder-embed-dim 128
    --encoder-ffn-embed-dim 512 --encoder-attention-heads 4
""".split()

OPTIMISATION = """
    --criterion past_future
    --optimizer adam --adam-betas (0.9,0.98) --clip-norm 1.0
    --lr 4e-4 --lr-scheduler polynomial_decay --warmup-updates 200
""".split()

RUN = """
    --cpu --seed 1 --num-workers 0 --log-format simple --log-interval 100 --no-epoch-checkpoints
    --best-checkpoint-metric accuracy_at_2x --maximize-best-checkpoint-metric
""".split()


@dataclass(frozen=True)
class Recipe:
    """How long to train."""

    n_epochs: int
    n_updates: int


def choose_recipe(n_train: int) -> Recipe:
    """Choose by the number of training sentences."""
    n_epochs = min(MOST_EPOCHS, math.ceil(SENTENCES_SEEN / n_train))
    return Recipe(n_epochs, n_epochs * math.ceil(n_train / BATCH_SIZE))


def train_command(data: Path, checkpoints: Path, task_flags: list[str], recipe: Recipe) -> Command:
    """Give the command; `task_flags` are those that `pf-fairseq preprocess` printed."""
    length = ["--max-epoch", str(recipe.n_epochs), "--total-num-update", str(recipe.n_updates)]
    command: Command = ["fairseq-train", data, "--user-dir", "user_dir", *task_flags, *SHAPE]
    command += [*OPTIMISATION, "--batch-size", str(BATCH_SIZE), *length]
    return [*command, *RUN, "--save-dir", checkpoints]


def epoch_line(line: str) -> str | None:
    """Make of fairseq's line on a validation what the screen shows of it; of others nothing."""
    if "| valid on " not in line:
        return None
    values = dict(re.findall(r"\b(epoch|accuracy\w*) ([\d.]+)", line))
    return (
        f"epoch {int(values['epoch'])}: accuracy {values['accuracy']} % at full depth, "
        f"{values['accuracy_at_2x']} % at 2x, {values['accuracy_at_3x']} % at 3x"
    )
