//! How OpenMLS values and row keys become bytes: a tag byte, then postcard or JSON.
//! It never guesses on reading; the tag says what was written.

use std::any::type_name;

use openmls::group::MlsGroupJoinConfig;
use openmls_sqlite_storage::Codec;
use serde::{Serialize, de::DeserializeOwned};

const POSTCARD: u8 = 1;
const JSON: u8 = 2;

/// Postcard for everything but the one OpenMLS type that needs a self-describing format to be read back.
#[derive(Debug, Default, Clone, Copy)]
pub struct MixedCodec;

/// A value could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Postcard refused it.
    #[error("a stored value could not be converted: {0}")]
    Postcard(#[from] postcard::Error),
    /// JSON refused it.
    #[error("a stored setting could not be converted")]
    Json(#[from] serde_json::Error),
    /// The first byte is none that this version writes.
    #[error("a stored value has an unknown form")]
    UnknownTag,
}

impl Codec for MixedCodec {
    type Error = CodecError;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
        if is_self_describing::<T>() {
            let mut bytes = vec![JSON];
            serde_json::to_writer(&mut bytes, value)?;
            Ok(bytes)
        } else {
            Ok(postcard::to_extend(value, vec![POSTCARD])?)
        }
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, CodecError> {
        match slice.split_first() {
            Some((&POSTCARD, body)) => Ok(postcard::from_bytes(body)?),
            Some((&JSON, body)) => Ok(serde_json::from_slice(body)?),
            _ => Err(CodecError::UnknownTag),
        }
    }
}

/// `MlsGroupJoinConfig` holds an untagged enum. The storage hands values over by reference, so references are peeled off.
fn is_self_describing<T>() -> bool {
    type_name::<T>().trim_start_matches('&') == type_name::<MlsGroupJoinConfig>()
}
