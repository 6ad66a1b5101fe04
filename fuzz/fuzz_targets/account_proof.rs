#![no_main]
murmel_fuzz::entry!("account_proof");
