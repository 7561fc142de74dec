"""The commands from text to a C++ program, in their order, and where each leaves its result."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from commands import Command, run

from pf_fairseq.text.glue import read_glue
from pf_fairseq.text.task import TaskDescription
from pf_fairseq.text.tsv import Rows

TARGETS = ("1", "2", "3", "5")
DEFAULT_TARGET = "2"

BATCH_SIZE = 64
# Enough for the demo's own corpus; a larger set is gone through fewer times.
SENTENCES_SEEN = 39_000
MOST_EPOCHS = 10

SHAPE = """
    --arch past_future_roberta --encoder-layers 6 --encoder-embed-dim 160
    --encoder-ffn-embed-dim 640 --encoder-attention-heads 5 --dropout 0 --attention-dropout 0
""".split()

# Without a pretrained encoder the shallow layers must learn from their own exits: g = 1. The first
# token's state has seen no other word's neighbours before layer 2, so that depth shows.
EXITS = "--readout first --exit-gradient-scale 1".split()

OPTIMISATION = """
    --criterion past_future
    --optimizer adam --adam-betas (0.9,0.98) --clip-norm 1.0
    --lr 5e-4 --lr-scheduler polynomial_decay --warmup-updates 100
""".split()

RUN = """
    --cpu --seed 1 --num-workers 0 --log-format simple --log-interval 10 --no-epoch-checkpoints
    --best-checkpoint-metric accuracy_at_2x --maximize-best-checkpoint-metric
""".split()


@dataclass(frozen=True)
class Chain:
    """What goes in, and where everything made of it lies.

    Attributes:
        work: folder of the results.
        task: name of the GLUE task.
        glue_dir: folder of GLUE.
        tokenizer_dir: folder of the byte-level BPE.
    """

    work: Path
    task: str
    glue_dir: Path
    tokenizer_dir: Path

    @property
    def data(self) -> Path:
        """What `pf-fairseq preprocess` writes."""
        return self.work / "data-bin"

    @property
    def checkpoint(self) -> Path:
        """The best checkpoint of `fairseq-train`."""
        return self.work / "checkpoints" / "checkpoint_best.pt"

    @property
    def evaluation(self) -> Path:
        """What `pf-fairseq evaluate` writes."""
        return self.work / "evaluation"

    @property
    def operating_points(self) -> Path:
        """What `pf-fairseq calibrate` writes."""
        return self.work / "operating_points.json"

    @property
    def archive(self) -> Path:
        """What `export/script.py` writes."""
        return self.work / "model.pt"

    @property
    def classify(self) -> Path:
        """The C++ program."""
        return Path("build/cpp/classify")

    def rows(self, split: str) -> Rows:
        """Texts and labels of GLUE's split `split`."""
        corpus = read_glue(self.task, self.glue_dir, [split])
        [rows] = corpus.splits.values()
        return rows


def build_chain(chain: Chain) -> None:
    """Run the commands.

    Raises:
        CommandError: if one fails.
    """
    _preprocess(chain)
    _train(chain)
    _evaluate(chain)
    _export(chain)
    run("Build the C++ program", ["make", "cpp"], log=chain.work / "cpp.log", progress=build_line)


def _preprocess(chain: Chain) -> None:
    command: Command = ["pf-fairseq", "preprocess", "--task", chain.task]
    command += ["--data-dir", chain.glue_dir, "--output", chain.data]
    command += ["--tokenizer", "roberta", "--tokenizer-dir", chain.tokenizer_dir]
    run("Turn text into token ids", command)


def _train(chain: Chain) -> None:
    n_train = len(chain.rows("train").first)
    flags = TaskDescription.read(chain.data).fairseq_flags
    command = train_command(chain.data, chain.checkpoint.parent, flags, choose_recipe(n_train))
    log = chain.work / "train.log"
    run("Train with fairseq", command, log=log, show=epoch_line, progress=update_line)


def _evaluate(chain: Chain) -> None:
    source: Command = ["--checkpoint", chain.checkpoint, "--data", chain.data, "--split", "valid"]
    evaluate: Command = ["pf-fairseq", "evaluate", *source, "--speedups", ",".join(TARGETS)]
    run("Evaluate every exit", [*evaluate, "--output", chain.evaluation])
    targets = sorted(TARGETS, key=lambda target: target != DEFAULT_TARGET)  # the default first
    calibrate: Command = ["pf-fairseq", "calibrate", *source, "--speedup", *targets]
    run("Choose thresholds", [*calibrate, "--output", chain.operating_points])


def _export(chain: Chain) -> None:
    command: Command = ["python", "export/script.py", "--checkpoint", chain.checkpoint]
    command += ["--operating-points", chain.operating_points, "--output", chain.archive]
    run("Export one TorchScript archive", command)


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
    command += [*EXITS, *OPTIMISATION, "--batch-size", str(BATCH_SIZE), *length]
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


def update_line(line: str) -> str | None:
    """Make of fairseq's line on some updates what the screen shows of it; of others nothing."""
    found = re.search(r"epoch (\d+): +(\d+) / (\d+) .*\baccuracy=([\d.]+)", line)
    if found is None:
        return None
    epoch, done, total, accuracy = found.groups()
    return f"epoch {int(epoch)}: update {done} of {total}, {accuracy} % right in training"


def build_line(line: str) -> str | None:
    """Show how far ninja is."""
    return line if line.startswith("[") else None
