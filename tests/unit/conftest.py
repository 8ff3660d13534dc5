"""What the tests of units share."""

import pytest

from scbench.claims import ledger
from scbench.claims.measure import measure
from scbench.claims.question import Words
from scbench.claims.results import Results
from scbench.registry import Registry


@pytest.fixture(scope="session")
def registry():
    return Registry.load()


@pytest.fixture
def ask(tmp_path, registry):
    """Measure a claim of the ledger, by default its first variant, in the folder of the test."""
    claims, words = {claim.claim_id: claim for claim in ledger.load()}, Words.load()
    return lambda name, variant=0: measure(claims[name], words, Results(tmp_path), registry)[variant][1]
