//! The device service: who we are, where the services are, accounts.

use types::Timestamp;

use super::command::Command;
use super::{Call, SERVICES, Step, user, wrote};
use crate::access::Level;

use crate::onvif::soap::Fault;
use crate::onvif::subscription::Hub;
use crate::onvif::xml::XmlWriter;

/// Version of ONVIF that we follow.
const VERSION: (&str, &str) = ("21", "12");
const MANUFACTURER: &str = "airelay";

pub(super) fn answer(call: Call<'_>) -> Result<Step, Fault> {
    let name = call.operation.name.local.as_str();
    let identity = call.device.identity.clone();
    match name {
        "GetSystemDateAndTime" => {
            let now = call.caller.now;
            wrote(move |xml| write_date_and_time(xml, now))
        }
        "GetDeviceInformation" => wrote(move |xml| {
            xml.leaf("tds:Manufacturer", MANUFACTURER);
            xml.leaf("tds:Model", "AI processing relay");
            xml.leaf("tds:FirmwareVersion", &identity.version);
            xml.leaf("tds:SerialNumber", &identity.serial_number);
            xml.leaf("tds:HardwareId", "software");
        }),
        "GetServices" => {
            let wants_capabilities = matches!(call.text("IncludeCapability"), "true" | "1");
            let services = SERVICES.map(|(_, _, path)| call.caller.service(path));
            let (n_cameras, brokers) =
                (call.device.cameras.len(), call.device.event_brokers.clone());
            wrote(move |xml| {
                for (service, address) in SERVICES.iter().zip(&services) {
                    let capabilities = |xml: &mut XmlWriter| match service.1 {
                        "tds" => write_capabilities(xml),
                        "trt" => super::media::write_capabilities(xml),
                        "tr2" => super::media2::write_capabilities(xml),
                        "tev" => super::events::write_capabilities(xml, &brokers),
                        "tan" => super::analytics::write_capabilities(xml),
                        "timg" => super::imaging::write_capabilities(xml),
                        _ => super::device_io::write_capabilities(xml, n_cameras),
                    };
                    let capabilities = wants_capabilities.then_some(capabilities);
                    write_service(xml, service.0, address, capabilities);
                }
            })
        }
        "GetServiceCapabilities" => wrote(write_capabilities),
        "GetCapabilities" => {
            let category = call.text("Category").to_owned();
            let services = SERVICES.map(|(_, _, path)| call.caller.service(path));
            let n_cameras = call.device.cameras.len();
            if category == "PTZ" {
                return Err(Fault::receiver(
                    &["ter:ActionNotSupported", "ter:NoSuchService"],
                    "there is no PTZ service",
                ));
            }
            wrote(move |xml| write_old_capabilities(xml, &category, &services, n_cameras))
        }
        "GetWsdlUrl" => wrote(|xml| xml.leaf("tds:WsdlUrl", "https://www.onvif.org/profiles/")),
        "GetEndpointReference" => {
            wrote(move |xml| xml.leaf("tds:GUID", format!("urn:uuid:{}", identity.uuid)))
        }
        "GetScopes" | "SetScopes" | "AddScopes" | "RemoveScopes" => super::scopes::answer(call),
        "GetDiscoveryMode" => {
            let mode = match call.device.is_discoverable {
                true => "Discoverable",
                false => "NonDiscoverable",
            };
            wrote(move |xml| xml.leaf("tds:DiscoveryMode", mode))
        }
        "SetDiscoveryMode" => match call.text("DiscoveryMode") {
            "Discoverable" => Step::command(Command::SetDiscoverable(true)),
            "NonDiscoverable" => Step::command(Command::SetDiscoverable(false)),
            _ => Err(Fault::sender(
                &["ter:InvalidArgs"],
                "DiscoveryMode cannot be used",
            )),
        },
        "GetUsers" => {
            let users = call.device.users.clone();
            wrote(move |xml| write_users(xml, &users))
        }
        "CreateUsers" => user::create(call),
        "SetUser" => user::set(call),
        "DeleteUsers" => user::delete(call),
        "SystemReboot" => Step::command(Command::Reboot),
        _ => network(call),
    }
}

/// The network's settings are the machine's: they can be read, as far as
/// clients need them, and are changed there.
fn network(call: Call<'_>) -> Result<Step, Fault> {
    let identity = call.device.identity.clone();
    let (host, base_url) = (call.caller.host.clone(), call.caller.base_url.clone());
    match call.operation.name.local.as_str() {
        "GetHostname" => wrote(move |xml| {
            xml.open("tds:HostnameInformation");
            xml.leaf("tt:FromDHCP", "false");
            xml.leaf("tt:Name", &identity.hostname);
            xml.close();
        }),
        "GetNetworkInterfaces" => wrote(move |xml| {
            xml.open_with("tds:NetworkInterfaces", &[("token", "network")]);
            xml.leaf("tt:Enabled", "true");
            xml.open("tt:Info");
            xml.leaf("tt:Name", "network");
            xml.leaf("tt:HwAddress", &identity.mac);
            xml.close();
            if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
                xml.open("tt:IPv4");
                xml.leaf("tt:Enabled", "true");
                xml.open("tt:Config");
                xml.open("tt:Manual");
                xml.leaf("tt:Address", address.to_string());
                xml.leaf("tt:PrefixLength", "24");
                xml.close();
                xml.leaf("tt:DHCP", "false");
                xml.close();
                xml.close();
            }
            xml.close();
        }),
        "GetNetworkProtocols" => {
            let rtsp_port = call.device.rtsp_port;
            wrote(move |xml| write_protocols(xml, &base_url, rtsp_port))
        }
        "GetDNS" => wrote(|xml| {
            xml.within("tds:DNSInformation", |xml| xml.leaf("tt:FromDHCP", "true"));
        }),
        "GetNTP" => wrote(|xml| {
            xml.within("tds:NTPInformation", |xml| xml.leaf("tt:FromDHCP", "true"));
        }),
        "GetNetworkDefaultGateway" => wrote(|xml| xml.empty("tds:NetworkGateway", &[])),
        "GetRelayOutputs" => wrote(|_| {}),
        other => Err(Fault::not_supported(other)),
    }
}

fn write_date_and_time(xml: &mut XmlWriter, now: Timestamp) {
    // "2026-07-01T09:30:00.200Z"
    let text = now.to_string();
    let part = |from: usize, to: usize| -> String {
        let digits = text.get(from..to).unwrap_or_default();
        digits.parse::<u32>().unwrap_or_default().to_string()
    };
    xml.open("tds:SystemDateAndTime");
    xml.leaf("tt:DateTimeType", "NTP");
    xml.leaf("tt:DaylightSavings", "false");
    xml.within("tt:TimeZone", |xml| xml.leaf("tt:TZ", "UTC0"));
    for element in ["tt:UTCDateTime", "tt:LocalDateTime"] {
        xml.open(element);
        xml.open("tt:Time");
        xml.leaf("tt:Hour", part(11, 13));
        xml.leaf("tt:Minute", part(14, 16));
        xml.leaf("tt:Second", part(17, 19));
        xml.close();
        xml.open("tt:Date");
        xml.leaf("tt:Year", part(0, 4));
        xml.leaf("tt:Month", part(5, 7));
        xml.leaf("tt:Day", part(8, 10));
        xml.close();
        xml.close();
    }
    xml.close();
}

/// `capabilities` writes what the service can do, where that is wanted.
fn write_service(
    xml: &mut XmlWriter,
    namespace: &str,
    address: &str,
    capabilities: Option<impl FnOnce(&mut XmlWriter)>,
) {
    xml.open("tds:Service");
    xml.leaf("tds:Namespace", namespace);
    xml.leaf("tds:XAddr", address);
    if let Some(capabilities) = capabilities {
        xml.within("tds:Capabilities", capabilities);
    }
    xml.open("tds:Version");
    xml.leaf("tt:Major", VERSION.0);
    xml.leaf("tt:Minor", VERSION.1);
    xml.close();
    xml.close();
}

fn write_capabilities(xml: &mut XmlWriter) {
    xml.open("tds:Capabilities");
    let no = "false";
    xml.empty(
        "tds:Network",
        &[
            ("IPFilter", no),
            ("ZeroConfiguration", no),
            ("IPVersion6", no),
            ("DynDNS", no),
            ("HostnameFromDHCP", no),
            ("NTP", "0"),
        ],
    );
    xml.empty(
        "tds:Security",
        &[
            ("TLS1.2", "true"),
            ("OnboardKeyGeneration", no),
            ("AccessPolicyConfig", no),
            ("DefaultAccessPolicy", "true"),
            ("RemoteUserHandling", no),
            ("X.509Token", no),
            ("SAMLToken", no),
            ("KerberosToken", no),
            ("UsernameToken", "true"),
            ("HttpDigest", "true"),
            ("RELToken", no),
            ("MaxUsers", "64"),
            ("MaxUserNameLength", "64"),
            ("MaxPasswordLength", "64"),
            ("HashingAlgorithms", "MD5 SHA-256"),
        ],
    );
    xml.empty(
        "tds:System",
        &[
            ("DiscoveryResolve", "true"),
            ("DiscoveryBye", "true"),
            ("RemoteDiscovery", no),
            ("SystemBackup", no),
            ("SystemLogging", no),
            ("HttpFirmwareUpgrade", no),
            ("NetworkConfigNotSupported", "true"),
        ],
    );
    xml.close();
}

/// As before GetServices came.
fn write_old_capabilities(
    xml: &mut XmlWriter,
    category: &str,
    addresses: &[String; SERVICES.len()],
    n_cameras: usize,
) {
    let is_wanted = |name: &str| matches!(category, "" | "All") || category == name;
    let [device, media, _, events, analytics, imaging, device_io] = addresses;
    let no = "false";
    xml.open("tds:Capabilities");
    if is_wanted("Analytics") {
        xml.open("tt:Analytics");
        xml.leaf("tt:XAddr", analytics);
        xml.leaf("tt:RuleSupport", "true");
        xml.leaf("tt:AnalyticsModuleSupport", "true");
        xml.close();
    }
    if is_wanted("Device") {
        xml.open("tt:Device");
        xml.leaf("tt:XAddr", device);
        xml.open("tt:System");
        for (element, value) in [
            ("tt:DiscoveryResolve", "true"),
            ("tt:DiscoveryBye", "true"),
            ("tt:RemoteDiscovery", no),
            ("tt:SystemBackup", no),
            ("tt:SystemLogging", no),
            ("tt:FirmwareUpgrade", no),
        ] {
            xml.leaf(element, value);
        }
        xml.open("tt:SupportedVersions");
        xml.leaf("tt:Major", VERSION.0);
        xml.leaf("tt:Minor", VERSION.1);
        xml.close();
        xml.close();
        xml.close();
    }
    if is_wanted("Events") {
        xml.open("tt:Events");
        xml.leaf("tt:XAddr", events);
        xml.leaf("tt:WSSubscriptionPolicySupport", "true");
        xml.leaf("tt:WSPullPointSupport", "true");
        xml.leaf("tt:WSPausableSubscriptionManagerInterfaceSupport", no);
        xml.close();
    }
    if is_wanted("Imaging") {
        xml.within("tt:Imaging", |xml| xml.leaf("tt:XAddr", imaging));
    }
    if is_wanted("Media") {
        xml.open("tt:Media");
        xml.leaf("tt:XAddr", media);
        xml.open("tt:StreamingCapabilities");
        xml.leaf("tt:RTPMulticast", no);
        xml.leaf("tt:RTP_TCP", "true");
        xml.leaf("tt:RTP_RTSP_TCP", "true");
        xml.close();
        xml.close();
    }
    if is_wanted("All") {
        xml.open("tt:Extension");
        xml.open("tt:DeviceIO");
        xml.leaf("tt:XAddr", device_io);
        xml.leaf("tt:VideoSources", n_cameras.to_string());
        for element in [
            "VideoOutputs",
            "AudioSources",
            "AudioOutputs",
            "RelayOutputs",
        ] {
            xml.leaf(&format!("tt:{element}"), "0");
        }
        xml.close();
        xml.close();
    }
    xml.close();
}

fn write_users(xml: &mut XmlWriter, users: &[(String, Level)]) {
    for (name, level) in users {
        xml.open("tds:User");
        xml.leaf("tt:Username", name);
        xml.leaf("tt:UserLevel", level.name());
        xml.close();
    }
}

fn write_protocols(xml: &mut XmlWriter, base_url: &str, rtsp_port: Option<u16>) {
    let is_tls = base_url.starts_with("https:");
    let default = if is_tls { "443" } else { "80" };
    let authority = base_url.rsplit('/').next().unwrap_or_default();
    let port = authority
        .rsplit_once(':')
        .map(|(_, port)| port)
        .filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(default);
    let name = if is_tls { "HTTPS" } else { "HTTP" };
    let rtsp_port = rtsp_port.map(|port| port.to_string());
    for (name, port) in [(name, Some(port)), ("RTSP", rtsp_port.as_deref())] {
        let Some(port) = port else {
            continue;
        };
        xml.open("tds:NetworkProtocols");
        xml.leaf("tt:Name", name);
        xml.leaf("tt:Enabled", "true");
        xml.leaf("tt:Port", port);
        xml.close();
    }
}

/// Most subscriptions of both kinds, as text.
pub(super) fn max_subscriptions() -> String {
    Hub::MAX_SUBSCRIPTIONS.to_string()
}
