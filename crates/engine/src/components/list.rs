use super::ComponentId;
use crate::encoding::{Malformed, Reader, Writer, strictly_ascending};

/// Component 0x0001: which components a leaf supports, or a group requires. Sorted, without duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentList(Vec<ComponentId>);

impl ComponentList {
    /// Most ids that are accepted in one list.
    const MAX_IDS: usize = 1024;

    /// Sorts and removes duplicates.
    pub fn new(ids: impl IntoIterator<Item = ComponentId>) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    /// From canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let ids = reader.list(Self::MAX_IDS, Reader::u16)?;
        reader.finish()?;
        if strictly_ascending(&ids) { Ok(Self(ids)) } else { Err(Malformed) }
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Writer::new().list(&self.0, |w, id| w.raw(&id.to_be_bytes())).into_bytes()
    }

    /// Whether `id` is in the list.
    pub fn contains(&self, id: ComponentId) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    /// The ids, ascending.
    pub fn ids(&self) -> &[ComponentId] {
        &self.0
    }
}
