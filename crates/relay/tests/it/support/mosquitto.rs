//! A real MQTT broker and a real subscriber: Debian's mosquitto.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Guarded, free_port, soon};

/// User names and passwords that the broker knows; `mute` may not write.
pub(crate) const USER: &str = "airelay";
pub(crate) const PASSWORD: &str = "letmein";
pub(crate) const MUTE: &str = "mute";

/// A broker with its certificates, that can be stopped and started again.
#[derive(Debug)]
pub(crate) struct Mosquitto {
    child: Option<Guarded>,
    folder: tempfile::TempDir,
    /// In the clear, with a password.
    pub(crate) port: u16,
    /// TLS, with a password.
    pub(crate) tls_port: u16,
    /// WebSocket, with a password.
    pub(crate) ws_port: u16,
    /// TLS, with a client's certificate.
    pub(crate) certificate_port: u16,
    /// A client's certificate and key, PEM.
    pub(crate) client: (String, String),
}

/// One message as a subscriber saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) is_retained: bool,
    pub(crate) topic: String,
    pub(crate) payload: String,
}

/// A subscriber to everything, that keeps its session while the broker is
/// away.
#[derive(Debug)]
pub(crate) struct Listener {
    child: Guarded,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Mosquitto {
    /// Starts a broker; `None` where mosquitto is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let is_there = ["mosquitto", "mosquitto_sub", "mosquitto_passwd"]
            .iter()
            .all(|program| super::is_installed(program));
        if !is_there {
            return None;
        }
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let client = write_certificates(folder.path());
        let mut broker = Mosquitto {
            child: None,
            port: free_port(),
            tls_port: free_port(),
            ws_port: free_port(),
            certificate_port: free_port(),
            client,
            folder,
        };
        broker.write_settings();
        broker.run().await;
        Some(broker)
    }

    /// Starts it, or starts it again, and waits until it answers.
    pub(crate) async fn run(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .expect("the folder can be written");
        let child = Guarded::spawn(
            Command::new("mosquitto")
                .arg("-c")
                .arg(self.path("mosquitto.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log),
        );
        self.child = Some(child);
        soon("the broker to answer", async || {
            std::net::TcpStream::connect(("127.0.0.1", self.certificate_port)).ok()
        })
        .await;
    }

    /// Stops it; it puts its sessions and retained messages away first.
    pub(crate) async fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.signal("TERM");
        child.ended(Duration::from_secs(15)).await;
    }

    /// Kills it and throws away all that it knew, as a new broker would be.
    pub(crate) async fn lose(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.signal("KILL");
        child.ended(Duration::from_secs(15)).await;
        drop(fs::remove_file(self.path("mosquitto.db")));
    }

    /// Subscribes to everything.
    pub(crate) async fn listen(&self) -> Listener {
        // Two of one name would throw each other out.
        let name = format!("listener-{}", free_port());
        let mut child = Guarded::spawn(
            Command::new("mosquitto_sub")
                .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
                .args(["-u", "listener", "-P", PASSWORD])
                .args(["-c", "-i", &name, "-q", "1", "-t", "#"])
                .args(["-F", "%r %t %x"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let stdout = child.0.stdout.take().expect("it is piped");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        // Ends with the child: its end of the pipe is closed then.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                into.lock().unwrap().push(Heard::read(&line));
            }
        });
        let listener = Listener { child, heard };
        // A message of our own says when the subscription stands.
        soon("the listener to listen", async || {
            self.publish("listener/check", "1");
            (!listener.heard().is_empty()).then_some(())
        })
        .await;
        listener
    }

    /// Publishes as somebody else.
    pub(crate) fn publish(&self, topic: &str, payload: &str) {
        let status = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-u", "listener", "-P", PASSWORD, "-t", topic, "-m", payload])
            .stderr(Stdio::null())
            .status();
        status.expect("mosquitto_pub is installed");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_settings(&self) {
        for (idx, user) in [USER, MUTE, "listener"].iter().enumerate() {
            let mut command = Command::new("mosquitto_passwd");
            if idx == 0 {
                command.arg("-c");
            }
            let status = command
                .arg("-b")
                .arg(self.path("passwords"))
                .args([user, PASSWORD])
                .stderr(Stdio::null())
                .status();
            assert!(status.expect("it is installed").success());
        }
        let acl = format!(
            "user {USER}\ntopic readwrite #\nuser listener\ntopic readwrite #\n\
             user {MUTE}\ntopic read #\nuser airelay.client\ntopic readwrite #\n"
        );
        fs::write(self.path("acl"), acl).expect("the folder can be written");
        let file = |name: &str| self.path(name).display().to_string();
        let tls = format!(
            "cafile {}\ncertfile {}\nkeyfile {}\n",
            file("ca.pem"),
            file("server.pem"),
            file("server.key")
        );
        let passwords = format!(
            "allow_anonymous false\npassword_file {}\nacl_file {}\n",
            file("passwords"),
            file("acl")
        );
        // As root it would leave its rights and could not read our folder.
        let user = if is_root() { "user root\n" } else { "" };
        let text = format!(
            "per_listener_settings true\n{user}persistence true\npersistence_location {}/\n\
             max_queued_messages 0\nset_tcp_nodelay true\nlog_dest stderr\n\
             listener {} 127.0.0.1\n{passwords}\
             listener {} 127.0.0.1\n{tls}{passwords}\
             listener {} 127.0.0.1\nprotocol websockets\n{passwords}\
             listener {} 127.0.0.1\n{tls}require_certificate true\n\
             use_identity_as_username true\nacl_file {}\n",
            self.folder.path().display(),
            self.port,
            self.tls_port,
            self.ws_port,
            self.certificate_port,
            file("acl"),
        );
        fs::write(self.path("mosquitto.conf"), text).expect("the folder can be written");
    }

    /// What it said, for a test that fails.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Listener {
    /// All that was heard so far, less our own check.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What was heard on a topic, or below it with `/` at its end.
    pub(crate) fn on(&self, topic: &str) -> Vec<Heard> {
        let mut heard = self.heard();
        heard.retain(|heard| {
            heard.topic == topic || topic.ends_with('/') && heard.topic.starts_with(topic)
        });
        heard
    }

    /// Its process, to be stopped by a test.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.0.try_wait().is_ok_and(|status| status.is_none())
    }
}

impl Heard {
    /// `1 some/topic 7b7d`
    fn read(line: &str) -> Self {
        let mut parts = line.splitn(2, ' ');
        let is_retained = parts.next() == Some("1");
        let rest = parts.next().unwrap_or_default();
        // A topic may hold blanks; a payload in hexadecimal digits does not.
        let (topic, hex) = rest.rsplit_once(' ').unwrap_or((rest, ""));
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .filter_map(|idx| u8::from_str_radix(hex.get(2 * idx..2 * idx + 2)?, 16).ok())
            .collect();
        Heard {
            is_retained,
            topic: topic.to_owned(),
            payload: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

/// An authority, a server's and a client's certificate; gives the client's.
fn write_certificates(folder: &Path) -> (String, String) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Test authority");
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(params, ca_key);
    let issue = |name: &str| {
        let mut params =
            rcgen::CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])
                .unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (server, server_key) = issue("broker");
    fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    fs::write(folder.join("server.pem"), server).unwrap();
    fs::write(folder.join("server.key"), server_key).unwrap();
    issue("airelay.client")
}
