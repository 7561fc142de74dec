"""What `predict` and `load` are given, as it comes from a query string or another process."""

import copy
import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.errors import InputError
from tests.serving.text_archives import write_archive

if TYPE_CHECKING:
    from tests.conftest import TinyCheckpoint


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("arguments") / "model.pt")


@pytest.fixture(scope="module")
def classifier(path: Path) -> EarlyExitClassifier:
    return EarlyExitClassifier.load(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speedup": "2"}, "`speedup` must be a number .a ratio., but is '2' instead"),
        ({"speedup": True}, "`speedup` must be a number .a ratio., but is True instead"),
        ({"speedup": [2]}, r"`speedup` must be a number .a ratio., but is \[2\] instead"),
        ({"speedup": float("nan")}, "`speedup` must be a number .a ratio., but is NaN"),
        ({"speedup": 10**400}, "`speedup` must be that of an operating point, but is inf"),
        ({"speedup": 2.5}, "`speedup` must be that of an operating point, but is 2.5"),
        ({"threshold": "0.1"}, "`threshold` must be a number .nats., but is '0.1' instead"),
        ({"threshold": torch.tensor(0.1)}, "`threshold` must be a number .nats."),
        ({"threshold": 1j}, "`threshold` must be a number .nats., but is 1j instead"),
        ({"batch_size": 2.0}, "`batch_size` must be a whole number .*, but is 2.0 instead"),
        ({"batch_size": "2"}, "`batch_size` must be a whole number .*, but is '2' instead"),
        ({"batch_size": True}, "`batch_size` must be a whole number .*, but is True instead"),
        ({"batch_size": None}, "`batch_size` must be a whole number .*, but is None instead"),
    ],
)
def test_arguments_of_other_types(
    options: dict[str, Any], message: str, classifier: EarlyExitClassifier
) -> None:
    with pytest.raises(InputError, match=message):
        classifier.predict(["a fine film"], **options)


@pytest.mark.parametrize("texts", [None, 5, {"a fine film"}, iter(["a fine film"])])
def test_texts_that_are_no_list(texts: Any, classifier: EarlyExitClassifier) -> None:
    with pytest.raises(InputError, match="`texts` must be a list of texts, but is of the type"):
        classifier.predict(texts)


def test_numbers_of_numpy_and_huge_ones(classifier: EarlyExitClassifier) -> None:
    texts = ["a fine film", "scene after scene"]
    expected = classifier.predict(texts, threshold=0.5)
    assert classifier.predict(texts, threshold=np.float32(0.5)) == expected
    assert classifier.predict(texts, speedup=np.int64(2), batch_size=np.int64(3)) == expected
    at_once = classifier.predict(texts, threshold=float("inf"))
    for huge in (1e300, 10**400):
        assert classifier.predict(texts, threshold=huge) == at_once
    never = classifier.predict(texts, threshold=0)
    assert classifier.predict(texts, threshold=-(10**400)) == never


@pytest.mark.parametrize("argument", ["path", "data", "operating_points"])
def test_paths_of_other_types(argument: str, path: Path) -> None:
    given: dict[str, Any] = {"path": path, argument: 5}
    with pytest.raises(InputError, match=f"`{argument}` must be a path, but is 5 instead"):
        EarlyExitClassifier.load(given.pop("path"), given.pop("data", None), **given)


@pytest.mark.parametrize("device", ["abacus", "meta", None, 3])
def test_devices_that_are_not_there(device: Any, path: Path) -> None:
    with pytest.raises(InputError, match="`device` must be a device that this machine"):
        EarlyExitClassifier.load(path, device=device)


def test_it_pickles_as_its_path(
    path: Path, classifier: EarlyExitClassifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(path.parent)
    pickled = pickle.dumps(EarlyExitClassifier.load("model.pt"))
    assert len(pickled) < 10_000
    monkeypatch.chdir(tmp_path)  # a worker may run elsewhere
    texts = ["a fine film", "scene after scene"]
    assert pickle.loads(pickled).predict(texts) == classifier.predict(texts)


@pytest.mark.parametrize("copied", [lambda c: pickle.loads(pickle.dumps(c)), copy.copy])
def test_a_pickle_does_not_hang_on_the_working_folder(
    copied: Callable[[EarlyExitClassifier], EarlyExitClassifier],
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loaded from relative paths, and copied where they lead nowhere."""
    here = tmp_path / "here"
    shutil.copytree(tiny_checkpoint.data, here / "data")
    shutil.copy(tiny_checkpoint.path, here / "checkpoint.pt")
    write_archive(here / "model.pt")
    points = load_archive(here / "model.pt").metadata.operating_points
    content = {
        "format_version": 1,
        "task": "SST-2",
        "operating_points": [asdict(point) for point in points],
    }
    (here / "points.json").write_text(json.dumps({**content, "default": "3"}))
    monkeypatch.chdir(here)
    loaded = [
        EarlyExitClassifier.load("model.pt", operating_points="points.json"),
        EarlyExitClassifier.load("checkpoint.pt", "data"),
    ]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for classifier in loaded:
        again = copied(classifier)
        assert again.metadata == classifier.metadata
        assert again.predict(["a fine film"]) == classifier.predict(["a fine film"])


def test_a_pickle_whose_archive_was_replaced(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "model.pt")
    pickled = pickle.dumps(EarlyExitClassifier.load(path))
    write_archive(path, max_tokens=6)
    with pytest.raises(InputError, match="holds another model than the one that was pickled"):
        pickle.loads(pickled)
