//! One camera's web server, asked with GET.
//!
//! In: a link and limits. Out: the header of an answer, then its body in
//! pieces.
//!
//! hyper's connection is used directly: it sends path and query byte for byte
//! (an URL type would rewrite quotes, brackets and blanks, and then the `uri`
//! that Digest signs is not what the camera sees), takes HTTP/1.0, and needs no
//! task of its own, because whoever waits for an answer also drives it.
//!
//! Not here: what is in the body, and waiting between attempts.

pub(crate) mod auth;
mod client;
mod connection;

pub(crate) use crate::http::client::{Answer, Client};
