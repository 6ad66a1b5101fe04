//! Takes OpenMLS' value of message keys apart while it is serialized: the current epoch, and each past one by itself.
//! It knows the names of three fields and fails on anything else; then the value is kept whole.

use std::fmt::{self, Display};

use serde::ser::{Error as _, Impossible, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

/// The value in pieces, each in postcard. Put behind each other, with the number of past epochs before them, they are the whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// How many past epochs may be kept.
    pub(super) head: Vec<u8>,
    /// Past epochs, oldest first; `None` where the caller did not want the keys.
    pub(super) past: Vec<(u64, Option<Vec<u8>>)>,
    /// The current epoch.
    pub(super) current: Vec<u8>,
}

/// The value has another shape than this version of OpenMLS gives it.
#[derive(Debug)]
pub(super) struct OtherShape;

impl Display for OtherShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("message keys of an unknown shape")
    }
}

impl std::error::Error for OtherShape {}

impl serde::ser::Error for OtherShape {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

impl From<postcard::Error> for OtherShape {
    fn from(_: postcard::Error) -> Self {
        Self
    }
}

/// Takes a value apart. `wanted` says of which past epochs the keys are needed; those of the others are not even serialized.
pub(super) fn split(value: &impl Serialize, wanted: &dyn Fn(u64) -> bool) -> Result<Pieces, OtherShape> {
    value.serialize(Whole { wanted })
}

/// Fails for every kind of value but those that its `impl` names.
macro_rules! nothing_but {
    ($($kind:ident($($type:ty),*) $(-> $out:ty)?;)*) => {
        $(fn $kind(self, $(_: $type),*) -> nothing_but!(@out $($out)?) { Err(OtherShape) })*
        fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Self::Ok, OtherShape> { Err(OtherShape) }
        fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<Self::Ok, OtherShape> { Err(OtherShape) }
        fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, _: &T) -> Result<Self::Ok, OtherShape> {
            Err(OtherShape)
        }
    };
    (@out) => { Result<Self::Ok, OtherShape> };
    (@out $out:ty) => { Result<$out, OtherShape> };
}

macro_rules! scalars_and_collections {
    () => {
        type SerializeTuple = Impossible<Self::Ok, OtherShape>;
        type SerializeTupleStruct = Impossible<Self::Ok, OtherShape>;
        type SerializeTupleVariant = Impossible<Self::Ok, OtherShape>;
        type SerializeMap = Impossible<Self::Ok, OtherShape>;
        type SerializeStructVariant = Impossible<Self::Ok, OtherShape>;
        nothing_but! {
            serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
            serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64); serialize_f32(f32); serialize_f64(f64);
            serialize_char(char); serialize_str(&str); serialize_bytes(&[u8]); serialize_none(); serialize_unit();
            serialize_unit_struct(&'static str); serialize_unit_variant(&'static str, u32, &'static str);
            serialize_tuple(usize) -> Self::SerializeTuple;
            serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
            serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
            serialize_map(Option<usize>) -> Self::SerializeMap;
            serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
        }
    };
}

type Wanted<'a> = &'a dyn Fn(u64) -> bool;

/// The value as such.
struct Whole<'a> {
    wanted: Wanted<'a>,
}

impl<'a> Serializer for Whole<'a> {
    type Ok = Pieces;
    type Error = OtherShape;
    type SerializeStruct = Fields<'a>;
    type SerializeSeq = Impossible<Pieces, OtherShape>;
    scalars_and_collections!();

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, OtherShape> {
        Ok(Fields { wanted: self.wanted, head: None, past: None, current: None })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, OtherShape> {
        Err(OtherShape)
    }
}

struct Fields<'a> {
    wanted: Wanted<'a>,
    head: Option<Vec<u8>>,
    past: Option<Vec<(u64, Option<Vec<u8>>)>>,
    current: Option<Vec<u8>>,
}

impl SerializeStruct for Fields<'_> {
    type Ok = Pieces;
    type Error = OtherShape;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), OtherShape> {
        // In this order, because that is how the whole is put together again.
        match (name, &self.head, &self.past, &self.current) {
            ("max_epochs", None, None, None) => self.head = Some(postcard::to_stdvec(value)?),
            ("past_epoch_trees", Some(_), None, None) => self.past = Some(value.serialize(Epochs { wanted: self.wanted })?),
            ("message_secrets", Some(_), Some(_), None) => self.current = Some(postcard::to_stdvec(value)?),
            _ => return Err(OtherShape),
        }
        Ok(())
    }

    fn end(self) -> Result<Pieces, OtherShape> {
        match (self.head, self.past, self.current) {
            (Some(head), Some(past), Some(current)) => Ok(Pieces { head, past, current }),
            _ => Err(OtherShape),
        }
    }
}

/// The list of past epochs.
struct Epochs<'a> {
    wanted: Wanted<'a>,
}

impl<'a> Serializer for Epochs<'a> {
    type Ok = Vec<(u64, Option<Vec<u8>>)>;
    type Error = OtherShape;
    type SerializeStruct = Impossible<Self::Ok, OtherShape>;
    type SerializeSeq = EpochList<'a>;
    scalars_and_collections!();

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, OtherShape> {
        Err(OtherShape)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<EpochList<'a>, OtherShape> {
        Ok(EpochList { wanted: self.wanted, epochs: Vec::new() })
    }
}

struct EpochList<'a> {
    wanted: Wanted<'a>,
    epochs: Vec<(u64, Option<Vec<u8>>)>,
}

impl SerializeSeq for EpochList<'_> {
    type Ok = Vec<(u64, Option<Vec<u8>>)>;
    type Error = OtherShape;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), OtherShape> {
        self.epochs.push(value.serialize(OneEpoch { wanted: self.wanted })?);
        Ok(())
    }

    fn end(self) -> Result<Self::Ok, OtherShape> {
        Ok(self.epochs)
    }
}

/// One past epoch.
struct OneEpoch<'a> {
    wanted: Wanted<'a>,
}

impl<'a> Serializer for OneEpoch<'a> {
    type Ok = (u64, Option<Vec<u8>>);
    type Error = OtherShape;
    type SerializeStruct = EpochFields<'a>;
    type SerializeSeq = Impossible<Self::Ok, OtherShape>;
    scalars_and_collections!();

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<EpochFields<'a>, OtherShape> {
        Ok(EpochFields { wanted: self.wanted, epoch: None, bytes: None })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, OtherShape> {
        Err(OtherShape)
    }
}

struct EpochFields<'a> {
    wanted: Wanted<'a>,
    epoch: Option<u64>,
    bytes: Option<Vec<u8>>,
}

impl SerializeStruct for EpochFields<'_> {
    type Ok = (u64, Option<Vec<u8>>);
    type Error = OtherShape;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), OtherShape> {
        if self.epoch.is_none() {
            if name != "epoch" {
                return Err(OtherShape);
            }
            let bytes = postcard::to_stdvec(value)?;
            let epoch = postcard::from_bytes(&bytes)?;
            self.epoch = Some(epoch);
            self.bytes = (self.wanted)(epoch).then_some(bytes);
        } else if let Some(bytes) = self.bytes.take() {
            self.bytes = Some(postcard::to_extend(value, bytes)?);
        }
        Ok(())
    }

    fn end(self) -> Result<Self::Ok, OtherShape> {
        Ok((self.epoch.ok_or_else(|| OtherShape::custom("no epoch"))?, self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[derive(Serialize)]
    struct EpochTree {
        epoch: u64,
        message_secrets: Vec<u8>,
        leaves: Vec<String>,
    }

    #[derive(Serialize)]
    struct Store {
        max_epochs: usize,
        past_epoch_trees: VecDeque<EpochTree>,
        message_secrets: Option<Vec<u8>>,
    }

    fn store() -> Store {
        let tree = |epoch| EpochTree { epoch, message_secrets: vec![epoch as u8; 300], leaves: vec!["leaf".into(); 3] };
        Store { max_epochs: 5, past_epoch_trees: [298, 299, 300].map(tree).into(), message_secrets: Some(vec![9; 200]) }
    }

    #[test]
    fn the_pieces_are_the_whole() {
        let pieces = split(&store(), &|_| true).unwrap();
        let mut whole = pieces.head;
        whole.push(3);
        pieces.past.into_iter().for_each(|(_, bytes)| whole.extend(bytes.unwrap()));
        whole.extend(pieces.current);
        assert_eq!(whole, postcard::to_stdvec(&store()).unwrap());
    }

    #[test]
    fn keys_that_are_not_wanted_are_left_out() {
        let pieces = split(&store(), &|epoch| epoch == 299).unwrap();
        let left: Vec<_> = pieces.past.iter().map(|(epoch, bytes)| (*epoch, bytes.is_some())).collect();
        assert_eq!(left, [(298, false), (299, true), (300, false)]);
    }

    #[test]
    fn another_shape_is_noticed() {
        #[derive(Serialize)]
        struct Other {
            message_secrets: u8,
        }
        assert!(split(&Other { message_secrets: 1 }, &|_| true).is_err());
        assert!(split(&vec![1, 2], &|_| true).is_err());
        assert!(split(&"text", &|_| true).is_err());
    }
}
