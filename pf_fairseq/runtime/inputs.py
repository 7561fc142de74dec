"""What a call may be given, checked with one transfer from the device."""

import torch
from torch import Tensor


def dtype_name(tensor: Tensor) -> str:
    """Name of the dtype, such as `int32`; in an f-string TorchScript would print its number."""
    names = [
        (torch.int64, "int64"),
        (torch.int32, "int32"),
        (torch.int16, "int16"),
        (torch.int8, "int8"),
        (torch.uint8, "uint8"),
        (torch.bool, "bool"),
        (torch.float64, "float64"),
        (torch.float32, "float32"),
        (torch.float16, "float16"),
        (torch.bfloat16, "bfloat16"),
        (torch.complex64, "complex64"),
        (torch.complex128, "complex128"),
    ]
    for dtype, name in names:
        if tensor.dtype == dtype:
            return name
    return "an uncommon one"


def check_two_dimensional(tokens: Tensor) -> None:
    """Refuse anything but `(B, T)`.

    Raises:
        ValueError: telling how many dimensions there are.
    """
    if tokens.dim() != 2:
        raise ValueError(
            f"`tokens` must have two dimensions (sentences, tokens), "
            f"but has {tokens.dim()} instead."
        )


def check_threshold(threshold: Tensor | None, default: float, tokens: Tensor) -> Tensor:
    """One threshold per sentence, fp32 `(B,)` on the device of `tokens`.

    Args:
        threshold: floating, 0-dim or `(B,)`, or None for `default`.
        default: the policy's parameter.
        tokens: `(B, T)`.

    Raises:
        ValueError: if the dtype or the shape is another. NaN is found by `check_tokens`.
    """
    check_two_dimensional(tokens)
    n_sentences = tokens.size(0)
    if threshold is None:
        return torch.full((n_sentences,), default, dtype=torch.float32, device=tokens.device)
    if not threshold.is_floating_point():
        raise ValueError(
            f"`threshold` must be a floating tensor, "
            f"but its dtype is {dtype_name(threshold)} instead."
        )
    if threshold.dim() != 0 and (threshold.dim() != 1 or threshold.size(0) != n_sentences):
        raise ValueError(
            f"`threshold` must be one number or one per sentence ({n_sentences}), "
            f"but its shape is {list(threshold.size())} instead."
        )
    # Towards the CPU a copy that does not block would be read before it has arrived.
    threshold = threshold.to(tokens.device, torch.float32, non_blocking=not tokens.is_cpu)
    return threshold.expand(n_sentences)


def check_exit_layer(exit_layer: Tensor, tokens: Tensor, n_layers: int) -> Tensor:
    """Layers to leave at, int64 `(B,)` on the CPU.

    Raises:
        ValueError: if dtype, shape or a value is wrong.
    """
    check_two_dimensional(tokens)
    if exit_layer.dtype != torch.int64:
        raise ValueError(
            f"`exit_layer` must be int64, but its dtype is {dtype_name(exit_layer)} instead."
        )
    if exit_layer.dim() != 1 or exit_layer.size(0) != tokens.size(0):
        raise ValueError(
            f"`exit_layer` must hold one layer per sentence ({tokens.size(0)}), "
            f"but its shape is {list(exit_layer.size())} instead."
        )
    leave_at = exit_layer.cpu()
    if bool(((leave_at < 1) | (leave_at > n_layers)).any()):
        raise ValueError(
            f"`exit_layer` must be between 1 and {n_layers}, "
            f"but goes from {int(leave_at.min())} to {int(leave_at.max())} instead."
        )
    return leave_at


def check_tokens(
    tokens: Tensor,
    tau: Tensor,
    pad_id: int,
    vocab_size: int,
    max_positions: int,
    unit: str,
    never: str,
) -> Tensor:
    """Lengths of the sentences, int64 `(B,)` on the CPU.

    Everything is judged from one transfer: on a GPU an id outside the vocabulary would otherwise
    end the process, and asking one question after another would wait for the device each time.

    Args:
        tokens: `(B, T)`.
        tau: thresholds `(B,)`, fp32, on the same device.
        pad_id: id of padding.
        vocab_size: ids are `0 .. vocab_size - 1`.
        max_positions: longest input in tokens.
        unit: of the policy's parameter, for the message.
        never: the parameter that never leaves early, as text, likewise.

    Raises:
        ValueError: naming the sentence (from 0) and the value.
    """
    if tokens.dtype != torch.int64:
        raise ValueError(f"`tokens` must be int64, but its dtype is {dtype_name(tokens)} instead.")
    n_sentences, n_tokens = tokens.size(0), tokens.size(1)
    if n_tokens > max_positions:
        raise ValueError(
            f"`tokens` must be at most {max_positions} long, but is {n_tokens} long instead; "
            f"truncate the sentence."
        )
    if n_sentences == 0:
        return torch.zeros([0], dtype=torch.int64, device=torch.device("cpu"))
    if n_tokens == 0:
        raise ValueError("sentence 0 is empty; every sentence needs at least one token.")
    is_token = tokens.ne(pad_id)
    lengths = is_token.sum(dim=1)
    hole = (is_token[:, 1:] & ~is_token[:, :-1]).any(dim=1)
    foreign = ((tokens < 0) | (tokens >= vocab_size)).any(dim=1)
    facts = torch.stack([lengths, hole.long(), foreign.long(), tau.isnan().long()]).cpu()
    lengths = facts[0]
    bad = (lengths == 0) | facts[1:].any(dim=0)
    if bool(bad.any()):
        row = int(bad.nonzero()[0])
        _refuse(row, tokens[row], facts[:, row], pad_id, vocab_size, unit, never)
    return lengths


def _refuse(
    row: int,
    tokens: Tensor,
    facts: Tensor,
    pad_id: int,
    vocab_size: int,
    unit: str,
    never: str,
) -> None:
    """Raise what is wrong with a sentence.

    Args:
        row: its number.
        tokens: its ids `(T,)`.
        facts: `(4,)`: its length, and whether it has a hole, a foreign id, a NaN as threshold.
        pad_id: id of padding.
        vocab_size: ids are `0 .. vocab_size - 1`.
        unit: of the policy's parameter.
        never: the parameter that never leaves early, as text.
    """
    if int(facts[2]) != 0:
        ids = tokens.cpu()
        value = int(ids[(ids < 0) | (ids >= vocab_size)][0])
        raise ValueError(
            f"sentence {row} has the id {value}, but ids must be between 0 and {vocab_size - 1}."
        )
    if int(facts[0]) == 0:
        raise ValueError(
            f"sentence {row} is empty (all padding); every sentence needs at least one token."
        )
    if int(facts[1]) != 0:
        raise ValueError(
            f"sentence {row} has padding (id {pad_id}) before a token; pad on the right."
        )
    raise ValueError(
        f"`threshold` must be a number ({unit}), but is NaN for sentence {row} instead. "
        f"Use {never} to never exit early."
    )
