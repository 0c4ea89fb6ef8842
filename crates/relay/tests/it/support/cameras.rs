//! Simulated cameras, and the documents that link them.

use serde_json::{Value, json};
use sim::street::StreetOptions;
use sim::{CameraConfig, Content, FeedConfig, SimCamera};

/// A picture in which nothing moves: quick to draw.
pub(crate) fn still() -> CameraConfig {
    CameraConfig {
        feed: FeedConfig {
            content: Content::Still { noise: 2.0 },
            width_px: 320,
            height_px: 192,
            fps: 5.0,
            quality: 70,
        },
        ..CameraConfig::default()
    }
}

/// A drawn street with people and cars.
pub(crate) fn street(width_px: u32, height_px: u32) -> CameraConfig {
    CameraConfig {
        feed: FeedConfig {
            content: Content::Street {
                seed: 7,
                options: StreetOptions::default(),
            },
            width_px,
            height_px,
            fps: 5.0,
            quality: 80,
        },
        ..CameraConfig::default()
    }
}

pub(crate) async fn start_sim(config: CameraConfig) -> SimCamera {
    SimCamera::start(config, ([127, 0, 0, 1], 0).into())
        .await
        .expect("loopback has free ports")
}

/// The link to a stream at this port.
pub(crate) fn link(port: u16, path: &str) -> Value {
    json!({"host": "127.0.0.1", "port": port, "path": path, "mode": "stream"})
}

/// Zones and rules: one zone over the whole picture, one rule for `classes`.
pub(crate) fn whole_picture(classes: &[&str]) -> Value {
    json!({
        "zones": [{
            "id": 1,
            "name": "Everywhere",
            "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]],
        }],
        "rules": [{
            "id": 1,
            "name": "Anybody",
            "kind": "intruder",
            "zone_id": 1,
            "classes": classes,
            "dwell_s": 0.0,
            "sensitivity": 5,
            "is_enabled": true,
        }],
    })
}
