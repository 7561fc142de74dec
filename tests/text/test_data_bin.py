"""Data-bins as fairseq's own task reads them, and as `load_split` does."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.byte_level_bpe import ByteLevelBpe
from pf_fairseq.text.corpus import Corpus
from pf_fairseq.text.data_bin import check_output, load_split, write_data_bin
from pf_fairseq.text.encoding import EncodedRow
from pf_fairseq.text.inputs import build_input
from pf_fairseq.text.task import TaskDescription, fairseq_flags
from pf_fairseq.text.tsv import Rows
from tests.text.fairseq_reference import binarize, bpe_lines, read_split, setup_task
from tests.text.small_bpe import SENTENCES, fairseq_files, hugging_face_files, write_files

LABELS = ["zebra", "10", "9"]  # an order that no sorting gives
MAX_TOKENS = 18
TOKENIZERS = {"fairseq": ByteLevelBpe(fairseq_files()), "hf": ByteLevelBpe(hugging_face_files())}


def silent(rows: Iterable[EncodedRow], *, name: str, total: int) -> Iterable[EncodedRow]:
    return rows


def corpus_of(pair: bool) -> Corpus:
    labels = ["9", "zebra", "10", "zebra", "9"]
    rows = Rows(SENTENCES, SENTENCES[::-1] if pair else None, labels)
    unlabelled = Rows(SENTENCES[:2], SENTENCES[2:4] if pair else None)
    splits = {"train": rows, "valid": rows, "test": unlabelled}
    return Corpus("custom", LABELS, pair, ["accuracy"], splits)


def describe(tokenizer: ByteLevelBpe, pair: bool, max_tokens: int) -> TaskDescription:
    layout = tokenizer.layout(pair)
    return TaskDescription(
        task="custom",
        labels=LABELS,
        pair=pair,
        tokenizer="roberta",
        special_tokens={"bos": 0, "pad": 1, "eos": 2, "unk": 3, "mask": tokenizer.mask_id},
        init_token=layout.init_token,
        separator_token=layout.separator_token,
        max_tokens=max_tokens,
        metrics=["accuracy"],
        fairseq_flags=fairseq_flags(len(LABELS), layout, max_tokens),
    )


def write(
    output: Path, *, pair: bool = True, kind: str = "fairseq", max_tokens: int = MAX_TOKENS
) -> TaskDescription:
    tokenizer = TOKENIZERS[kind]
    description = describe(tokenizer, pair, max_tokens)
    write_data_bin(output, corpus_of(pair), tokenizer, description, track=silent)
    return TaskDescription.read(output)


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_fairseqs_task_yields_finished_inputs_and_labels(
    kind: str, pair: bool, tmp_path: Path
) -> None:
    description = write(tmp_path / "bin", pair=pair, kind=kind)
    task = setup_task(tmp_path / "bin", description.fairseq_flags)
    assert len(task.source_dictionary) == TOKENIZERS[kind].vocab_size
    assert task.source_dictionary.index("<mask>") == TOKENIZERS[kind].mask_id
    for split, rows in corpus_of(pair).splits.items():
        first = TOKENIZERS[kind].encode_batch(rows.first)
        second = TOKENIZERS[kind].encode_batch(rows.second or []) or [None] * len(first)
        expected = [
            build_input(ids, others, layout=description.layout, max_tokens=MAX_TOKENS)
            for ids, others in zip(first, second, strict=True)
        ]
        sentences, target = read_split(task, split)
        assert sentences == expected
        assert max(map(len, sentences)) == MAX_TOKENS  # some are truncated
        encoded = load_split(tmp_path / "bin", split, description)
        assert encoded.sentences == expected
        if split == "test":
            assert target is None and encoded.labels is None
        else:
            assert target is not None
            assert target.tolist() == encoded.labels == [2, 0, 1, 0, 2]


def test_equals_what_fairseqs_own_tools_write(tmp_path: Path) -> None:
    description = write(tmp_path / "ours", max_tokens=500)
    rows = corpus_of(pair=True).splits["train"]
    folder = write_files(tmp_path / "files", fairseq_files())
    columns = {"input0": rows.first, "input1": rows.second or []}
    for name, texts in columns.items():
        binarize(tmp_path / "fairseqs" / name, bpe_lines(folder, texts), folder / "dict.txt")
    label_dictionary = tmp_path / "ours" / "label" / "dict.txt"
    binarize(tmp_path / "fairseqs" / "label", rows.labels or [], label_dictionary)
    paths = sorted((tmp_path / "fairseqs").rglob("train.*"))
    assert len(paths) == 6  # .bin and .idx of three columns
    for path in paths:
        ours = tmp_path / "ours" / path.relative_to(tmp_path / "fairseqs")
        assert path.read_bytes() == ours.read_bytes()
    theirs = load_split(tmp_path / "fairseqs", "train", description)
    assert theirs == load_split(tmp_path / "ours", "train", description)


def test_folder_holds_what_the_contract_says(tmp_path: Path) -> None:
    write(tmp_path / "bin")
    files = {str(path.relative_to(tmp_path / "bin")) for path in (tmp_path / "bin").rglob("*.*")}
    data = {f"{split}.{end}" for split in ("train", "valid") for end in ("bin", "idx")}
    test = {"test.bin", "test.idx"}
    expected = {f"input{n}/{name}" for n in (0, 1) for name in {*data, *test, "dict.txt"}}
    expected |= {f"label/{name}" for name in {*data, "dict.txt"}} | {"task.json"}
    assert files == expected | {f"tokenizer/{name}" for name in fairseq_files()}
    for name, content in fairseq_files().items():
        assert (tmp_path / "bin" / "tokenizer" / name).read_bytes() == content
    assert (tmp_path / "bin" / "input1" / "dict.txt").read_bytes() == fairseq_files()["dict.txt"]
    assert (tmp_path / "bin" / "label" / "dict.txt").read_text() == "zebra 1\n10 1\n9 1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_a_data_bin_is_replaced_and_anything_else_is_not(tmp_path: Path) -> None:
    write(tmp_path / "bin", pair=True)
    write(tmp_path / "bin", pair=False)
    assert not (tmp_path / "bin" / "input1").exists()
    (tmp_path / "bin" / "checkpoints").mkdir()
    with pytest.raises(InputError, match="would be replaced whole, but holds checkpoints;"):
        write(tmp_path / "bin")
    assert load_split(tmp_path / "bin", "valid", TaskDescription.read(tmp_path / "bin")).labels
    check_output(tmp_path / "nowhere")


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    description = write(tmp_path / "bin")

    def failing(rows: Iterable[EncodedRow], *, name: str, total: int) -> Iterable[EncodedRow]:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_data_bin(
            tmp_path / "bin", corpus_of(True), TOKENIZERS["hf"], description, track=failing
        )
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
    assert (tmp_path / "bin" / "tokenizer" / "vocab.bpe").exists()


def _remove(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.bin").unlink()
        (folder / f"{name}.idx").unlink()


def _copy(folder: Path, source: str, target: str) -> None:
    for end in ("bin", "idx"):
        shutil.copy(folder / f"{source}.{end}", folder / f"{target}.{end}")


def test_missing_split_is_named(tmp_path: Path) -> None:
    description = write(tmp_path / "bin")
    with pytest.raises(InputError, match="has no split `dev`; it has test, train, valid"):
        load_split(tmp_path / "bin", "dev", description)


def test_damaged_data_bins_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    description = write(folder)
    _copy(folder, "input1/test", "input1/valid")
    with pytest.raises(InputError, match="input0/valid has 5 rows, but input1/valid 2"):
        load_split(folder, "valid", description)
    _remove(folder, "input1/valid")
    with pytest.raises(InputError, match="`task.json` and input1/valid disagree about pairs"):
        load_split(folder, "valid", description)
    _copy(folder, "label/train", "label/test")
    with pytest.raises(InputError, match="5 labels stand beside 2 rows of test"):
        load_split(folder, "test", description)
    _copy(folder, "input0/train", "label/train")
    with pytest.raises(InputError, match="row 1 of train has none of the 3 labels"):
        load_split(folder, "train", description)
