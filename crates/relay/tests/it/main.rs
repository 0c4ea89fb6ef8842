//! The program from outside: the real binary, real servers as cameras, kills
//! and faults; and checks of the source tree itself.
//!
//! Every child process is killed when its guard is dropped, every socket is on
//! loopback, every wait is bounded and fails with what it waited for.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

/// Small programs to install, shared with the tests of `extension`.
#[path = "../../../extension/tests/it/guest.rs"]
#[expect(dead_code, reason = "made for more tests than these")]
mod guest;

mod accounts;
mod alarms;
mod analytics;
mod beside;
mod clips;
mod corrections;
mod disk_full;
mod event_brokers;
mod evidence;
mod faults;
mod found_cameras;
mod kill9;
mod mail;
mod metadata;
mod mqtt;
mod mqtt_hangups;
mod nodes;
mod onvif;
mod openapi;
mod program;
mod real_servers;
mod replay;
mod rtsp;
mod search;
mod software;
mod states;
mod tidy;
mod tokens;
mod vms;
mod vms_faults;
mod watch_lists;
mod webhook;
