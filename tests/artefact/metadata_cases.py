"""An archive's metadata, as complete as the format has it."""

from pf_fairseq.artefact.metadata import ArchiveMetadata, DataEntry, TokenizerEntry
from pf_fairseq.exiting.point import OperatingPoint
from pf_fairseq.modules.policy_description import PolicyDescription
from pf_fairseq.text.special_pieces import SpecialPieces

SHA = "0" * 64
PIECES = SpecialPieces("<s>", "<pad>", "</s>", "<unk>", None)


def build_metadata(**changes: object) -> ArchiveMetadata:
    """Metadata of the tiny runtime, with some fields set otherwise."""
    content: dict[str, object] = {
        "backbone": "roberta",
        "exit_method": "past_future",
        "policy": PolicyDescription("entropy", "nats", sign=-1, never=0.0),
        "task": "SST-2",
        "labels": ["bad", "neither", "good – très"],
        "pair": False,
        "n_layers": 5,
        "vocab_size": 30,
        "max_positions": 12,
        "max_tokens": 12,
        "special_tokens": {"bos": 0, "pad": 1, "eos": 2, "unk": 3, "mask": 29},
        "init_token": 0,
        "separator_token": None,
        "dtype": "float32",
        "min_exit_layer": 1,
        "check_interval": 1,
        "operating_points": [
            OperatingPoint("1.5", 1.5, 0.25, 1.52, 0.81),
            OperatingPoint("2", 2.0, 0.5, 2.01, None),
        ],
        "default": "2",
        "default_threshold": 0.5,
        "tokenizer": TokenizerEntry("roberta", ["merges.txt", "vocab.json"], [0, 1, 2], PIECES),
        "data": DataEntry("1" * 64, "2" * 64),
        "checkpoint_sha256": SHA,
        "versions": {"torch": "2.13.0"},
    }
    return ArchiveMetadata(**{**content, **changes})  # type: ignore[arg-type]
