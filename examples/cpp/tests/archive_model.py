"""A tiny encoder with past-future exits and random weights, and what it says."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.mpnet import MpnetEncoder
from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.text.tokenizer import Tokenizer

N_LAYERS = 4
MAX_POSITIONS = 24
EXIT_MARGIN = 1e-3  # no entropy this close to a threshold: exits must not hang on rounding
ENCODERS = {"roberta": RobertaEncoder, "mpnet": MpnetEncoder}


def tiny_runtime(
    tokenizer: Tokenizer, n_classes: int, threshold: float, backbone: str
) -> EarlyExitRuntime:
    """Return a runtime with random weights, large enough that entropies differ."""
    torch.manual_seed(n_classes)
    shape = EncoderShape(
        n_layers=N_LAYERS,
        hidden_dim=16,
        ffn_dim=32,
        n_heads=2,
        vocab_size=tokenizer.vocab_size,
        max_positions=MAX_POSITIONS,
        pad_id=tokenizer.pad_id,
    )
    exits = PastFutureExits(shape.hidden_dim, N_LAYERS, n_classes, ExitOptions())
    encoder = ENCODERS[backbone](shape)
    for parameter in (*encoder.parameters(), *exits.parameters()):
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.4)
    return EarlyExitRuntime(
        encoder,
        past_future_steps(exits, fold=False),
        vocab_size=tokenizer.vocab_size,
        max_positions=MAX_POSITIONS,
        default_threshold=threshold,
    ).eval()


def exit_entropies(runtime: EarlyExitRuntime, inputs: list[list[int]]) -> Tensor:
    """Return the entropies `(N, L)` of all exits, in nats."""
    rows = []
    for tokens in inputs:
        copies = torch.tensor([tokens] * N_LAYERS)
        rows.append(runtime.forward_at(copies, torch.arange(1, N_LAYERS + 1))[2])
    return torch.stack(rows)


def spread_thresholds(entropies: Tensor) -> list[float]:
    """Return the thresholds with a safe margin, those first that spread the exits best."""
    values = entropies.flatten().sort().values
    gaps = values.diff()
    candidates = ((values[:-1] + values[1:]) / 2)[gaps > 2 * EXIT_MARGIN].tolist()

    def largest_share(threshold: float) -> int:
        fires = entropies < threshold
        fires[:, -1] = True
        return max(Counter(fires.int().argmax(dim=1).tolist()).values())

    return sorted(candidates, key=largest_share)


def predict(
    runtime: EarlyExitRuntime, inputs: list[list[int]], labels: list[str], threshold: float | None
) -> list[dict[str, Any]]:
    """Classify sentence after sentence."""
    tau = None if threshold is None else torch.tensor(threshold)
    predictions = []
    for tokens in inputs:
        logits, exit_layer, entropy = runtime(torch.tensor([tokens]), tau)
        probability, index = logits[0].double().softmax(dim=0).max(dim=0)
        predictions.append(
            {
                "label": labels[int(index)],
                "probability": float(probability),
                "exit_layer": int(exit_layer),
                "entropy": float(entropy),
                "logits": logits[0].tolist(),
            }
        )
    return predictions
