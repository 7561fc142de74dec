"""Flags of the models; the checkpoint carries them."""

from dataclasses import dataclass, field
from typing import Any

from fairseq.dataclass import ChoiceEnum, FairseqDataclass
from omegaconf import II

from pf_fairseq.methods import METHODS
from pf_fairseq.models.freezing import FREEZE_SCHEDULES
from pf_fairseq.modules.exits import MERGE_SPACES, ExitOptions
from pf_fairseq.modules.imitation import LEARNER_ACTIVATIONS
from pf_fairseq.modules.incorporation import INCORPORATIONS
from pf_fairseq.modules.states import READOUTS, STATES
from pf_fairseq.modules.transformer import ACTIVATIONS

_DEFAULTS = ExitOptions()

# fairseq makes argparse choices out of enums that it builds at run time.
ActivationChoice = ChoiceEnum(list(ACTIVATIONS))
ExitMethodChoice = ChoiceEnum(list(METHODS))
FreezeScheduleChoice = ChoiceEnum(list(FREEZE_SCHEDULES))
IncorporationChoice = ChoiceEnum(list(INCORPORATIONS))
LearnerActivationChoice = ChoiceEnum(list(LEARNER_ACTIVATIONS))
MergeSpaceChoice = ChoiceEnum(list(MERGE_SPACES))
ReadoutChoice = ChoiceEnum(list(READOUTS))
StateChoice = ChoiceEnum(list(STATES))


def _flag(default: Any, description: str) -> Any:
    return field(default=default, metadata={"help": description})


@dataclass
class PastFutureConfig(FairseqDataclass):
    """Shape of the encoder, of its exits, and which layers training leaves alone."""

    encoder_layers: int = _flag(12, "layers of the encoder, and so exits")
    encoder_embed_dim: int = _flag(768, "width of the encoder")
    encoder_ffn_embed_dim: int = _flag(3072, "inner width of the feed-forward blocks")
    encoder_attention_heads: int = _flag(12, "attention heads; must divide the width")
    activation_fn: ActivationChoice = _flag("gelu", "activation of the feed-forward blocks")
    layer_norm_eps: float = _flag(1e-5, "what layer norms add to a variance")
    dropout: float = _flag(0.1, "dropout probability of embeddings and blocks")
    attention_dropout: float = _flag(0.1, "dropout probability of attention weights")
    activation_dropout: float = _flag(0.0, "dropout probability inside feed-forward blocks")
    pooler_dropout: float = _flag(0.0, "dropout probability of the states that exits see")

    exit_method: ExitMethodChoice = _flag("past_future", "how an exit decides")
    incorporation: IncorporationChoice = _flag(
        _DEFAULTS.incorporation, "strategy that makes one state out of many, Eq. (1)"
    )
    no_past: bool = _flag(False, "let an exit see no earlier layer (ablation)")
    no_future: bool = _flag(False, "imitate no later layer (ablation)")
    no_gate: bool = _flag(False, "merge past and future half and half (ablation)")
    merge_space: MergeSpaceChoice = _flag(
        _DEFAULTS.merge_space, "merge past and future as states, Eq. (8), or as logits"
    )
    readout: ReadoutChoice = _flag(
        _DEFAULTS.readout, "what of a layer is its state: first token, mean of the tokens, both"
    )
    state: StateChoice = _flag(
        _DEFAULTS.state, "pool the readout through tanh(dense) per layer, or take it raw"
    )
    state_dim: int = _flag(0, "width of a pooled state; 0: that of the encoder")
    learner_activation: LearnerActivationChoice = _flag(
        _DEFAULTS.learner_activation, "activation of the imitation learners, Eq. (2)"
    )
    no_detach_past: bool = _flag(
        False, "let an exit's loss reach the states of earlier layers through the past"
    )
    no_detach_imitation: bool = _flag(
        False, "let the imitation loss reach the states that the learners start from"
    )

    exit_gradient_scale: float = _flag(
        0.1,
        "factor g on what the exits before the last send into the encoder, while they learn at "
        "the full rate themselves; 1: the paper, 0: the encoder learns from the last exit alone",
    )
    frozen_layers: int = _flag(0, "number of lower layers that are frozen in training, section 3.4")
    freeze_schedule: FreezeScheduleChoice = _flag(
        "depth",
        "depth: layer l of L is frozen with probability (L - l)/(L - 1) at each update; "
        "step: each with probability 1 - update/--max-update; "
        "always: embeddings and layers 1..L are never updated",
    )

    cpu_bf16: bool = _flag(
        False,
        "train the encoder in bfloat16 on a CPU that multiplies it fast (avx512_bf16, amx_bf16); "
        "weights, exits, losses and validation stay in fp32",
    )

    max_positions: int = II("task.max_positions")
    max_update: int = II("optimization.max_update")
    seed: int = II("common.seed")
    cpu: bool = II("common.cpu")
