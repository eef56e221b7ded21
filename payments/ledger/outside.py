"""The heads kept outside of the database, held against the chain as it is read."""

from collections.abc import Iterator, Sequence

from pairly.core import signing
from pairly.core.chain import Head, HeadFile
from payments.ledger.checking import BrokenLedger, Position
from payments.ledger.sealing import BLOCKS, CHAIN, head_of

__all__ = ["OutsideHeads"]


class OutsideHeads:
    """Every line beyond block ``after`` must be the head of a block as it is today.

    The newest line is looked up when this is made, so make it before reading the chain.
    """

    def __init__(self, files: Sequence[HeadFile], *, after: int) -> None:
        found = [head for file in files if (head := file.newest(CHAIN)) is not None]
        self._newest = max(found, key=lambda head: head.number, default=None)
        self._after = after
        self._streams = [_Stream(file.heads(CHAIN, after=after)) for file in files]

    @property
    def newest(self) -> int | None:
        """The block of the newest head."""
        return self._newest.number if self._newest else None

    def expect(self, head: Head) -> None:
        """Compare a block's head with what was told of it and of those before."""
        for stream in self._streams:
            for told in stream.up_to(head.number):
                if told.number > self._after:
                    _compare(told, head if told.number == head.number else _stored(told.number))

    def check_end(self, position: Position) -> None:
        """The chain must reach the newest head there was at the start."""
        if self._newest is None:
            return
        if self._newest.key not in signing.trusted_public_keys() or not self._newest.is_signed():
            raise BrokenLedger("the newest outside head is not ours", block=self._newest.number)
        if self._newest.number > position.number:
            raise BrokenLedger(
                f"the chain ends here, and an outside head tells of block {self._newest.number}",
                block=position.number + 1,
                sequence=position.sequence + 1,
            )


class _Stream:
    """The lines of one file, one ahead. Two hosts may have written theirs slightly disordered."""

    def __init__(self, heads: Iterator[Head]) -> None:
        self._heads = heads
        self._next = next(heads, None)

    def up_to(self, number: int) -> Iterator[Head]:
        while self._next is not None and self._next.number <= number:
            yield self._next
            self._next = next(self._heads, None)


def _stored(number: int) -> Head | None:
    rows = BLOCKS.select("number", [number])
    return head_of(rows[0]) if rows else None


def _compare(told: Head, stored: Head | None) -> None:
    if told != stored:
        raise BrokenLedger(
            "it is not the block that an outside head tells of",
            block=told.number,
            sequence=None if stored is None else stored.last_sequence,
        )
