//! Owns what the build tells Tauri: where the capabilities are and which commands exist.
//! Never builds the user interface; the Tauri CLI and `cargo xtask` do.

#[path = "src/commands/names.rs"]
mod names;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=src-tauri/src/commands/names.rs");
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(tauri_build::AppManifest::new().commands(names::NAMES));
    Ok(tauri_build::try_build(attributes)?)
}
