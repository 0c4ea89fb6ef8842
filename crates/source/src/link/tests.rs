use expect_test::{Expect, expect};

use super::*;

fn text(host: &str, path: &str) -> LinkText {
    LinkText {
        host: host.to_owned(),
        path: path.to_owned(),
        ..LinkText::default()
    }
}

fn link(host: &str, path: &str) -> Link {
    Link::parse(&text(host, path)).expect("fields are right")
}

#[test]
fn blank_fields_have_defaults() {
    let link = link("camera", "");
    assert_eq!(link.url(), "http://camera/");
    assert_eq!(link.port(), 80);
    assert_eq!(link.mode(), Mode::Automatic);
    assert_eq!(link.channel(), 1);
    assert_eq!(link.credentials(), None);
    assert_eq!(link.one_shot_interval(), Duration::from_millis(200));
}

#[test]
fn url_names_port_only_when_it_is_not_the_standard_one() {
    for (protocol, port, expected) in [
        ("http", "", "http://10.0.0.7/a"),
        ("http", "80", "http://10.0.0.7/a"),
        ("http", "443", "http://10.0.0.7:443/a"),
        ("https", "", "https://10.0.0.7/a"),
        ("HTTPS", "8443", "https://10.0.0.7:8443/a"),
    ] {
        let text = LinkText {
            protocol: protocol.to_owned(),
            port: port.to_owned(),
            ..text("10.0.0.7", "a")
        };
        assert_eq!(Link::parse(&text).unwrap().url(), expected);
    }
}

#[test]
fn path_and_query_are_kept_byte_for_byte() {
    for path in [
        "/cgi-bin/mjpeg?stream=1&frame=5",
        "/?a=b&c=[x]|y%2f",
        "/a//b/../c?x=%zz&y==&&z",
        "/{id}?q={a}'!*();:@+$,",
    ] {
        assert_eq!(link("camera", path).path(), path);
        assert_eq!(link("camera", path.trim_start_matches('/')).path(), path);
    }
}

#[test]
fn ipv6_is_read_with_and_without_brackets() {
    for (host, url, lookup) in [
        ("::1", "http://[::1]/", "::1"),
        ("[FD00::7]", "http://[fd00::7]/", "fd00::7"),
        ("fe80::1%eth0", "http://[fe80::1]/", "fe80::1%eth0"),
    ] {
        let link = link(host, "/");
        assert_eq!(link.url(), url);
        assert_eq!(link.address().for_lookup(), lookup);
    }
}

#[test]
fn passwords_are_never_shown() {
    let text = LinkText {
        user: "admin".to_owned(),
        password: "hunter2".to_owned(),
        ..text("camera", "/s.cgi?user=admin&PWD=hunter2&size=1")
    };
    let link = Link::parse(&text).unwrap();
    assert_eq!(link.url(), "http://camera/s.cgi?user=admin&PWD=***&size=1");
    assert!(!format!("{text:?}").contains("hunter2"));
    assert!(!format!("{:?}", link.credentials()).contains("hunter2"));
    assert_eq!(link.credentials().unwrap().password.expose(), "hunter2");
}

#[test]
fn fingerprint_is_read_in_common_spellings() {
    let plain = "00ff".repeat(16);
    let colons = "00:FF:".repeat(16).trim_end_matches(':').to_owned();
    for fingerprint in [plain.clone(), colons, format!("SHA256:{plain}")] {
        let text = LinkText {
            fingerprint,
            ..text("camera", "")
        };
        let expected: Vec<u8> = [0, 255].repeat(16);
        let link = Link::parse(&text).unwrap();
        assert_eq!(link.fingerprint().unwrap().as_slice(), expected);
    }
}

#[track_caller]
fn check(text: &LinkText, expected: &Expect) {
    let errors = Link::parse(text).expect_err("fields are wrong");
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}\n", error.field, error.message))
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let text = LinkText {
        protocol: "rtsp".to_owned(),
        host: "http://camera/".to_owned(),
        port: "70000".to_owned(),
        path: "a b".to_owned(),
        user: "a:b".to_owned(),
        password: "x\n".to_owned(),
        mode: "fast".to_owned(),
        channel: "5".to_owned(),
        fingerprint: "12".to_owned(),
        one_shot_fps: "0".to_owned(),
    };
    check(
        &text,
        &expect![[r#"
        protocol: "rtsp" is not possible: choose http or https
        host: type only the address here, without http:// and without a path
        port: type a number from 1 to 65535, or leave it blank
        path: ' ' cannot be sent: write %20
        user: a user name cannot hold a colon
        password: the password holds a character that cannot be typed
        mode: "fast" is not possible: choose automatic, stream or one_shot
        channel: choose a channel from 1 to 4
        fingerprint: a fingerprint is 64 hexadecimal digits (SHA-256)
        one_shot_fps: type pictures per second from 0.1 to 30
    "#]],
    );
}

#[test]
fn wrong_hosts_get_fitting_words() {
    for (host, expected) in [
        (
            "",
            expect![[r#"
            host: type the camera's IP address or host name
        "#]],
        ),
        (
            "10.0.0.7:8080",
            expect![[r#"
            host: type the port in its own field
        "#]],
        ),
        (
            "10.0.0.256",
            expect![[r#"
            host: "10.0.0.256" is not an IP address: it needs four numbers from 0 to 255
        "#]],
        ),
        (
            "admin@camera",
            expect![[r#"
            host: type user name and password in their own fields
        "#]],
        ),
        (
            "fe80::zz",
            expect![[r#"
            host: "fe80::zz" is not an IPv6 address
        "#]],
        ),
        (
            "caméra",
            expect![[r#"
            host: "caméra" is not a host name: use letters, digits, dots and hyphens
        "#]],
        ),
        (
            "a..b",
            expect![[r#"
            host: "a..b" is not a host name: use letters, digits, dots and hyphens
        "#]],
        ),
    ] {
        check(&text(host, "/"), &expected);
    }
}

#[test]
fn password_without_user_is_refused() {
    let text = LinkText {
        password: "x".to_owned(),
        ..text("camera", "/")
    };
    check(
        &text,
        &expect![[r#"
        password: type the user name that belongs to this password
    "#]],
    );
}
