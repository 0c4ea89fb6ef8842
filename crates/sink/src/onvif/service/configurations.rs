//! Parts of media profiles, as both media services write them.

use crate::onvif::device::{DeviceCamera, ProfilePart};
use crate::onvif::document::MODULE;
use crate::onvif::rule::write_config;
use crate::onvif::token::Encoding;
use crate::onvif::xml::XmlWriter;

/// Each profile of a camera uses the same parts.
fn use_count(camera: &DeviceCamera) -> String {
    camera.encodings().count().to_string()
}

fn named(xml: &mut XmlWriter, name: &str, use_count: &str) {
    // tt:Name ends after 64 characters.
    xml.leaf("tt:Name", name.chars().take(64).collect::<String>());
    xml.leaf("tt:UseCount", use_count);
}

/// A video source: the picture of a linked camera.
pub(super) fn write_video_source(xml: &mut XmlWriter, element: &str, camera: &DeviceCamera) {
    xml.open_with(element, &[("token", camera.camera_id.as_str())]);
    xml.leaf("tt:Framerate", rate(camera.fps));
    write_resolution(xml, "tt:Resolution", camera);
    xml.close();
}

/// How a video source is used: as a whole.
pub(super) fn write_source_configuration(
    xml: &mut XmlWriter,
    element: &str,
    camera: &DeviceCamera,
) {
    xml.open_with(element, &[("token", camera.camera_id.as_str())]);
    named(xml, &camera.name, &use_count(camera));
    xml.leaf("tt:SourceToken", camera.camera_id.as_str());
    xml.empty(
        "tt:Bounds",
        &[
            ("x", "0"),
            ("y", "0"),
            ("width", &camera.width_px.to_string()),
            ("height", &camera.height_px.to_string()),
        ],
    );
    xml.close();
}

/// What a source configuration could be: what it is.
pub(super) fn write_source_options(xml: &mut XmlWriter, element: &str, camera: &DeviceCamera) {
    xml.open(element);
    xml.open("tt:BoundsRange");
    let (width, height) = (camera.width_px.to_string(), camera.height_px.to_string());
    for (element, min, max) in [
        ("tt:XRange", "0", "0"),
        ("tt:YRange", "0", "0"),
        ("tt:WidthRange", width.as_str(), width.as_str()),
        ("tt:HeightRange", height.as_str(), height.as_str()),
    ] {
        write_range(xml, element, min, max);
    }
    xml.close();
    xml.leaf("tt:VideoSourceTokensAvailable", camera.camera_id.as_str());
    xml.close();
}

/// An encoder, as Media 1 writes it.
pub(super) fn write_encoder(
    xml: &mut XmlWriter,
    element: &str,
    camera: &DeviceCamera,
    encoding: Encoding,
) {
    xml.open_with(element, &[("token", &camera.token(encoding))]);
    named(xml, &encoder_name(camera, encoding), "1");
    xml.leaf("tt:Encoding", encoding_name(encoding));
    write_resolution(xml, "tt:Resolution", camera);
    xml.leaf("tt:Quality", "1");
    xml.open("tt:RateControl");
    xml.leaf("tt:FrameRateLimit", rate(camera.fps.ceil()));
    xml.leaf("tt:EncodingInterval", "1");
    xml.leaf("tt:BitrateLimit", bitrate(camera).to_string());
    xml.close();
    if encoding == Encoding::H264 {
        xml.open("tt:H264");
        xml.leaf("tt:GovLength", "25");
        xml.leaf("tt:H264Profile", "Baseline");
        xml.close();
    }
    write_multicast(xml);
    xml.leaf("tt:SessionTimeout", "PT60S");
    xml.close();
}

/// An encoder, as Media 2 writes it.
pub(super) fn write_encoder2(
    xml: &mut XmlWriter,
    element: &str,
    camera: &DeviceCamera,
    encoding: Encoding,
) {
    let token = camera.token(encoding);
    let mut attributes = vec![("token", token.as_str())];
    if encoding == Encoding::H264 {
        attributes.extend([("GovLength", "25"), ("Profile", "Baseline")]);
    }
    xml.open_with(element, &attributes);
    named(xml, &encoder_name(camera, encoding), "1");
    xml.leaf("tt:Encoding", encoding_name(encoding));
    write_resolution(xml, "tt:Resolution", camera);
    xml.open("tt:RateControl");
    xml.leaf("tt:FrameRateLimit", rate(camera.fps));
    xml.leaf("tt:BitrateLimit", bitrate(camera).to_string());
    xml.close();
    xml.leaf("tt:Quality", "1");
    xml.close();
}

/// What the metadata track carries.
pub(super) fn write_metadata(xml: &mut XmlWriter, element: &str, camera: &DeviceCamera) {
    xml.open_with(
        element,
        &[
            ("token", camera.camera_id.as_str()),
            ("CompressionType", "None"),
        ],
    );
    named(xml, &camera.name, &use_count(camera));
    if camera.metadata.has_events {
        // Clients that read an empty element as none (zeep) would switch events
        // off with whatever they send back.
        xml.within("tt:Events", |xml| xml.empty("tt:SubscriptionPolicy", &[]));
    }
    xml.leaf("tt:Analytics", camera.metadata.has_analytics.to_string());
    write_multicast(xml);
    xml.leaf("tt:SessionTimeout", "PT60S");
    xml.close();
}

/// The analytics of a camera with its rules.
pub(super) fn write_analytics(xml: &mut XmlWriter, element: &str, camera: &DeviceCamera) {
    xml.open_with(element, &[("token", camera.camera_id.as_str())]);
    named(xml, &camera.name, &use_count(camera));
    xml.open("tt:AnalyticsEngineConfiguration");
    write_module(xml, "tt:AnalyticsModule");
    xml.close();
    xml.open("tt:RuleEngineConfiguration");
    for rule in &camera.rules {
        write_config(xml, "tt:Rule", rule);
    }
    xml.close();
    xml.close();
}

/// The one analytics module of a camera.
pub(super) fn write_module(xml: &mut XmlWriter, element: &str) {
    xml.open_with(element, &[("Name", MODULE), ("Type", MODULE_TYPE)]);
    xml.empty("tt:Parameters", &[]);
    xml.close();
}

/// Type of the module: it finds and follows objects.
pub(super) const MODULE_TYPE: &str = "tt:ObjectDetector";

/// Metadata can carry neither pan, tilt nor zoom.
pub(super) fn write_metadata_options(xml: &mut XmlWriter, element: &str) {
    xml.open(element);
    xml.open("tt:PTZStatusFilterOptions");
    for name in [
        "PanTiltStatusSupported",
        "ZoomStatusSupported",
        "PanTiltPositionSupported",
        "ZoomPositionSupported",
    ] {
        xml.leaf(&format!("tt:{name}"), "false");
    }
    xml.close();
    xml.close();
}

/// Whether the profile has metadata, and analytics.
pub(super) fn parts(camera: &DeviceCamera, encoding: Encoding) -> (bool, bool) {
    (
        camera.has(encoding, ProfilePart::Metadata),
        camera.has(encoding, ProfilePart::Analytics),
    )
}

/// Name of a profile.
pub(super) fn profile_name(camera: &DeviceCamera, encoding: Encoding) -> String {
    let name = encoder_name(camera, encoding);
    name.chars().take(64).collect()
}

fn encoder_name(camera: &DeviceCamera, encoding: Encoding) -> String {
    format!("{} ({})", camera.camera_id, encoding_name(encoding))
}

/// As both services call it.
pub(super) const fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Jpeg => "JPEG",
        Encoding::H264 => "H264",
    }
}

pub(super) fn write_resolution(xml: &mut XmlWriter, element: &str, camera: &DeviceCamera) {
    xml.open(element);
    xml.leaf("tt:Width", camera.width_px.to_string());
    xml.leaf("tt:Height", camera.height_px.to_string());
    xml.close();
}

pub(super) fn write_range(xml: &mut XmlWriter, element: &str, min: &str, max: &str) {
    xml.open(element);
    xml.leaf("tt:Min", min);
    xml.leaf("tt:Max", max);
    xml.close();
}

/// There is no multicast: address and port of none.
fn write_multicast(xml: &mut XmlWriter) {
    xml.open("tt:Multicast");
    xml.open("tt:Address");
    xml.leaf("tt:Type", "IPv4");
    xml.leaf("tt:IPv4Address", "0.0.0.0");
    xml.close();
    xml.leaf("tt:Port", "0");
    xml.leaf("tt:TTL", "0");
    xml.leaf("tt:AutoStart", "false");
    xml.close();
}

/// Frames per second, at least one, as text.
pub(super) fn rate(fps: f32) -> String {
    let fps = if fps.is_finite() {
        fps.clamp(1.0, 120.0)
    } else {
        5.0
    };
    ((fps * 10.0).round() / 10.0).to_string()
}

/// kbit/s: what a JPEG stream of this size needs at most, about 2 bits for a
/// pixel.
pub(super) fn bitrate(camera: &DeviceCamera) -> u64 {
    let pixels = u64::from(camera.width_px) * u64::from(camera.height_px);
    let per_frame = pixels * 2 / 1_000;
    let frames: u64 = if camera.fps > 10.0 { 30 } else { 10 };
    (per_frame * frames).max(64)
}
