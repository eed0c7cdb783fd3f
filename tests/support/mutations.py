"""Seeded damage to the bytes of a file, of the kinds that people and programs do to files."""

import random
import re
from collections.abc import Callable

TOKENS = (
    *(b"", b" ", b"\t", b",", b";", b"|", b":", b"::", b'"', b'""', b"'", b"\\", b"\x00", b"\x1a"),
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\x0c"),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xc2\xa0",
        b"\xe2\x80\xaf",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
    ),
    *("\uff11\uff12".encode(), "\u0664".encode(), "\U0001f600".encode(), "e\u0301".encode()),
    *(b"0", b"-0", b"-1", b"+1", b"00001", b"1.0", b"1,5", b"1.234,5", b"1e5", b"1E+05", b"1e400"),
    *(b"NaN", b"nan", b"inf", b"-inf", b"null", b"NULL", b"None", b"N/A", b"-", b"true", b"\\N"),
    *(b"1604207161.5", b"1604207161000", b"99999999999999999999", b"9223372036854775808"),
    *(b"-9223372036854775808", b"2020-02-30", b"2020-02-30T10:00:00", b"2020-01-01T25:00:00Z"),
    *(b"0000-00-00", b"9999-12-31", b"2020-01-01T00:00:00+99:99", b"12/31/2020", b"(6080)"),
    *(b"[]", b"{}", b"[1]", b'{"a": 1}', b"[[1]]", b'"', b"\\ud800", b"\\u0000", b"1 2", b"1 2 3"),
    *(b"x" * 5_000, b"9" * 400, b"[" * 2_000, b"a;" * 500),
)
SEPARATORS = re.compile(rb"::|[,;|\t\n]")

Mutation = Callable[[bytes, random.Random], bytes]


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Returns the content with one to three kinds of damage done to it."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = rng.choice(MUTATIONS)(content, rng)
    return content


def _insert(content: bytes, rng: random.Random) -> bytes:
    place = rng.randint(0, len(content))
    return content[:place] + rng.choice(TOKENS) + content[place:]


def _replace_field(content: bytes, rng: random.Random) -> bytes:
    ends = [match.span() for match in SEPARATORS.finditer(content)]
    if len(ends) < 2:
        return rng.choice(TOKENS)
    index = rng.randrange(len(ends) - 1)
    return content[: ends[index][1]] + rng.choice(TOKENS) + content[ends[index + 1][0] :]


def _flip_byte(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content) or 1)
    return content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :]


def _remove(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) or 1)
    return content[:start] + content[start + rng.choice((1, 1, 2, 10, 100)) :]


def _truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randint(0, len(content))]


def _repeat_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    lines.insert(rng.randint(0, len(lines)), rng.choice(lines))
    return b"".join(lines)


def _remove_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def _swap_lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _replace_all(content: bytes, rng: random.Random) -> bytes:
    """Replaces a separator, a line end, a quote or a digit everywhere."""
    old = rng.choice((b",", b";", b"|", b"\t", b"::", b"\n", b"\r\n", b'"', b".", b"1", b" "))
    return content.replace(old, rng.choice(TOKENS[:32]))


def _replace_one(content: bytes, rng: random.Random) -> bytes:
    """Replaces one separator, line end or quote by something else."""
    places = [match.span() for match in re.finditer(rb'::|\r\n|[,;|\t\n"]', content)]
    if not places:
        return rng.choice(TOKENS)
    start, end = rng.choice(places)
    return content[:start] + rng.choice(TOKENS[:32]) + content[end:]


def _quote_lines(content: bytes, rng: random.Random) -> bytes:
    """Quotes every field, as R's `write.csv` does."""
    separator = rng.choice((b",", b";", b"\t", b"|"))
    lines = content.split(b"\n")
    return b"\n".join(
        separator.join(b'"' + field + b'"' for field in line.split(separator)) for line in lines
    )


def _encode(content: bytes, rng: random.Random) -> bytes:
    encoding = rng.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7"))
    return content.decode("latin-1").encode(encoding)


MUTATIONS: tuple[Mutation, ...] = (
    *(_insert, _insert, _replace_field, _replace_field, _replace_field, _flip_byte, _remove),
    *(_truncate, _repeat_line, _remove_line, _swap_lines, _replace_all, _replace_one, _replace_one),
    *(_quote_lines, _encode),
)
