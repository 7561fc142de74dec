"""`pf-fairseq convert` as a person runs it: to fairseq, through training, and back."""

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from fairseq.data import Dictionary
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.backbones.catalogue import BACKBONES as CATALOGUE
from pf_fairseq.cli.main import main
from pf_fairseq.errors import InputError
from pf_fairseq.text.task import TaskDescription
from pf_fairseq.trained.exporting import ExportOptions, export_archive
from pf_fairseq.trained.loading import load_trained_model
from tests.checkpoints.hugging_face_folders import BACKBONES, write_folder
from tests.fairseq import plain_roberta
from tests.fairseq.commands import LOGGING, OPTIMIZER, read_weights_only, run, script, user_dir
from tests.text import small_bpe
from tests.tiny_data import write_corpus

ENCODER = "encoder.sentence_encoder."


def convert(*arguments: object) -> int:
    return main(["convert", *map(str, arguments)])


@dataclass(frozen=True)
class Chain:
    """A Hugging Face folder, what became of it, and a checkpoint that started from there."""

    backbone: str
    source: Path
    converted: Path
    data: Path
    checkpoint: Path


def _preprocess(folder: Path, backbone: str, tokenizer_dir: Path) -> Path:
    write_corpus(folder, pair=True)
    arguments = ["--train", folder / "train.tsv", "--valid", folder / "valid.tsv"]
    arguments += ["--text-column", 0, "--text-pair-column", 1, "--label-column", 2]
    arguments += ["--tokenizer", CATALOGUE[backbone].tokenizer, "--tokenizer-dir", tokenizer_dir]
    arguments += ["--max-tokens", 60, "--output", folder / "data-bin"]
    assert main(["preprocess", *map(str, arguments)]) == 0
    return folder / "data-bin"


def _train(chain_folder: Path, data: Path, converted: Path) -> Path:
    """One update that moves nothing, with the flags that the two commands gave."""
    flags = [*TaskDescription.read(data).fairseq_flags, *OPTIMIZER, *LOGGING]
    flags += (converted / "train.args").read_text(encoding="utf-8").split()
    flags += ["--criterion", "past_future", "--restore-file", str(converted / "checkpoint.pt")]
    flags += ["--lr", "0", "--max-update", "1", "--user-dir", str(user_dir(chain_folder))]
    save = ["--save-dir", str(chain_folder / "checkpoints")]
    done = run(script("fairseq-train"), str(data), *flags, *save, cwd=chain_folder)
    assert done.status == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    assert list(done.losses) == [1]
    return chain_folder / "checkpoints" / "checkpoint_last.pt"


@pytest.fixture(scope="module", params=BACKBONES)
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    backbone = str(request.param)
    folder = tmp_path_factory.mktemp(backbone)
    write_folder(backbone, folder / "theirs")
    assert convert("--from", folder / "theirs", "--output", folder / "ours", "--check") == 0
    data = _preprocess(folder, backbone, folder / "ours")
    checkpoint = _train(folder, data, folder / "ours")
    return Chain(backbone, folder / "theirs", folder / "ours", data, checkpoint)


def test_training_restores_what_was_converted(chain: Chain) -> None:
    expected = read_weights_only(chain.converted / "checkpoint.pt")["model"]
    trained = read_weights_only(chain.checkpoint)["model"]
    encoder = {name for name in trained if name.startswith(ENCODER)}
    assert encoder == expected.keys()
    for name in encoder:
        assert torch.equal(trained[name], expected[name]), name


def test_dictionaries_agree(chain: Chain) -> None:
    converted, used = (chain.converted / "dict.txt", chain.data / "input0" / "dict.txt")
    assert converted.read_bytes() == used.read_bytes()
    dictionary = Dictionary.load(str(converted))
    dictionary.add_symbol("<mask>")
    weights = read_weights_only(chain.converted / "checkpoint.pt")["model"]
    name = next(name for name in weights if name.endswith("embed_tokens.weight"))
    assert len(dictionary) == len(weights[name])


@pytest.mark.parametrize("trained", [False, True])
def test_back_to_hugging_face(chain: Chain, trained: bool, tmp_path: Path) -> None:
    source = ["--from", chain.checkpoint, "--data", chain.data]
    options = source if trained else ["--from", chain.converted]
    output = tmp_path / "back"
    assert convert(*options, "--output", output, "--to-hf", "--check") == 0
    original = load_file(chain.source / "model.safetensors")
    for name, tensor in load_file(output / "model.safetensors").items():
        if "token_type" in name and chain.backbone == "roberta":
            assert not tensor.any()  # part of the positions now
        elif "position" not in name or chain.backbone != "roberta":
            assert torch.equal(tensor, original[f"{chain.backbone}.{name}"]), name
    config = json.loads((output / "config.json").read_text())
    theirs = json.loads((chain.source / "config.json").read_text())
    assert {key: theirs.get(key) for key in config if "token_id" not in key} == {
        key: value
        for key, value in {**config, "architectures": theirs["architectures"]}.items()
        if "token_id" not in key
    }
    for name in ("vocab.json", "merges.txt", "vocab.txt", "spiece.model"):
        if (chain.source / name).is_file():
            assert (output / name).read_bytes() == (chain.source / name).read_bytes()
    again = tmp_path / "again"
    assert convert("--from", output, "--output", again) == 0
    for name, tensor in read_weights_only(again / "checkpoint.pt")["model"].items():
        expected = read_weights_only(chain.converted / "checkpoint.pt")["model"][name]
        assert torch.equal(tensor, expected), name


def test_exported(chain: Chain, tmp_path: Path) -> None:
    trained = load_trained_model(chain.checkpoint)
    options = ExportOptions()
    export_archive(trained, options, tmp_path / "model.pt")  # compares with the model itself
    assert load_archive(tmp_path / "model.pt").metadata.backbone == chain.backbone
    size = (tmp_path / "model.pt").stat().st_size
    parameters = sum(p.numel() for p in trained.model.parameters())
    assert size < 4 * parameters + 600_000  # a shared layer is stored once


def test_a_converted_encoder_has_no_exits_yet(chain: Chain) -> None:
    with pytest.raises(InputError, match="has no exits .`pf-fairseq convert` wrote it.; train"):
        load_trained_model(chain.converted / "checkpoint.pt", chain.data)


# fairseq's own RoBERTa


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`model.pt` and `dict.txt` in the layout of the released archives."""
    folder = tmp_path_factory.mktemp("official") / "roberta.tiny"
    small_bpe.write_files(folder, small_bpe.fairseq_files())
    dictionary = Dictionary.load(str(folder / "dict.txt"))
    dictionary.add_symbol("<mask>")
    args = plain_roberta.arguments(n_layers=3, width=32, ffn_width=64, n_heads=4)
    plain = plain_roberta.build(args, dictionary)
    weights = plain_roberta.official_names(plain.state_dict())
    plain_roberta.write_official(folder / "model.pt", plain.args, weights)
    return folder


def test_an_official_archive_becomes_hugging_face(official: Path, tmp_path: Path) -> None:
    assert convert("--from", official, "--output", tmp_path / "ours", "--check") == 0
    assert convert("--from", official, "--output", tmp_path / "theirs", "--to-hf", "--check") == 0
    state = read_weights_only(official / "model.pt")["model"]
    model = AutoModel.from_pretrained(tmp_path / "theirs")
    embedding = model.embeddings.word_embeddings.weight
    assert torch.equal(embedding, state["decoder.sentence_encoder.embed_tokens.weight"])
    vocabulary = json.loads((tmp_path / "theirs" / "vocab.json").read_text())
    assert vocabulary == json.loads(small_bpe.hugging_face_files()["vocab.json"])
    assert convert("--from", tmp_path / "theirs", "--output", tmp_path / "again") == 0
    first, second = (
        read_weights_only(tmp_path / name / "checkpoint.pt")["model"] for name in ("ours", "again")
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_official_archive_without_tokenizer_files(
    official: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("model.pt", "dict.txt"):
        shutil.copy(official / name, bare)
    assert convert("--from", bare, "--output", tmp_path / "ours") == 0
    assert "copy GPT-2's encoder.json and vocab.bpe" in capsys.readouterr().out
    assert convert("--from", bare, "--output", tmp_path / "theirs", "--to-hf") == 2
    assert "needs the tokenizer" in capsys.readouterr().err
    assert not (tmp_path / "theirs").exists()


# Bad input


def _refused(capsys: pytest.CaptureFixture[str], output: Path, *arguments: object) -> str:
    capsys.readouterr()
    assert convert(*arguments, "--output", output) == 2
    assert not output.exists() and not list(output.parent.glob(".*"))
    return capsys.readouterr().err


def test_bad_input(chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "output"
    message = _refused(capsys, output, "--from", tmp_path)
    assert "must be a folder with config.json" in message
    assert "give `--data`" in _refused(capsys, output, "--from", chain.checkpoint)
    message = _refused(capsys, output, "--from", chain.source, "--to-hf")
    assert "is a Hugging Face folder already" in message
    broken = shutil.copytree(chain.source, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(
        (chain.source / "model.safetensors").read_bytes()[:-9]
    )
    assert "is truncated" in _refused(capsys, output, "--from", broken)


def test_a_tokenizer_that_does_not_fit(
    chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(chain.source, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    n_rows = len(weights[name]) - 1
    save_file({**weights, name: weights[name][:-1].clone()}, broken / "model.safetensors")
    message = _refused(capsys, tmp_path / "output", "--from", broken)
    assert (
        f"the {n_rows} ids that the token embedding has rows for, but gives {n_rows + 1}" in message
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_no_numbers(
    value: float, chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(chain.source, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    name = next(name for name in weights if name.endswith(("query.weight", ".q.weight")))
    weights[name][3, 5] = value
    save_file(weights, broken / "model.safetensors")
    message = _refused(capsys, tmp_path / "output", "--from", broken)
    assert "hold NaN or infinity" in message and "self_attn.q_proj.weight" in message


def test_a_failed_check_writes_nothing(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pf_fairseq.checkpoints.equality.TOLERANCE", -1.0)
    with pytest.raises(SystemExit, match=r"^pf-fairseq convert: hidden states differ from"):
        convert("--from", chain.source, "--output", tmp_path / "output", "--check")
    assert not (tmp_path / "output").exists()


def test_an_output_folder_that_holds_other_things(
    chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert convert("--from", chain.source, "--output", tmp_path) == 2
    assert "holds thesis.tex" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    ours = tmp_path / "ours"
    assert convert("--from", chain.source, "--output", ours) == 0
    assert convert("--from", chain.source, "--output", ours) == 0  # its own is replaced


def test_weights_of_another_size(
    chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(chain.source, tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "intermediate_size": 40}))
    message = _refused(capsys, tmp_path / "output", "--from", broken)
    assert (
        "`layers.0.fc1.weight` is (48, 32) in the checkpoint and (40, 32) in the model" in message
    )
