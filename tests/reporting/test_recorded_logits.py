"""`logits.npz` holds what the model said."""

from pathlib import Path

import numpy as np
import pytest

from pf_fairseq.reporting.recorded_logits import write_logits

from .conftest import MakeEvaluation


@pytest.mark.parametrize("labelled", [True, False])
def test_reads_back(tmp_path: Path, make_evaluation: MakeEvaluation, labelled: bool) -> None:
    recorded = make_evaluation(labelled=labelled).recorded
    path = tmp_path / "new" / "logits.npz"
    write_logits(path, recorded)
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays) == (["logits", "targets"] if labelled else ["logits"])
        assert arrays["logits"].dtype == np.float32
        np.testing.assert_array_equal(arrays["logits"], recorded.logits.numpy())
        if recorded.targets is not None:
            assert arrays["targets"].dtype == np.int64
            np.testing.assert_array_equal(arrays["targets"], recorded.targets.numpy())
    assert [file.name for file in path.parent.iterdir()] == ["logits.npz"]
