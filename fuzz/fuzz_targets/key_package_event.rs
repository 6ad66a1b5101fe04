#![no_main]
murmel_fuzz::entry!("key_package_event");
