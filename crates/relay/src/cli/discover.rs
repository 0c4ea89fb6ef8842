//! `airelay discover`: which cameras are in the network, and on request what
//! each says of its streams and pictures.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sink::onvif::discovery::Endpoint;
use sink::onvif::found::{CameraLogin, FoundCamera, FoundProfile, read_camera};
use types::Clock as _;

use super::{block_on, say};
use crate::SystemClock;
use crate::onvif::find_devices;

/// How to search.
#[derive(Debug, Args)]
pub(super) struct DiscoverArgs {
    /// Seconds to listen for answers
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Ask this address and UDP port alone, instead of the whole network
    #[arg(long, value_name = "ADDRESS:PORT")]
    ask: Option<SocketAddr>,
    /// Read this camera instead of searching, such as
    /// http://192.168.0.10/onvif/device_service
    #[arg(long, value_name = "URL", conflicts_with = "ask")]
    device: Option<String>,
    /// Also ask each camera for its streams and pictures, as this user of it
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Name of the environment variable that holds the camera password
    #[arg(long, value_name = "VARIABLE", requires = "user")]
    password_from: Option<String>,
}

/// Searches and prints a line for each device.
pub(super) fn run(args: &DiscoverArgs) -> anyhow::Result<()> {
    let login = login(args)?;
    if let Some(device) = &args.device {
        return read(std::slice::from_ref(device), login.as_ref());
    }
    let found = block_on(find_devices(args.ask, Duration::from_secs(args.seconds)))?;
    if found.is_empty() {
        say(
            "no camera answered: is ONVIF switched on in the cameras, and are they in this network?",
        );
    }
    for endpoint in found {
        describe(&endpoint);
        if login.is_some()
            && let Err(error) = read(&endpoint.x_addrs, login.as_ref())
        {
            say(&format!("\t{error:#}"));
        }
    }
    Ok(())
}

fn login(args: &DiscoverArgs) -> anyhow::Result<Option<CameraLogin>> {
    let Some(user) = args.user.clone() else {
        return Ok(None);
    };
    let password = match &args.password_from {
        Some(variable) => std::env::var(variable)
            .with_context(|| format!("read the password from the variable {variable}"))?,
        None => String::new(),
    };
    Ok(Some(CameraLogin { user, password }))
}

fn describe(endpoint: &Endpoint) {
    let name = endpoint.scope("name").unwrap_or_default();
    let hardware = endpoint.scope("hardware").unwrap_or_default();
    let host = endpoint.host().unwrap_or_default();
    say(&format!(
        "{host}\t{name}\t{hardware}\t{}",
        endpoint.x_addrs.join(" ")
    ));
}

/// Asks a camera and prints a line for each of its profiles.
fn read(addresses: &[String], login: Option<&CameraLogin>) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let camera = block_on(async { Ok(read_camera(addresses, login, now).await?) })?;
    for line in lines(&camera) {
        say(&format!("\t{line}"));
    }
    Ok(())
}

fn lines(camera: &FoundCamera) -> Vec<String> {
    let mut lines: Vec<String> = camera.profiles.iter().map(line).collect();
    if camera
        .profiles
        .iter()
        .all(|profile| profile.snapshot.is_none())
    {
        lines.push(
            "it offers no single pictures by ONVIF; airelay takes MJPEG or JPEG over HTTP: try the \
             preset of its maker"
                .to_owned(),
        );
    }
    lines
}

fn line(profile: &FoundProfile) -> String {
    let encoding = profile.encoding.as_deref().unwrap_or("?");
    let size = match profile.size_px {
        Some((width_px, height_px)) => format!("{width_px}x{height_px}"),
        None => "?".to_owned(),
    };
    let picture = profile.snapshot.as_ref().map(|picture| picture.url());
    format!(
        "{}\t{encoding} {size}\tpicture {}\tstream {}",
        profile.name,
        picture.as_deref().unwrap_or("none"),
        profile.stream.as_deref().unwrap_or("none"),
    )
}
