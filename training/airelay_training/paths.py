"""Where things lie: shared test data is read only, everything heavy goes to the cache outside the repository.

`AIRELAY_TESTDATA` names the shared test data (default: `shared` beside the checkout), `AIRELAY_TRAINING_CACHE`
the folder for pictures decoded once, checkpoints and logs (default: `training-cache` beside the checkout).
"""

import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
MODELS = REPO / "models"
DOCS = REPO / "docs"


def testdata(*parts: str) -> Path:
    root = Path(os.environ.get("AIRELAY_TESTDATA", REPO.parent / "shared"))
    return root.joinpath(*parts)


def cache(*parts: str) -> Path:
    root = Path(os.environ.get("AIRELAY_TRAINING_CACHE", REPO.parent / "training-cache"))
    path = root.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
