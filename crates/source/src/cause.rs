//! What is wrong with a linked camera, in words for the person who mounts it.
//!
//! In: nothing. Out: stable names (used in the API, in metrics and in tests)
//! and advice. `docs/cameras.md` holds the same table; a test compares them.

/// Declares the enum with its name and advice side by side, so that none can
/// be missing.
macro_rules! causes {
    ($($variant:ident $name:literal $meaning:literal $advice:literal,)*) => {
        /// What is wrong with a linked camera.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Cause {
            $(#[doc = $meaning] $variant,)*
        }

        impl Cause {
            /// All causes, from the network inwards.
            pub const ALL: &'static [Cause] = &[$(Cause::$variant,)*];

            /// Stable name in snake_case.
            pub fn name(self) -> &'static str {
                match self { $(Cause::$variant => $name,)* }
            }

            /// What happened, in one plain sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Cause::$variant => $meaning,)* }
            }

            /// What to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Cause::$variant => $advice,)* }
            }
        }
    };
}

causes! {
    NameNotFound "name_not_found"
        "The camera's name is not known in this network."
        "Check the spelling, or type the camera's IP address instead.",
    ConnectTimeout "connect_timeout"
        "Nothing answers at this address."
        "Check address, power and network cable of the camera, and whether a firewall stands between.",
    Refused "refused"
        "The address answers, but not at this port."
        "Check the port and the protocol; some cameras need a few minutes after power-on.",
    Unreachable "unreachable"
        "There is no way to this address from here."
        "Check that this device and the camera are in networks that reach each other.",
    TlsTooOld "tls_too_old"
        "The camera only knows old, unsafe encryption."
        "Update the camera's firmware; if there is no update, choose http and keep the camera in a separate network.",
    TlsFailed "tls_failed"
        "The encrypted connection could not be started."
        "Check that the port is the camera's https port, or choose http.",
    CertificateUntrusted "certificate_untrusted"
        "The camera's certificate is self-signed, expired or made out to another name."
        "Compare the fingerprint with the one the camera shows, then choose to trust this certificate.",
    CertificateChanged "certificate_changed"
        "The camera shows another certificate than the one you trusted."
        "If the camera was reset, updated or replaced, trust the new certificate; if not, find out who answers at this address.",
    NoAnswer "no_answer"
        "The camera accepts the connection but does not answer the request."
        "Check the URL; restart the camera if it does not answer in a browser either.",
    NotHttp "not_http"
        "What answers is not a camera's web server, or its answer is broken."
        "Check port and protocol: an https port needs https, an RTSP port cannot be used.",
    PasswordNeeded "password_needed"
        "The camera asks for a user name and password."
        "Type the user name and password of a camera account that may see live pictures.",
    WrongPassword "wrong_password"
        "The camera refused the user name or password."
        "Type them again. Meanwhile the camera is asked only every few minutes, because many cameras lock an account after some wrong attempts.",
    LoginUnsupported "login_unsupported"
        "The camera asks for a kind of login that airelay does not know."
        "Set the camera's login to Digest, or to Basic together with https.",
    Forbidden "forbidden"
        "This camera account may not see the pictures."
        "Give the account the right to live pictures, or use another one; check whether the account is locked.",
    NotFound "not_found"
        "The camera does not know this URL."
        "Choose the preset of the camera's maker, or look up the URL in the camera's manual; check that MJPEG is switched on.",
    Busy "busy"
        "The camera has no room for one more viewer."
        "Close other viewers and recorders, or raise the camera's limit of connections.",
    CameraError "camera_error"
        "The camera answers with an error of its own."
        "Check resolution and frame rate in the URL against what the camera can do; restart the camera if it stays.",
    Redirected "redirected"
        "The camera sends us on to another address."
        "Type the new address, protocol and port shown in the message; the password is not sent there by itself.",
    NotPictures "not_pictures"
        "The camera answers with a web page or other data, not with pictures."
        "Check the URL: it must be the one for MJPEG or JPEG, not the camera's start page, and not an H.264 or H.265 stream.",
    SinglePictures "single_pictures"
        "The camera answers with single pictures, not with a stream."
        "Choose one shot (or automatic) as the mode.",
    StreamInstead "stream_instead"
        "The camera answers with a stream where a single picture was asked for."
        "Choose stream (or automatic) as the mode, or type the URL for single pictures.",
    PictureTooLarge "picture_too_large"
        "The camera's pictures are larger than can be taken."
        "Lower resolution or quality on the camera; 1920x1080 or 1280x720 is recommended.",
    BrokenStream "broken_stream"
        "The camera sends data in which no whole picture can be found."
        "Choose one shot as the mode; check in a browser whether the camera shows a picture.",
    Stalled "stalled"
        "The connection stands, but no more pictures arrive."
        "Check the network load and whether the camera is restarting; lower frame rate or bit rate if it happens again and again.",
    HungUp "hung_up"
        "The camera ended the connection."
        "Nothing, if the camera was restarted; else look for other viewers, and for a time limit in the camera's settings.",
    ClipUnreadable "clip_unreadable"
        "The clip or folder cannot be read."
        "Check the path and the format.",
    FfmpegMissing "ffmpeg_missing"
        "The ffmpeg program is not installed."
        "Install ffmpeg (on Debian: apt install ffmpeg), or use a folder of JPEGs or an MJPEG file.",
    Internal "internal"
        "A mistake in airelay itself."
        "Send the log to the people who look after airelay.",
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The installers' page, which has one row per cause and per preset.
    const PAGE: &str = include_str!("../../../docs/cameras.md");

    #[test]
    fn page_for_installers_has_exactly_these_causes() {
        let rows: String = Cause::ALL
            .iter()
            .map(|cause| {
                let (name, meaning, advice) = (cause.name(), cause.meaning(), cause.advice());
                format!("| `{name}` | {meaning} | {advice} |\n")
            })
            .collect();
        let table = "| name | what it means | what to do |\n|---|---|---|\n";
        assert!(
            PAGE.contains(&format!("{table}{rows}\n")),
            "docs/cameras.md should hold:\n{table}{rows}"
        );
    }

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<&str> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
