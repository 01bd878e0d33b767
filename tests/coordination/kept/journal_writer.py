"""A process that appends to a journal as fast as it can and says which records it was told are written.

journal_writer.py PATH SEED DURABLE: every ``DURABLE``th record is made to last, none for 0.
"""

import sys
from pathlib import Path

from gridpact.coordination.identity.keys import signer_of
from gridpact.coordination.kept.journal import Journal


def payload(number: int) -> bytes:
    """Of all lengths up to 3 kB, and its own for every number."""
    return number.to_bytes(4, "little") * (number * 37 % 750)


def main(path: str, seed: str, durable: str) -> None:
    every = int(durable)
    with Journal.open(Path(path), signer_of(bytes.fromhex(seed)), b"run") as journal:
        number = len(journal.records)
        print("open", number, journal.cut, flush=True)
        while True:
            journal.append("answer", payload(number), durable=every > 0 and number % every == 0)
            print(number, flush=True)
            number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
