"""The parts of the demo: its corpus, its tokenizer, its numbers. `make demo` runs it whole."""

import json
import sys
from pathlib import Path
from statistics import mean
from types import ModuleType

import pytest
import torch

from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.policies import build_policy
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


def polarities(corpus: ModuleType, text: str) -> list[bool]:
    """What each clause of a sentence says, by its judging word and its denial."""
    verdicts = []
    for clause in text.split("the ")[1:]:
        good = bool(set(clause.split()) & set(corpus.GOOD))
        assert good != bool(set(clause.split()) & set(corpus.BAD))
        verdicts.append(good != any(f" {denial} " in clause for denial in corpus.DENIALS))
    return verdicts


@pytest.mark.parametrize("positive", [True, False])
def test_every_clause_of_an_easy_sentence_says_its_label(
    corpus: ModuleType, positive: bool
) -> None:
    grammar = corpus.Grammar(seed=0)
    for _ in range(200):
        plain = grammar.agreement(positive, denied=False)
        assert polarities(corpus, plain) == [positive, positive]
        denied = grammar.agreement(positive, denied=True)
        assert polarities(corpus, denied) == [positive, positive]
        assert any(f" {denial} " in denied for denial in corpus.DENIALS)
        assert not any(f" {denial} " in plain for denial in corpus.DENIALS)


def test_easy_sentences_are_as_long_as_hard_ones(corpus: ModuleType) -> None:
    grammar = corpus.Grammar(seed=0)
    words = {
        kind: mean(len(grammar.sentence(i % 2 == 0, kind).split()) for i in range(1000))
        for kind in corpus.KINDS
    }
    assert max(words.values()) < 1.2 * min(words.values()), words


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("denials", [True, False])
def test_what_is_conceded_does_not_count(corpus: ModuleType, positive: bool, denials: bool) -> None:
    grammar = corpus.Grammar(seed=0)
    n_denied = 0
    for _ in range(400):
        text = grammar.contrast(positive, denials=denials)
        first, second = polarities(corpus, text)
        conceded_last = " , although" in text or " , even though" in text
        assert (first, second) == ((positive, not positive)[:: 1 if conceded_last else -1])
        n_denied += any(f" {denial} " in text for denial in corpus.DENIALS)
    assert 250 < n_denied < 350 if denials else n_denied == 0


def test_words_alone_do_not_tell_a_contrast(corpus: ModuleType) -> None:
    for denials in (True, False):
        counts: dict[tuple[int, int], list[int]] = {}
        grammar = corpus.Grammar(seed=1)
        for row in range(2000):
            words = grammar.contrast(row % 2 == 1, denials=denials).split()
            n_denials = sum(word in ("not", "never", "hardly", "but", "far") for word in words)
            key = (any(word in corpus.GOOD for word in words), n_denials % 2)
            counts.setdefault(key, [0, 0])[row % 2] += 1
        shares = [positive / (negative + positive) for negative, positive in counts.values()]
        assert all(0.4 < share < 0.6 for share in shares)


def test_bpe_is_numbered_as_robertas(tmp_path: Path) -> None:
    from run import train_bpe

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
    from chain import epoch_line, update_line

    line = (
        "2026-01-01 00:00:00 | INFO | valid | epoch 003 | valid on 'valid' subset | loss 0.3 | "
        "exit_1_accuracy 75.3 | accuracy 81.8 | accuracy_at_2x 81 | accuracy_at_3x 77.3 | wps 9"
    )
    assert epoch_line(line) == "epoch 3: accuracy 81.8 % at full depth, 81 % at 2x, 77.3 % at 3x"
    inner = (
        "2026-01-01 00:00:00 | INFO | train_inner | epoch 003:     17 / 297 loss=0.25, "
        "ce_loss=0.18, imitation_loss=0.07, accuracy=93.59, wps=4433, num_updates=611"
    )
    assert epoch_line(inner) is None and update_line(line) is None
    assert update_line(inner) == "epoch 3: update 17 of 297, 93.59 % right in training"


def test_differences_are_counted_and_told_from_near_ones() -> None:
    from comparison import Agreement, Answer, Point, compare

    # Entropies of two exits: sure at once; almost exactly at the threshold; sure only at the end.
    near = torch.tensor([[2.0, 0.0], [5.0, 0.0]])
    recorded = RecordedExits(
        torch.stack([torch.tensor([[9.0, 0.0], [9.0, 0.0]]), near, near]), targets=None
    )
    threshold = float(exit_entropy(recorded.logits)[1, 0]) - 1e-5
    agreement = Agreement(sentences=3)
    answers = [Answer("yes", 1), Answer("yes", 1), Answer("no", 2)]
    scores = recorded.scores(build_policy("entropy"))
    compare(agreement, answers, recorded, ["yes", "no"], Point(2.0, threshold), scores)
    assert agreement.counts() == {
        "sentences": 3,
        "different_labels": 1,
        "different_exits": 1,
        "near_threshold": 1,
    }


def test_summary_holds_what_the_contract_names(tmp_path: Path) -> None:
    from comparison import exits_alone, table, write_summary

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
        artefacts={name: Path(name) for name in ("checkpoint", "archive", "data", "cpp")},
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
    assert (
        exits_alone([0.8, 0.875])
        == "If every sentence left at exit 1, 2, ... 2: 80.0, 87.5 % right."
    )
    shown = table(points, milliseconds, agreement)
    assert "85.0 %" in shown and "1.50 ms" in shown and "all 9 sentences" in shown


class Counting:
    """A runtime whose clock is its own: each answer takes the next of some durations."""

    def __init__(self, seconds: list[float], clock: list[float]) -> None:
        self.seconds, self.clock = iter(seconds), clock

    def answer(self, text: str) -> object:
        from comparison import Answer

        self.clock[0] += next(self.seconds)
        return Answer(text, 1)


def test_milliseconds_are_the_mean_of_medians(monkeypatch: pytest.MonkeyPatch) -> None:
    import comparison

    clock = [0.0]
    monkeypatch.setattr(comparison.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(comparison, "WARM_UP_SENTENCES", 1)
    runtime = Counting([9.0, 0.001, 0.002, 0.009, 0.007, 0.004, 0.003], clock)
    answers, milliseconds = comparison.measure({"one": runtime}, ["a", "b"], title="")
    assert [answer.label for answer in answers["one"]] == ["a", "b"]
    assert milliseconds["one"] == pytest.approx((2.0 + 4.0) / 2)


def run_step(monkeypatch: pytest.MonkeyPatch, code: str, **options: object) -> None:
    import commands

    monkeypatch.setattr(commands, "SECONDS_BETWEEN_LINES", 0.3)
    commands.run("A step", [sys.executable, "-c", code], **options)


def test_a_step_that_says_nothing_shows_that_it_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_step(monkeypatch, "import time; time.sleep(1.2)")
    printed = capsys.readouterr().out
    assert printed.startswith("\n== A step\n$ ") and "   ... 0 s\n" in printed


def test_a_step_with_a_log_shows_its_milestones_and_progress(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = (
        "import time\nprint('epoch 1', flush=True)\nprint('update 7', flush=True)\ntime.sleep(1.2)"
    )
    run_step(
        monkeypatch,
        code + "\nprint('epoch 2')",
        log=tmp_path / "log" / "step.log",
        show=lambda line: f"!{line}" if line.startswith("epoch") else None,
        progress=lambda line: f"?{line}" if line.startswith("update") else None,
    )
    shown = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in shown[-5:-1] if "..." not in line] == [
        *("!epoch 1", "?update 7", "!epoch 2"),
    ]
    assert (tmp_path / "log" / "step.log").read_text() == "epoch 1\nupdate 7\nepoch 2\n"


def test_a_step_that_fails_ends_with_its_status_and_last_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from commands import CommandError

    code = "import sys; print('what went wrong'); sys.exit(3)"
    with pytest.raises(
        CommandError, match=r"status 3; the last lines .*\nwhat went wrong"
    ) as caught:
        run_step(monkeypatch, code, log=tmp_path / "step.log")
    assert caught.value.status == 3
