#![no_main]
murmel_fuzz::entry!("relay_frame");
