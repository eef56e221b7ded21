"""However the bytes of a socket are cut, texts arrive whole and the parser gets the rest."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from pairly.serving.frames import FrameReader, text_frame
from tests.sizes import examples

PAYLOAD_BYTES_MAX = 70_000
texts = st.text(max_size=40) | st.sampled_from(["x" * n for n in (125, 126, 65_535, 65_536)])


@dataclass
class Heard:
    """What came out, in order: texts by the short way, bytes for the parser."""

    texts: list[str] = field(default_factory=list)
    parsed: list[bytes] = field(default_factory=list)

    def reader(self, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> FrameReader:
        return FrameReader(
            self.texts.append, self.parsed.append, payload_bytes_max=payload_bytes_max
        )


def sent(opcode: Opcode, payload: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, payload, fin=fin).serialize(mask=mask)


frames = st.one_of(
    texts.map(lambda text: (sent(Opcode.TEXT, text.encode()), len(text.encode()) < 1 << 16, text)),
    st.binary(max_size=200).map(lambda data: (sent(Opcode.BINARY, data), False, "")),
    st.binary(max_size=125).map(lambda data: (sent(Opcode.PING, data), False, "")),
    st.binary(max_size=20).map(lambda data: (sent(Opcode.TEXT, data, mask=False), False, "")),
    st.just((sent(Opcode.TEXT, b"\xff"), False, "")),
)


@settings(max_examples=examples(small=60, ci=200, torture=5000), deadline=None)
@given(st.lists(frames, max_size=8), st.lists(st.integers(1, 300), min_size=1, max_size=20))
def test_every_cut_gives_the_same(sequence: list[tuple[bytes, bool, str]], cuts: list[int]) -> None:
    data = b"".join(frame for frame, _short, _text in sequence)
    heard, start, turn = Heard(), 0, 0
    reader = heard.reader()
    while start < len(data):
        step = cuts[turn % len(cuts)] * (1 if len(data) < 5000 else 500)
        reader.feed(data[start : start + step])
        start, turn = start + step, turn + 1
    assert heard.texts == [text for _frame, short, text in sequence if short]
    assert heard.parsed == [frame for frame, short, _text in sequence if not short]


def test_a_text_inside_of_a_fragmented_message_is_the_parsers_to_refuse() -> None:
    heard = Heard()
    reader = heard.reader()
    first = sent(Opcode.TEXT, b"Hel", fin=False)
    ping, text = sent(Opcode.PING, b"?"), sent(Opcode.TEXT, b"no")
    last = sent(Opcode.CONT, b"lo")
    reader.feed(first + ping + text + last + sent(Opcode.TEXT, b"yes"))
    assert heard.parsed == [first, ping, text, last]
    assert heard.texts == ["yes"]


def test_nothing_waits_for_a_frame_that_is_too_long() -> None:
    heard = Heard()
    reader = heard.reader(payload_bytes_max=10)
    long = sent(Opcode.TEXT, b"x" * 11)
    reader.feed(long[:7])
    assert heard.parsed == [long[:7]]
    rest = long[7:] + sent(Opcode.TEXT, b"after")
    reader.feed(rest)
    assert heard.parsed == [long[:7], rest]
    assert heard.texts == []


def test_a_length_that_is_longer_than_it_need_be_is_the_parsers_to_judge() -> None:
    heard = Heard()
    padded = bytes((0x81, 0x80 | 126)) + (2).to_bytes(2, "big") + bytes(4) + b"hi"
    heard.reader().feed(padded)
    assert (heard.texts, heard.parsed) == ([], [padded])


@settings(max_examples=examples(small=30, ci=60, torture=1000), deadline=None)
@given(texts)
def test_what_a_server_sends_is_what_a_library_would(text: str) -> None:
    assert text_frame(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
