"""Build the documentation and follow its links: ``python tests/documentation [SITE]``."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))
    from documentation import building

    sys.exit(building.main(Path(sys.argv[1]) if sys.argv[1:] else building.SITE))
