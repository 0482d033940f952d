"""The catalogue of accelerators that inventories are written in: facts, from Epoch AI's ml_hardware data (CC BY 4.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

EPOCH: Final = "Epoch AI, ml_hardware, 2025-12, CC BY 4.0"


class Precision(StrEnum):
    """In how many bits the numbers of a computation are held."""

    EIGHT_BIT = "8-bit"
    SIXTEEN_BIT = "16-bit"


# Dense operations per second, as a share of those with 8 bits: half with 16 on each chip below, by its maker within 3 %.
SHARE_OF_8BIT: Final[Mapping[Precision, Fraction]] = {
    Precision.EIGHT_BIT: Fraction(1),
    Precision.SIXTEEN_BIT: Fraction(1, 2),
}


@dataclass(frozen=True)
class Accelerator:
    """A kind of chip: memory in GB, dense 8-bit operations per second, watts."""

    key: str
    name: str
    memory_gb: Decimal
    ops_8bit: Decimal
    tdp_w: int
    source: str = EPOCH


def _chip(key: str, name: str, *, memory: str, ops: str, power: int, note: str = "") -> Accelerator:
    source = f"{EPOCH}; {note}" if note else EPOCH
    return Accelerator(key, name, Decimal(memory), Decimal(int(Decimal(ops))), power, source)


CATALOGUE: Final = (
    _chip("a100-80", "NVIDIA A100 SXM4 80 GB", memory="80", ops="6.24e14", power=400),
    _chip("h100", "NVIDIA H100 SXM5 80 GB", memory="80", ops="1.979e15", power=700),
    _chip(
        "h200", "NVIDIA H200 SXM", memory="141", ops="1.979e15", power=700, note="memory from the maker's data sheet"
    ),
    _chip("b200", "NVIDIA B200", memory="180", ops="4.5e15", power=1000),
    _chip("gb200", "NVIDIA GB200, per GPU", memory="186", ops="5e15", power=1200),
    _chip("mi300x", "AMD Instinct MI300X", memory="192", ops="2.6149e15", power=750),
    _chip(
        "tpu-v5p",
        "Google TPU v5p",
        memory="95",
        ops="9.18e14",
        power=540,
        note="power estimated: the maker states none",
    ),
    _chip("trainium2", "Amazon Trainium2", memory="96", ops="1.299e15", power=500),
    _chip(
        "ascend-910b2",
        "Huawei Ascend 910B2",
        memory="64",
        ops="7.52e14",
        power=400,
        note="twice the 16-bit figure; power of the 910B",
    ),
)
