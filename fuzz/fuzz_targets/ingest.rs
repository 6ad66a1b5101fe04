#![no_main]
murmel_fuzz::entry!("ingest");
