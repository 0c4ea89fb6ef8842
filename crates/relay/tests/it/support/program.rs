//! The real binary as a child process, and other children.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a start may take before the address is printed.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A child that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Guarded {
    /// Starts `command`.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Guarded(command.spawn().expect("the program can be started"))
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.0.id().to_string()])
            .status()
            .expect("kill is part of every system");
        assert!(
            status.success(),
            "the program lives until it is told to stop"
        );
    }

    /// Waits for the end, at most `patience`.
    pub(crate) async fn ended(&mut self, patience: Duration) -> ExitStatus {
        super::eventually("the program to end", patience, async || {
            self.0.try_wait().expect("a child can be waited for")
        })
        .await
    }
}

/// A running airelay.
#[derive(Debug)]
pub(crate) struct Program {
    child: Guarded,
    /// `http://ADDRESS`.
    pub(crate) url: String,
    /// Token of the printed set-up link, on a first start.
    pub(crate) setup_token: Option<String>,
}

/// The binary with a data folder; its log goes to `log` beside it.
pub(crate) fn airelay(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_airelay"));
    let log = data_dir.with_extension("log");
    let log = File::options().create(true).append(true).open(log);
    command
        .arg("--data-dir")
        .arg(data_dir)
        .env("AIRELAY_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.expect("the temporary folder can be written"));
    command
}

impl Program {
    /// Starts `airelay serve` on a free port and waits until it serves.
    pub(crate) fn start(data_dir: &Path, more: &[&str]) -> Self {
        let mut command = airelay(data_dir);
        command
            .args(["serve", "--no-demo", "--listen", "127.0.0.1:0"])
            .args(more);
        let mut child = Guarded::spawn(&mut command);
        let stdout = child.0.stdout.take().expect("it is piped");
        let (lines, printed) = mpsc::channel();
        // Ends with the child: its end of the pipe is closed then.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let log = || std::fs::read_to_string(data_dir.with_extension("log")).unwrap_or_default();
        let first = printed
            .recv_timeout(START_WITHIN)
            .unwrap_or_else(|error| panic!("no address is printed: {error}\n{}", log()));
        let url = first
            .strip_prefix("airelay runs on ")
            .unwrap_or_else(|| panic!("the first line is {first:?}"))
            .to_owned();
        // The set-up link, where there is one, is printed right after.
        let setup_token = printed
            .recv_timeout(Duration::from_millis(300))
            .ok()
            .map(|line| {
                let (_, token) = line.split_once("/setup?token=").expect("a set-up link");
                token.trim().to_owned()
            });
        Program {
            child,
            url,
            setup_token,
        }
    }

    /// SIGTERM, and the exit code.
    pub(crate) async fn terminate(mut self) -> Option<i32> {
        self.child.signal("TERM");
        self.child.ended(Duration::from_secs(15)).await.code()
    }

    /// SIGKILL: no time to put anything away.
    pub(crate) async fn kill_at_once(mut self) {
        self.child.signal("KILL");
        let status = self.child.ended(Duration::from_secs(15)).await;
        assert_eq!(status.code(), None, "killed programs have no exit code");
    }

    /// The system's number of the process.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.0.id()
    }

    /// Memory in use now, and the most there was, bytes.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let path = format!("/proc/{}/status", self.child.0.id());
        let text = std::fs::read_to_string(path).expect("the program lives");
        let field = |name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.split_whitespace().next());
            kib.and_then(|kib| kib.parse::<u64>().ok())
                .expect("the kernel says so")
                * 1024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("loopback has free ports")
        .port()
}

/// Whether a program can be started; in CI it must be there.
pub(crate) fn is_installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("-h")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(found || !is_ci, "{program} is not installed");
    found
}
