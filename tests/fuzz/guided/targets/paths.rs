#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| perturb_fuzz::estimators::paths(bytes));
