//! Simulated cameras, asked by real clients over loopback.

mod clients;
mod faults;

use std::net::SocketAddr;

use sim::{CameraConfig, Content, FeedConfig, SimCamera};

/// A small still camera, quick to start.
fn small() -> CameraConfig {
    CameraConfig {
        feed: FeedConfig {
            content: Content::Still { noise: 1.0 },
            width_px: 160,
            height_px: 96,
            fps: 20.0,
            quality: 80,
        },
        ..CameraConfig::default()
    }
}

async fn start(config: CameraConfig) -> SimCamera {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    SimCamera::start(config, any_port)
        .await
        .expect("loopback has free ports")
}
