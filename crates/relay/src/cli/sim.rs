//! `airelay sim`: simulated cameras, easy or difficult.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use sim::street::{Incident, Light, Nuisance, Staged, StreetOptions};
use sim::{
    Algorithm, Auth, CameraConfig, Content, Fault, FeedConfig, Qop, Quirk, Scheme, SimCamera,
    Spelling, Tls,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{block_on, say};

#[derive(Debug, Args)]
pub(super) struct SimArgs {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port of the first camera; the others follow
    #[arg(long, default_value_t = 8101)]
    port: u16,
    /// How many cameras
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    cameras: u16,
    /// Clip or folder of JPEGs to show instead of the drawn street
    #[arg(long, value_name = "PATH")]
    content: Option<PathBuf>,
    /// A street where nothing moves but the sensor's noise
    #[arg(long, conflicts_with = "content")]
    still: bool,
    /// Light over the drawn street
    #[arg(long, value_enum, default_value_t = LightArg::Day)]
    light: LightArg,
    /// Number of the drawn street; each further camera counts on
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Walkers in the drawn street
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(0..=64))]
    people: u32,
    /// Weather or other trouble in the drawn street; `list` names them
    #[arg(long, alias = "weather")]
    nuisance: Vec<String>,
    /// What somebody does in the drawn street from second 30 to second 90;
    /// `list` names it
    #[arg(long)]
    incident: Option<String>,
    /// No traffic in the drawn street, only parked cars
    #[arg(long)]
    no_traffic: bool,
    /// Picture size
    #[arg(long, default_value = "1920x1080")]
    size: String,
    /// Frames per second
    #[arg(long, default_value_t = 5.0)]
    fps: f32,
    /// Sign-in that the camera asks for; the password is in AIRELAY_SIM_PASSWORD
    #[arg(long, value_enum)]
    auth: Option<AuthArg>,
    /// User name for the sign-in
    #[arg(long, default_value = "camera")]
    user: String,
    /// Serve HTTPS with a self-signed certificate
    #[arg(long)]
    tls: bool,
    /// A habit of real cameras; `list` names them
    #[arg(long)]
    quirk: Vec<String>,
    /// A fault of real cameras; `list` names them
    #[arg(long)]
    fault: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LightArg {
    Day,
    Night,
    Infrared,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AuthArg {
    Basic,
    Digest,
    DigestSha256,
}

const PASSWORD_VARIABLE: &str = "AIRELAY_SIM_PASSWORD";

pub(super) fn run(args: &SimArgs) -> anyhow::Result<()> {
    if list_names(args) {
        return Ok(());
    }
    block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut cameras = Vec::new();
        for camera_idx in 0..args.cameras {
            let port = match args.port {
                0 => 0,
                port => port
                    .checked_add(camera_idx)
                    .context("the last camera's port is above 65535: use a lower --port")?,
            };
            let config = args.config(args.seed + u64::from(camera_idx))?;
            let camera = SimCamera::start(config, SocketAddr::new(args.address, port)).await?;
            say(&format!(
                "{}  {}",
                camera.url("/cgi-bin/mjpeg?stream=1&frame=5"),
                camera.url("/cgi-bin/camera?stream=1")
            ));
            cameras.push(camera);
        }
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        for camera in cameras {
            camera.stop().await;
        }
        Ok(())
    })
}

/// Prints the names of quirks or faults when asked to.
fn list_names(args: &SimArgs) -> bool {
    let is_asked = |names: &[String]| names.iter().any(|name| name == "list");
    if is_asked(&args.quirk) {
        for quirk in Quirk::ALL {
            say(quirk.name());
        }
    }
    if is_asked(&args.fault) {
        for fault in Fault::ALL {
            say(fault.name());
        }
    }
    if is_asked(&args.nuisance) {
        for nuisance in Nuisance::ALL {
            say(nuisance.name());
        }
    }
    let is_incident_asked = args.incident.as_deref() == Some("list");
    if is_incident_asked {
        for incident in Incident::ALL {
            say(incident.name());
        }
    }
    is_asked(&args.quirk) || is_asked(&args.fault) || is_asked(&args.nuisance) || is_incident_asked
}

impl SimArgs {
    fn config(&self, seed: u64) -> anyhow::Result<CameraConfig> {
        let (width_px, height_px) = self
            .size
            .split_once('x')
            .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
            .with_context(|| format!("size {:?}: expected one such as 1280x720", self.size))?;
        let content = match (&self.content, self.still) {
            (Some(path), _) if path.is_dir() => Content::Folder(path.clone()),
            (Some(path), _) => Content::Clip(path.clone()),
            (None, true) => Content::Still { noise: 1.2 },
            (None, false) => Content::Street {
                seed,
                options: self.street()?,
            },
        };
        Ok(CameraConfig {
            feed: FeedConfig {
                content,
                width_px,
                height_px,
                fps: self.fps,
                ..FeedConfig::default()
            },
            auth: self.auth()?,
            tls: self.tls.then(Tls::default),
            quirks: named(&self.quirk, "quirk", Quirk::from_name)?,
            faults: named(&self.fault, "fault", Fault::from_name)?,
            ..CameraConfig::default()
        })
    }

    fn street(&self) -> anyhow::Result<StreetOptions> {
        let incident = match &self.incident {
            Some(name) => Some(Staged {
                incident: Incident::from_name(name).with_context(|| {
                    format!("incident {name:?}: `--incident list` names them all")
                })?,
                from: Duration::from_secs(30),
                until: Duration::from_secs(90),
            }),
            None => None,
        };
        let defaults = StreetOptions::default();
        Ok(StreetOptions {
            n_people: self.people,
            traffic: if self.no_traffic {
                0.0
            } else {
                defaults.traffic
            },
            light: match self.light {
                LightArg::Day => Light::Day,
                LightArg::Night => Light::Night,
                LightArg::Infrared => Light::Infrared,
            },
            nuisances: named(&self.nuisance, "nuisance", Nuisance::from_name)?
                .into_iter()
                .collect(),
            incident,
            ..defaults
        })
    }

    fn auth(&self) -> anyhow::Result<Auth> {
        let Some(auth) = self.auth else {
            return Ok(Auth::none());
        };
        let password = std::env::var(PASSWORD_VARIABLE)
            .with_context(|| format!("read the camera password from {PASSWORD_VARIABLE}"))?;
        let scheme = match auth {
            AuthArg::Basic => Scheme::Basic,
            AuthArg::Digest => Scheme::DIGEST,
            AuthArg::DigestSha256 => Scheme::Digest {
                algorithm: Algorithm::Sha256,
                qop: Qop::Auth,
                spelling: Spelling::Usual,
            },
        };
        Ok(Auth::new(&self.user, &password, scheme))
    }
}

fn named<T>(
    names: &[String],
    what: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> anyhow::Result<Vec<T>> {
    names
        .iter()
        .map(|name| {
            from_name(name)
                .with_context(|| format!("{what} {name:?}: `--{what} list` names them all"))
        })
        .collect()
}
