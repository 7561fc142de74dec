"""fairseq's own encoder, dictionary and task: the reference for ids and for finished inputs."""

import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its import calls torch.jit.script
    from fairseq.data import Dictionary
    from fairseq.data.encoders.gpt2_bpe_utils import get_encoder
    from fairseq.options import get_preprocessing_parser
    from fairseq.tasks.sentence_prediction import SentencePredictionConfig, SentencePredictionTask
    from fairseq_cli.preprocess import main as fairseq_preprocess

Encode = Callable[[str], list[int]]


def fairseq_encoder(folder: Path) -> Encode:
    """Build text -> ids out of fairseq's own parts and the three files in `folder`."""
    encoder = get_encoder(str(folder / "encoder.json"), str(folder / "vocab.bpe"))
    dictionary = Dictionary.load(str(folder / "dict.txt"))

    def encode(text: str) -> list[int]:
        line = " ".join(map(str, encoder.encode(text)))
        ids = dictionary.encode_line(line, append_eos=False, add_if_not_exist=False)
        return [int(number) for number in ids]

    return encode


def bpe_lines(folder: Path, texts: list[str]) -> list[str]:
    """Encode texts as fairseq's `multiprocessing_bpe_encoder` does: numbers between spaces."""
    encoder = get_encoder(str(folder / "encoder.json"), str(folder / "vocab.bpe"))
    return [" ".join(map(str, encoder.encode(text))) for text in texts]


def binarize(output: Path, lines: list[str], dictionary: Path) -> None:
    """Run `fairseq-preprocess` on one column of the train split."""
    output.mkdir(parents=True)
    text = output.with_suffix(".txt")
    text.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    options = ["--only-source", "--trainpref", str(text), "--destdir", str(output)]
    options += ["--srcdict", str(dictionary), "--workers", "1"]
    fairseq_preprocess(get_preprocessing_parser().parse_args(options))


def setup_task(data_bin: Path, flags: list[str]) -> SentencePredictionTask:
    """Set up the task `sentence_prediction` with the flags that `task.json` gives."""
    options = dict(zip(flags[::2], flags[1::2], strict=True))
    assert options.pop("--task") == "sentence_prediction"
    config = SentencePredictionConfig(data=str(data_bin), no_shuffle=True, seed=1)
    for flag, value in options.items():
        setattr(config, flag.removeprefix("--").replace("-", "_"), int(value))
    config.regression_target = False
    return SentencePredictionTask.setup_task(config)


def read_split(task: SentencePredictionTask, split: str) -> tuple[list[list[int]], Tensor | None]:
    """Load a split through the task; returns its inputs without padding, and its targets."""
    dataset = task.load_dataset(split)
    sample = dataset.collater([dataset[row] for row in range(len(dataset))])
    tokens, lengths = sample["net_input"]["src_tokens"], sample["net_input"]["src_lengths"]
    rows = [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]
    target = sample.get("target")
    return rows, None if target is None else torch.as_tensor(target).view(-1)


def count_epoch(task: SentencePredictionTask, split: str) -> int:
    """Count the sentences of one epoch in batches of two, as `fairseq-train` makes them."""
    batches = task.get_batch_iterator(
        task.load_dataset(split),
        max_sentences=2,
        required_batch_size_multiple=task.cfg.required_batch_size_multiple,
    )
    return sum(map(len, batches.frozen_batches))
