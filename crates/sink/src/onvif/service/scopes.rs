//! Scopes: what a device is and where, for people and programs that look for
//! devices. Some are fixed, others are set by clients.

use super::command::Command;
use super::{Call, Step, wrote};
use crate::onvif::device::scopes;
use crate::onvif::namespace as ns;
use crate::onvif::soap::Fault;

/// Most scopes that clients set.
const MAX_SCOPES: usize = 32;
/// Longest scope, bytes.
const MAX_SCOPE_BYTES: usize = 256;

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    let fixed = scopes(&call.device.identity);
    let known = &call.device.scopes;
    match call.operation.name.local.as_str() {
        "GetScopes" => {
            let known = known.clone();
            wrote(move |xml| {
                let fixed = fixed.iter().map(|scope| ("Fixed", scope));
                let known = known.iter().map(|scope| ("Configurable", scope));
                for (definition, scope) in fixed.chain(known) {
                    xml.open("tds:Scopes");
                    xml.leaf("tt:ScopeDef", definition);
                    xml.leaf("tt:ScopeItem", scope);
                    xml.close();
                }
            })
        }
        "SetScopes" => {
            let wanted = items(call, "Scopes")?;
            if wanted.iter().any(|scope| fixed.contains(scope)) {
                return Err(Fault::sender(
                    &["ter:OperationProhibited", "ter:ScopeOverwrite"],
                    "a fixed scope stays as it is",
                ));
            }
            set(wanted)
        }
        "AddScopes" => {
            let mut all = known.clone();
            for scope in items(call, "ScopeItem")? {
                if !fixed.contains(&scope) && !all.contains(&scope) {
                    all.push(scope);
                }
            }
            set(all)
        }
        "RemoveScopes" => {
            let gone = items(call, "ScopeItem")?;
            if gone.iter().any(|scope| fixed.contains(scope)) {
                return Err(Fault::sender(
                    &["ter:OperationProhibited", "ter:FixedScope"],
                    "a fixed scope stays as it is",
                ));
            }
            if gone.iter().any(|scope| !known.contains(scope)) {
                return Err(Fault::invalid("ter:NoScope", "there is no such scope"));
            }
            let left = known.iter().filter(|scope| !gone.contains(scope));
            let command = Command::SetScopes(left.cloned().collect());
            Ok(Step::CommandThen(
                Box::new(command),
                Box::new(move |xml| {
                    for scope in &gone {
                        xml.leaf("tds:ScopeItem", scope);
                    }
                }),
            ))
        }
        other => Err(Fault::not_supported(other)),
    }
}

fn set(scopes: Vec<String>) -> Result<Step, Fault> {
    if scopes.len() > MAX_SCOPES {
        return Err(Fault::receiver(
            &["ter:Action", "ter:TooManyScopes"],
            format!("at most {MAX_SCOPES} scopes"),
        ));
    }
    Step::command(Command::SetScopes(scopes))
}

/// The scopes that a request names, each once.
fn items(call: Call<'_>, name: &str) -> Result<Vec<String>, Fault> {
    let mut scopes: Vec<String> = Vec::new();
    for element in call.operation.children_named(ns::TDS, name) {
        let scope = element.text.trim();
        // In discovery they stand in one list, with blanks between.
        let is_plain = |c: char| c.is_ascii_graphic() && !"<>\"".contains(c);
        let is_scope =
            scope.len() <= MAX_SCOPE_BYTES && scope.contains("://") && scope.chars().all(is_plain);
        if !is_scope {
            let short: String = scope.chars().take(80).collect();
            return Err(Fault::sender(
                &["ter:InvalidArgVal"],
                format!(
                    "{short:?} is no scope: use one such as onvif://www.onvif.org/location/office"
                ),
            ));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    match scopes.is_empty() && name == "ScopeItem" {
        true => Err(Fault::sender(&["ter:InvalidArgs"], "no scope is named")),
        false => Ok(scopes),
    }
}
