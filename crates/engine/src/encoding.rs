//! The canonical byte encoding of Marmot: QUIC variable-length integers (RFC 9000 §16) and vectors prefixed by their byte length.
//! It never normalises: what does not re-encode to the same bytes is not decoded.

/// The bytes are not the canonical encoding of what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical encoding")]
pub struct Malformed;

/// Reads values off the front of a byte slice.
#[derive(Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails unless nothing is left: trailing bytes are never ignored.
    pub fn finish(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(Malformed)?;
        self.0 = tail;
        Ok(*head)
    }

    /// Leaves out the next `len` bytes.
    pub fn skip(&mut self, len: usize) -> Result<(), Malformed> {
        let (_, tail) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = tail;
        Ok(())
    }

    /// A big-endian `u8`.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    /// A big-endian `u16`.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian `u32`.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// A big-endian `u64`.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A variable-length integer in its shortest form.
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let first = *self.0.first().ok_or(Malformed)?;
        let (value, shorter_holds) = match first >> 6 {
            0 => (u64::from(self.u8()?), 0),
            1 => (u64::from(self.u16()?) & 0x3fff, 0x40),
            2 => (u64::from(self.u32()?) & 0x3fff_ffff, 0x4000),
            _ => (self.u64()? & 0x3fff_ffff_ffff_ffff, 0x4000_0000),
        };
        if value < shorter_holds { Err(Malformed) } else { Ok(value) }
    }

    /// A vector of bytes: its length, then its bytes. The length is checked against what is there before anything is copied.
    pub fn vector(&mut self) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        let (head, tail) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = tail;
        Ok(head)
    }

    /// A vector of UTF-8 text of at most `max` bytes.
    pub fn text(&mut self, max: usize) -> Result<&'a str, Malformed> {
        let bytes = self.vector()?;
        if bytes.len() > max {
            return Err(Malformed);
        }
        std::str::from_utf8(bytes).map_err(|_| Malformed)
    }

    /// A vector whose items are read by `item` until it is used up; more than `max` items are refused.
    pub fn list<T>(&mut self, max: usize, mut item: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        let mut inner = Reader(self.vector()?);
        let mut items = Vec::new();
        while !inner.is_empty() {
            if items.len() == max {
                return Err(Malformed);
            }
            items.push(item(&mut inner)?);
        }
        Ok(items)
    }
}

/// Writes values one after the other.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Nothing written yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bytes as they are.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The shortest form of a variable-length integer; values from 2^62 on cannot be written and saturate.
    pub fn varint(self, value: u64) -> Self {
        match value {
            0..0x40 => self.raw(&[value as u8]),
            0x40..0x4000 => self.raw(&(value as u16 | 0x4000).to_be_bytes()),
            0x4000..0x4000_0000 => self.raw(&(value as u32 | 0x8000_0000).to_be_bytes()),
            _ => self.raw(&(value | 0xc000_0000_0000_0000).to_be_bytes()),
        }
    }

    /// A vector of bytes.
    pub fn vector(self, bytes: &[u8]) -> Self {
        self.varint(bytes.len() as u64).raw(bytes)
    }

    /// A vector of the concatenated `items`, without a prefix for each.
    pub fn list<T>(self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(Writer, T) -> Writer) -> Self {
        let inner = items.into_iter().fold(Writer::new(), &mut write).into_bytes();
        self.vector(&inner)
    }
}

/// Whether each item is greater than the one before: sorted and without duplicates.
pub fn strictly_ascending<T: Ord>(items: &[T]) -> bool {
    items.iter().zip(items.iter().skip(1)).all(|(a, b)| a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(hex: &str) -> Result<u64, Malformed> {
        let bytes = hex::decode(hex).unwrap();
        let mut reader = Reader::new(&bytes);
        let value = reader.varint()?;
        reader.finish()?;
        Ok(value)
    }

    #[test]
    fn vectors_a1_variable_length_integers() {
        for (value, hex) in [(0, "00"), (63, "3f"), (64, "4040"), (16383, "7fff"), (16384, "80004000"), (0x3fff_ffff, "bfffffff")] {
            assert_eq!(hex::encode(Writer::new().varint(value).into_bytes()), hex);
            assert_eq!(varint(hex), Ok(value));
        }
    }

    #[test]
    fn longer_forms_than_needed_are_refused() {
        for hex in ["403f", "80003fff", "c00000003fffffff", "", "40", "c0000000"] {
            assert_eq!(varint(hex), Err(Malformed), "{hex}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_before_anything_is_allocated() {
        assert_eq!(Reader::new(&hex::decode("ffffffffffffffff00").unwrap()).vector(), Err(Malformed));
        assert_eq!(Reader::new(&[0x02, 0x01]).vector(), Err(Malformed));
    }
}
