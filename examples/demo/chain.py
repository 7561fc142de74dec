"""The commands from text to a C++ program, in their order, and where each leaves its result."""

from dataclasses import dataclass
from pathlib import Path

from commands import Command, run
from training import choose_recipe, epoch_line, train_command

from pf_fairseq.text.glue import read_glue
from pf_fairseq.text.task import TaskDescription
from pf_fairseq.text.tsv import Rows

TARGETS = ("1", "2", "3")
DEFAULT_TARGET = "2"


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
    run("Build the C++ program", ["make", "cpp"], log=chain.work / "cpp.log")


def _preprocess(chain: Chain) -> None:
    command: Command = ["pf-fairseq", "preprocess", "--task", chain.task]
    command += ["--data-dir", chain.glue_dir, "--output", chain.data]
    command += ["--tokenizer", "roberta", "--tokenizer-dir", chain.tokenizer_dir]
    run("Turn text into token ids", command)


def _train(chain: Chain) -> None:
    n_train = len(chain.rows("train").first)
    flags = TaskDescription.read(chain.data).fairseq_flags
    command = train_command(chain.data, chain.checkpoint.parent, flags, choose_recipe(n_train))
    run("Train with fairseq", command, log=chain.work / "train.log", show=epoch_line)


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
