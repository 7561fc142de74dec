"""Every kind of exits, and what the naive reference says of them."""

from itertools import product

import torch
from torch import Tensor, nn

from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.layout import padded_layout
from pf_fairseq.modules.steps import ExitSteps
from pf_fairseq.modules.steps.past_future import past_future_steps
from tests.modules.random_weights import randomise
from tests.reference.exits import logits_of_exit
from tests.reference.states import pool

STRATEGIES = ("concat", "max", "avg", "attn", "lstm")
HIDDEN_DIM, N_LAYERS, N_CLASSES, N_SENTENCES = 6, 4, 3, 2

# (use_past, use_future, use_gate): without a future there is nothing to gate.
ABLATIONS = [(past, *rest) for past in (True, False) for rest in ((1, 1), (1, 0), (0, 1))]
ALL_OPTIONS = [
    ExitOptions(
        incorporation=strategy,
        merge_space=space,
        learner_activation=activation,
        use_past=past,
        use_future=bool(future),
        use_gate=bool(gate),
    )
    for strategy, space, activation, (past, future, gate) in product(
        STRATEGIES, ("state", "logit"), ("none", "tanh"), ABLATIONS
    )
]


def name_of(options: object) -> str:
    """Short name of the options, for the test's id."""
    if not isinstance(options, ExitOptions):
        return str(options)
    parts = [options.incorporation, options.merge_space, options.learner_activation]
    parts += [] if options.use_past else ["no_past"]
    parts += [] if options.use_future else ["no_future"]
    parts += [] if options.use_gate else ["no_gate"]
    return "-".join(parts)


def build_exits(options: ExitOptions) -> PastFutureExits:
    """Exits of `N_LAYERS` layers with weights that all matter."""
    exits = PastFutureExits(HIDDEN_DIM, N_LAYERS, N_CLASSES, options)
    randomise(exits)
    return exits


def draw_summaries(exits: PastFutureExits) -> Tensor:
    """What the readout gave for each layer, `(B, L, summary_dim)`."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(N_SENTENCES, N_LAYERS, exits.readout.summary_dim, generator=generator)


def parameters_of(exits: PastFutureExits) -> dict[str, Tensor]:
    """The parameters in fp64, apart from the module's."""
    return {name: p.detach().double() for name, p in exits.named_parameters()}


def naive_states(summaries: Tensor, parameters: dict[str, Tensor]) -> list[list[Tensor]]:
    """States of each sentence's layers, `(D,)` each."""
    if "readout.dense.weight" not in parameters:
        return [list(sentence.double()) for sentence in summaries]
    weight, bias = parameters["readout.dense.weight"], parameters["readout.dense.bias"]
    return [
        [pool(layer.double(), w, b) for layer, w, b in zip(sentence, weight, bias, strict=True)]
        for sentence in summaries
    ]


def naive_logits(summaries: Tensor, parameters: dict[str, Tensor], options: ExitOptions) -> Tensor:
    """Logits of every sentence at every exit, `(B, L, C)` in fp64, by loops."""
    rows = []
    for states in naive_states(summaries, parameters):
        exits = []
        for i in range(1, N_LAYERS + 1):
            seen = [s.detach() if options.detach_past else s for s in states[: i - 1]]
            exits.append(logits_of_exit([*seen, states[i - 1]], N_LAYERS, parameters, options))
        rows.append(torch.stack(exits))
    return torch.stack(rows)


class OneAfterAnother(nn.Module):
    """Asks the exits one after another, as inference does."""

    def __init__(self, steps: ExitSteps) -> None:
        super().__init__()
        self.exits = steps

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits of every exit `(B, L, C)`, from hidden states `(B, L, T, H)` without padding."""
        layout = padded_layout(torch.ones_like(hidden[:, 0, :, 0], dtype=torch.int64), pad_id=0)
        memory = self.exits.begin(hidden.size(0))
        logits: list[Tensor] = []
        number = 0
        for step in self.exits.steps:
            memory = step.observe(memory, hidden[:, number], layout)  # type: ignore[operator]
            logits.append(step.classify(memory, hidden[:, number], layout)[0])  # type: ignore[operator]
            number += 1
        return torch.stack(logits, dim=1)


def unfolded(exits: PastFutureExits) -> OneAfterAnother:
    """The exits one after another, not folded."""
    return OneAfterAnother(past_future_steps(exits, fold=False))


def hidden_of(exits: PastFutureExits, summaries: Tensor) -> Tensor:
    """Hidden states `(B, L, T, H)` of which the readout makes these summaries `(B, L, ...)`."""
    if exits.readout.readout != "both":
        return summaries.unsqueeze(2)
    first, mean = summaries.chunk(2, dim=-1)
    return torch.stack([first, 2 * mean - first], dim=2)


def one_after_another(exits: PastFutureExits, summaries: Tensor) -> Tensor:
    """Logits of every exit `(B, L, C)` by unfolded steps."""
    logits: Tensor = unfolded(exits)(hidden_of(exits, summaries))
    return logits
