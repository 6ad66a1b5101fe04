#![no_main]
murmel_fuzz::entry!("gift_wrap");
