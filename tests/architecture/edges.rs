//! Dependencies between crates: which edges are allowed, directly and through others.
//! Never looks at dependencies for tests: what a test uses does not reach a person's computer.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::{assert_none, house};

/// Which crates of the house each one may depend on. A crate without a line here is a broken rule.
const INSIDE: &[(&str, &[&str])] = &[
    ("murmel-engine", &[]),
    ("murmel-store", &["murmel-engine"]),
    ("murmel-net", &[]),
    ("murmel-ipc", &[]),
    ("murmel-client", &["murmel-engine", "murmel-store", "murmel-net", "murmel-ipc"]),
    ("murmel-cli", &["murmel-client", "murmel-ipc"]),
    // The client's own interface speaks the types of ipc, so who tests it needs them too.
    ("murmel-sim", &["murmel-client", "murmel-engine", "murmel-store", "murmel-net", "murmel-ipc"]),
    ("murmel", &["murmel-client", "murmel-ipc"]),
    ("murmel-tests", &["murmel-client", "murmel-engine", "murmel-store", "murmel-net", "murmel-ipc", "murmel-sim"]),
    ("murmel-bench", &["murmel-engine", "murmel-store"]),
    ("xtask", &[]),
];

/// Foreign crates that belong to some of ours: nobody else depends on them directly. A trailing `*` stands for any ending.
const OWNED: &[(&str, &[&str])] = &[
    ("openmls*", &["murmel-engine", "murmel-store", "murmel-tests", "murmel-bench"]),
    ("tls_codec", &["murmel-engine", "murmel-store", "murmel-tests", "murmel-bench"]),
    // The benchmarks compare with rows that are written past the store.
    ("rusqlite", &["murmel-store", "murmel-bench"]),
    ("libsqlite3-sys", &["murmel-store"]),
    ("openmls_sqlite_storage", &["murmel-store"]),
    ("nostr-sdk", &["murmel-net"]),
    ("nostr-relay-pool", &["murmel-net"]),
    ("nostr-relay-builder", &["murmel-net", "murmel-sim"]),
    ("reqwest", &["murmel-net"]),
    ("tokio-tungstenite", &["murmel-net", "murmel-sim"]),
    ("keyring*", &["murmel-client"]),
    ("notify-rust", &["murmel"]),
    ("ksni", &["murmel"]),
    ("auto-launch", &["murmel"]),
    ("tauri*", &["murmel"]),
    ("tokio", &["murmel-net", "murmel-client", "murmel-cli", "murmel-sim", "murmel-tests", "murmel"]),
];

/// All that the engine may depend on directly. It is short on purpose: a line more is a decision.
const ENGINE: &[&str] = &[
    "openmls",
    "openmls_basic_credential",
    "openmls_rust_crypto",
    "openmls_traits",
    "tls_codec",
    "nostr",
    "chacha20poly1305",
    "hkdf",
    "sha2",
    "hmac",
    "serde",
    "serde_json",
    "postcard",
    "thiserror",
    "zeroize",
    "base64",
    "hex",
    "subtle",
    "unicode-normalization",
    "url",
];

/// What a crate may not reach even through others.
const UNREACHABLE: &[(&str, &[&str])] = &[
    ("murmel-engine", &["tokio", "mio", "rusqlite", "libsqlite3-sys", "nostr-sdk", "nostr-relay-pool", "reqwest", "tauri*", "keyring*"]),
    ("murmel-store", &["tokio", "mio", "nostr-sdk", "nostr-relay-pool", "reqwest", "tauri*", "keyring*"]),
    ("murmel-net", &["openmls*", "rusqlite", "libsqlite3-sys", "tauri*", "keyring*"]),
    ("murmel-ipc", &["openmls*", "nostr*", "rusqlite", "tokio", "tauri*", "keyring*"]),
    ("murmel-client", &["tauri", "tauri-*", "wry", "gtk"]),
    ("murmel-cli", &["tauri", "tauri-*", "wry", "gtk", "notify-rust"]),
    ("murmel-sim", &["tauri", "tauri-*", "wry", "gtk", "notify-rust"]),
    ("murmel-tests", &["tauri", "tauri-*", "wry", "gtk", "notify-rust"]),
    ("murmel-bench", &["nostr-sdk", "nostr-relay-pool", "reqwest", "tauri*", "keyring*"]),
    ("xtask", &["tokio", "tauri*", "openmls*", "nostr*"]),
];

/// From a crate to those that it depends on, outside of its tests.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// Broken rules about direct dependencies, in words.
fn broken_edges(direct: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for (package, dependencies) in direct {
        let Some((_, inside)) = INSIDE.iter().find(|(name, _)| name == package) else {
            broken.push(format!("{package} is in no rule"));
            continue;
        };
        for dependency in dependencies {
            if INSIDE.iter().any(|(name, _)| name == dependency) {
                if !inside.contains(&dependency.as_str()) {
                    broken.push(format!("{package} may not know {dependency}"));
                }
                continue;
            }
            for (pattern, owners) in OWNED {
                if matches(pattern, dependency) && !owners.contains(&package.as_str()) {
                    broken.push(format!("{package} may not depend on {dependency}: that is for {}", owners.join(", ")));
                }
            }
            if package == "murmel-engine" && !ENGINE.contains(&dependency.as_str()) {
                broken.push(format!("{package} may not depend on {dependency}: it is not in the engine's list"));
            }
        }
    }
    broken
}

/// Broken rules about what a crate reaches through others, each with one way to it.
fn broken_reach(graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for (package, forbidden) in UNREACHABLE {
        let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::from([(*package, vec![*package])]);
        let mut open = vec![*package];
        while let Some(name) = open.pop() {
            for next in graph.get(name).into_iter().flatten() {
                if !ways.contains_key(next.as_str()) {
                    let mut way = ways[name].clone();
                    way.push(next);
                    ways.insert(next, way);
                    open.push(next);
                }
            }
        }
        for (name, way) in &ways {
            if forbidden.iter().any(|pattern| matches(pattern, name)) {
                broken.push(format!("{package} may not reach {name}: {}", way.join(" → ")));
            }
        }
    }
    broken
}

/// The direct dependencies of the house's crates, and the graph of everything.
fn read() -> (Graph, Graph) {
    let metadata = MetadataCommand::new().manifest_path(house().join("Cargo.toml")).exec().unwrap();
    let direct = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let dependencies = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
            (package.name.to_string(), dependencies.map(|d| d.name.clone()).collect())
        })
        .collect();
    let names: BTreeMap<_, String> = metadata.packages.iter().map(|package| (package.id.clone(), package.name.to_string())).collect();
    let mut graph = Graph::new();
    for node in &metadata.resolve.as_ref().unwrap().nodes {
        // Several versions of one crate are one here: what any of them reaches counts.
        let reached = graph.entry(names[&node.id].clone()).or_default();
        for dependency in &node.deps {
            if dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal) {
                reached.insert(names[&dependency.pkg].clone());
            }
        }
    }
    (direct, graph)
}

#[test]
fn every_dependency_is_an_allowed_one() {
    assert_none(&broken_edges(&read().0));
}

#[test]
fn nobody_reaches_through_others_what_is_not_for_them() {
    assert_none(&broken_reach(&read().1));
}

#[test]
fn every_rule_is_about_a_crate_that_exists() {
    let (direct, _) = read();
    let ours = INSIDE.iter().flat_map(|(name, others)| std::iter::once(name).chain(*others));
    let owners = OWNED.iter().flat_map(|(_, owners)| *owners);
    for name in ours.chain(owners).chain(UNREACHABLE.iter().map(|(name, _)| name)) {
        assert!(direct.contains_key(*name), "{name} is in a rule but not in the workspace");
    }
}

fn graph(edges: &[(&str, &[&str])]) -> Graph {
    edges.iter().map(|(from, to)| ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect())).collect()
}

#[test]
fn each_forbidden_edge_is_noticed() {
    for (from, to) in [
        ("murmel-engine", "murmel-store"),
        ("murmel-engine", "tokio"),
        ("murmel-engine", "rusqlite"),
        ("murmel-engine", "nostr-sdk"),
        ("murmel-engine", "tauri"),
        ("murmel-engine", "chrono"),
        ("murmel-store", "murmel-net"),
        ("murmel-store", "tokio"),
        ("murmel-net", "murmel-engine"),
        ("murmel-net", "murmel-store"),
        ("murmel-net", "openmls"),
        ("murmel-client", "tauri"),
        ("murmel-client", "rusqlite"),
        ("murmel-cli", "murmel-engine"),
        ("murmel-ipc", "murmel-client"),
        ("murmel", "murmel-engine"),
        ("murmel", "murmel-store"),
        ("murmel", "murmel-net"),
        ("murmel", "openmls_traits"),
        ("murmel-tests", "murmel"),
        ("xtask", "murmel-client"),
        ("a-new-crate", "serde"),
    ] {
        assert!(!broken_edges(&graph(&[(from, &[to])])).is_empty(), "{from} → {to}");
    }
}

#[test]
fn allowed_edges_pass() {
    let good = graph(&[("murmel-client", &["murmel-engine", "tokio", "keyring-core"]), ("murmel", &["murmel-ipc", "tauri-plugin-dialog"])]);
    assert_none(&broken_edges(&good));
}

#[test]
fn a_forbidden_crate_is_noticed_behind_others() {
    let bad = graph(&[("murmel-engine", &["nostr"]), ("nostr", &["innocent"]), ("innocent", &["tokio"]), ("murmel-cli", &["tokio"])]);
    assert_eq!(broken_reach(&bad), ["murmel-engine may not reach tokio: murmel-engine → nostr → innocent → tokio"]);
}
