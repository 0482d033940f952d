"""What is vendored is what its README says, and needs nothing that the content policy refuses."""

import re
from hashlib import sha256

import pytest

from tests.conftest import ROOT

VENDOR = ROOT / "static" / "js" / "vendor"


@pytest.mark.parametrize(
    ("name", "licence", "words"),
    [
        ("age.js", "age-LICENSES.txt", "Redistribution and use in source and binary forms"),
        ("idb.js", "idb-LICENSE.txt", "ISC License"),
        ("uplot.js", "uplot-LICENSE.txt", "The MIT License"),
    ],
)
def test_the_vendored_module_has_the_hash_that_is_written_beside_it(name, licence, words):
    assert sha256((VENDOR / name).read_bytes()).hexdigest() in (VENDOR / "README.md").read_text()
    assert words in (VENDOR / licence).read_text()


@pytest.mark.parametrize("name", ["age.js", "idb.js"])
def test_the_vendored_module_makes_no_code_from_text_and_touches_no_page(name):
    found = re.findall(r"\beval\(|new Function|WebAssembly|innerHTML|\bdocument\b", (VENDOR / name).read_text())
    assert found == []
