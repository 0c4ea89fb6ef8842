//! No offer of a login panics, and what is signed is one line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use source::{Credentials, Login, Secret};

fuzz_target!(|headers: Vec<String>| {
    let Ok(mut login) = Login::choose(headers.iter().map(String::as_str)) else {
        return;
    };
    let credentials = Credentials {
        user: "user".to_owned(),
        password: Secret::new("secret"),
    };
    if let Ok(signed) = login.sign(&credentials, "/path?a=b") {
        assert!(!signed.contains("secret"));
    }
});
