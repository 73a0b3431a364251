#![no_main]

#[path = "../../tests/parser_properties/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::simulator::check(data));
