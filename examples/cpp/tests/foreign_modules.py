"""Modules with the methods of an archive that break what an archive promises."""

import torch
from torch import Tensor, nn

N_LABELS = 3
N_LAYERS = 4
# what is wrong with the answers from the first call on, and so is told when loading
AT_ONCE = (
    "few_rows",
    "many_rows",
    "few_labels",
    "float64_logits",
    "int32_layers",
    "flat_logits",
    "one_tensor",
    "two_tensors",
    "fewer_layers",
    "other_sign",
    "raises",
)
# what is wrong with batches of three alone, or with sentences whose second token is 7
LATER = ("late_rows", "late_labels", "late_memory", "late_layers", "not_finite", "no_reason")


class Foreign(nn.Module):
    """Answers by the second token of each row; `fault` says what is wrong with it."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def answers(self, tokens: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Leave at the first layer where the parameter is above 0, else at the last."""
        n = tokens.size(0)
        logits = torch.zeros(n, 3)
        logits[:, 0] = (tokens[:, 1] % 5).float()
        exit_layer = torch.where(threshold > 0, 1, 4)
        return logits, exit_layer, torch.full([n], 0.5)


class Triple(Foreign):
    """All faults but those of the kind of result."""

    def forward(
        self, tokens: Tensor, threshold: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give three tensors."""
        assert threshold is not None
        logits, exit_layer, entropy = self.answers(tokens, threshold)
        late = tokens.size(0) == 3
        if self.fault == "few_rows" or (self.fault == "late_rows" and late):
            logits = logits[:1]
        if self.fault == "many_rows":
            logits = torch.cat([logits, logits])
        if self.fault == "few_labels" or (self.fault == "late_labels" and late):
            logits = logits[:, :2]
        if self.fault == "float64_logits":
            logits = logits.double()
        if self.fault == "flat_logits":
            logits = logits.flatten()
        if self.fault == "int32_layers":
            exit_layer = exit_layer.int()
        if self.fault == "fewer_layers":
            exit_layer = exit_layer.clamp(max=3)
        if self.fault == "other_sign":
            exit_layer = torch.full_like(exit_layer, 4)
        if self.fault == "late_layers" and late:
            exit_layer = exit_layer + 4
        if self.fault == "late_memory" and late:
            logits = torch.empty(1 << 60)
        if self.fault == "not_finite":
            logits[tokens[:, 1] == 7] = float("nan")
        if self.fault == "raises":
            raise ValueError("this module takes nothing")
        if self.fault == "no_reason" and late:
            raise ValueError("\n")
        return logits, exit_layer, entropy


class ExitLogits(Triple):
    """What every exit says, of which the last is not what `forward` says, or of a layer too few."""

    @torch.jit.export
    def exit_logits(self, tokens: Tensor) -> Tensor:
        """Give logits `(B, L, C)`."""
        n_layers = 3 if self.fault == "few_exit_logits" else 4
        return torch.full([tokens.size(0), n_layers, 3], 9.0)


class OneTensor(Foreign):
    """The logits alone."""

    def forward(self, tokens: Tensor, threshold: Tensor | None = None) -> Tensor:
        """Give one tensor."""
        assert threshold is not None
        return self.answers(tokens, threshold)[0]


class TwoTensors(Foreign):
    """No entropy."""

    def forward(self, tokens: Tensor, threshold: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give two tensors."""
        assert threshold is not None
        return self.answers(tokens, threshold)[:2]


class NoForward(nn.Module):
    """A module whose method has another name."""

    @torch.jit.export
    def classify(self, tokens: Tensor) -> Tensor:
        """Give the tokens."""
        return tokens


def foreign_modules() -> dict[str, nn.Module]:
    """Give each module by what is wrong with it."""
    others: dict[str, nn.Module] = {
        "one_tensor": OneTensor("one_tensor"),
        "two_tensors": TwoTensors("two_tensors"),
        "no_forward": NoForward(),
        "few_exit_logits": ExitLogits("few_exit_logits"),
        "other_exit_logits": ExitLogits("other_exit_logits"),
    }
    return others | {name: Triple(name) for name in (*AT_ONCE, *LATER) if name not in others}
