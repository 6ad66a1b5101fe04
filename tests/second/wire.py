"""Reads and writes the encoding that MLS and Marmot share: big-endian integers and vectors with a variable-length prefix."""


class Malformed(Exception):
    """The bytes are not in canonical form."""


def need(condition, what):
    if not condition:
        raise Malformed(what)


class Reader:
    """Takes values from the front of bytes; `end` makes sure that nothing is left."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        need(count <= len(self.data) - self.at, "too short")
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def u8(self):
        return self.number(1)

    def u16(self):
        return self.number(2)

    def u32(self):
        return self.number(4)

    def u64(self):
        return self.number(8)

    def varint(self):
        size = 1 << (self.data[self.at] >> 6) if self.at < len(self.data) else 1
        value = self.number(size) & ((1 << (8 * size - 2)) - 1)
        need(varint(value)[0] >> 6 == size.bit_length() - 1, "a longer prefix than needed")
        return value

    def vector(self):
        return self.take(self.varint())

    def text(self, most):
        data = self.vector()
        need(len(data) <= most, "text too long")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("not UTF-8") from None

    def items(self, item, most=None):
        inner = Reader(self.vector())
        found = []
        while inner.at < len(inner.data):
            found.append(item(inner))
            need(most is None or len(found) <= most, "too many")
        return found

    def end(self):
        need(self.at == len(self.data), "bytes are left over")


def varint(value):
    for prefix, size in enumerate((1, 2, 4, 8)):
        if value < 1 << (8 * size - 2):
            return (value | prefix << (8 * size - 2)).to_bytes(size, "big")
    raise Malformed("too large for a prefix")


def vector(data):
    return varint(len(data)) + data


def items(parts):
    return vector(b"".join(parts))


def ascending(values):
    return all(a < b for a, b in zip(values, values[1:]))
