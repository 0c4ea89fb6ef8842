//! What the machine needs to know before anything runs: addresses, paths,
//! logging. From a TOML file; everything has a default.
//!
//! Cameras, zones and rules are not here: they live in the store and change
//! through the web pages.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// The file as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    listen: Option<SocketAddr>,
    data_dir: Option<PathBuf>,
    tls: Option<bool>,
    public_url: Option<String>,
    workers: Option<usize>,
    budget_ms_per_second: Option<u32>,
    model: Option<PathBuf>,
    log_json: Option<bool>,
    retention: RetentionFile,
    clips: ClipsFile,
    rtsp: RtspFile,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClipsFile {
    total_gb: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RtspFile {
    listen: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RetentionFile {
    events_days: Option<u32>,
    best_shots_days: Option<u32>,
    audit_days: Option<u32>,
}

/// Complete and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the web pages and REST listen.
    pub listen: SocketAddr,
    /// Folder of database, keys and models.
    pub data_dir: PathBuf,
    /// Whether the listener speaks TLS. On by default beyond loopback.
    pub tls: bool,
    /// How others reach us, for links in webhooks; no slash at the end.
    /// Absent: the address that is listened on; see [`Config::public_url`].
    pub public_url: Option<String>,
    /// Threads that analyse; one per core by default.
    pub workers: usize,
    /// Most analysis that programs may be switched on for, milliseconds of
    /// worker time per second, all cameras together.
    pub budget_ms_per_second: u32,
    /// Manifest of the detector to use instead of the built-in or installed
    /// one.
    pub model: Option<PathBuf>,
    /// Logs as JSON lines.
    pub log_json: bool,
    /// How long each class of data is kept.
    pub retention: RetentionDays,
    /// Most room that clips of alarms take, all cameras together, bytes.
    pub clips_bytes: u64,
    /// Where RTSP listens; `None` when it does not.
    pub rtsp_listen: Option<SocketAddr>,
}

/// How long each class of data is kept, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionDays {
    /// Events, their steps and their pictures.
    pub events: u32,
    /// Best shots of tracks that caused no event.
    pub best_shots: u32,
    /// Who did what.
    pub audit: u32,
}

/// What the command line may override.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--model`
    pub model: Option<PathBuf>,
    /// `--workers`
    pub workers: Option<usize>,
}

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8_092);

/// Port of RTSP where nothing else is set; 554 would need root.
const RTSP_PORT: u16 = 8_554;

/// Room for clips where nothing else is set, GB.
const DEFAULT_CLIPS_GB: u32 = 20;

const MAX_WORKERS: usize = 256;

impl Config {
    /// Reads `file` (or takes the defaults) and applies `overrides`.
    ///
    /// # Errors
    /// The file cannot be read, has unknown keys or values out of range.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> anyhow::Result<Self> {
        let text = match file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("read settings file {}", file.display()))?,
            None => String::new(),
        };
        Self::from_toml(&text, overrides).with_context(|| {
            file.map_or_else(
                || "settings".to_owned(),
                |file| format!("settings file {}", file.display()),
            )
        })
    }

    fn from_toml(text: &str, overrides: Overrides) -> anyhow::Result<Self> {
        let file: ConfigFile = toml::from_str(text)?;
        let listen = overrides.listen.or(file.listen).unwrap_or(DEFAULT_LISTEN);
        let tls = file.tls.unwrap_or(!listen.ip().is_loopback());
        let workers = overrides.workers.or(file.workers).unwrap_or_else(n_cores);
        anyhow::ensure!(
            (1..=MAX_WORKERS).contains(&workers),
            "workers = {workers}: use 1 to {MAX_WORKERS}"
        );
        Ok(Config {
            listen,
            data_dir: overrides
                .data_dir
                .or(file.data_dir)
                .unwrap_or_else(|| PathBuf::from("data")),
            tls,
            public_url: file
                .public_url
                .map(|url| url.trim_end_matches('/').to_owned()),
            workers,
            budget_ms_per_second: file
                .budget_ms_per_second
                .unwrap_or_else(|| default_budget(workers)),
            model: overrides.model.or(file.model),
            log_json: file.log_json.unwrap_or(false),
            retention: RetentionDays {
                events: file.retention.events_days.unwrap_or(90),
                best_shots: file.retention.best_shots_days.unwrap_or(14),
                audit: file.retention.audit_days.unwrap_or(365),
            },
            clips_bytes: u64::from(file.clips.total_gb.unwrap_or(DEFAULT_CLIPS_GB)) * 1_000_000_000,
            rtsp_listen: rtsp_listen(file.rtsp.listen.as_deref(), listen)?,
        })
    }

    /// How others reach us when we listen on `local_addr`, which differs from
    /// `listen` where that asked for any free port.
    pub fn public_url(&self, local_addr: SocketAddr) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{local_addr}"))
    }
}

/// Where RTSP listens: beside the web pages, unless something else is set. A web
/// face on any free port gives RTSP any free port too.
fn rtsp_listen(typed: Option<&str>, web: SocketAddr) -> anyhow::Result<Option<SocketAddr>> {
    match typed {
        None => {
            let port = if web.port() == 0 { 0 } else { RTSP_PORT };
            Ok(Some(SocketAddr::new(web.ip(), port)))
        }
        Some("off") => Ok(None),
        Some(address) => address.parse().map(Some).with_context(|| {
            format!("rtsp.listen = {address:?}: use an address and port, or \"off\"")
        }),
    }
}

/// Nine tenths of the workers' time: the rest is for pictures that cost more
/// than most.
fn default_budget(workers: usize) -> u32 {
    u32::try_from(workers * 900).unwrap_or(u32::MAX)
}

fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_file_gives_a_loopback_listener_without_tls() {
        let config = Config::from_toml("", Overrides::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8092");
        assert!(!config.tls);
        let public_url = config.public_url(config.listen);
        assert_eq!(public_url, "http://127.0.0.1:8092");
    }

    #[test]
    fn listener_beyond_loopback_speaks_tls_unless_told_otherwise() {
        let beyond = r#"listen = "0.0.0.0:8092""#;
        assert!(Config::from_toml(beyond, Overrides::default()).unwrap().tls);
        let told = format!("{beyond}\ntls = false");
        assert!(!Config::from_toml(&told, Overrides::default()).unwrap().tls);
    }

    #[test]
    fn rtsp_listens_beside_the_web_pages_unless_told_otherwise() {
        for (text, expected) in [
            ("", Some("127.0.0.1:8554")),
            ("listen = \"0.0.0.0:80\"", Some("0.0.0.0:8554")),
            ("listen = \"127.0.0.1:0\"", Some("127.0.0.1:0")),
            ("[rtsp]\nlisten = \"[::]:554\"", Some("[::]:554")),
            ("[rtsp]\nlisten = \"off\"", None),
        ] {
            let config = Config::from_toml(text, Overrides::default()).unwrap();
            let listen = config.rtsp_listen.map(|addr| addr.to_string());
            assert_eq!(listen.as_deref(), expected);
        }
    }

    #[test]
    fn command_line_wins_over_the_file() {
        let overrides = Overrides {
            workers: Some(3),
            ..Overrides::default()
        };
        let config = Config::from_toml("workers = 2", overrides).unwrap();
        assert_eq!(config.workers, 3);
    }

    #[test]
    fn unknown_keys_and_values_out_of_range_are_refused() {
        for (text, expected) in [
            ("listn = 1", "unknown field `listn`"),
            ("workers = 0", "use 1 to 256"),
            ("listen = \"x\"", "invalid socket address"),
            ("[rtsp]\nlisten = \"8554\"", "use an address and port, or"),
        ] {
            let error = Config::from_toml(text, Overrides::default()).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(expected), "{error}");
        }
    }
}
