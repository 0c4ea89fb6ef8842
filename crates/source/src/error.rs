//! Why a source gives no frames, and what the supervisor should do.
//!
//! In: facts from the place that failed. Out: one line for the log, a
//! [`Cause`] for people, a [`Reaction`] for the supervisor.

use std::time::Duration;

use thiserror::Error;

use crate::cause::Cause;

/// Why a source gives no frames. Texts never hold a password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "fields: `at` is host:port, `url` is without credentials, `text` is the lower layer's words"
)]
pub enum Error {
    /// The host name is not known.
    #[error("look up {host}: {text}")]
    NameNotFound { host: String, text: String },
    /// Nothing answered in time.
    #[error("connect to {at}: no answer within {timeout:?}")]
    ConnectTimeout { at: String, timeout: Duration },
    /// The host answers, but not at this port.
    #[error("connect to {at}: refused")]
    Refused { at: String },
    /// No way to the host.
    #[error("connect to {at}: {text}")]
    Unreachable { at: String, text: String },
    /// The camera speaks only TLS older than 1.2, or only old ciphers.
    #[error("start tls with {at}: nothing in common ({text})")]
    TlsTooOld { at: String, text: String },
    /// TLS failed for another reason, such as a plain HTTP port.
    #[error("start tls with {at}: {text}")]
    Tls { at: String, text: String },
    /// The certificate is not signed by a known authority, or is for another
    /// name, or has expired.
    #[error("check certificate of {at}: {text} (sha-256 {})", hex(sha256))]
    CertificateUntrusted {
        at: String,
        sha256: [u8; 32],
        text: String,
    },
    /// The certificate is not the one a person chose to trust.
    #[error(
        "check certificate of {at}: sha-256 is {}, trusted is {}",
        hex(sha256),
        hex(trusted)
    )]
    CertificateChanged {
        at: String,
        sha256: [u8; 32],
        trusted: [u8; 32],
    },
    /// The request got no answer in time.
    #[error("get {url}: no answer within {timeout:?}")]
    AnswerTimeout { url: String, timeout: Duration },
    /// The answer is not HTTP, or its header is broken.
    #[error("get {url}: {text}")]
    NotHttp { url: String, text: String },
    /// The header of the answer is larger than allowed.
    #[error("get {url}: header of the answer exceeds the limit of {max_bytes} bytes")]
    HeadTooLarge { url: String, max_bytes: usize },
    /// The camera wants a user name and none is configured.
    #[error("get {url}: camera asks for user name and password")]
    PasswordNeeded { url: String },
    /// The camera refused user name or password.
    #[error("get {url}: camera rejected user {user:?} (http 401)")]
    WrongPassword { url: String, user: String },
    /// The camera asks for a kind of login that we do not have.
    #[error("get {url}: camera asks for a login that is not supported ({offered})")]
    LoginUnsupported { url: String, offered: String },
    /// An HTTP status that is neither success nor dealt with elsewhere.
    #[error("get {url}: http status {status}")]
    Status { url: String, status: u16 },
    /// The camera sends us to another place, where the password must not go.
    #[error("get {url}: redirected to {target}")]
    Redirected { url: String, target: String },
    /// A web page or other content instead of pictures.
    #[error("get {url}: answer is {content_type:?}, not pictures")]
    NotPictures { url: String, content_type: String },
    /// One picture where a stream was asked for.
    #[error("get {url}: one picture instead of a stream")]
    SinglePicture { url: String },
    /// A stream where one picture was asked for.
    #[error("get {url}: a stream instead of one picture")]
    StreamInstead { url: String },
    /// Pictures are larger than allowed.
    #[error("read {url}: picture exceeds the limit of {max_bytes} bytes")]
    PartTooLarge { url: String, max_bytes: usize },
    /// A part's header is larger than allowed.
    #[error("read {url}: header of a part exceeds the limit of {max_bytes} bytes")]
    HeaderTooLarge { url: String, max_bytes: usize },
    /// Many bytes, or the whole answer, without a picture.
    #[error("read {url}: no picture in {n_bytes} bytes")]
    NoPictures { url: String, n_bytes: u64 },
    /// A picture ended early.
    #[error("read {url}: picture ended after {n_bytes} bytes")]
    Truncated { url: String, n_bytes: u64 },
    /// The connection stands but no further picture came.
    #[error("read {url}: no picture for {timeout:?}")]
    Stalled { url: String, timeout: Duration },
    /// The camera ended the connection.
    #[error("read {url}: {text}")]
    HungUp { url: String, text: String },
    /// A clip cannot be read.
    #[error("read clip {path}: {text}")]
    Clip { path: String, text: String },
    /// The `ffmpeg` program is not there.
    #[error("start {program}: {text}")]
    FfmpegMissing { program: String, text: String },
    /// A mistake of ours.
    #[error("use source: {text}")]
    Bug { text: String },
}

/// What the supervisor should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Try again soon, with back-off.
    Retry,
    /// Try again after minutes: more attempts could lock the account or flood
    /// the camera's log.
    RetrySlowly,
    /// Do nothing until a person has changed the settings.
    AwaitConfig,
    /// A mistake of ours: report it, try again slowly.
    Bug,
}

impl Error {
    /// The reaction this error asks for.
    pub fn reaction(&self) -> Reaction {
        match self.cause() {
            Cause::PasswordNeeded
            | Cause::WrongPassword
            | Cause::LoginUnsupported
            | Cause::Forbidden
            | Cause::CertificateUntrusted
            | Cause::TlsTooOld
            | Cause::Redirected
            | Cause::NotPictures
            | Cause::SinglePictures
            | Cause::StreamInstead => Reaction::RetrySlowly,
            Cause::CertificateChanged | Cause::ClipUnreadable | Cause::FfmpegMissing => {
                Reaction::AwaitConfig
            }
            Cause::Internal => Reaction::Bug,
            Cause::NameNotFound
            | Cause::ConnectTimeout
            | Cause::Refused
            | Cause::Unreachable
            | Cause::TlsFailed
            | Cause::NoAnswer
            | Cause::NotHttp
            | Cause::NotFound
            | Cause::Busy
            | Cause::CameraError
            | Cause::PictureTooLarge
            | Cause::BrokenStream
            | Cause::Stalled
            | Cause::HungUp => Reaction::Retry,
        }
    }

    /// The same in an installer's words.
    pub fn cause(&self) -> Cause {
        match self {
            Error::NameNotFound { .. } => Cause::NameNotFound,
            Error::ConnectTimeout { .. } => Cause::ConnectTimeout,
            Error::Refused { .. } => Cause::Refused,
            Error::Unreachable { .. } => Cause::Unreachable,
            Error::TlsTooOld { .. } => Cause::TlsTooOld,
            Error::Tls { .. } => Cause::TlsFailed,
            Error::CertificateUntrusted { .. } => Cause::CertificateUntrusted,
            Error::CertificateChanged { .. } => Cause::CertificateChanged,
            Error::AnswerTimeout { .. } => Cause::NoAnswer,
            Error::NotHttp { .. } | Error::HeadTooLarge { .. } => Cause::NotHttp,
            Error::PasswordNeeded { .. } => Cause::PasswordNeeded,
            Error::WrongPassword { .. } => Cause::WrongPassword,
            Error::LoginUnsupported { .. } => Cause::LoginUnsupported,
            Error::Status { status, .. } => match status {
                403 => Cause::Forbidden,
                404 | 405 | 410 => Cause::NotFound,
                429 | 453 | 503 => Cause::Busy,
                _ => Cause::CameraError,
            },
            Error::Redirected { .. } => Cause::Redirected,
            Error::NotPictures { .. } => Cause::NotPictures,
            Error::SinglePicture { .. } => Cause::SinglePictures,
            Error::StreamInstead { .. } => Cause::StreamInstead,
            Error::PartTooLarge { .. } => Cause::PictureTooLarge,
            Error::HeaderTooLarge { .. } | Error::NoPictures { .. } | Error::Truncated { .. } => {
                Cause::BrokenStream
            }
            Error::Stalled { .. } => Cause::Stalled,
            Error::HungUp { .. } => Cause::HungUp,
            Error::Clip { .. } => Cause::ClipUnreadable,
            Error::FfmpegMissing { .. } => Cause::FfmpegMissing,
            Error::Bug { .. } => Cause::Internal,
        }
    }

    /// HTTP status that the camera answered with, when that is the trouble.
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Error::Status { status, .. } => Some(*status),
            Error::PasswordNeeded { .. }
            | Error::WrongPassword { .. }
            | Error::LoginUnsupported { .. } => Some(401),
            _ => None,
        }
    }

    /// SHA-256 of the certificate that was not accepted, so that a person can
    /// be asked whether to trust it.
    pub fn certificate_sha256(&self) -> Option<[u8; 32]> {
        match self {
            Error::CertificateUntrusted { sha256, .. }
            | Error::CertificateChanged { sha256, .. } => Some(*sha256),
            _ => None,
        }
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_password_is_not_tried_again_soon() {
        let error = Error::WrongPassword {
            url: "http://10.0.0.7/mjpeg".to_owned(),
            user: "relay".to_owned(),
        };
        assert_eq!(error.reaction(), Reaction::RetrySlowly);
        assert_eq!(error.http_status(), Some(401));
        assert_eq!(
            error.to_string(),
            r#"get http://10.0.0.7/mjpeg: camera rejected user "relay" (http 401)"#
        );
    }

    #[test]
    fn status_decides_cause() {
        for (status, cause) in [
            (403, Cause::Forbidden),
            (404, Cause::NotFound),
            (503, Cause::Busy),
            (500, Cause::CameraError),
        ] {
            let url = "http://10.0.0.7/".to_owned();
            assert_eq!(Error::Status { url, status }.cause(), cause);
        }
    }

    #[test]
    fn refused_certificate_shows_its_fingerprint() {
        let error = Error::CertificateUntrusted {
            at: "10.0.0.7:443".to_owned(),
            sha256: [0xAB; 32],
            text: "self-signed".to_owned(),
        };
        assert!(error.to_string().contains(&"ab".repeat(32)));
        assert_eq!(error.certificate_sha256(), Some([0xAB; 32]));
    }
}
