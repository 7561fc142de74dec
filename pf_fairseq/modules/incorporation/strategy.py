"""What every incorporation strategy can do, in training and at inference."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Incorporation(nn.Module, ABC):
    r"""G(.) of Eqs. (1) and (6), with two faces.

    All exits at once (training):
        `forward(states, detach_past)`: `(B, L, D)` to the past of every exit `(B, L, O)`, where
        exit `i` sees s_1 .. s_i. With `detach_past`, the gradient of exit `i` reaches s_i but
        not the states before it (the parameters of G it reaches all the same).
        `alone(states)`: the same with only s_i itself to see (ablation: no past).
        `all_futures(imitated)`: `(B, L - 1, L - 1, D)` as the learners give it, to `(B, L - 1, O)`.

    One exit after another (inference):
        `remember(memory, state, layer)`: the memory, a list of tensors with `B` in front, after
        seeing the state `(B, D)` of `layer`; an empty list is the memory before layer 1.
        `past(memory, layer)`: `(B, O)` from the memory after `layer`.
        `future(imitated, exit_layer)`: `(B, n - i, D)`, nearest layer first, to `(B, O)`.

    Both faces agree; the memory never grows with the length of a sentence, and every tensor in
    it can be indexed by sentence, so that sentences leave the batch one by one.
    """

    @abstractmethod
    def forward(self, states: Tensor, detach_past: bool) -> Tensor: ...

    @abstractmethod
    def all_futures(self, imitated: Tensor) -> Tensor: ...

    @abstractmethod
    def remember(self, memory: list[Tensor], state: Tensor, layer: int) -> list[Tensor]: ...

    @abstractmethod
    def past(self, memory: list[Tensor], layer: int) -> Tensor: ...

    @abstractmethod
    def future(self, imitated: Tensor, exit_layer: int) -> Tensor: ...

    def alone(self, states: Tensor) -> Tensor:
        """G over a single state: the state itself, unless G has parameters of its own."""
        return states
