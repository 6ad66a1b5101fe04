#![no_main]
murmel_fuzz::entry!("mls_message");
