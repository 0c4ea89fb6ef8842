//! The command line.
//!
//! Each command is a small module; this one parses, sets up logging and turns
//! errors into one line and an exit code.

mod camera;
mod discover;
mod ext;
mod model;
mod replay;
mod serve;
mod sim;
mod upkeep;
mod user;
mod verify;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Overrides};

/// AI for cameras that have none.
#[derive(Debug, Parser)]
#[command(name = "airelay", version, about)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Settings file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of database, keys and models
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Manifest of the detector to use
    #[arg(long, global = true, value_name = "FILE")]
    model: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run airelay (the default)
    Serve(serve::ServeArgs),
    /// Add, try or list linked cameras
    #[command(subcommand)]
    Camera(camera::CameraCommand),
    /// Find cameras in the network
    Discover(discover::DiscoverArgs),
    /// Run simulated cameras
    Sim(sim::SimArgs),
    /// Install, list or measure detectors
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Pack, sign, install or list programs to install
    #[command(subcommand)]
    Ext(ext::ExtCommand),
    /// Analyse a clip and print its events as JSON lines
    Replay(replay::ReplayArgs),
    /// Add, list or change accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check evidence of alarms that was taken out as a zip file
    Verify(verify::VerifyArgs),
    /// Copy the database to a file, also while airelay runs
    Backup(upkeep::BackupArgs),
    /// Check that airelay can run here
    Check,
    /// Print the licences of airelay and of all libraries in it
    Licences,
}

/// Runs the program; the exit code says whether it worked.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let is_server = matches!(
        cli.command,
        None | Some(Command::Serve(_)) | Some(Command::Sim(_))
    );
    match dispatch(cli, is_server) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&format!("airelay: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli, is_server: bool) -> anyhow::Result<()> {
    let common = &cli.common;
    let command = cli
        .command
        .unwrap_or(Command::Serve(serve::ServeArgs::default()));
    let overrides = match &command {
        Command::Serve(args) => args.overrides(),
        _ => Overrides::default(),
    };
    let config = common.load(&overrides)?;
    start_logging(&config, is_server);
    match command {
        Command::Serve(args) => serve::run(&config, &args),
        Command::Camera(command) => camera::run(&config, command),
        Command::Discover(args) => discover::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Model(command) => model::run(&config, command),
        Command::Ext(command) => ext::run(&config, command),
        Command::Replay(args) => replay::run(&config, &args),
        Command::User(command) => user::run(&config, command),
        Command::Verify(args) => verify::run(&config, &args),
        Command::Backup(args) => upkeep::backup(&config, &args),
        Command::Check => upkeep::check(&config),
        Command::Licences => {
            upkeep::licences();
            Ok(())
        }
    }
}

impl Common {
    fn load(&self, overrides: &Overrides) -> anyhow::Result<Config> {
        let overrides = Overrides {
            data_dir: self.data_dir.clone(),
            model: self.model.clone(),
            listen: overrides.listen,
            workers: overrides.workers,
        };
        Config::load(self.config.as_deref(), overrides)
    }
}

/// Logs go to standard error; `AIRELAY_LOG` filters them, such as
/// `info,relay=debug`.
fn start_logging(config: &Config, is_server: bool) {
    let default = if is_server { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("AIRELAY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let started = if config.log_json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    if started.is_err() {
        say_error("airelay: logging was started before");
    }
}

/// Who changes things here, for revisions and the audit.
const COMMAND_LINE: &str = "command line";

/// A row of the audit about something new, or without a document.
fn audit_entry<T: serde::Serialize>(what: String, after: Option<&T>) -> store::AuditEntry {
    let (before, after) = crate::web::before_and_after(None, after);
    store::AuditEntry {
        who: COMMAND_LINE.to_owned(),
        what,
        before,
        after,
    }
}

/// A line on standard output. A closed pipe is the reader's choice.
fn say(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

fn say_error(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

/// A runtime for commands that wait on sockets.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()?
        .block_on(work)
}

/// An address as typed: `8093` means that port on loopback.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(([127, 0, 0, 1], port).into()),
        Err(_) => text
            .parse()
            .map_err(|_| format!("{text:?}: expected a port or address:port")),
    }
}
