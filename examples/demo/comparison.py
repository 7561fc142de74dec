"""The end of the demo: the three runtimes on the dev sentences, one at a time.

Do they say what the evaluation said, and how long do they take?
"""

import json
import shlex
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from chain import Chain

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.exiting.point import PointOrigin
from pf_fairseq.exiting.policy import PolicyScores, choose_exits, distance_to_parameter
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.files import write_text
from pf_fairseq.modules.policies import build_policy
from pf_fairseq.text.task import TaskDescription

# A name in the summary, and how a reader knows it.
RUNTIMES = {"python": "Python", "torchscript": "TorchScript", "cpp": "C++"}
MOST_SENTENCES = 1000  # of a large dev set, the first ones
WARM_UP_SENTENCES = 20
REPEATS = 3
SCORE_TOLERANCE = 1e-4  # what another order of summation does to a score
SECONDS_BETWEEN_LINES = 10.0

Text = str | tuple[str, str]


@dataclass(frozen=True)
class Point:
    """An operating point: the archive knows it by its target, a checkpoint needs the threshold."""

    target_speedup: float
    threshold: float


class Answer(NamedTuple):
    """The label of a sentence and the layer (1-based) where it left."""

    label: str
    exit_layer: int


class Runtime(Protocol):
    """A model that is loaded and waits."""

    def answer(self, text: Text) -> Answer:
        """Classify one text."""


class EagerRuntime:
    """The checkpoint's own modules, run by Python."""

    def __init__(self, classifier: EarlyExitClassifier, point: Point) -> None:
        self.classifier, self.threshold = classifier, point.threshold

    def answer(self, text: Text) -> Answer:
        """Classify one text."""
        [found] = self.classifier.predict([text], threshold=self.threshold, batch_size=1)
        return Answer(found.label, found.exit_layer)


class ArchiveRuntime:
    """The exported archive, run by TorchScript from Python."""

    def __init__(self, classifier: EarlyExitClassifier, point: Point) -> None:
        self.classifier, self.speedup = classifier, point.target_speedup

    def answer(self, text: Text) -> Answer:
        """Classify one text."""
        [found] = self.classifier.predict([text], speedup=self.speedup, batch_size=1)
        return Answer(found.label, found.exit_layer)


class CppRuntime:
    """The program `classify`, fed through a pipe: it answers each line as it comes."""

    def __init__(self, program: Path, archive: Path, point: Point) -> None:
        command = [program, "--model", archive, "--batch", "1", "--threads", "1"]
        self._process = subprocess.Popen(
            [*map(str, command), "--speedup", f"{point.target_speedup:g}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def answer(self, text: Text) -> Answer:
        """Classify one text.

        Raises:
            RuntimeError: if the program answers anything but a classification.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write((text if isinstance(text, str) else "\t".join(text)) + "\n")
        stdin.flush()
        fields = stdout.readline().rstrip("\n").split("\t")
        if len(fields) != 3 or fields[0] == "ERROR":
            raise RuntimeError(f"classify answered {fields} to {text!r}")
        return Answer(fields[0], int(fields[2]))

    def close(self) -> None:
        """End the program."""
        self._process.communicate()


@dataclass
class Agreement:
    """Over all runtimes and operating points: sentences that were not answered as in evaluation.

    Attributes:
        sentences: how many were compared, each by every runtime at every point.
        different_labels: indices of sentences with another label somewhere.
        different_exits: indices of sentences with another exit somewhere.
        near_threshold: those of `different_exits` with a score that lies so near the threshold
            that another order of summation may move it across.
    """

    sentences: int
    different_labels: set[int] = field(default_factory=set)
    different_exits: set[int] = field(default_factory=set)
    near_threshold: set[int] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """The numbers, as they stand in `summary.json`."""
        return {
            "sentences": self.sentences,
            "different_labels": len(self.different_labels),
            "different_exits": len(self.different_exits),
            "near_threshold": len(self.near_threshold),
        }


def read_recorded(path: Path) -> RecordedExits:
    """Read the `logits.npz` of `pf-fairseq evaluate`."""
    with np.load(path) as arrays:
        return RecordedExits(
            torch.from_numpy(arrays["logits"]), torch.from_numpy(arrays["targets"])
        )


def measure(
    runtimes: Mapping[str, Runtime], texts: Sequence[Text], *, title: str
) -> tuple[dict[str, list[Answer]], dict[str, float]]:
    """Let every runtime answer every text, alone, in turns, so that all see the same machine.

    Args:
        runtimes: by name.
        texts: what they answer.
        title: what the lines of progress begin with.

    Returns:
        the answers, and milliseconds per text: the mean over the texts of each one's median.
    """
    for text in texts[:WARM_UP_SENTENCES]:
        for runtime in runtimes.values():
            runtime.answer(text)
    answers: dict[str, list[Answer]] = {name: [] for name in runtimes}
    seconds: dict[str, list[float]] = {name: [] for name in runtimes}
    shown = time.monotonic()
    for done, text in enumerate(texts):
        if time.monotonic() - shown > SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            print(f"   {title}: {done} of {len(texts)} sentences", flush=True)
        for name, runtime in runtimes.items():
            answer, median = _timed(runtime, text)
            answers[name].append(answer)
            seconds[name].append(median)
    return answers, {name: 1000 * statistics.mean(each) for name, each in seconds.items()}


def _timed(runtime: Runtime, text: Text) -> tuple[Answer, float]:
    """The answer, and the median of the seconds that it took."""
    repeats = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        answer = runtime.answer(text)
        repeats.append(time.perf_counter() - start)
    return answer, statistics.median(repeats)


def compare(
    agreement: Agreement,
    answers: Sequence[Answer],
    recorded: RecordedExits,
    labels: Sequence[str],
    point: Point,
    scores: PolicyScores,
) -> None:
    """Compare one runtime's answers at one operating point with what the policy's scores say."""
    exits = choose_exits(scores, point.threshold)
    near = distance_to_parameter(scores, point.threshold) < SCORE_TOLERANCE
    predictions = recorded.predictions_at(exits)
    for index, answer in enumerate(answers):
        if answer.label != labels[int(predictions[index])]:
            agreement.different_labels.add(index)
        if answer.exit_layer != exits[index]:
            agreement.different_exits.add(index)
            if near[index]:
                agreement.near_threshold.add(index)


def compare_runtimes(chain: Chain) -> str:
    """Run, compare, write `summary.json` and give the closing table."""
    texts = _texts(chain)
    content = json.loads(chain.operating_points.read_text(encoding="utf-8"))
    points = sorted(content["operating_points"], key=lambda point: point["target_speedup"])
    example = [chain.classify, "--model", chain.archive, "--speedup", "2"]
    print(
        f"\n== Classify {len(texts)} dev sentences, one at a time on one thread, with each runtime"
        f"\n$ {shlex.join(map(str, example))} < sentences > answers",
        flush=True,
    )
    milliseconds, agreement = _measure_all(chain, texts, points, PointOrigin.from_dict(content))
    write_summary(
        chain.work / "summary.json",
        task=chain.task,
        artefacts={
            "checkpoint": chain.checkpoint,
            "archive": chain.archive,
            "data": chain.data,
            "cpp": chain.classify,
        },
        points=points,
        milliseconds=milliseconds,
        agreement=agreement.counts(),
    )
    report = json.loads((chain.evaluation / "report.json").read_text(encoding="utf-8"))
    return (
        f"\n{table(points, milliseconds, agreement.counts())}\n\n"
        f"{exits_alone(report['exit_accuracy'])}\n"
        f"Milliseconds per sentence, tokenizer included: the median of {REPEATS} answers to each, "
        "averaged over all.\n"
        f"The numbers: {chain.work / 'summary.json'}; pictures: {chain.evaluation}/*.png"
    )


def _texts(chain: Chain) -> list[Text]:
    rows = chain.rows("dev")
    texts: list[Text] = [*rows.first]
    if rows.second is not None:
        texts = [*zip(rows.first, rows.second, strict=True)]
    return texts[:MOST_SENTENCES]


def _measure_all(
    chain: Chain, texts: list[Text], points: list[dict[str, Any]], origin: PointOrigin
) -> tuple[dict[str, dict[str, float]], Agreement]:
    torch.set_num_threads(1)
    eager = EarlyExitClassifier.load(chain.checkpoint, chain.data)
    scripted = EarlyExitClassifier.load(chain.archive)
    recorded = read_recorded(chain.evaluation / "logits.npz")
    scores = recorded.scores(
        build_policy(origin.policy.name),
        min_exit_layer=origin.min_exit_layer,
        check_interval=origin.check_interval,
    )
    labels = TaskDescription.read(chain.data).labels
    agreement = Agreement(len(texts))
    milliseconds: dict[str, dict[str, float]] = {"python": {}, "torchscript": {}, "cpp": {}}
    for entry in points:
        point = Point(entry["target_speedup"], entry["threshold"])
        program = CppRuntime(chain.classify, chain.archive, point)
        runtimes: dict[str, Runtime] = {
            "python": EagerRuntime(eager, point),
            "torchscript": ArchiveRuntime(scripted, point),
            "cpp": program,
        }
        title = f"target {entry['name']}x"
        answers, per_text = measure(runtimes, texts, title=title)
        program.close()
        for name, found in answers.items():
            milliseconds[name][entry["name"]] = per_text[name]
            compare(agreement, found, recorded, labels, point, scores)
    return milliseconds, agreement


def write_summary(
    path: Path,
    *,
    task: str,
    artefacts: Mapping[str, Path],
    points: list[dict[str, Any]],
    milliseconds: dict[str, dict[str, float]],
    agreement: dict[str, int],
) -> None:
    """Write everything as JSON.

    Args:
        path: file to write.
        task: name of the task.
        artefacts: checkpoint, archive, data and C++ program, as the project's root sees them.
        points: operating points of `pf-fairseq calibrate`.
        milliseconds: of each runtime, by the target speed-up's name.
        agreement: counts of `Agreement`.
    """
    fields = ("target_speedup", "threshold", "speedup", "accuracy")
    content = {
        "task": task,
        **{name: str(place) for name, place in artefacts.items()},
        "operating_points": [{name: point[name] for name in fields} for point in points],
        "milliseconds": milliseconds,
        "agreement": agreement,
    }
    write_text(path, json.dumps(content, indent=2) + "\n")


def table(
    points: list[dict[str, Any]],
    milliseconds: dict[str, dict[str, float]],
    agreement: dict[str, int],
) -> str:
    """Lay the numbers out for a terminal; arguments as for `write_summary`."""
    heads = ["target", "in layers", "accuracy", *RUNTIMES.values()]
    rows = [heads]
    for point in points:
        times = [f"{milliseconds[name][point['name']]:.2f} ms" for name in RUNTIMES]
        in_layers = f"{point['speedup']:.2f}x"
        rows.append([f"{point['name']}x", in_layers, f"{100 * point['accuracy']:.1f} %", *times])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["   ".join(map(str.rjust, row, widths)) for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([*lines, "", verdict(agreement)])


def exits_alone(accuracies: Sequence[float]) -> str:
    """Say what the layers are for: the accuracy if every sentence left at one exit."""
    shown = [f"{100 * accuracy:.1f}" for accuracy in accuracies]
    return f"If every sentence left at exit 1, 2, ... {len(shown)}: {', '.join(shown)} % right."


def verdict(agreement: dict[str, int]) -> str:
    """Say in a sentence how far the three runtimes agree with the evaluation."""
    n_sentences, n_labels = agreement["sentences"], agreement["different_labels"]
    n_exits, n_near = agreement["different_exits"], agreement["near_threshold"]
    if n_labels == n_exits == 0:
        return (
            f"Python, TorchScript and C++ gave the evaluation's label and exit on all "
            f"{n_sentences} sentences at every target."
        )
    return (
        f"Of {n_sentences} sentences, {n_labels} got another label and {n_exits} another exit than "
        f"in the evaluation somewhere; {n_near} of these lie within 1e-4 of the threshold."
    )
