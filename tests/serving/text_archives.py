"""Archives of random weights with a real tokenizer: quick to make, and sure of half the texts."""

from pathlib import Path

import torch

from pf_fairseq.artefact.metadata import TokenizerEntry
from pf_fairseq.artefact.saving import save_archive
from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.exiting.point import OperatingPoint
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.text.tokenizer import Tokenizer, tokenizer_from_files
from tests.artefact.metadata_cases import build_metadata
from tests.modules.random_weights import randomise
from tests.text.small_bpe import fairseq_files, hugging_face_files

MAX_POSITIONS, N_LAYERS, LABELS = 64, 3, ["bad", "good"]
POINTS = [OperatingPoint("2", 2.0, 0.5, 2.0, 0.8), OperatingPoint("3", 3.0, 0.65, 3.0, 0.7)]


def small_tokenizer(kind_of_files: str = "hugging_face") -> Tokenizer:
    """A byte-level BPE; with fairseq's files its own ids differ from the model's."""
    files = hugging_face_files() if kind_of_files == "hugging_face" else fairseq_files()
    return tokenizer_from_files("roberta", files)


def small_runtime(vocab_size: int) -> EarlyExitRuntime:
    """An eager runtime of 3 layers whose default is the operating point 2."""
    shape = EncoderShape(
        n_layers=N_LAYERS,
        hidden_dim=8,
        ffn_dim=8,
        n_heads=2,
        vocab_size=vocab_size,
        max_positions=MAX_POSITIONS,
        pad_id=1,
    )
    encoder = RobertaEncoder(shape)
    exits = PastFutureExits(shape.hidden_dim, N_LAYERS, len(LABELS), ExitOptions())
    randomise(encoder, std=1.0, seed=3)
    randomise(exits, std=0.5, seed=4)
    bias = exits.incorporation.bias
    assert isinstance(bias, torch.Tensor)
    torch.nn.init.zeros_(bias)
    return EarlyExitRuntime(
        encoder,
        past_future_steps(exits),
        vocab_size=vocab_size,
        max_positions=MAX_POSITIONS,
        default_threshold=0.5,
    )


def write_archive(
    path: Path, *, pair: bool = False, files: str = "hugging_face", max_tokens: int = MAX_POSITIONS
) -> Path:
    """Write the archive with its tokenizer and two operating points."""
    tokenizer = small_tokenizer(files)
    special = {"bos": 0, "pad": 1, "eos": 2, "unk": 3, "mask": tokenizer.mask_id}
    metadata = build_metadata(
        labels=LABELS,
        pair=pair,
        n_layers=N_LAYERS,
        vocab_size=tokenizer.vocab_size,
        max_positions=MAX_POSITIONS,
        max_tokens=max_tokens,
        special_tokens=special,
        separator_token=2 if pair else None,
        operating_points=POINTS,
        default="2",
        default_threshold=0.5,
        tokenizer=TokenizerEntry(
            "roberta", sorted(tokenizer.files), tokenizer.token_id_map, tokenizer.special_pieces
        ),
    )
    save_archive(small_runtime(tokenizer.vocab_size), metadata, tokenizer.files, path)
    return path
