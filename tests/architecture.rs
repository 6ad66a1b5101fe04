//! The rules about who may know whom, read from `cargo metadata` and from the sources.
//! Never a rule about behaviour: those are tests of the crates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "architecture/edges.rs"]
mod edges;
#[path = "architecture/sources.rs"]
mod sources;

use std::path::{Path, PathBuf};

/// The checkout: the first folder upwards that has the rules for dependencies.
fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("deny.toml").is_file()).expect("a checkout").to_path_buf()
}

fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "{} broken:\n  {}", broken.len(), broken.join("\n  "));
}
