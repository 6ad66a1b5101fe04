//! What can be asked of a client about groups and messages.
//! Each call forwards to the file of its noun and does nothing else.

mod accounts;
mod choice;
mod groups;
mod messages;
mod network;
mod notices;
mod people;
mod search;
mod updates;
