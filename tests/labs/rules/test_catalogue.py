import csv
from decimal import Decimal

import pytest

from labs.rules.accelerators import CATALOGUE

SAME_NAME = {
    "a100-80": ("NVIDIA A100 SXM4 80 GB", "INT8 performance (OP/s)"),
    "h100": ("NVIDIA H100 SXM5 80GB", "INT8 performance (OP/s)"),
    "h200": ("NVIDIA H200 SXM", "INT8 performance (OP/s)"),
    "b200": ("NVIDIA B200", "INT8 performance (OP/s)"),
    "gb200": ("NVIDIA GB200", "INT8 performance (OP/s)"),
    "mi300x": ("AMD Instinct MI300X", "INT8 performance (OP/s)"),
    "tpu-v5p": ("Google TPU v5p", "INT8 performance (OP/s)"),
    "trainium2": ("Amazon Trainium2", "FP8 performance (FLOP/s)"),
}


@pytest.mark.parametrize("chip", [chip for chip in CATALOGUE if chip.key in SAME_NAME], ids=lambda chip: chip.key)
def test_the_catalogue_says_what_epoch_says(chip, data_dir):
    name, column = SAME_NAME[chip.key]
    with (data_dir / "ml_hardware" / "ml_hardware_2025-12.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["Hardware name"] == name)
    assert chip.ops_8bit == Decimal(row[column])
    if row["Memory size per board (Byte)"]:
        assert chip.memory_gb == Decimal(row["Memory size per board (Byte)"]) / 10**9
    if row["TDP (W)"]:
        assert chip.tdp_w == Decimal(row["TDP (W)"])
