//! Events from relays, on their way into the database.
//! It publishes nothing.
