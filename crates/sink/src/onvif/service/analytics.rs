//! The analytics service: modules, rules, what metadata looks like.

use types::{CameraId, Class, NormBox, Scene, Timestamp, Track, TrackId, TrackState};

use super::command::Command;
use super::configurations::{MODULE_TYPE, write_module};
use super::{Call, Step, wrote};
use crate::onvif::device::DeviceCamera;
use crate::onvif::document::{MODULE, utc};
use crate::onvif::namespace as ns;
use crate::onvif::rule::{
    RuleType, read_rule, type_name, write_config, write_rule_description, write_rule_options,
};
use crate::onvif::scene::{ObjectImage, SceneObject, write_object};
use crate::onvif::soap::Fault;
use crate::onvif::xml::XmlWriter;

/// Most rules that one request may bring.
const MAX_RULES: usize = 64;

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    match call.operation.name.local.as_str() {
        "GetServiceCapabilities" => wrote(write_capabilities),
        "GetSupportedRules" => {
            camera(call)?;
            let naming = call.device.naming;
            wrote(move |xml| {
                xml.open("tan:SupportedRules");
                for rule_type in RuleType::ALL {
                    write_rule_description(xml, rule_type, naming);
                }
                xml.close();
            })
        }
        "GetRules" => {
            let rules = camera(call)?.rules.clone();
            wrote(move |xml| {
                for rule in &rules {
                    write_config(xml, "tan:Rule", rule);
                }
            })
        }
        "GetRuleOptions" => rule_options(call),
        "CreateRules" => {
            let (camera_id, rules) = rules(call)?;
            let known = &camera(call)?.rules;
            for rule in &rules {
                if known.iter().any(|known| known.name == rule.name) {
                    let reason = format!("there is a rule {:?} already", rule.name);
                    return Err(Fault::invalid("ter:RuleAlreadyExistent", reason));
                }
            }
            Step::command(Command::CreateRules(camera_id, rules))
        }
        "ModifyRules" => {
            let (camera_id, rules) = rules(call)?;
            for rule in &rules {
                existing(call, &rule.name)?;
            }
            Step::command(Command::ModifyRules(camera_id, rules))
        }
        "DeleteRules" => {
            let names = call.operation.children_named(ns::TAN, "RuleName");
            let names: Vec<String> = names.map(|name| name.text.trim().to_owned()).collect();
            let camera_id = camera(call)?.camera_id.clone();
            for name in &names {
                existing(call, name)?;
            }
            Step::command(Command::DeleteRules(camera_id, names))
        }
        _ => modules(call),
    }
}

/// Each camera has one module, which can be neither removed nor doubled.
fn modules(call: Call<'_>) -> Result<Step, Fault> {
    match call.operation.name.local.as_str() {
        "GetSupportedAnalyticsModules" => {
            camera(call)?;
            wrote(|xml| {
                xml.open_with("tan:SupportedAnalyticsModules", &[("Limit", "1")]);
                let attributes = [
                    ("Name", MODULE_TYPE),
                    ("fixed", "true"),
                    ("maxInstances", "1"),
                ];
                xml.open_with("tt:AnalyticsModuleDescription", &attributes);
                xml.empty("tt:Parameters", &[]);
                xml.close();
                xml.close();
            })
        }
        "GetAnalyticsModules" => {
            camera(call)?;
            wrote(|xml| write_module(xml, "tan:AnalyticsModule"))
        }
        "GetAnalyticsModuleOptions" => {
            camera(call)?;
            wrote(|_| {})
        }
        "CreateAnalyticsModules" => {
            camera(call)?;
            Err(Fault::receiver(
                &["ter:Action", "ter:TooManyModules"],
                "each camera has one module already, which finds everything",
            ))
        }
        "ModifyAnalyticsModules" => {
            camera(call)?;
            let modules = call.operation.children_named(ns::TAN, "AnalyticsModule");
            for module in modules {
                module_named(module.attribute("Name").unwrap_or_default())?;
            }
            wrote(|_| {})
        }
        "DeleteAnalyticsModules" => {
            camera(call)?;
            let names = call
                .operation
                .children_named(ns::TAN, "AnalyticsModuleName");
            for name in names {
                module_named(name.text.trim())?;
            }
            Err(Fault::sender(
                &["ter:OperationProhibited", "ter:InvalidModule"],
                "this module is always there",
            ))
        }
        "GetSupportedMetadata" => {
            let wanted = call.operation.child(ns::TAN, "Type");
            let is_wanted = wanted.is_none_or(|wanted| {
                let name = type_name(wanted, &wanted.text);
                name.is_some_and(|name| name.is(ns::TT, "ObjectDetector"))
            });
            let (now, address) = (call.caller.now, call.caller.base_url.clone());
            wrote(move |xml| {
                if is_wanted {
                    write_sample(xml, now, &address);
                }
            })
        }
        other => Err(Fault::not_supported(other)),
    }
}

pub(super) fn write_capabilities(xml: &mut XmlWriter) {
    let yes = "true";
    xml.empty(
        "tan:Capabilities",
        &[
            ("RuleSupport", yes),
            ("AnalyticsModuleSupport", yes),
            ("CellBasedSceneDescriptionSupported", "false"),
            ("RuleOptionsSupported", yes),
            ("AnalyticsModuleOptionsSupported", yes),
            ("SupportedMetadata", yes),
            ("ImageSendingType", "Embedded LocalStorage"),
        ],
    );
}

fn rule_options(call: Call<'_>) -> Result<Step, Fault> {
    camera(call)?;
    let chosen = match call.operation.child(ns::TAN, "RuleType") {
        None => RuleType::ALL.to_vec(),
        Some(element) => {
            let name = type_name(element, &element.text);
            let rule_type = name.and_then(|name| RuleType::from_name(&name));
            let unknown = || Fault::invalid("ter:InvalidRule", "there is no such type of rule");
            vec![rule_type.ok_or_else(unknown)?]
        }
    };
    wrote(move |xml| {
        for rule_type in chosen {
            write_rule_options(xml, rule_type);
        }
    })
}

/// One frame with all that may come, its boxes in the upper left quarter.
fn write_sample(xml: &mut XmlWriter, now: Timestamp, base_url: &str) {
    let scene = Scene {
        captured_at: now,
        ..Scene::default()
    };
    xml.open_with("tan:AnalyticsModule", &[("Type", MODULE_TYPE)]);
    xml.open_with(
        "tan:SampleFrame",
        &[("UtcTime", &utc(scene.captured_at)), ("Source", MODULE)],
    );
    for (id, class) in (1..).zip(Class::ALL) {
        let left = 0.02 + 0.07 * id as f32;
        let track = Track {
            track_id: TrackId(id),
            state: TrackState::Confirmed,
            bbox: NormBox::from_xyxy(left, 0.1, left + 0.05, 0.4),
            class,
            score: 0.9,
            first_seen_at: now,
            last_seen_at: now,
            velocity: (0.0, 0.0),
            is_stationary: false,
            moved: types::Moved::Surely,
        };
        let object = SceneObject {
            image: Some(ObjectImage::Reference(format!(
                "{base_url}/onvif/sample.jpg"
            ))),
            ..SceneObject::of(&track)
        };
        write_object(xml, &object);
    }
    xml.close();
    xml.close();
}

fn camera<'a>(call: Call<'a>) -> Result<&'a DeviceCamera, Fault> {
    let token = call.text("ConfigurationToken");
    call.device
        .camera(token)
        .ok_or_else(|| Fault::no_config(token))
}

fn rules(call: Call<'_>) -> Result<(CameraId, Vec<crate::onvif::rule::OnvifRule>), Fault> {
    let camera_id = camera(call)?.camera_id.clone();
    let elements: Vec<_> = call.operation.children_named(ns::TAN, "Rule").collect();
    if elements.is_empty() {
        return Err(Fault::sender(&["ter:InvalidArgs"], "Rule is missing"));
    }
    if elements.len() > MAX_RULES {
        return Err(Fault::receiver(
            &["ter:Action", "ter:TooManyRules"],
            format!("at most {MAX_RULES} rules at once"),
        ));
    }
    let rules = elements
        .into_iter()
        .map(read_rule)
        .collect::<Result<Vec<_>, _>>()?;
    for (rule_idx, rule) in rules.iter().enumerate() {
        if rules
            .iter()
            .skip(rule_idx + 1)
            .any(|other| other.name == rule.name)
        {
            let reason = format!("the name {:?} stands there twice", rule.name);
            return Err(Fault::invalid("ter:RuleAlreadyExistent", reason));
        }
    }
    Ok((camera_id, rules))
}

fn existing(call: Call<'_>, name: &str) -> Result<(), Fault> {
    let rule = camera(call)?.rules.iter().find(|rule| rule.name == name);
    let name: String = name.chars().take(64).collect();
    match rule {
        None => Err(Fault::invalid(
            "ter:RuleNotExistent",
            format!("there is no rule {name:?}"),
        )),
        Some(rule) if rule.rule_type.is_fixed() => Err(Fault::invalid(
            "ter:InvalidRule",
            format!("rule {name:?} is set up on the web pages: ONVIF has no parameters for it"),
        )),
        Some(_) => Ok(()),
    }
}

fn module_named(name: &str) -> Result<(), Fault> {
    let short: String = name.chars().take(64).collect();
    let unknown = || {
        Fault::invalid(
            "ter:NameNotExistent",
            format!("there is no module {short:?}"),
        )
    };
    (name == MODULE).then_some(()).ok_or_else(unknown)
}
