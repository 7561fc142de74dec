"""`metadata.json` is read as it was written, and refused when it is not ours.

What C++ must refuse as well, and how it must say so, stands in `tests/data/metadata_cases.json`,
which its own test reads too; the fields that Python alone reads are here.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pf_fairseq.artefact.metadata import FORMAT_VERSION, ArchiveMetadata, LabelAgreement
from pf_fairseq.errors import InputError
from tests.artefact.metadata_cases import build_metadata

SHARED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "metadata_cases.json").read_text(encoding="utf-8")
)
AGREEMENT = LabelAgreement("valid:0.3", 610, 0.998, {"2": 0.996, "1": 0.998})


@pytest.mark.parametrize(
    "changes",
    [{}, {"tokenizer": None}, {"separator_token": 2}, {"label_agreement": AGREEMENT}],
)
def test_read_as_written(changes: dict[str, object]) -> None:
    metadata = build_metadata(**changes)
    assert ArchiveMetadata.from_json(metadata.to_json(), "m.pt") == metadata


def test_what_stands_in_the_file() -> None:
    content = json.loads(build_metadata().to_json())
    assert content["format_version"] == FORMAT_VERSION == 2
    assert content["operating_points"][0] == {
        "name": "1.5",
        "target_speedup": 1.5,
        "threshold": 0.25,
        "speedup": 1.52,
        "accuracy": 0.81,
    }
    assert content["tokenizer"]["token_id_map"] == [0, 1, 2]
    pieces = {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": None}
    assert content["tokenizer"]["special_pieces"] == pieces
    assert content["policy"] == POLICY
    assert content["data"] == {"dictionary_sha256": "1" * 64, "tokenizer_sha256": "2" * 64}
    assert content["labels"][2] == "good – très"
    assert content["separator_token"] is None


def test_text_is_plain_utf8_that_other_languages_read() -> None:
    text = build_metadata().to_json()
    assert "good – très" in text
    with pytest.raises(ValueError, match="not JSON compliant"):
        build_metadata(default_threshold=float("inf")).to_json()


def test_a_newer_format_is_refused_whatever_else_it_holds() -> None:
    text = json.dumps({"format_version": 3, "something": "new"})
    message = "`m.pt` has format version 3, but this pf_fairseq reads up to 2; update pf_fairseq"
    with pytest.raises(InputError, match=message):
        ArchiveMetadata.from_json(text, "m.pt")


def test_surplus_fields_of_our_format_are_passed_over() -> None:
    content = {**json.loads(build_metadata().to_json()), "remark": "from a later release"}
    assert ArchiveMetadata.from_json(json.dumps(content), "m.pt") == build_metadata()


POINT = {"name": "2", "target_speedup": 2.0, "threshold": 0.5, "speedup": 2.0, "accuracy": 0.8}
POLICY = {"name": "entropy", "parameter_unit": "nats", "sign": -1, "never": 0.0}


def _without(name: str) -> str:
    content = json.loads(build_metadata().to_json())
    del content[name]
    return json.dumps(content)


def _with(**changes: object) -> str:
    return json.dumps({**json.loads(build_metadata().to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("not json", "Expecting value"),
        ("[]", r"must be a JSON object, but is \[\]"),
        ("null", "must be a JSON object, but is None"),
        ("{}", "`format_version` must be a whole number of at least 1, but is None"),
        ('{"format_version": null}', "`format_version` must be"),
        ('{"format_version": 1.0}', "`format_version` must be"),
        ('{"format_version": true}', "`format_version` must be"),
        ('{"format_version": 2}', "`backbone` must be a text, but is None"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', "it repeats the key 'a'"),
        ('[{"b": {"c": 1, "c": 2}}]', "it repeats the key 'c'"),
        (_without("versions"), "`versions` must be an object, but is None"),
        (_without("checkpoint_sha256"), "`checkpoint_sha256` must be a text, but is None"),
        (_with(label_agreement=0.99), "`label_agreement` must be an object with `points`, but is"),
        (
            _with(label_agreement={"points": {"2": "all"}, "split": "valid", "rows": 3}),
            "`label_agreement.full_depth` must be a finite number, but is None",
        ),
        (_with(operating_points=[{"name": "2"}]), "`threshold` must be a finite number"),
        (_with(operating_points=[{**POINT, "threshold": float("nan")}]), "`threshold` must be"),
        (_with(operating_points=[{**POINT, "speedup": 10**400}]), "`speedup` must be a finite"),
        (_with(operating_points=7), "`operating_points` must be a list, but is 7"),
        (_with(tokenizer={"kind": "roberta"}), "`tokenizer.files` must be a list of texts"),
        (_with(default_threshold=0.1), "`default_threshold` is not that of `default`"),
        (_with(min_exit_layer=6), "`min_exit_layer` is beyond `n_layers`"),
        (_with(max_tokens=13), "`max_tokens` is beyond `max_positions`"),
        (_with(init_token=30), "an id of `init_token` is beyond `vocab_size` 30"),
        (_with(policy={**POLICY, "sign": 2}), "`policy.sign` must be -1 or 1, but is 2"),
        (_with(format_version=1), "`policy` must be 'entropy' in format 1"),
        (_with(data=3), "`data` must be an object, but is 3"),
    ],
)
def test_what_is_not_ours_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        ArchiveMetadata.from_json(text, "m.pt")
    assert str(error.value).startswith("archive `m.pt` has no readable metadata.json (")
    assert str(error.value).endswith("export it again with `pf-fairseq export`.")


def _patched(case: dict[str, Any]) -> str:
    """Apply one operation of RFC 6902 to the shared valid metadata."""
    content = copy.deepcopy(SHARED["valid"])
    *way, last = (int(key) if key.isdigit() else key for key in case["path"].split("/")[1:])
    place = content
    for key in way:
        place = place[key]
    if case["op"] == "remove":
        del place[last]
    else:
        place[last] = case["value"]
    return json.dumps(content)


def _named(case: dict[str, Any]) -> str:
    return f"{case['op']} {case['path']} {case.get('value', '')}"


def test_the_shared_metadata_are_complete() -> None:
    text = json.dumps(SHARED["valid"])
    assert json.loads(ArchiveMetadata.from_json(text, "m.pt").to_json()) == SHARED["valid"]


@pytest.mark.parametrize("case", SHARED["accepted"], ids=_named)
def test_what_cpp_accepts_too(case: dict[str, Any]) -> None:
    ArchiveMetadata.from_json(_patched(case), "m.pt")


@pytest.mark.parametrize("case", SHARED["refused"], ids=_named)
def test_what_cpp_refuses_too(case: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        ArchiveMetadata.from_json(_patched(case), "m.pt")
    assert [each for each in case["says"] if each not in str(error.value)] == [], error.value


def test_bytes_are_utf8_without_a_mark() -> None:
    text = build_metadata().to_json()
    assert ArchiveMetadata.from_json(text.encode(), "m.pt") == build_metadata()
    for content in (
        text.encode("utf-16"),
        text.encode("utf-8-sig"),
        text.encode("latin-1", "replace"),
    ):
        with pytest.raises(InputError, match="has no readable metadata.json"):
            ArchiveMetadata.from_json(content, "m.pt")


def test_a_policy_needs_no_list_of_names() -> None:
    policy = {"name": "patience", "parameter_unit": "exits", "sign": 1, "never": 99}
    text = _with(policy=policy, default=None, default_threshold=99)
    assert ArchiveMetadata.from_json(text, "m.pt").policy.to_dict() == policy


def test_format_1_is_read() -> None:
    content = json.loads(build_metadata().to_json())
    del content["data"], content["tokenizer"]["special_pieces"]
    found = ArchiveMetadata.from_json(
        json.dumps({**content, "format_version": 1, "policy": "entropy"}), "m.pt"
    )
    assert found.format_version == 1 and found.policy == build_metadata().policy
    assert found.data.dictionary_sha256 is None
    assert found.tokenizer is not None and found.tokenizer.special_pieces is None


def test_a_threshold_by_its_speedup() -> None:
    metadata = build_metadata()
    assert metadata.threshold_for(2) == 0.5
    assert metadata.threshold_for(1.5) == 0.25
    assert metadata.threshold_for(1) == 0.0, "full depth is always there"


@pytest.mark.parametrize(("points", "listed"), [(None, "1.5, 2"), ([], "none")])
def test_an_unknown_speedup_lists_those_there_are(points: list[object], listed: str) -> None:
    metadata = build_metadata() if points is None else build_metadata(operating_points=points)
    message = f"must be that of an operating point, but is 3 instead; there are: {listed}. Choose"
    with pytest.raises(InputError, match=message):
        metadata.threshold_for(3)
