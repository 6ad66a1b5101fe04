#![no_main]
murmel_fuzz::entry!("envelope");
