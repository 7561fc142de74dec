"""`metadata.json` is read as it was written, and refused when it is not ours."""

import json

import pytest

from pf_fairseq.artefact.metadata import FORMAT_VERSION, ArchiveMetadata
from pf_fairseq.errors import InputError
from tests.artefact.metadata_cases import build_metadata


@pytest.mark.parametrize("changes", [{}, {"tokenizer": None}, {"separator_token": 2}])
def test_read_as_written(changes: dict[str, object]) -> None:
    metadata = build_metadata(**changes)
    assert ArchiveMetadata.from_json(metadata.to_json(), "m.pt") == metadata


def test_what_stands_in_the_file() -> None:
    content = json.loads(build_metadata().to_json())
    assert content["format_version"] == FORMAT_VERSION == 1
    assert content["operating_points"][0] == {
        "name": "1.5",
        "target_speedup": 1.5,
        "threshold": 0.25,
        "speedup": 1.52,
        "accuracy": 0.81,
    }
    assert content["tokenizer"]["token_id_map"] == [0, 1, 2]
    assert content["labels"][2] == "good – très"
    assert content["separator_token"] is None


def test_text_is_plain_utf8_that_other_languages_read() -> None:
    text = build_metadata().to_json()
    assert "good – très" in text
    with pytest.raises(ValueError, match="not JSON compliant"):
        build_metadata(default_threshold=float("inf")).to_json()


def test_a_newer_format_is_refused_whatever_else_it_holds() -> None:
    text = json.dumps({"format_version": 2, "something": "new"})
    message = "`m.pt` has format version 2, but this pf_fairseq reads up to 1; update pf_fairseq"
    with pytest.raises(InputError, match=message):
        ArchiveMetadata.from_json(text, "m.pt")


def test_surplus_fields_of_our_format_are_passed_over() -> None:
    content = {**json.loads(build_metadata().to_json()), "remark": "from a later release"}
    assert ArchiveMetadata.from_json(json.dumps(content), "m.pt") == build_metadata()


def _without(name: str) -> str:
    content = json.loads(build_metadata().to_json())
    del content[name]
    return json.dumps(content)


def _with(**changes: object) -> str:
    return json.dumps({**json.loads(build_metadata().to_json()), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"format_version": null}',
        '{"format_version": 1}',
        _without("labels"),
        _without("operating_points"),
        _without("tokenizer"),
        _with(operating_points=[{"name": "2"}]),
        _with(operating_points=7),
        _with(tokenizer={"kind": "roberta"}),
    ],
)
def test_what_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="`m.pt` has no readable metadata.json; export it again"):
        ArchiveMetadata.from_json(text, "m.pt")


def test_a_threshold_by_its_speedup() -> None:
    metadata = build_metadata()
    assert metadata.threshold_for(2) == 0.5
    assert metadata.threshold_for(1.5) == 0.25
    assert metadata.threshold_for(1) == 0.0, "full depth is always there"


@pytest.mark.parametrize(("points", "listed"), [(None, "1.5, 2"), ([], "none")])
def test_an_unknown_speedup_lists_those_there_are(points: list[object], listed: str) -> None:
    metadata = build_metadata() if points is None else build_metadata(operating_points=points)
    message = f"no operating point for a speed-up of 3; it has: {listed}. Export it with"
    with pytest.raises(InputError, match=message):
        metadata.threshold_for(3)
