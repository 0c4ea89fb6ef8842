//! The check of another airelay, step by step, in words.
//!
//! In: an address and a login. Out: every step that was taken; the last one is
//! the one that failed. Nothing stays behind at the node but lines in its log.

use types::CameraId;

use super::client::{Login, NodeClient};
use super::error::NodeError;
use super::wire::FeedView;

/// What was tried and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WalkStep {
    /// What was tried.
    pub what: &'static str,
    /// Whether it went well.
    pub is_ok: bool,
    /// What came back, and what to do.
    pub text: String,
}

/// A camera that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundCamera {
    /// Its id there.
    pub id: String,
    /// As people call it there.
    pub name: String,
}

/// How a check went.
#[derive(Debug, Default)]
pub(crate) struct NodeWalk {
    /// In the order in which they were tried.
    pub steps: Vec<WalkStep>,
    /// SHA-256 of a certificate that was refused.
    pub refused_certificate: Option<[u8; 32]>,
    /// Cameras there.
    pub cameras: Vec<FoundCamera>,
}

/// What a check found out that registering needs.
pub(super) struct Checked {
    pub(super) login: Login,
    pub(super) feed: FeedView,
}

impl NodeWalk {
    /// Whether every step went well.
    pub(crate) fn is_ok(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.is_ok)
    }

    /// The step that failed, as one text.
    pub(super) fn failure(&self) -> Option<String> {
        let failed = self.steps.iter().find(|step| !step.is_ok)?;
        Some(format!("{}: {}", failed.what, failed.text))
    }

    pub(super) fn note<T>(
        &mut self,
        what: &'static str,
        result: Result<(T, String), NodeError>,
    ) -> Option<T> {
        let (value, is_ok, text) = match result {
            Ok((value, text)) => (Some(value), true, text),
            Err(error) => (None, false, error.text()),
        };
        self.steps.push(WalkStep { what, is_ok, text });
        value
    }
}

/// Walks all steps; whoever signed in must be signed out by the caller.
pub(super) async fn walk(
    client: &NodeClient,
    is_tls: bool,
    user: &str,
    password: &str,
) -> (NodeWalk, Option<Checked>) {
    let mut walk = NodeWalk::default();
    let checked = take_steps(&mut walk, client, is_tls, user, password).await;
    walk.refused_certificate = client.refused_certificate();
    (walk, checked)
}

async fn take_steps(
    walk: &mut NodeWalk,
    client: &NodeClient,
    is_tls: bool,
    user: &str,
    password: &str,
) -> Option<Checked> {
    let reached = client.version().await.map(|version| {
        let tls = match is_tls {
            true => "its certificate is trusted",
            false => "without TLS: whoever listens between reads along",
        };
        let text = format!("airelay {version} answers at {}; {tls}", client.origin());
        (version, text)
    });
    let version = walk.note("Reach it", reached)?;
    let login = client.sign_in(user, password).await;
    let login = login.map(|login| (login, format!("{user} is an administrator there")));
    let login = walk.note("Sign in", login)?;
    let feed = client.feed_as(&login).await.map(|feed| {
        let text = match version == env!("CARGO_PKG_VERSION") {
            true => format!("{version}, the same as here"),
            false => format!("{version}; here runs {}", env!("CARGO_PKG_VERSION")),
        };
        (feed, text)
    });
    let Some(feed) = walk.note("Version", feed) else {
        client.sign_out(&login).await;
        return None;
    };
    let cameras = client.cameras_as(&login).await.map(|cameras| {
        let found: Vec<FoundCamera> = cameras
            .into_iter()
            .filter(|camera| CameraId::new(&camera.id).is_ok_and(|id| id.node().is_none()))
            .filter_map(|camera| {
                let name = camera.document?.get("name")?.as_str()?.to_owned();
                Some(FoundCamera {
                    id: camera.id,
                    name,
                })
            })
            .collect();
        let text = match found.len() {
            0 => "none yet; they appear here when they are linked there".to_owned(),
            1 => "1 camera".to_owned(),
            n_cameras => format!("{n_cameras} cameras"),
        };
        (found, text)
    });
    let Some(cameras) = walk.note("Cameras", cameras) else {
        client.sign_out(&login).await;
        return None;
    };
    walk.cameras = cameras;
    Some(Checked { login, feed })
}
