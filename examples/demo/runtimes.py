"""One sentence at a time through the three runtimes: Python eager, TorchScript, C++."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from pf_fairseq import EarlyExitClassifier

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
