"""ALBERT's tokenizer all the way: preprocess pairs, train, export, classify from the archive."""

from pathlib import Path

import pytest

from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.trained.loading import TrainedModel
from tests.runtime.trained_pairs import (
    assert_classifies_a_text_without_tokens,
    assert_classifies_like_the_model,
    train_on_pairs,
    valid_pairs,
    write_archive,
)
from tests.text.albert_reference import albert_in_transformers
from tests.text.small_sentence_piece import MODEL, albert_files

MAX_TOKENS = 48  # some pairs are longer


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    folder = tmp_path_factory.mktemp("albert")
    files = albert_files(cased=True)
    return train_on_pairs(folder, "sentencepiece", files, max_tokens=MAX_TOKENS)


@pytest.fixture(scope="module")
def archive_path(trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(trained, tmp_path_factory.mktemp("export"))


def test_the_archive_holds_the_tokenizer(trained: TrainedModel, archive_path: Path) -> None:
    archive = load_archive(archive_path)
    entry = archive.metadata.tokenizer
    assert entry is not None and archive.files == albert_files(cased=True)
    assert (entry.kind, entry.files) == ("sentencepiece", ["spiece.model", "tokenizer_config.json"])
    assert entry.token_id_map is not None and len(entry.token_id_map) == trained.vocab_size
    assert entry.token_id_map[:5] == [1, 3, 0, 2, trained.vocab_size - 1]
    assert archive.metadata.separator_token is None and archive.metadata.init_token == 0
    assert archive.metadata.max_tokens == MAX_TOKENS


def test_inputs_are_those_of_transformers(trained: TrainedModel) -> None:
    encode = albert_in_transformers(MODEL, do_lower_case=False, keep_accents=True)
    firsts, seconds = map(list, zip(*valid_pairs(trained), strict=True))
    expected = encode(firsts, seconds, truncation="longest_first", max_length=MAX_TOKENS)
    assert load_split(trained.data, "valid", trained.task).sentences == expected
    lengths = [len(row) for row in encode(firsts, seconds)]
    assert min(lengths) < MAX_TOKENS < max(lengths)


def test_the_archive_classifies_text_as_the_model_does_its_data(
    trained: TrainedModel, archive_path: Path
) -> None:
    assert_classifies_like_the_model(trained, archive_path)


def test_a_text_in_which_no_token_is_found_is_classified(archive_path: Path) -> None:
    assert_classifies_a_text_without_tokens(archive_path)
