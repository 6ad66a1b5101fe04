//! How long a welcome will be, computed from the ratchet tree before anything is staged (RFC 9420 §7.8, §12.4.3).
//! It builds no commit and touches no key.

use std::collections::BTreeMap;

use openmls::group::MlsGroup;
use openmls::prelude::LeafNode;
use tls_codec::{Serialize as _, Size as _};

use crate::encoding::{Malformed, Reader};
use crate::error::Fault;

/// Length of a hash, of an HPKE public key and of every secret of the one ciphersuite in use.
const HASH: usize = 32;
/// Length of an Ed25519 signature, with its prefix.
const SIGNATURE: usize = vector(64);
/// Length of an AES-GCM tag.
const TAG: usize = 16;

/// Bytes of the serialized welcome for one of these leaves, where a commit adds them and nothing else. `path`: whether the committer's own leaf is
/// replaced, too.
///
/// # Errors
/// [`Fault`] where the tree of a loaded group cannot be read.
pub(crate) fn welcome_len<'a>(mls: &MlsGroup, newcomers: impl Iterator<Item = &'a LeafNode>, path: bool) -> Result<usize, Fault> {
    let mut tree = Tree::read(mls).map_err(Fault::mls)?;
    newcomers.for_each(|leaf| tree.add(leaf.tls_serialized_len()));
    if path {
        let own = mls.own_leaf_node().ok_or_else(|| Fault::mls("no leaf of our own"))?;
        // A committed leaf says the hash of its parent where it said a lifetime before.
        let source = 1 + vector(if tree.nodes.len() > 1 { HASH } else { 0 });
        let len = own.tls_serialized_len() - own.leaf_node_source().tls_serialized_len() + source;
        tree.commit(mls.own_leaf_index().usize(), len);
    }
    let context = 2 + 2 + vector(mls.group_id().as_slice().len()) + 8 + 2 * vector(HASH) + mls.extensions().tls_serialized_len();
    let extension = 2 + vector(tree.len());
    let info = context + vector(extension) + vector(HASH) + 4 + SIGNATURE;
    let joiner = vector(HASH) + 1 + if path { vector(HASH) } else { 0 } + vector(0);
    let secrets = vector(HASH) + vector(HASH) + vector(joiner + TAG);
    // Version, wire format and ciphersuite, two bytes each.
    Ok(6 + vector(secrets) + vector(info + TAG))
}

/// Length of a vector of `len` bytes with its prefix.
const fn vector(len: usize) -> usize {
    match len {
        0..0x40 => 1 + len,
        0x40..0x4000 => 2 + len,
        _ => 4 + len,
    }
}

/// A node that is not blank.
enum Node {
    /// Its length.
    Leaf(usize),
    /// What a parent's length depends on.
    Parent { hash: usize, unmerged: usize },
}

impl Node {
    /// With the marks that say that it is there, and which kind it is.
    const fn len(&self) -> usize {
        2 + match self {
            Self::Leaf(len) => *len,
            Self::Parent { hash, unmerged } => vector(HASH) + vector(*hash) + vector(4 * *unmerged),
        }
    }
}

/// The nodes of a tree whose number of leaves is a power of two, blank ones as `None` (RFC 9420, appendix C).
struct Tree {
    nodes: Vec<Option<Node>>,
}

impl Tree {
    fn read(mls: &MlsGroup) -> Result<Self, Malformed> {
        let leaves: BTreeMap<usize, usize> =
            mls.treesync().full_leaves().map(|(index, leaf)| (index.usize(), leaf.tls_serialized_len())).collect();
        let bytes = mls.export_ratchet_tree().tls_serialize_detached().map_err(|_| Malformed)?;
        let mut reader = Reader::new(&bytes);
        let mut inner = Reader::new(reader.vector()?);
        reader.finish()?;
        let mut nodes = Vec::new();
        while !inner.is_empty() {
            nodes.push(if inner.u8()? == 0 { None } else { Some(node(&mut inner, leaves.get(&(nodes.len() / 2)))?) });
        }
        let mut tree = Self { nodes };
        let full = (tree.nodes.len() + 1).next_power_of_two() - 1;
        tree.nodes.resize_with(full.max(1), || None);
        Ok(tree)
    }

    /// Adds a leaf at the leftmost free place.
    fn add(&mut self, len: usize) {
        let free = self.nodes.iter().step_by(2).position(Option::is_none);
        let leaf = free.map_or(self.nodes.len() + 1, |leaf| 2 * leaf);
        if leaf >= self.nodes.len() {
            self.nodes.resize_with(2 * self.nodes.len() + 1, || None);
        }
        self.set(leaf, Some(Node::Leaf(len)));
        for ancestor in self.ancestors(leaf) {
            if let Some(Some(Node::Parent { unmerged, .. })) = self.nodes.get_mut(ancestor) {
                *unmerged += 1;
            }
        }
    }

    /// Replaces a leaf and the nodes above it that have somebody else below them.
    fn commit(&mut self, leaf: usize, len: usize) {
        let leaf = 2 * leaf;
        self.set(leaf, Some(Node::Leaf(len)));
        let mut top = None;
        let mut below = leaf;
        for ancestor in self.ancestors(leaf) {
            let level = level(ancestor);
            // The two children lie half a step to either side.
            let other = if below < ancestor { ancestor + (1 << (level - 1)) } else { ancestor - (1 << (level - 1)) };
            let needed = !self.is_blank(other);
            self.set(ancestor, needed.then_some(Node::Parent { hash: HASH, unmerged: 0 }));
            if needed {
                top = Some(ancestor);
            }
            below = ancestor;
        }
        if let Some(top) = top {
            self.set(top, Some(Node::Parent { hash: 0, unmerged: 0 }));
        }
    }

    /// Whether nothing is in the subtree.
    fn is_blank(&self, root: usize) -> bool {
        let reach = (1 << level(root)) - 1;
        self.nodes.iter().skip(root - reach).take(2 * reach + 1).all(Option::is_none)
    }

    /// The nodes above `node`, lowest first.
    fn ancestors(&self, mut node: usize) -> Vec<usize> {
        let root = self.nodes.len() / 2;
        let mut ancestors = Vec::new();
        while node != root {
            let level = level(node);
            node = (node | (1 << level)) & !(1 << (level + 1));
            ancestors.push(node);
        }
        ancestors
    }

    fn set(&mut self, index: usize, node: Option<Node>) {
        if let Some(place) = self.nodes.get_mut(index) {
            *place = node;
        }
    }

    /// Length of the tree as it is exported: up to the last node that is not blank.
    fn len(&self) -> usize {
        let last = self.nodes.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        vector(self.nodes.iter().take(last).map(|node| node.as_ref().map_or(1, Node::len)).sum())
    }
}

/// How many steps a node is above the leaves.
const fn level(node: usize) -> u32 {
    node.trailing_ones()
}

fn node(reader: &mut Reader<'_>, leaf: Option<&usize>) -> Result<Node, Malformed> {
    match reader.u8()? {
        1 => {
            let len = *leaf.ok_or(Malformed)?;
            reader.skip(len)?;
            Ok(Node::Leaf(len))
        }
        2 => {
            reader.vector()?;
            let hash = reader.vector()?.len();
            Ok(Node::Parent { hash, unmerged: reader.vector()?.len() / 4 })
        }
        _ => Err(Malformed),
    }
}
