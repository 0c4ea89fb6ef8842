//! The imaging service: the picture is the linked camera's, so that nothing
//! can be set here; clients ask all the same.

use super::{Call, Step, wrote};
use crate::onvif::soap::Fault;
use crate::onvif::xml::XmlWriter;

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    let name = call.operation.name.local.as_str();
    if name == "GetServiceCapabilities" {
        return wrote(write_capabilities);
    }
    let token = call.text("VideoSourceToken");
    if call.device.camera(token).is_none() {
        return Err(Fault::invalid(
            "ter:NoSource",
            "there is no such video source",
        ));
    }
    match name {
        "GetImagingSettings" => wrote(|xml| xml.empty("timg:ImagingSettings", &[])),
        "GetOptions" => wrote(|xml| xml.empty("timg:ImagingOptions", &[])),
        "GetMoveOptions" => wrote(|xml| xml.empty("timg:MoveOptions", &[])),
        "GetStatus" => wrote(|xml| xml.empty("timg:Status", &[])),
        other => Err(Fault::not_supported(other)),
    }
}

pub(super) fn write_capabilities(xml: &mut XmlWriter) {
    xml.empty(
        "timg:Capabilities",
        &[("ImageStabilization", "false"), ("Presets", "false")],
    );
}
