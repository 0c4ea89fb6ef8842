//! Alarms by e-mail, over SMTP.
//!
//! In: one step of an event. Out: a mail that the server took, or an error that
//! says what was tried, what came back, what to do and whether trying again
//! makes sense. Also a walk through every step that sending needs.
//!
//! Not here: when to deliver what (`queue`), who reads mails.

mod budget;
mod compose;
mod connect;
mod error;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::time::timeout;
use types::{Severity, Timestamp};

use self::budget::Admission;
pub use self::budget::{Budget, Held};
use self::compose::Letter;
use self::connect::Stream;
pub use self::error::{MailError, Step};
use crate::http::shown;
use crate::tls::{RefusedCertificate, client_config};
use crate::{ConfigError, KindFilter, Message, Reaction, Trust, Walk};

/// Most recipients of one mail.
pub const MAX_RECIPIENTS: usize = 8;
/// Most mails an hour that can be allowed.
pub const MAX_PER_HOUR: u32 = 1_000;
/// Longest text of a setting, bytes.
const MAX_TEXT_BYTES: usize = 256;
/// Longest wait for the server to say goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// How the way to the server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the start, usually port 465.
    Tls,
    /// In the clear until `STARTTLS`, usually port 587; never without it.
    StartTls,
    /// Not at all, usually port 25.
    None,
}

impl Encryption {
    /// All of them, the safest first.
    pub const ALL: [Encryption; 3] = [Encryption::Tls, Encryption::StartTls, Encryption::None];

    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Encryption::Tls => "tls",
            Encryption::StartTls => "starttls",
            Encryption::None => "none",
        }
    }

    /// The one with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The port that servers use for it unless somebody changed it.
    pub const fn usual_port(self) -> u16 {
        match self {
            Encryption::Tls => 465,
            Encryption::StartTls => 587,
            Encryption::None => 25,
        }
    }
}

/// Where and what to send.
#[derive(Clone)]
pub struct MailConfig {
    /// Host name or address of the SMTP server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted.
    pub encryption: Encryption,
    /// Whose certificate is accepted.
    pub trust: Trust,
    /// User and password there; `None` signs in as nobody.
    pub login: Option<(String, String)>,
    /// Sender: `relay@site.example` or `Gate <relay@site.example>`.
    pub from: String,
    /// Recipients, 1 to [`MAX_RECIPIENTS`].
    pub to: Vec<String>,
    /// Longest time for each step of sending, 1 s to 120 s.
    pub timeout: Duration,
    /// Which events are mailed.
    pub filter: KindFilter,
    /// Only alarms of at least this severity are mailed.
    pub least_severity: Severity,
    /// Most mails an hour, 1 to [`MAX_PER_HOUR`].
    pub max_per_hour: u32,
    /// Precedes the path of links; no links without it.
    pub public_base_url: Option<String>,
}

impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("encryption", &self.encryption)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A way to send mails.
pub struct Mail {
    config: MailConfig,
    from: Mailbox,
    to: Vec<Mailbox>,
    tls: Arc<rustls::ClientConfig>,
    refused: RefusedCertificate,
    budget: Arc<Mutex<Budget>>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Mail {
    /// Checks `config`; connects to nobody yet. `budget` outlives changes of
    /// the settings.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub fn new(mut config: MailConfig, budget: Arc<Mutex<Budget>>) -> Result<Self, ConfigError> {
        config.host = checked_host(&config.host)?;
        if config.port == 0 {
            return Err(invalid("port", "the port must be 1 to 65535"));
        }
        if !(Duration::from_secs(1)..=Duration::from_mins(2)).contains(&config.timeout) {
            return Err(invalid(
                "timeout_s",
                "the time limit must be 1 to 120 seconds",
            ));
        }
        if !(1..=MAX_PER_HOUR).contains(&config.max_per_hour) {
            let text = format!("type a number from 1 to {MAX_PER_HOUR}");
            return Err(invalid("max_per_hour", text));
        }
        if let Some((user, password)) = &config.login {
            for (field, text) in [("user", user), ("password", password)] {
                if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
                    let text = format!("at most {MAX_TEXT_BYTES} bytes, no line breaks");
                    return Err(invalid(field, text));
                }
            }
        }
        let from = mailbox("from", &config.from)?;
        if config.to.is_empty() || config.to.len() > MAX_RECIPIENTS {
            let text = format!("type 1 to {MAX_RECIPIENTS} addresses");
            return Err(invalid("to", text));
        }
        let to = config.to.iter().map(|text| mailbox("to", text));
        let to = to.collect::<Result<_, _>>()?;
        let refused = RefusedCertificate::default();
        let tls = client_config(config.trust, None, &refused)
            .map_err(|error| invalid("fingerprint", error))?;
        Ok(Mail {
            config,
            from,
            to,
            tls: Arc::new(tls),
            refused,
            budget,
        })
    }

    /// Mails one step. What the filter leaves out, and what is more than an
    /// hour's mails, counts as delivered; the latter is told by the next mail.
    ///
    /// # Errors
    /// It was not taken; [`MailError::reaction`] says what to do.
    pub async fn deliver(&self, message: &Message, now: Timestamp) -> Result<(), MailError> {
        if !self.config.filter.takes(message) || message.severity < self.config.least_severity {
            return Ok(());
        }
        let max_per_hour = usize::try_from(self.config.max_per_hour).unwrap_or(usize::MAX);
        let admission = self.with_budget(|budget| budget.admit(max_per_hour, message.at, now));
        let Admission::Goes(held) = admission else {
            return Ok(());
        };
        let sent = self.send(message, held, now).await;
        if sent.is_err() {
            self.with_budget(|budget| budget.give_back(now, held));
        }
        sent
    }

    /// Walks every step that sending needs; the last one sends a mail marked
    /// as a test, past filter and limit.
    pub async fn test(&self, message: &Message, now: Timestamp) -> Walk {
        let mut walk = Walk::default();
        self.walk(&mut walk, message, now).await;
        walk.refused_certificate = self.refused.get();
        walk
    }

    async fn walk(&self, walk: &mut Walk, message: &Message, now: Timestamp) -> Option<()> {
        let reached = self.reach().await;
        let text = |(tcp, peer)| {
            let text = format!("{peer} answers");
            ((tcp, peer), text)
        };
        let (tcp, peer) = walk.note(format!("Reach {}", self.authority()), reached.map(text))?;
        let client_id = client_id(&tcp);
        let stream = walk.note("Encrypt", self.secure(tcp, peer).await)?;
        let mut connection = walk.note("Greet", self.greet(stream, &client_id).await)?;
        walk.note(
            "Sign in",
            self.sign_in(&mut connection).await.map(|text| ((), text)),
        )?;
        let plural = if self.to.len() == 1 { "" } else { "s" };
        let what = format!("Send a test mail to {} recipient{plural}", self.to.len());
        let taken = self.hand_over(connection, message, None, now).await;
        walk.note(what, taken.map(|text| ((), text)))
    }

    async fn send(
        &self,
        message: &Message,
        held: Option<Held>,
        now: Timestamp,
    ) -> Result<(), MailError> {
        let (tcp, peer) = self.reach().await?;
        let client_id = client_id(&tcp);
        let (stream, _) = self.secure(tcp, peer).await?;
        let (mut connection, _) = self.greet(stream, &client_id).await?;
        self.sign_in(&mut connection).await?;
        self.hand_over(connection, message, held, now).await?;
        Ok(())
    }

    async fn greet(
        &self,
        stream: Stream,
        client_id: &ClientId,
    ) -> Result<(AsyncSmtpConnection, String), MailError> {
        let work = async {
            let stream = Box::new(stream);
            let connected = AsyncSmtpConnection::connect_with_transport(stream, client_id).await;
            connected.map_err(|error| MailError::of(Step::Greet, &self.authority(), &error))
        };
        let connection = self.in_time(Step::Greet, work).await?;
        let name = shown(connection.server_info().name().as_bytes());
        Ok((connection, format!("{name} speaks SMTP")))
    }

    async fn sign_in(&self, connection: &mut AsyncSmtpConnection) -> Result<String, MailError> {
        let Some((user, password)) = &self.config.login else {
            return Ok("no user name is set, so none is told".to_owned());
        };
        let credentials = Credentials::new(user.clone(), password.clone());
        let work = async {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            signed_in.map_err(|error| MailError::of(Step::SignIn, &self.authority(), &error))
        };
        self.in_time(Step::SignIn, work).await?;
        Ok(format!("signed in as {user:?}"))
    }

    /// Hands over the mail; says what the server answered.
    async fn hand_over(
        &self,
        mut connection: AsyncSmtpConnection,
        message: &Message,
        held: Option<Held>,
        now: Timestamp,
    ) -> Result<String, MailError> {
        let letter = Letter {
            config: &self.config,
            from: &self.from,
            to: &self.to,
            message,
            held,
            now,
        };
        let bytes = letter.write().map_err(|problem| {
            MailError::refused(
                Step::Send,
                &self.authority(),
                format!("write it: {problem}"),
            )
        })?;
        let dialogue = self.dialogue(&mut connection, &bytes);
        let taken = self.in_time(Step::Send, dialogue).await;
        drop(timeout(GOODBYE_WITHIN, connection.quit()).await);
        taken
    }

    /// Who can have the mail gets it, also when the server refuses others.
    async fn dialogue(
        &self,
        connection: &mut AsyncSmtpConnection,
        bytes: &[u8],
    ) -> Result<String, MailError> {
        let authority = self.authority();
        let of = |error| MailError::of(Step::Send, &authority, &error);
        let from = MailFrom::new(Some(self.from.email.clone()), Vec::new());
        connection.command(from).await.map_err(of)?;
        let mut refusal: Option<MailError> = None;
        let mut n_taken = 0;
        for to in &self.to {
            match connection
                .command(Rcpt::new(to.email.clone(), Vec::new()))
                .await
            {
                Ok(_) => n_taken += 1,
                Err(error) if error.status().is_some() => {
                    let mut error = of(error);
                    error.problem = format!("{}: {}", to.email, error.problem);
                    // Where all are refused, one that may be mended decides.
                    let is_final = refusal
                        .as_ref()
                        .is_none_or(|known| known.reaction() == Reaction::Refused);
                    if is_final {
                        refusal = Some(error);
                    }
                }
                Err(error) => return Err(of(error)),
            }
        }
        match refusal {
            None => {}
            Some(refusal) if n_taken == 0 => return Err(refusal),
            Some(refusal) => {
                self.data(connection, bytes).await?;
                // Trying again would send it again to those who have it.
                let problem = format!(
                    "{n_taken} of {} recipients have it, but {}",
                    self.to.len(),
                    refusal.problem
                );
                return Err(MailError::refused(Step::Send, &authority, problem)
                    .with_advice("correct or remove this address"));
            }
        }
        self.data(connection, bytes).await
    }

    async fn data(
        &self,
        connection: &mut AsyncSmtpConnection,
        bytes: &[u8],
    ) -> Result<String, MailError> {
        let authority = self.authority();
        let of = |error| MailError::of(Step::Send, &authority, &error);
        connection.command(Data).await.map_err(of)?;
        let answer = connection.message(bytes).await.map_err(of)?;
        let text: Vec<&str> = answer.message().collect();
        let text = shown(text.join(" ").as_bytes());
        Ok(format!("taken: {} {text}", answer.code()))
    }

    fn authority(&self) -> String {
        match self.config.host.contains(':') {
            true => format!("[{}]:{}", self.config.host, self.config.port),
            false => format!("{}:{}", self.config.host, self.config.port),
        }
    }

    fn retry(&self, step: Step, problem: impl Into<String>) -> MailError {
        MailError::retry(step, &self.authority(), problem)
    }

    fn refused(&self, step: Step, problem: impl Into<String>) -> MailError {
        MailError::refused(step, &self.authority(), problem)
    }

    async fn in_time<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, MailError>>,
    ) -> Result<T, MailError> {
        timeout(self.config.timeout, work)
            .await
            .unwrap_or_else(|_| {
                let limit_s = self.config.timeout.as_secs();
                Err(self
                    .retry(step, format!("no answer within {limit_s} s"))
                    .with_advice("look at port and encryption, and whether a firewall is between"))
            })
    }

    fn with_budget<T>(&self, work: impl FnOnce(&mut Budget) -> T) -> T {
        work(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who says hello: our own address, which needs no name.
fn client_id(tcp: &TcpStream) -> ClientId {
    match tcp.local_addr().map(|addr| addr.ip()) {
        Ok(std::net::IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Ok(std::net::IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        Err(_) => ClientId::Domain("localhost".to_owned()),
    }
}

fn checked_host(host: &str) -> Result<String, ConfigError> {
    let host = host.trim();
    if host.is_empty() {
        return Err(invalid("host", "type the server's address"));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if rustls::pki_types::ServerName::try_from(bare).is_err() {
        return Err(invalid(
            "host",
            "type only the address or name, such as smtp.example.com, without port",
        ));
    }
    Ok(bare.to_owned())
}

fn mailbox(field: &'static str, text: &str) -> Result<Mailbox, ConfigError> {
    let text = text.trim();
    let is_plain = text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
    let parsed = text.parse::<Mailbox>().ok().filter(|mailbox| {
        let address: &str = mailbox.email.as_ref();
        is_plain && address.is_ascii()
    });
    parsed.ok_or_else(|| {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
        invalid(
            field,
            format!("{shown:?} is no address; type one such as guard@site.example"),
        )
    })
}

fn invalid(field: &'static str, message: impl Into<String>) -> ConfigError {
    ConfigError {
        field,
        message: message.into(),
    }
}

#[cfg(test)]
mod responder;
#[cfg(test)]
mod tests;
