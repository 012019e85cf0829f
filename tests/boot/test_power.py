# SPDX-License-Identifier: MIT
"""A power cut loses no file that was synced."""

import random

import pytest

import power


@pytest.mark.slow
def test_no_synced_file_is_lost_by_a_power_cut(tmp_path):
    seed = random.SystemRandom().randrange(1 << 31)
    print("seed", seed)
    before, log = power.run(tmp_path, steps=120, seed=seed)
    cuts = power.Cuts(before, log, random.Random(seed), tmp_path)
    report = cuts.run(share=0.05)
    assert report["writes"] >= 500 and report["cuts"] >= 20 and report["synced"] >= 20, report
    assert report["losses"] == report["unsound"] == 0, (seed, report, cuts.complaints[:5])
    # The check sees what a disk would lose that heeds no flush.
    unheeded = power.Cuts(before, [(sector, 0, data) for sector, _, data in log], random.Random(seed), tmp_path)
    assert unheeded.run(share=0.02)["losses"] > 0
