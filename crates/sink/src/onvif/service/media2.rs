//! The media service, version 2.

use types::CameraId;

use super::command::{Command, ProfileChange};
use super::configurations as part;
use super::{Call, Step, wrote};
use crate::onvif::device::{DeviceCamera, LeftOut, MetadataSetup, ProfilePart};
use crate::onvif::namespace as ns;
use crate::onvif::soap::Fault;
use crate::onvif::token::{Encoding, ProfileToken};
use crate::onvif::xml::XmlWriter;

/// Kinds of configurations that profiles have.
const SUPPORTED: &str = "VideoSource VideoEncoder Analytics Metadata";

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    let device = call.device;
    match call.operation.name.local.as_str() {
        "GetServiceCapabilities" => wrote(write_capabilities),
        "GetProfiles" => profiles(call),
        "GetStreamUri" => {
            let (camera, encoding) = profile(call)?;
            let uri = stream_uri(call, &camera, encoding, call.text("Protocol"))?;
            wrote(move |xml| xml.leaf("tr2:Uri", uri))
        }
        "GetSnapshotUri" => {
            let (camera, _) = profile(call)?;
            let uri = snapshot_uri(call, &camera.camera_id);
            wrote(move |xml| xml.leaf("tr2:Uri", uri))
        }
        "SetSynchronizationPoint" => {
            let (camera, _) = profile(call)?;
            Step::command(Command::SynchronizeStream(camera.camera_id))
        }
        "AddConfiguration" => change_profile(call, true),
        "RemoveConfiguration" => change_profile(call, false),
        "SetMetadataConfiguration" => metadata_of(call),
        "CreateProfile" => Err(Fault::receiver(
            &["ter:Action", "ter:MaxNVTProfiles"],
            "each linked camera has its profiles, and there are no others",
        )),
        "DeleteProfile" => Err(Fault::sender(
            &["ter:Action", "ter:DeletionOfFixedProfile"],
            "profiles live as long as their camera is linked",
        )),
        "GetVideoSourceConfigurations" => each(call, part::write_source_configuration),
        "GetMetadataConfigurations" => each(call, part::write_metadata),
        "GetAnalyticsConfigurations" => each(call, part::write_analytics),
        "GetVideoEncoderConfigurations" => {
            let token = call.text("ConfigurationToken").to_owned();
            let chosen: Vec<_> = chosen_profiles(call)?
                .into_iter()
                .filter(|(camera, encoding)| token.is_empty() || camera.token(*encoding) == token)
                .collect();
            if chosen.is_empty() && !token.is_empty() {
                return Err(Fault::no_config(&token));
            }
            wrote(move |xml| {
                for (camera, encoding) in &chosen {
                    part::write_encoder2(xml, "tr2:Configurations", camera, *encoding);
                }
            })
        }
        "GetVideoSourceConfigurationOptions" => {
            let camera = first_camera(call)?;
            wrote(move |xml| part::write_source_options(xml, "tr2:Options", &camera))
        }
        "GetVideoEncoderConfigurationOptions" => {
            let camera = first_camera(call)?;
            let token = call.text("ConfigurationToken").to_owned();
            wrote(move |xml| {
                for encoding in camera.encodings() {
                    if token.is_empty() || token == camera.token(encoding) {
                        write_encoder_options(xml, &camera, encoding);
                    }
                }
            })
        }
        "GetMetadataConfigurationOptions" => {
            wrote(|xml| part::write_metadata_options(xml, "tr2:Options"))
        }
        "GetVideoEncoderInstances" => {
            let token = call.text("ConfigurationToken");
            let camera = device
                .camera(token)
                .ok_or_else(|| Fault::no_config(token))?;
            let encodings: Vec<Encoding> = camera.encodings().collect();
            wrote(move |xml| write_instances(xml, &encodings))
        }
        "GetAudioSourceConfigurations"
        | "GetAudioEncoderConfigurations"
        | "GetAudioOutputConfigurations"
        | "GetAudioDecoderConfigurations" => wrote(|_| {}),
        other => Err(Fault::not_supported(other)),
    }
}

pub(super) fn write_capabilities(xml: &mut XmlWriter) {
    let no = "false";
    xml.open_with(
        "tr2:Capabilities",
        &[
            ("SnapshotUri", "true"),
            ("Rotation", no),
            ("VideoSourceMode", no),
            ("OSD", no),
            ("Mask", no),
        ],
    );
    xml.empty(
        "tr2:ProfileCapabilities",
        &[
            ("MaximumNumberOfProfiles", "2000"),
            ("ConfigurationsSupported", SUPPORTED),
        ],
    );
    xml.empty(
        "tr2:StreamingCapabilities",
        &[
            ("RTSPStreaming", "true"),
            ("RTPMulticast", no),
            ("RTP_RTSP_TCP", "true"),
            ("NonAggregateControl", no),
            ("AutoStartMulticast", no),
        ],
    );
    xml.close();
}

fn profiles(call: Call<'_>) -> Result<Step, Fault> {
    let token = call.text("Token").to_owned();
    let types = call.operation.children_named(ns::TR2, "Type");
    let types: Vec<String> = types
        .map(|element| element.text.trim().to_owned())
        .collect();
    let all: Vec<(DeviceCamera, Encoding)> = call
        .device
        .profiles()
        .filter(|(camera, encoding)| token.is_empty() || camera.token(*encoding) == token)
        .map(|(camera, encoding)| (camera.clone(), encoding))
        .collect();
    if all.is_empty() && !token.is_empty() {
        return Err(Fault::invalid("ter:NoProfile", "there is no such profile"));
    }
    wrote(move |xml| {
        for (camera, encoding) in &all {
            write_profile(xml, camera, *encoding, &types);
        }
    })
}

fn write_profile(xml: &mut XmlWriter, camera: &DeviceCamera, encoding: Encoding, types: &[String]) {
    let token = camera.token(encoding);
    xml.open_with("tr2:Profiles", &[("token", &token), ("fixed", "true")]);
    xml.leaf("tr2:Name", part::profile_name(camera, encoding));
    if !types.is_empty() {
        let wants = |name: &str| types.iter().any(|wanted| wanted == "All" || wanted == name);
        let (has_metadata, has_analytics) = part::parts(camera, encoding);
        xml.open("tr2:Configurations");
        if wants("VideoSource") {
            part::write_source_configuration(xml, "tr2:VideoSource", camera);
        }
        if wants("VideoEncoder") {
            part::write_encoder2(xml, "tr2:VideoEncoder", camera, encoding);
        }
        if wants("Analytics") && has_analytics {
            part::write_analytics(xml, "tr2:Analytics", camera);
        }
        if wants("Metadata") && has_metadata {
            part::write_metadata(xml, "tr2:Metadata", camera);
        }
        xml.close();
    }
    xml.close();
}

fn write_encoder_options(xml: &mut XmlWriter, camera: &DeviceCamera, encoding: Encoding) {
    let fps = part::rate(camera.fps);
    let mut attributes = vec![("FrameRatesSupported", fps.as_str())];
    if encoding == Encoding::H264 {
        attributes.extend([
            ("GovLengthRange", "25 25"),
            ("ProfilesSupported", "Baseline"),
        ]);
    }
    xml.open_with("tr2:Options", &attributes);
    xml.leaf("tt:Encoding", part::encoding_name(encoding));
    part::write_range(xml, "tt:QualityRange", "1", "1");
    part::write_resolution(xml, "tt:ResolutionsAvailable", camera);
    let bitrate = part::bitrate(camera).to_string();
    part::write_range(xml, "tt:BitrateRange", &bitrate, &bitrate);
    xml.close();
}

fn write_instances(xml: &mut XmlWriter, encodings: &[Encoding]) {
    xml.open("tr2:Info");
    for encoding in encodings {
        xml.open("tr2:Codec");
        xml.leaf("tr2:Encoding", part::encoding_name(*encoding));
        xml.leaf("tr2:Number", "1");
        xml.close();
    }
    xml.leaf("tr2:Total", encodings.len().to_string());
    xml.close();
}

/// Address of a profile's stream: at most 128 bytes, without credentials.
pub(super) fn stream_uri(
    call: Call<'_>,
    camera: &DeviceCamera,
    encoding: Encoding,
    protocol: &str,
) -> Result<String, Fault> {
    let path = ProfileToken {
        camera_id: camera.camera_id.clone(),
        encoding,
    }
    .rtsp_path();
    let Some(port) = call.device.rtsp_port else {
        return Err(Fault::receiver(
            &["ter:Action", "ter:IncompleteConfiguration"],
            "there is no RTSP server on this machine",
        ));
    };
    match protocol {
        // Media 1 calls RTSP over HTTP so.
        "RtspOverHttp" | "HTTP" => Ok(format!("{}{path}", call.caller.base_url)),
        "RtspUnicast" | "RTSP" | "UDP" | "TCP" | "" => {
            Ok(format!("rtsp://{}:{port}{path}", call.caller.host))
        }
        _ => Err(Fault::invalid(
            "ter:InvalidStreamSetup",
            "this protocol is not offered: use RTSP over UDP, TCP or HTTP",
        )),
    }
}

/// Address of a camera's newest picture.
pub(super) fn snapshot_uri(call: Call<'_>, camera_id: &CameraId) -> String {
    format!(
        "{}{}",
        call.caller.base_url,
        super::media::snapshot_path(camera_id)
    )
}

/// What a metadata track shall carry, for both media services.
pub(super) fn metadata_of(call: Call<'_>) -> Result<Step, Fault> {
    let configuration = call.child("Configuration")?;
    let token = configuration.attribute("token").unwrap_or_default();
    let camera = call
        .device
        .camera(token)
        .ok_or_else(|| Fault::no_config(token))?;
    // PTZStatus is passed over: clients send it whatever the options say, and
    // there is no pan, tilt and zoom to tell of.
    let events = configuration.child(ns::TT, "Events");
    let setup = MetadataSetup {
        has_analytics: matches!(
            configuration.child_text(ns::TT, "Analytics"),
            Some("true" | "1")
        ),
        has_events: events.is_some(),
    };
    Step::command(Command::SetMetadata(camera.camera_id.clone(), setup))
}

fn change_profile(call: Call<'_>, is_present: bool) -> Result<Step, Fault> {
    let (camera, encoding) = profile(call)?;
    let mut changes = Vec::new();
    for configuration in call.operation.children_named(ns::TR2, "Configuration") {
        let token = configuration
            .child_text(ns::TR2, "Token")
            .unwrap_or_default();
        let kind = configuration
            .child_text(ns::TR2, "Type")
            .unwrap_or_default();
        let parts: &[ProfilePart] = match kind {
            "Metadata" => &[ProfilePart::Metadata],
            "Analytics" => &[ProfilePart::Analytics],
            "All" if !is_present => &[ProfilePart::Metadata, ProfilePart::Analytics],
            // They are always there.
            "VideoSource" | "VideoEncoder" if is_present => &[],
            "VideoSource" | "VideoEncoder" => {
                return Err(Fault::sender(
                    &["ter:OperationProhibited", "ter:ConfigurationConflict"],
                    "a profile is its camera's picture: source and encoder stay",
                ));
            }
            _ => {
                return Err(Fault::invalid(
                    "ter:NoConfig",
                    "profiles here have VideoSource, VideoEncoder, Analytics and Metadata",
                ));
            }
        };
        if is_present && !token.is_empty() {
            let expected = match kind {
                "VideoEncoder" => camera.token(encoding),
                _ => camera.camera_id.to_string(),
            };
            if token != expected {
                return Err(Fault::no_config(token));
            }
        }
        changes.extend(parts.iter().map(|part| ProfileChange {
            what: LeftOut {
                encoding,
                part: *part,
            },
            is_present,
        }));
    }
    Step::command(Command::ChangeProfile(camera.camera_id, changes))
}

type Writer = fn(&mut XmlWriter, &str, &DeviceCamera);

fn each(call: Call<'_>, write: Writer) -> Result<Step, Fault> {
    let cameras = match (call.text("ConfigurationToken"), call.text("ProfileToken")) {
        ("", "") => call.device.cameras.clone(),
        ("", _) => vec![profile(call)?.0],
        (token, _) => {
            let camera = call.device.camera(token);
            vec![camera.cloned().ok_or_else(|| Fault::no_config(token))?]
        }
    };
    wrote(move |xml| {
        for camera in &cameras {
            write(xml, "tr2:Configurations", camera);
        }
    })
}

fn chosen_profiles(call: Call<'_>) -> Result<Vec<(DeviceCamera, Encoding)>, Fault> {
    match call.text("ProfileToken") {
        "" => Ok(call
            .device
            .profiles()
            .map(|(camera, encoding)| (camera.clone(), encoding))
            .collect()),
        _ => Ok(vec![profile(call)?]),
    }
}

/// The camera that a question is about; the first one when it names none.
fn first_camera(call: Call<'_>) -> Result<DeviceCamera, Fault> {
    let device = call.device;
    let camera = match (call.text("ConfigurationToken"), call.text("ProfileToken")) {
        ("", "") => device.cameras.first(),
        ("", _) => return Ok(profile(call)?.0),
        (token, _) => device
            .camera(token)
            .or_else(|| device.profile(token).map(|(camera, _)| camera)),
    };
    camera
        .cloned()
        .ok_or_else(|| Fault::no_config(call.text("ConfigurationToken")))
}

fn profile(call: Call<'_>) -> Result<(DeviceCamera, Encoding), Fault> {
    let token = call.text("ProfileToken");
    let found = call.device.profile(token);
    let (camera, encoding) = found.ok_or_else(|| {
        let token: String = token.chars().take(64).collect();
        Fault::invalid("ter:NoProfile", format!("there is no profile {token:?}"))
    })?;
    Ok((camera.clone(), encoding))
}
