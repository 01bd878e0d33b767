"""``python -m gridpact`` is the command ``gridpact``."""

from __future__ import annotations

import sys

from gridpact.cli import main

if __name__ == "__main__":
    sys.exit(main())
