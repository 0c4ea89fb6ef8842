//! Path and query: kept byte for byte, and shown without passwords.

/// Names of query parameters whose value is a secret on some cameras.
const SECRET_PARAMETERS: [&str; 8] = [
    "pwd",
    "password",
    "passwd",
    "pass",
    "psw",
    "loginpas",
    "loginpass",
    "token",
];

/// Checks a path as typed and adds the leading slash. Nothing is rewritten.
pub(super) fn parse(text: &str, max_bytes: usize) -> Result<String, String> {
    let text = text.trim();
    if text.len() > max_bytes {
        return Err(format!("the path is longer than {max_bytes} characters"));
    }
    if text.contains("://") && !text.contains('?') {
        return Err(
            "type only what follows the address, such as /cgi-bin/mjpeg?stream=1".to_owned(),
        );
    }
    for character in text.chars() {
        let instead = match character {
            ' ' => "%20",
            '"' => "%22",
            '#' => "%23",
            '<' => "%3C",
            '>' => "%3E",
            '\\' => "%5C",
            '^' => "%5E",
            '`' => "%60",
            _ if character.is_control() => {
                return Err("the path holds a character that cannot be typed".to_owned());
            }
            _ if !character.is_ascii() => {
                return Err(format!(
                    "{character:?} cannot be sent: write it in the form %XX that the camera expects"
                ));
            }
            _ => continue,
        };
        return Err(format!("{character:?} cannot be sent: write {instead}"));
    }
    let path = if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("/{text}")
    };
    // The HTTP library has the last word on what a request line may hold.
    match path.parse::<hyper::http::uri::PathAndQuery>() {
        Ok(parsed) if parsed.as_str() == path => Ok(path),
        _ => Err("the path holds a character that cannot be sent: write it as %XX".to_owned()),
    }
}

/// `path` for people and logs: values of secret parameters are hidden.
pub(crate) fn shown(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let parameters: Vec<String> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}=***"),
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{path}?{}", parameters.join("&"))
}

fn is_secret(name: &str) -> bool {
    SECRET_PARAMETERS
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}
