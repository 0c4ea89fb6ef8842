//! ONVIF: airelay as a device that video management systems read.
//!
//! In: event steps, counts, scenes, and requests as bytes. Out: XML.
//!
//! `topic` is the one table of what can be told. A step becomes a
//! [`Notification`](notification::Notification) by it, and SOAP, RTSP metadata
//! and MQTT all write the same notification.
//!
//! Everything here is passive: sockets, tasks, timers and settings are
//! relay's.

pub mod namespace;
pub mod xml;
pub mod topic;
pub mod token;
pub mod notification;
pub mod scene;
pub mod state;
pub mod document;
pub mod soap;
pub mod subscription;
pub mod rule;
pub mod device;
pub mod service;
pub mod consumer;
pub mod discovery;
pub mod found;

#[cfg(test)]
mod tests;
