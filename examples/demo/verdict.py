"""The end of the demo: the three runtimes on the dev sentences, one at a time."""

import json
import shlex
from typing import Any

import torch
from chain import Chain
from comparison import Agreement, compare, measure, read_recorded
from runtimes import ArchiveRuntime, CppRuntime, EagerRuntime, Point, Runtime, Text
from summary import Artefacts, table, write_summary

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.text.task import TaskDescription

MOST_SENTENCES = 1000  # of a large dev set, the first ones


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
    milliseconds, agreement = _measure_all(chain, texts, points)
    write_summary(
        chain.work / "summary.json",
        task=chain.task,
        artefacts=Artefacts(chain.checkpoint, chain.archive, chain.data, chain.classify),
        points=points,
        milliseconds=milliseconds,
        agreement=agreement.counts(),
    )
    return (
        f"\n{table(points, milliseconds, agreement.counts())}\n\n"
        "Milliseconds are per sentence, tokenizer included.\n"
        f"The numbers: {chain.work / 'summary.json'}; pictures: {chain.evaluation}/*.png"
    )


def _texts(chain: Chain) -> list[Text]:
    rows = chain.rows("dev")
    texts: list[Text] = [*rows.first]
    if rows.second is not None:
        texts = [*zip(rows.first, rows.second, strict=True)]
    return texts[:MOST_SENTENCES]


def _measure_all(
    chain: Chain, texts: list[Text], points: list[dict[str, Any]]
) -> tuple[dict[str, dict[str, float]], Agreement]:
    torch.set_num_threads(1)
    eager = EarlyExitClassifier.load(chain.checkpoint, chain.data)
    scripted = EarlyExitClassifier.load(chain.archive)
    recorded = read_recorded(chain.evaluation / "logits.npz")
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
        answers, per_text = measure(runtimes, texts)
        program.close()
        for name, found in answers.items():
            milliseconds[name][entry["name"]] = per_text[name]
            compare(agreement, found, recorded, labels, point)
    return milliseconds, agreement
