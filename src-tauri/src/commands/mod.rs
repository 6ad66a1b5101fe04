//! Owns the commands of the window, one thin file for each noun.
//! Never does more than pass a call on to the client.

pub mod accounts;
pub mod choice;
pub mod desktop;
pub mod groups;
pub mod keys;
pub mod links;
pub mod messages;
pub mod network;
pub mod people;
pub mod requests;
pub mod search;
pub mod session;
pub mod settings;
pub mod updates;

use murmel_ipc::IpcError;

#[cfg(test)]
mod names;

/// What every command answers with.
pub type Answer<T> = Result<T, IpcError>;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_capability_lists_exactly_the_commands() {
        let file: serde_json::Value = serde_json::from_str(include_str!("../../capabilities/main.json")).unwrap();
        assert_eq!(file["windows"], serde_json::json!(["main"]));
        assert!(file.get("remote").is_none());
        let listed: BTreeSet<String> =
            file["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        let commands = super::names::NAMES.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
        assert_eq!(listed, commands);
    }

    #[test]
    fn every_command_has_a_place_in_the_list_of_the_app() {
        let main = include_str!("../main.rs");
        for name in super::names::NAMES {
            assert!(main.contains(&format!("::{name},")), "{name}");
        }
        assert_eq!(main.matches("            commands::").count(), super::names::NAMES.len());
    }
}
