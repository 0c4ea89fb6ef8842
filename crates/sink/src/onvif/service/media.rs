//! The media service, version 1: what most fielded clients ask.

use types::CameraId;

use super::command::Command;
use super::configurations as part;
use super::media2::{metadata_of, stream_uri};
use super::{Call, Step, wrote};
use crate::onvif::device::DeviceCamera;
use crate::onvif::soap::Fault;
use crate::onvif::token::Encoding;
use crate::onvif::xml::XmlWriter;

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    let device = call.device;
    let name = call.operation.name.local.as_str();
    match name {
        "GetServiceCapabilities" => wrote(write_capabilities),
        "GetProfiles" => {
            let profiles = owned(device.profiles());
            wrote(move |xml| {
                for (camera, encoding) in &profiles {
                    write_profile(xml, "trt:Profiles", camera, *encoding);
                }
            })
        }
        "GetProfile" => {
            let (camera, encoding) = profile(call)?;
            wrote(move |xml| write_profile(xml, "trt:Profile", &camera, encoding))
        }
        "GetVideoSources" => {
            let cameras = device.cameras.clone();
            wrote(move |xml| {
                for camera in &cameras {
                    part::write_video_source(xml, "trt:VideoSources", camera);
                }
            })
        }
        "GetStreamUri" => {
            let (camera, encoding) = profile(call)?;
            let setup = call.child("StreamSetup")?;
            let transport = setup.child(crate::onvif::namespace::TT, "Transport");
            let protocol = transport
                .and_then(|transport| transport.child_text(crate::onvif::namespace::TT, "Protocol"))
                .unwrap_or("RTSP");
            let uri = stream_uri(call, &camera, encoding, protocol)?;
            wrote(move |xml| write_media_uri(xml, &uri))
        }
        "GetSnapshotUri" => {
            let (camera, _) = profile(call)?;
            let uri = super::media2::snapshot_uri(call, &camera.camera_id);
            wrote(move |xml| write_media_uri(xml, &uri))
        }
        "SetSynchronizationPoint" => {
            let (camera, _) = profile(call)?;
            Step::command(Command::SynchronizeStream(camera.camera_id))
        }
        "CreateProfile" => Err(Fault::receiver(
            &["ter:Action", "ter:MaxNVTProfiles"],
            "each linked camera has its profiles, and there are no others",
        )),
        "DeleteProfile" => Err(Fault::sender(
            &["ter:Action", "ter:DeletionOfFixedProfile"],
            "profiles live as long as their camera is linked",
        )),
        _ => configurations(call),
    }
}

fn configurations(call: Call<'_>) -> Result<Step, Fault> {
    let device = call.device;
    let all = device.cameras.clone();
    let profiles = || owned(device.profiles());
    match call.operation.name.local.as_str() {
        "GetVideoSourceConfigurations" | "GetCompatibleVideoSourceConfigurations" => {
            each(compatible(call, all)?, part::write_source_configuration)
        }
        "GetVideoSourceConfiguration" => one(call, part::write_source_configuration),
        "GetVideoSourceConfigurationOptions" => {
            let camera = optional_camera(call)?;
            wrote(move |xml| part::write_source_options(xml, "trt:Options", &camera))
        }
        "GetVideoEncoderConfigurations" => {
            let profiles = profiles();
            wrote(move |xml| {
                for (camera, encoding) in &profiles {
                    part::write_encoder(xml, "trt:Configurations", camera, *encoding);
                }
            })
        }
        "GetCompatibleVideoEncoderConfigurations" => {
            let (camera, encoding) = profile(call)?;
            wrote(move |xml| part::write_encoder(xml, "trt:Configurations", &camera, encoding))
        }
        "GetVideoEncoderConfiguration" => {
            let token = call.text("ConfigurationToken");
            let (camera, encoding) = device
                .profile(token)
                .ok_or_else(|| Fault::no_config(token))?;
            let camera = camera.clone();
            wrote(move |xml| part::write_encoder(xml, "trt:Configuration", &camera, encoding))
        }
        "GetVideoEncoderConfigurationOptions" => {
            let camera = optional_camera(call)?;
            wrote(move |xml| write_encoder_options(xml, &camera))
        }
        "GetMetadataConfigurations" | "GetCompatibleMetadataConfigurations" => {
            each(compatible(call, all)?, part::write_metadata)
        }
        "GetMetadataConfiguration" => one(call, part::write_metadata),
        "GetMetadataConfigurationOptions" => {
            wrote(|xml| part::write_metadata_options(xml, "trt:Options"))
        }
        "SetMetadataConfiguration" => metadata_of(call),
        "GetVideoAnalyticsConfigurations" | "GetCompatibleVideoAnalyticsConfigurations" => {
            each(compatible(call, all)?, part::write_analytics)
        }
        "GetVideoAnalyticsConfiguration" => one(call, part::write_analytics),
        "GetGuaranteedNumberOfVideoEncoderInstances" => {
            let token = call.text("ConfigurationToken");
            let camera = device
                .camera(token)
                .ok_or_else(|| Fault::no_config(token))?;
            let n_encoders = camera.encodings().count().to_string();
            wrote(move |xml| xml.leaf("trt:TotalNumber", n_encoders))
        }
        "GetAudioSources"
        | "GetAudioSourceConfigurations"
        | "GetAudioEncoderConfigurations"
        | "GetAudioOutputs"
        | "GetAudioOutputConfigurations"
        | "GetAudioDecoderConfigurations"
        | "GetCompatibleAudioSourceConfigurations"
        | "GetCompatibleAudioEncoderConfigurations" => wrote(|_| {}),
        other => Err(Fault::not_supported(other)),
    }
}

pub(super) fn write_capabilities(xml: &mut XmlWriter) {
    let no = "false";
    xml.open_with(
        "trt:Capabilities",
        &[("SnapshotUri", "true"), ("Rotation", no), ("OSD", no)],
    );
    xml.empty(
        "trt:ProfileCapabilities",
        &[("MaximumNumberOfProfiles", "2000")],
    );
    xml.empty(
        "trt:StreamingCapabilities",
        &[
            ("RTPMulticast", no),
            ("RTP_TCP", "true"),
            ("RTP_RTSP_TCP", "true"),
            ("NonAggregateControl", no),
        ],
    );
    xml.close();
}

fn write_profile(xml: &mut XmlWriter, element: &str, camera: &DeviceCamera, encoding: Encoding) {
    let token = camera.token(encoding);
    xml.open_with(element, &[("token", &token), ("fixed", "true")]);
    xml.leaf("tt:Name", part::profile_name(camera, encoding));
    part::write_source_configuration(xml, "tt:VideoSourceConfiguration", camera);
    part::write_encoder(xml, "tt:VideoEncoderConfiguration", camera, encoding);
    let (has_metadata, has_analytics) = part::parts(camera, encoding);
    if has_analytics {
        part::write_analytics(xml, "tt:VideoAnalyticsConfiguration", camera);
    }
    if has_metadata {
        part::write_metadata(xml, "tt:MetadataConfiguration", camera);
    }
    xml.close();
}

fn write_media_uri(xml: &mut XmlWriter, uri: &str) {
    xml.open("trt:MediaUri");
    xml.leaf("tt:Uri", uri);
    xml.leaf("tt:InvalidAfterConnect", "false");
    xml.leaf("tt:InvalidAfterReboot", "false");
    xml.leaf("tt:Timeout", "PT0S");
    xml.close();
}

fn write_encoder_options(xml: &mut XmlWriter, camera: &DeviceCamera) {
    xml.open("trt:Options");
    part::write_range(xml, "tt:QualityRange", "1", "1");
    let fps = part::rate(camera.fps.ceil());
    xml.open("tt:JPEG");
    part::write_resolution(xml, "tt:ResolutionsAvailable", camera);
    part::write_range(xml, "tt:FrameRateRange", &fps, &fps);
    part::write_range(xml, "tt:EncodingIntervalRange", "1", "1");
    xml.close();
    if camera.has_h264 {
        xml.open("tt:H264");
        part::write_resolution(xml, "tt:ResolutionsAvailable", camera);
        part::write_range(xml, "tt:GovLengthRange", "25", "25");
        part::write_range(xml, "tt:FrameRateRange", &fps, &fps);
        part::write_range(xml, "tt:EncodingIntervalRange", "1", "1");
        xml.leaf("tt:H264ProfilesSupported", "Baseline");
        xml.close();
    }
    xml.close();
}

type Writer = fn(&mut XmlWriter, &str, &DeviceCamera);

fn each(cameras: Vec<DeviceCamera>, write: Writer) -> Result<Step, Fault> {
    wrote(move |xml| {
        for camera in &cameras {
            write(xml, "trt:Configurations", camera);
        }
    })
}

fn one(call: Call<'_>, write: Writer) -> Result<Step, Fault> {
    let token = call.text("ConfigurationToken");
    let camera = call
        .device
        .camera(token)
        .ok_or_else(|| Fault::no_config(token))?;
    let camera = camera.clone();
    wrote(move |xml| write(xml, "trt:Configuration", &camera))
}

/// All cameras, or where a profile is named, its camera.
fn compatible(call: Call<'_>, all: Vec<DeviceCamera>) -> Result<Vec<DeviceCamera>, Fault> {
    match call.text("ProfileToken") {
        "" => Ok(all),
        _ => Ok(vec![profile(call)?.0]),
    }
}

/// The camera of a profile, of a configuration, or the first one.
fn optional_camera(call: Call<'_>) -> Result<DeviceCamera, Fault> {
    let device = call.device;
    let (profile, configuration) = (call.text("ProfileToken"), call.text("ConfigurationToken"));
    let camera = match (profile, configuration) {
        ("", "") => device.cameras.first(),
        ("", token) => device
            .camera(token)
            .or_else(|| device.profile(token).map(|(camera, _)| camera)),
        (token, _) => device.profile(token).map(|(camera, _)| camera),
    };
    camera
        .cloned()
        .ok_or_else(|| Fault::no_config(&format!("{profile}{configuration}")))
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

fn owned<'a>(
    profiles: impl Iterator<Item = (&'a DeviceCamera, Encoding)>,
) -> Vec<(DeviceCamera, Encoding)> {
    profiles
        .map(|(camera, encoding)| (camera.clone(), encoding))
        .collect()
}

/// Snapshots are asked for by camera.
pub(super) fn snapshot_path(camera_id: &CameraId) -> String {
    format!("/onvif/snapshot/{camera_id}")
}
