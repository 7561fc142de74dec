"""The parts of the demo: its corpus, its tokenizer, its numbers. `make demo` runs it whole."""

import json
from pathlib import Path
from types import ModuleType

import pytest
import torch

from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.text.glue import read_glue
from pf_fairseq.text.tokenizer import load_tokenizer

DEMO = Path(__file__).parents[2] / "examples" / "demo"


@pytest.fixture(autouse=True)
def _demo_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DEMO))


@pytest.fixture
def corpus(_demo_on_path: None) -> ModuleType:
    import corpus

    return corpus


def test_corpus_is_sst2_without_a_sentence_in_both_splits(
    corpus: ModuleType, tmp_path: Path
) -> None:
    corpus.write_corpus(tmp_path / "SST-2", n_train=300, n_dev=100, seed=7)
    splits = read_glue("SST-2", tmp_path, ["train", "dev"]).splits
    train, valid = splits["train"], splits["valid"]
    assert (len(train.first), len(valid.first)) == (300, 100)
    assert len({*train.first, *valid.first}) == 400
    assert train.labels is not None and 100 < train.labels.count("1") < 200


def test_corpus_depends_on_nothing_but_the_seed(corpus: ModuleType, tmp_path: Path) -> None:
    for name in ("one", "two"):
        corpus.write_corpus(tmp_path / name, n_train=50, n_dev=10, seed=3)
    assert (tmp_path / "one/train.tsv").read_bytes() == (tmp_path / "two/train.tsv").read_bytes()


@pytest.mark.parametrize("positive", [True, False])
def test_one_word_decides_a_plain_sentence(corpus: ModuleType, positive: bool) -> None:
    grammar = corpus.Grammar(seed=0)
    for _ in range(200):
        words = set(grammar.sentence(positive, depth=0).split())
        assert bool(words & set(corpus.GOOD)) == positive
        assert bool(words & set(corpus.BAD)) != positive


@pytest.mark.parametrize("positive", [True, False])
def test_the_conjunction_tells_which_clause_counts(corpus: ModuleType, positive: bool) -> None:
    grammar = corpus.Grammar(seed=0)
    for _ in range(200):
        text = grammar.contrasted(positive, depth=0)
        if text.startswith("although"):
            counts = text.split(" , ")[1]
        elif text.startswith("never mind"):
            counts = text.split(" : ")[1]
        else:
            first, second = text.split(" , ")
            counts = second if second.startswith("but") else first
        assert bool(set(counts.split()) & set(corpus.GOOD)) == positive


def test_bpe_is_numbered_as_robertas(tmp_path: Path) -> None:
    from bpe import train_bpe

    sentences = ["the soup was superb", "the soup was not superb", "grün & naïve"] * 5
    train_bpe(iter(sentences), tmp_path / "bpe", vocab_size=280)
    tokenizer = load_tokenizer("roberta", tmp_path / "bpe")
    assert tokenizer.vocab_size == 280
    assert (tokenizer.bos_id, tokenizer.pad_id, tokenizer.eos_id, tokenizer.unk_id) == (0, 1, 2, 3)
    assert tokenizer.mask_id == 279
    vocabulary = json.loads((tmp_path / "bpe/vocab.json").read_text(encoding="utf-8"))
    pieces = {number: piece for piece, number in vocabulary.items()}
    [ids] = tokenizer.encode_batch(["the soup was superb"])
    assert "".join(pieces[number] for number in ids) == "theĠsoupĠwasĠsuperb"


def test_epoch_line_shows_what_matters_of_fairseqs() -> None:
    from training import epoch_line

    line = (
        "2026-01-01 00:00:00 | INFO | valid | epoch 003 | valid on 'valid' subset | loss 0.3 | "
        "exit_1_accuracy 75.3 | accuracy 81.8 | accuracy_at_2x 81 | accuracy_at_3x 77.3 | wps 9"
    )
    assert epoch_line(line) == "epoch 3: accuracy 81.8 % at full depth, 81 % at 2x, 77.3 % at 3x"
    assert epoch_line("2026-01-01 | INFO | train_inner | epoch 003: accuracy=3") is None


def test_differences_are_counted_and_told_from_near_ones() -> None:
    from comparison import Agreement, compare
    from runtimes import Answer, Point

    # Entropies of two exits: sure at once; almost exactly at the threshold; sure only at the end.
    near = torch.tensor([[2.0, 0.0], [5.0, 0.0]])
    recorded = RecordedExits(
        torch.stack([torch.tensor([[9.0, 0.0], [9.0, 0.0]]), near, near]), targets=None
    )
    threshold = float(exit_entropy(recorded.logits)[1, 0]) - 1e-5
    agreement = Agreement(sentences=3)
    answers = [Answer("yes", 1), Answer("yes", 1), Answer("no", 2)]
    compare(agreement, answers, recorded, ["yes", "no"], Point(2.0, threshold))
    assert agreement.counts() == {
        "sentences": 3,
        "different_labels": 1,
        "different_exits": 1,
        "near_threshold": 1,
    }


def test_summary_holds_what_the_contract_names(tmp_path: Path) -> None:
    from summary import Artefacts, table, write_summary

    points = [
        {"name": "1", "target_speedup": 1.0, "threshold": 0.0, "speedup": 1.0, "accuracy": 0.875},
        {"name": "2", "target_speedup": 2.0, "threshold": 0.3, "speedup": 2.04, "accuracy": 0.85},
    ]
    milliseconds = {name: {"1": 3.0, "2": 1.5} for name in ("python", "torchscript", "cpp")}
    agreement = {"sentences": 9, "different_labels": 0, "different_exits": 0, "near_threshold": 0}
    path = tmp_path / "summary.json"
    write_summary(
        path,
        task="SST-2",
        artefacts=Artefacts(Path("c.pt"), Path("m.pt"), Path("bin"), Path("classify")),
        points=points,
        milliseconds=milliseconds,
        agreement=agreement,
    )
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content) == {
        *("task", "checkpoint", "archive", "data", "cpp"),
        *("operating_points", "milliseconds", "agreement"),
    }
    assert content["operating_points"][1] == {
        "target_speedup": 2.0,
        "threshold": 0.3,
        "speedup": 2.04,
        "accuracy": 0.85,
    }
    shown = table(points, milliseconds, agreement)
    assert "85.0 %" in shown and "1.50 ms" in shown and "all 9 sentences" in shown
