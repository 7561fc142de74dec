"""Packed scores come back as they were."""

import pytest
import torch

from pf_fairseq.criterions.scores import pack_scores, unpack_scores


@pytest.mark.parametrize("n_layers", [2, 12, 23, 24, 25, 26, 48, 49, 50])
@pytest.mark.parametrize("n_sentences", [0, 1, 7])
def test_comes_back(n_sentences: int, n_layers: int) -> None:
    scores = torch.randn(n_sentences, n_layers - 1)  # of either sign
    correct = torch.rand(n_sentences, n_layers) < 0.5
    packed = pack_scores(scores, correct)
    assert packed.dtype == torch.float32 and packed.size(1) <= n_layers + n_layers // 24
    found, right = unpack_scores(packed)
    assert torch.equal(found, scores) and torch.equal(right, correct)


def test_nan_scores_stay_nan() -> None:
    found, right = unpack_scores(pack_scores(torch.tensor([[torch.nan]]), torch.ones(1, 2) > 0))
    assert found.isnan().all() and right.all()
