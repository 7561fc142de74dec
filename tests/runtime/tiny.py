"""Small early-exit runtimes of every kind, eager, scripted and loaded, and their naive twins."""

import io
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.modules.random_weights import randomise
from tests.reference.early_exit import Answer, NaiveModel, all_exits
from tests.reference.exits import logits_of_exit
from tests.reference.states import pool

PAD, VOCAB_SIZE, MAX_POSITIONS, N_LAYERS, N_CLASSES = 1, 30, 12, 5, 3
SHAPE = EncoderShape(
    n_layers=N_LAYERS,
    hidden_dim=8,
    ffn_dim=12,
    n_heads=2,
    vocab_size=VOCAB_SIZE,
    max_positions=MAX_POSITIONS,
    pad_id=PAD,
)
# Folded or not, one memory tensor, two or a growing list, in both spaces.
KINDS = {
    "folded": ExitOptions(),
    "folded-logit": ExitOptions(merge_space="logit", readout="first"),
    "tanh": ExitOptions(learner_activation="tanh", state="raw", readout="mean"),
    "max": ExitOptions(incorporation="max", merge_space="logit"),
    "attn": ExitOptions(incorporation="attn"),
    "lstm": ExitOptions(incorporation="lstm", use_gate=False),
    "local": ExitOptions(use_past=False, use_future=False),
}
FORMS = ("eager", "scripted", "loaded")


def build_parts(kind: str) -> tuple[RobertaEncoder, PastFutureExits]:
    """Encoder and exits, unfolded, with weights that make some sentences sure and others not."""
    encoder = RobertaEncoder(SHAPE)
    exits = PastFutureExits(SHAPE.hidden_dim, N_LAYERS, N_CLASSES, KINDS[kind])
    randomise(encoder, std=1.0, seed=1)
    randomise(exits, seed=2)
    if exits.classifier is not None:  # deeper exits are surer, as in life
        with torch.no_grad():
            exits.classifier.weight.mul_(torch.linspace(0.5, 2.5, N_LAYERS).view(-1, 1, 1))
    return encoder, exits


def build_runtime(kind: str = "folded", **options: float) -> EarlyExitRuntime:
    """An eager runtime of its own."""
    encoder, exits = build_parts(kind)
    return EarlyExitRuntime(
        encoder,
        past_future_steps(exits),
        vocab_size=VOCAB_SIZE,
        max_positions=MAX_POSITIONS,
        **options,  # type: ignore[arg-type]
    ).eval()


def reload(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    """Save and load."""
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    loaded: torch.jit.ScriptModule = torch.jit.load(buffer)  # type: ignore[no-untyped-call]
    return loaded


@cache
def shared_runtime(kind: str = "folded", form: str = "eager") -> Any:
    """One runtime for all tests, which must not change it."""
    if form == "eager":
        return build_runtime(kind).requires_grad_(False)
    if form == "scripted":
        return torch.jit.script(shared_runtime(kind))
    return reload(shared_runtime(kind, "scripted"))


@cache
def naive_model(kind: str = "folded") -> NaiveModel:
    """The reference of a kind; its exits compute in fp64."""
    encoder, exits = build_parts(kind)
    parameters = {name: p.detach().double() for name, p in exits.named_parameters()}

    def state_of(vector: Tensor, layer: int) -> Tensor:
        if "readout.dense.weight" not in parameters:
            return vector.double()
        weight, bias = parameters["readout.dense.weight"], parameters["readout.dense.bias"]
        return pool(vector.double(), weight[layer - 1], bias[layer - 1])

    return NaiveModel(
        embed=lambda ids: encoder.embed(ids.unsqueeze(0))[0][0].detach(),
        layers=[partial(_run_layer, layer) for layer in encoder.layers],
        readout=KINDS[kind].readout,
        state_of=state_of,
        logits_of=lambda states: logits_of_exit(states, N_LAYERS, parameters, KINDS[kind]),
    )


def _run_layer(layer: nn.Module, hidden: Tensor) -> Tensor:
    output: Tensor = layer(hidden.unsqueeze(0), _all_tokens(hidden))
    return output[0].detach()


def _all_tokens(hidden: Tensor) -> Layout:
    return padded_layout(torch.ones(1, hidden.size(0), dtype=torch.int64), pad_id=0)


def draw_sentences(n_sentences: int, seed: int = 0) -> list[list[int]]:
    """Sentences of 1 to `MAX_POSITIONS` tokens."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, MAX_POSITIONS + 1, (n_sentences,), generator=generator)
    return [
        torch.randint(2, VOCAB_SIZE, (length,), generator=generator).tolist()
        for length in lengths.tolist()
    ]


def pad(sentences: list[list[int]], width: int | None = None) -> Tensor:
    """One batch `(B, T)`, padded on the right; `width` columns, or as many as are needed."""
    width = max(map(len, sentences)) if width is None else width
    return torch.tensor([ids + [PAD] * (width - len(ids)) for ids in sentences])


def naive_answers(sentences: list[list[int]], kind: str = "folded") -> list[list[Answer]]:
    """Every exit's answer for each sentence."""
    return [_naive_answer(tuple(sentence), kind) for sentence in sentences]


@cache
def _naive_answer(sentence: tuple[int, ...], kind: str) -> list[Answer]:
    return all_exits(naive_model(kind), torch.tensor(sentence))
