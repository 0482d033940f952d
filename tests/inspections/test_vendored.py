"""What is vendored is what its README says, and needs nothing that the content policy refuses."""

import re
from hashlib import sha256

from tests.conftest import ROOT

VENDOR = ROOT / "static" / "js" / "vendor"


def test_the_vendored_module_has_the_hash_that_is_written_beside_it():
    assert sha256((VENDOR / "age.js").read_bytes()).hexdigest() in (VENDOR / "README.md").read_text()
    assert "Redistribution and use in source and binary forms" in (VENDOR / "age-LICENSES.txt").read_text()


def test_the_vendored_module_makes_no_code_from_text_and_touches_no_page():
    found = re.findall(r"\beval\(|new Function|WebAssembly|innerHTML|\bdocument\b", (VENDOR / "age.js").read_text())
    assert found == []
