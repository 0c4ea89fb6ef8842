//! `airelay camera`: add, try and list linked cameras, also while airelay runs.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;
use store::{Expected, ReaderOpener, Store};
use types::{CameraId, Clock};

use super::{COMMAND_LINE, audit_entry, block_on, say};
use crate::SystemClock;
use crate::cameras::{camera_key, new_camera_id};
use crate::config::Config;
use crate::secrets::Vault;
use crate::settings::{CameraDocument, LinkInput, ModeDocument, ProtocolDocument, Schedules};
use crate::supervise::CameraStatus;
use crate::web::try_link;

#[derive(Debug, Subcommand)]
pub(super) enum CameraCommand {
    /// Link a camera
    Add {
        /// As people call it
        name: String,
        #[command(flatten)]
        link: LinkArgs,
    },
    /// Try a camera without saving it
    Test {
        #[command(flatten)]
        link: LinkArgs,
        /// Print everything as JSON
        #[arg(long)]
        json: bool,
    },
    /// List linked cameras
    List,
}

/// How a camera is reached.
#[derive(Debug, Args)]
pub(super) struct LinkArgs {
    /// Address such as `http://192.168.0.10/cgi-bin/mjpeg?stream=1`
    url: String,
    /// Camera user name
    #[arg(long, default_value = "")]
    user: String,
    /// Name of the environment variable that holds the camera password
    #[arg(long, value_name = "VARIABLE")]
    password_from: Option<String>,
    /// Fetch single JPEGs instead of a stream
    #[arg(long)]
    one_shot: bool,
    /// SHA-256 of the one certificate to trust
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
}

pub(super) fn run(config: &Config, command: CameraCommand) -> anyhow::Result<()> {
    match command {
        CameraCommand::Add { name, link } => add(config, name, link),
        CameraCommand::Test { link, json } => test(config, link, json),
        CameraCommand::List => list(config),
    }
}

fn add(config: &Config, name: String, link: LinkArgs) -> anyhow::Result<()> {
    let mut store = Store::open_beside(&config.data_dir)?;
    let vault = Vault::open(&config.data_dir.join("secret.key"))?;
    let taken = store.list_settings("camera/")?;
    let is_taken = |id: &CameraId| {
        let key = camera_key(id);
        taken.iter().any(|settings| settings.key == key)
    };
    let camera_id = new_camera_id(&name, is_taken);
    let document = CameraDocument::new(name, link.into_input()?.into_document(None, &vault)?);
    document.resolve(&camera_id, 0, &Schedules::new(), &vault)?;
    let json = serde_json::to_string(&document)?;
    let now = SystemClock::new().now();
    store.put_settings(
        &camera_key(&camera_id),
        &json,
        Expected::Absent,
        COMMAND_LINE,
        now,
    )?;
    let what = format!("added camera {camera_id}");
    store.append_audit(&audit_entry(what, Some(&document)), now)?;
    let soon = if store.is_beside() {
        "; the airelay that runs starts it within seconds"
    } else {
        ""
    };
    say(&format!("linked {camera_id}{soon}"));
    Ok(())
}

fn test(config: &Config, link: LinkArgs, as_json: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_dir)?;
    let vault = Vault::open(&config.data_dir.join("secret.key"))?;
    let document = link.into_input()?.into_document(None, &vault)?;
    let link = document.resolve(&vault)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (status, frame) = block_on(async { Ok(try_link(&link, &clock).await) })?;
    if as_json {
        say(&json!({ "status": status, "len_bytes": frame.map(|f| f.jpeg.len()) }).to_string());
    } else {
        describe(&status);
    }
    match status.cause {
        Some(cause) => anyhow::bail!("{}", cause.message),
        None => Ok(()),
    }
}

fn describe(status: &CameraStatus) {
    say(&format!("address      {}", status.url));
    if let Some(http_status) = status.http_status {
        say(&format!("HTTP status  {http_status}"));
    }
    if let Some(scheme) = &status.auth_scheme {
        say(&format!("sign-in      {scheme}"));
    }
    if let Some(certificate) = &status.certificate_sha256 {
        say(&format!("certificate  SHA-256 {certificate}"));
    }
    if let Some(size) = status.resolution {
        say(&format!(
            "resolution   {}x{}",
            size.width_px, size.height_px
        ));
        say(&format!("frame rate   {:.1} per second", status.fps));
        say(&format!(
            "bit rate     {} kbit/s",
            status.bit_rate_bps / 1_000
        ));
    }
    for advice in &status.advice {
        say(&format!("advice       {}", advice.message));
    }
    if let Some(cause) = &status.cause {
        say(&format!("what to do   {}", cause.advice));
    }
}

fn list(config: &Config) -> anyhow::Result<()> {
    let reader = ReaderOpener::of_folder(&config.data_dir).open()?;
    for settings in reader.list_settings("camera/")? {
        let Some(json) = settings.document else {
            continue;
        };
        let document: CameraDocument = serde_json::from_str(&json)?;
        let switch = if document.is_enabled { "on" } else { "off" };
        let id = settings.key.trim_start_matches("camera/");
        let link = &document.link;
        say(&format!(
            "{id}\t{switch}\t{}\t{}{}",
            document.name, link.host, link.path
        ));
    }
    Ok(())
}

impl LinkArgs {
    fn into_input(self) -> anyhow::Result<LinkInput> {
        let (scheme, rest) = self
            .url
            .split_once("://")
            .ok_or_else(|| anyhow::anyhow!("{:?}: expected http://... or https://...", self.url))?;
        let protocol = match scheme {
            "http" => ProtocolDocument::Http,
            "https" => ProtocolDocument::Https,
            other => anyhow::bail!("{other:?}: use http or https"),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_port(authority)?;
        let password = match &self.password_from {
            Some(variable) => Some(
                std::env::var(variable)
                    .map_err(|error| anyhow::anyhow!("read {variable}: {error}"))?,
            ),
            None => None,
        };
        Ok(LinkInput {
            protocol,
            host,
            port,
            path: format!("/{path}"),
            user: self.user,
            password,
            mode: if self.one_shot {
                ModeDocument::OneShot
            } else {
                ModeDocument::Automatic
            },
            channel: 1,
            fingerprint: self.fingerprint,
            one_shot_fps: 5.0,
            has_password: false,
        })
    }
}

/// Host (without brackets) and port of `host`, `host:port`, `[v6]:port`.
fn split_port(authority: &str) -> anyhow::Result<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest
                .split_once(']')
                .ok_or_else(|| anyhow::anyhow!("{authority:?}: the bracket is not closed"))?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port
        .map(|port| {
            port.parse()
                .map_err(|_| anyhow::anyhow!("{port:?}: expected a port"))
        })
        .transpose()?;
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_told_apart() {
        for (authority, host, port) in [
            ("cam", "cam", None),
            ("cam:81", "cam", Some(81)),
            ("[::1]", "::1", None),
            ("[fe80::1]:8080", "fe80::1", Some(8080)),
        ] {
            assert_eq!(split_port(authority).unwrap(), (host.to_owned(), port));
        }
        assert!(split_port("[::1").is_err());
        assert!(split_port("cam:x").is_err());
    }
}
