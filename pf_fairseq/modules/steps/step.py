"""One exit after another: the seam between a method of early exit and the loop that runs it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from pf_fairseq.modules.layout import Layout


class ExitStep(nn.Module, ABC):
    """What a method does at one layer, at inference.

    A step sees the hidden states of its layer and the memory of the layers before it, one tensor
    `(B, M)` in fp32 whatever the dtype of the model, so that a running sum keeps its digits and
    sentences can leave the batch by a single index. Every product is an `nn.Linear` of its own,
    so that it can be exchanged for another dtype; a product that layers share is one module that
    their steps share. There is no dropout. Steps are scripted and exported: tensors in, tensors
    out, nothing raised, nothing written in place.
    """

    @abstractmethod
    def observe(self, memory: Tensor, hidden: Tensor, layout: Layout) -> Tensor:
        """Take in the layer, whether or not its exit is asked.

        Args:
            memory: fp32 `(B, M)`, as the step before returned it.
            hidden: `(B, T, H)` after this layer.
            layout: which places of `hidden` are tokens.

        Returns:
            the memory, fp32 `(B, M)`.
        """

    @abstractmethod
    def classify(self, memory: Tensor, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        """Ask the exit, given what `observe` returned for this layer.

        Returns:
            logits fp32 `(B, C)`, and evidence for the policy, fp32 `(B, E)`.
        """

    @torch.jit.unused
    def lower(self, dtype: torch.dtype) -> None:
        """Let the step compute in `dtype`, that of the hidden states it is to see from now on.

        A product that gives labels is better left in fp32.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.to(dtype)


class ExitSteps(nn.Module):
    """The steps of all layers, and the memory before the first.

    Args:
        steps: one per layer, from the first.
        n_classes: number of classes `C`.
        start: memory before layer 1, fp32 `(M,)`.
        evidence_dim: numbers `E` of evidence that an exit gives.
    """

    start: Tensor

    def __init__(
        self, steps: Iterable[ExitStep], *, n_classes: int, start: Tensor, evidence_dim: int = 0
    ) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)
        self.n_layers = len(self.steps)
        self.n_classes = n_classes
        self.evidence_dim = evidence_dim
        self.register_buffer("start", start.to(torch.float32))

    def begin(self, n_sentences: int) -> Tensor:
        """Memory before layer 1, fp32 `(B, M)`."""
        return self.start.to(torch.float32).unsqueeze(0).repeat(n_sentences, 1)

    @torch.jit.unused
    def lower(self, dtype: torch.dtype) -> None:
        """Let every step compute in `dtype`."""
        for step in self.steps:
            assert isinstance(step, ExitStep)
            step.lower(dtype)


def own_linear(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """A linear layer that owns its weights, copied from `(O, I)` and `(O,)`; it never trains."""
    out_dim, in_dim = weight.shape
    linear = nn.Linear(in_dim, out_dim, bias=bias is not None, device="meta")
    linear.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return linear
