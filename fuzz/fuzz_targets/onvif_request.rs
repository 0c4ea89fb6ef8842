//! Any bytes as an ONVIF request: read and answered, or refused; what is
//! written back can be read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sink::onvif::device::{
    Caller, Device, DeviceCamera, EventBrokerLimits, Identity, MetadataSetup,
};
use sink::onvif::service::{access_of, answer};
use sink::onvif::soap::{Envelope, Fault};
use sink::onvif::topic::Naming;
use types::{CameraId, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    let device = Device {
        identity: Identity {
            uuid: String::new(),
            version: String::new(),
            serial_number: String::new(),
            hostname: String::new(),
            mac: String::new(),
        },
        cameras: vec![camera()],
        users: Vec::new(),
        naming: Naming::Modern,
        rtsp_port: None,
        is_discoverable: true,
        scopes: vec!["onvif://www.onvif.org/location/a".to_owned()],
        event_brokers: EventBrokerLimits {
            protocols: "mqtt".to_owned(),
            max: 16,
        },
    };
    let caller = Caller {
        base_url: "http://192.0.2.1".to_owned(),
        host: "192.0.2.1".to_owned(),
        now: Timestamp::from_secs(1_782_898_200),
        account: None,
    };
    let answered = Envelope::read(bytes).map_err(Fault::from).and_then(|envelope| {
        access_of(&envelope.operation.name);
        answer(&envelope, &device, &caller)
    });
    if let Err(fault) = answered {
        assert!(fault.to_xml(None).contains("s:Fault"));
    }
});

/// A camera for operations that need one.
fn camera() -> DeviceCamera {
    DeviceCamera {
        camera_id: CameraId::new("yard").expect("a camera id"),
        name: "Yard".to_owned(),
        width_px: 640,
        height_px: 360,
        fps: 5.0,
        has_h264: true,
        metadata: MetadataSetup::default(),
        left_out: Vec::new(),
        rules: Vec::new(),
    }
}
