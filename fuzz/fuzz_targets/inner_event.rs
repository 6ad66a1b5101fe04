#![no_main]
murmel_fuzz::entry!("inner_event");
