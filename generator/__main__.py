"""``python -m generator probe``: print what this machine can generate pictures with."""

from __future__ import annotations

import argparse
import json
import sys

from generator.probe import probe


def main() -> None:
    """Read the command line and print the record it asks for."""
    parser = argparse.ArgumentParser(prog="python -m generator", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("probe", help="print torch, diffusers, devices and driver as one JSON record")
    parser.parse_args()
    sys.stdout.write(json.dumps(probe(), indent=2) + "\n")


if __name__ == "__main__":
    main()
