//! The device IO service: linked cameras as video sources, and nothing else.

use super::{Call, Step, wrote};
use crate::onvif::soap::Fault;
use crate::onvif::xml::XmlWriter;

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    match call.operation.name.local.as_str() {
        "GetServiceCapabilities" => {
            let n_cameras = call.device.cameras.len();
            wrote(move |xml| write_capabilities(xml, n_cameras))
        }
        "GetVideoSources" => {
            let cameras = call.device.cameras.iter();
            let tokens: Vec<String> = cameras.map(|camera| camera.camera_id.to_string()).collect();
            wrote(move |xml| {
                for token in &tokens {
                    xml.leaf("tmd:Token", token);
                }
            })
        }
        "GetVideoOutputs" | "GetAudioSources" | "GetAudioOutputs" | "GetDigitalInputs" => {
            wrote(|_| {})
        }
        other => Err(Fault::not_supported(other)),
    }
}

pub(super) fn write_capabilities(xml: &mut XmlWriter, n_cameras: usize) {
    xml.empty(
        "tmd:Capabilities",
        &[
            ("VideoSources", &n_cameras.to_string()),
            ("VideoOutputs", "0"),
            ("AudioSources", "0"),
            ("AudioOutputs", "0"),
            ("RelayOutputs", "0"),
            ("SerialPorts", "0"),
            ("DigitalInputs", "0"),
        ],
    );
}
