use std::sync::Arc;
use std::time::Duration;

use types::{CameraId, NormPoint, Timestamp};

use super::*;
use crate::access::Level;
use crate::onvif::device::{
    DeviceCamera, EventBrokerLimits, Identity, LeftOut, MetadataSetup, ProfilePart,
};
use crate::onvif::notification::{Notification, Value};
use crate::onvif::rule::{Direction, OnvifRule, RuleParameters, RuleType};
use crate::onvif::subscription::HubError;
use crate::onvif::token::Encoding;
use crate::onvif::topic::{Naming, Topic};

const NOW: Timestamp = Timestamp::from_secs(1_782_898_200);

fn camera(id: &str) -> DeviceCamera {
    let square = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9)];
    let points: Vec<NormPoint> = square.map(|(x, y)| NormPoint { x, y }).to_vec();
    let rules = RuleType::ALL
        .into_iter()
        .map(|rule_type| OnvifRule {
            name: format!("{id}_{}", rule_type.name()),
            rule_type,
            parameters: RuleParameters {
                field: rule_type.has_field().then(|| points.clone()),
                segments: rule_type.has_line().then(|| points.clone()),
                classes: vec!["Human".to_owned(), "Vehicle".to_owned()],
                direction: Direction::Left,
                time_threshold: rule_type
                    .has_threshold()
                    .then_some(Duration::from_millis(12_500)),
                report_interval: (rule_type == RuleType::LineCounting)
                    .then_some(Duration::from_secs(60)),
                reset_times: match rule_type {
                    RuleType::LineCounting => vec!["00:00:00".to_owned()],
                    _ => Vec::new(),
                },
            },
        })
        .collect();
    DeviceCamera {
        camera_id: CameraId::new(id).unwrap(),
        name: format!("Camera <{id}> with a name that is longer than sixty-four characters"),
        width_px: 1_920,
        height_px: 1_080,
        fps: 5.0,
        has_h264: true,
        metadata: MetadataSetup::default(),
        left_out: Vec::new(),
        rules,
    }
}

fn device() -> Device {
    Device {
        identity: Identity {
            uuid: "01234567-89ab-cdef-0123-456789abcdef".to_owned(),
            version: "0.1.0".to_owned(),
            serial_number: "1234-5678".to_owned(),
            hostname: "relay one".to_owned(),
            mac: "02:00:00:00:00:01".to_owned(),
        },
        cameras: vec![camera("gate-2"), camera("yard")],
        users: vec![("vms".to_owned(), Level::Operator)],
        naming: Naming::Modern,
        rtsp_port: Some(8_554),
        is_discoverable: true,
        scopes: vec!["onvif://www.onvif.org/location/office".to_owned()],
        event_brokers: EventBrokerLimits {
            protocols: "mqtt mqtts".to_owned(),
            max: 16,
        },
    }
}

fn caller() -> Caller {
    Caller {
        base_url: "http://192.0.2.10:8092".to_owned(),
        host: "192.0.2.10".to_owned(),
        now: NOW,
        account: Some("vms".to_owned()),
    }
}

/// A request of `operation`, whose prefix says the service.
fn request(operation: &str) -> Vec<u8> {
    let operation = operation.trim();
    format!(
        "<?xml version=\"1.0\"?>\
         <soap-env:Envelope xmlns:soap-env=\"{}\" xmlns:tds=\"{}\" xmlns:trt=\"{}\" \
         xmlns:tr2=\"{}\" xmlns:tev=\"{}\" xmlns:tan=\"{}\" xmlns:timg=\"{}\" xmlns:tmd=\"{}\" \
         xmlns:tt=\"{}\" xmlns:wsnt=\"{}\" xmlns:wsa=\"{}\" xmlns:tns1=\"{}\" xmlns:air=\"{}\">\
         <soap-env:Header><wsa:MessageID>urn:uuid:1</wsa:MessageID></soap-env:Header>\
         <soap-env:Body>{operation}</soap-env:Body></soap-env:Envelope>",
        ns::SOAP,
        ns::TDS,
        ns::TRT,
        ns::TR2,
        ns::TEV,
        ns::TAN,
        ns::TIMG,
        ns::TMD,
        ns::TT,
        ns::WSNT,
        ns::WSA,
        ns::TNS1,
        ns::AIRELAY,
    )
    .into_bytes()
}

fn ask(operation: &str) -> Result<Reply, Fault> {
    ask_of(&device(), operation)
}

fn ask_of(device: &Device, operation: &str) -> Result<Reply, Fault> {
    let envelope = Envelope::read(&request(operation))?;
    answer(&envelope, device, &caller())
}

#[track_caller]
fn command(operation: &str) -> Command {
    match ask(operation) {
        Ok(Reply::Command(command, _)) => *command,
        other => panic!("{operation}: {other:?}"),
    }
}

/// The last subcode of the fault.
#[track_caller]
fn fault(operation: &str) -> &'static str {
    match ask(operation) {
        Err(fault) => fault.subcodes.last().copied().unwrap_or_default(),
        Ok(reply) => panic!("{operation}: {reply:?}"),
    }
}

/// Every operation that only reads, with its parameters.
const READS: &str = "
    tds:GetSystemDateAndTime tds:GetDeviceInformation tds:GetServices tds:GetServiceCapabilities
    tds:GetCapabilities tds:GetWsdlUrl tds:GetEndpointReference tds:GetScopes tds:GetDiscoveryMode
    tds:GetUsers tds:GetHostname tds:GetNetworkInterfaces tds:GetNetworkProtocols tds:GetDNS
    tds:GetNTP tds:GetNetworkDefaultGateway tds:GetRelayOutputs
    trt:GetServiceCapabilities trt:GetProfiles trt:GetVideoSources trt:GetVideoSourceConfigurations
    trt:GetVideoSourceConfigurationOptions trt:GetVideoEncoderConfigurations
    trt:GetVideoEncoderConfigurationOptions trt:GetMetadataConfigurations
    trt:GetMetadataConfigurationOptions trt:GetVideoAnalyticsConfigurations trt:GetAudioSources
    tr2:GetServiceCapabilities tr2:GetProfiles tr2:GetVideoSourceConfigurations
    tr2:GetMetadataConfigurations tr2:GetAnalyticsConfigurations tr2:GetVideoEncoderConfigurations
    tr2:GetVideoSourceConfigurationOptions tr2:GetVideoEncoderConfigurationOptions
    tr2:GetMetadataConfigurationOptions tr2:GetAudioSourceConfigurations
    tan:GetServiceCapabilities tan:GetSupportedMetadata
    timg:GetServiceCapabilities tmd:GetServiceCapabilities tmd:GetVideoSources
    tmd:GetAudioSources tmd:GetDigitalInputs
    tev:GetServiceCapabilities tev:GetEventProperties";

const READS_WITH_PARAMETERS: &[&str] = &[
    "<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>",
    "<tds:GetCapabilities><tds:Category>Media</tds:Category></tds:GetCapabilities>",
    "<trt:GetProfile><trt:ProfileToken>yard.h264</trt:ProfileToken></trt:GetProfile>",
    "<trt:GetVideoSourceConfiguration><trt:ConfigurationToken>yard</trt:ConfigurationToken></trt:GetVideoSourceConfiguration>",
    "<trt:GetVideoEncoderConfiguration><trt:ConfigurationToken>yard.jpeg</trt:ConfigurationToken></trt:GetVideoEncoderConfiguration>",
    "<trt:GetMetadataConfiguration><trt:ConfigurationToken>yard</trt:ConfigurationToken></trt:GetMetadataConfiguration>",
    "<trt:GetVideoAnalyticsConfiguration><trt:ConfigurationToken>yard</trt:ConfigurationToken></trt:GetVideoAnalyticsConfiguration>",
    "<trt:GetGuaranteedNumberOfVideoEncoderInstances><trt:ConfigurationToken>yard</trt:ConfigurationToken></trt:GetGuaranteedNumberOfVideoEncoderInstances>",
    "<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup><trt:ProfileToken>yard.jpeg</trt:ProfileToken></trt:GetStreamUri>",
    "<trt:GetSnapshotUri><trt:ProfileToken>yard.jpeg</trt:ProfileToken></trt:GetSnapshotUri>",
    "<tr2:GetProfiles><tr2:Token>yard.jpeg</tr2:Token><tr2:Type>All</tr2:Type></tr2:GetProfiles>",
    "<tr2:GetProfiles><tr2:Type>VideoEncoder</tr2:Type></tr2:GetProfiles>",
    "<tr2:GetStreamUri><tr2:Protocol>RtspOverHttp</tr2:Protocol><tr2:ProfileToken>yard.h264</tr2:ProfileToken></tr2:GetStreamUri>",
    "<tr2:GetSnapshotUri><tr2:ProfileToken>yard.h264</tr2:ProfileToken></tr2:GetSnapshotUri>",
    "<tr2:GetVideoEncoderInstances><tr2:ConfigurationToken>yard</tr2:ConfigurationToken></tr2:GetVideoEncoderInstances>",
    "<tan:GetSupportedRules><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetSupportedRules>",
    "<tan:GetRules><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetRules>",
    "<tan:GetRuleOptions><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetRuleOptions>",
    "<tan:GetRuleOptions><tan:RuleType>tt:LineDetector</tan:RuleType><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetRuleOptions>",
    "<tan:GetSupportedAnalyticsModules><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetSupportedAnalyticsModules>",
    "<tan:GetAnalyticsModules><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetAnalyticsModules>",
    "<tan:GetAnalyticsModuleOptions><tan:ConfigurationToken>yard</tan:ConfigurationToken></tan:GetAnalyticsModuleOptions>",
    "<tan:GetSupportedMetadata><tan:Type>tt:ObjectDetector</tan:Type></tan:GetSupportedMetadata>",
    "<timg:GetImagingSettings><timg:VideoSourceToken>yard</timg:VideoSourceToken></timg:GetImagingSettings>",
    "<timg:GetOptions><timg:VideoSourceToken>yard</timg:VideoSourceToken></timg:GetOptions>",
    "<timg:GetMoveOptions><timg:VideoSourceToken>yard</timg:VideoSourceToken></timg:GetMoveOptions>",
    "<timg:GetStatus><timg:VideoSourceToken>yard</timg:VideoSourceToken></timg:GetStatus>",
];

#[track_caller]
fn check_valid(documents: &[(String, String)]) {
    let complaints = testkit::onvif_complaints(documents);
    assert_eq!(complaints.unwrap_or_default(), "");
}

#[test]
fn every_answer_and_every_fault_is_valid() {
    let mut documents = Vec::new();
    let plain = READS.split_whitespace().map(|name| format!("<{name}/>"));
    let all = plain.chain(READS_WITH_PARAMETERS.iter().map(|text| (*text).to_owned()));
    let mut other = device();
    other.cameras[1].metadata.has_events = false;
    other.cameras[1].left_out.push(LeftOut {
        encoding: Encoding::Jpeg,
        part: ProfilePart::Analytics,
    });
    for operation in all {
        for device in [&device(), &other] {
            match ask_of(device, &operation) {
                Ok(Reply::Document(document)) => documents.push((operation.clone(), document)),
                other => panic!("{operation}: {other:?}"),
            }
        }
    }
    for (name, fault) in [
        ("not supported", Fault::not_supported("Nothing")),
        ("not authorized", Fault::not_authorized("sign in")),
        ("unknown", hub_fault(HubError::Unknown, NOW)),
        ("busy", hub_fault(HubError::Busy, NOW)),
        ("too many", hub_fault(HubError::TooMany, NOW)),
    ] {
        documents.push((name.to_owned(), fault.to_xml(Some("urn:uuid:1"))));
    }
    let until = NOW.saturating_add(Duration::from_secs(60));
    let source = [("Source", Value::Token("yard".to_owned()))];
    let data = [("State", Value::Boolean(true))];
    let motion = Notification::new(
        Topic::MotionAlarm,
        Some(&CameraId::new("yard").unwrap()),
        NOW,
        &source,
        &data,
    );
    let told = [Arc::new(motion)];
    let address = "http://192.0.2.10:8092/onvif/subscription/1";
    for (name, document) in [
        (
            "create",
            write_create_pull_point_response(address, NOW, until, None),
        ),
        (
            "pull",
            write_pull_response(&told, Naming::Modern, NOW, until, Some("urn:uuid:2")),
        ),
        (
            "empty pull",
            write_pull_response(&[], Naming::Modern, NOW, until, None),
        ),
        (
            "subscribe",
            write_subscribe_response(address, NOW, until, None),
        ),
        ("renew", write_renew_response(NOW, until, None)),
        (
            "brokers",
            write_event_brokers_response(&[broker(), EventBroker::default()], None),
        ),
        (
            "notify",
            write_notify("http://192.0.2.1/", &told, Naming::Modern),
        ),
    ] {
        documents.push((name.to_owned(), document));
    }
    check_valid(&documents);
}

/// A broker with every field.
fn broker() -> EventBroker {
    EventBroker {
        address: "mqtts://broker.example:8883".to_owned(),
        topic_prefix: "site-7/relay".to_owned(),
        user: Some("relay".to_owned()),
        password: Some("letmein".to_owned()),
        publish_filter: Some("tns1:RuleEngine//.|airelay:Rule//.".to_owned()),
        metadata_filter: Some(String::new()),
        qos: Some(2),
        status: Some("Connected"),
    }
}

#[test]
fn brokers_are_read_with_topics_by_our_prefixes_and_never_told_with_their_password() {
    let set = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";
    let operation = format!(
        "<tev:AddEventBroker><tev:EventBroker><tev:Address>mqtts://broker.example:8883</tev:Address>\
         <tev:TopicPrefix>site-7/relay</tev:TopicPrefix><tev:UserName>relay</tev:UserName>\
         <tev:Password>letmein</tev:Password><tev:PublishFilter>\
         <wsnt:TopicExpression Dialect=\"{set}\" xmlns:t=\"{}\">t:RuleEngine//.|air:Rule//.</wsnt:TopicExpression>\
         </tev:PublishFilter><tev:QoS>2</tev:QoS><tev:MetadataFilter/></tev:EventBroker></tev:AddEventBroker>",
        ns::TNS1
    );
    let expected = EventBroker {
        status: None,
        ..broker()
    };
    assert_eq!(command(&operation), Command::AddEventBroker(expected));
    check_valid(&[(
        "request".to_owned(),
        String::from_utf8(request(&operation)).unwrap(),
    )]);
    let told = write_event_brokers_response(&[broker()], None);
    assert!(!told.contains("letmein") && !format!("{:?}", broker()).contains("letmein"));
    assert_eq!(
        command("<tev:GetEventBrokers/>"),
        Command::GetEventBrokers(None)
    );
    let delete =
        "<tev:DeleteEventBroker><tev:Address>mqtt://a:1</tev:Address></tev:DeleteEventBroker>";
    let address = "mqtt://a:1".to_owned();
    assert_eq!(command(delete), Command::DeleteEventBroker(address));
}

#[test]
fn commands_say_what_is_wanted() {
    let yard = CameraId::new("yard").unwrap();
    let user = "<tds:CreateUsers><tds:User><tt:Username>eve</tt:Username>\
                <tt:Password>12345678</tt:Password><tt:UserLevel>User</tt:UserLevel></tds:User></tds:CreateUsers>";
    let Command::CreateUsers(users) = command(user) else {
        panic!("no account");
    };
    assert_eq!(
        (users[0].name.as_str(), users[0].level),
        ("eve", Level::User)
    );
    assert_eq!(
        command("<tds:DeleteUsers><tds:Username>vms</tds:Username></tds:DeleteUsers>"),
        Command::DeleteUsers(vec!["vms".to_owned()])
    );
    assert_eq!(command("<tds:SystemReboot/>"), Command::Reboot);
    let metadata = "<tr2:SetMetadataConfiguration><tr2:Configuration token=\"yard\">\
                    <tt:Name>x</tt:Name><tt:Analytics>false</tt:Analytics></tr2:Configuration></tr2:SetMetadataConfiguration>";
    let expected = MetadataSetup {
        has_analytics: false,
        has_events: false,
    };
    assert_eq!(
        command(metadata),
        Command::SetMetadata(yard.clone(), expected)
    );
    let remove = "<tr2:RemoveConfiguration><tr2:ProfileToken>yard.jpeg</tr2:ProfileToken>\
                  <tr2:Configuration><tr2:Type>Metadata</tr2:Type></tr2:Configuration></tr2:RemoveConfiguration>";
    assert!(
        matches!(command(remove), Command::ChangeProfile(_, changes) if !changes[0].is_present)
    );
    let pull = "<tev:PullMessages><tev:Timeout>PT60S</tev:Timeout><tev:MessageLimit>100000</tev:MessageLimit></tev:PullMessages>";
    let request = PullRequest {
        timeout: Duration::from_secs(60),
        limit: 1_000,
    };
    assert_eq!(command(pull), Command::Pull(request));
    let renew = "<wsnt:Renew><wsnt:TerminationTime>PT1M</wsnt:TerminationTime></wsnt:Renew>";
    let until = NOW.saturating_add(Duration::from_secs(60));
    assert_eq!(command(renew), Command::Renew(until));
    assert_eq!(command("<wsnt:Unsubscribe/>"), Command::Unsubscribe);
}

const FIELD: &str = "<tt:ElementItem Name=\"Field\"><tt:Polygon><tt:Point x=\"-1\" y=\"1\"/>\
                     <tt:Point x=\"0\" y=\"1\"/><tt:Point x=\"0\" y=\"0\"/></tt:Polygon></tt:ElementItem>";

fn create_rule(name: &str, rule_type: &str, parameters: &str) -> String {
    format!(
        "<tan:CreateRules><tan:ConfigurationToken>yard</tan:ConfigurationToken>\
         <tan:Rule Name=\"{name}\" Type=\"{rule_type}\"><tt:Parameters>{parameters}</tt:Parameters>\
         </tan:Rule></tan:CreateRules>"
    )
}

#[test]
fn scopes_of_clients_are_set_added_and_removed_beside_the_fixed_ones() {
    let (office, roof) = (
        "onvif://www.onvif.org/location/office",
        "onvif://www.onvif.org/location/roof%20top",
    );
    let set =
        |scopes: &[&str]| Command::SetScopes(scopes.iter().map(ToString::to_string).collect());
    let of = |operation: &str, element: &str, scope: &str| {
        format!("<tds:{operation}><tds:{element}>{scope}</tds:{element}></tds:{operation}>")
    };
    let fixed = "onvif://www.onvif.org/Profile/M";
    assert_eq!(command(&of("SetScopes", "Scopes", roof)), set(&[roof]));
    assert_eq!(command("<tds:SetScopes/>"), set(&[]));
    assert_eq!(
        command(&of("AddScopes", "ScopeItem", roof)),
        set(&[office, roof])
    );
    assert_eq!(
        command(&of("AddScopes", "ScopeItem", fixed)),
        set(&[office])
    );
    let Ok(Reply::Command(removed, done)) = ask(&of("RemoveScopes", "ScopeItem", office)) else {
        panic!("nothing is removed");
    };
    assert_eq!(*removed, set(&[]));
    assert!(done.contains(&format!("<tds:ScopeItem>{office}</tds:ScopeItem>")));
    check_valid(&[("removed".to_owned(), done)]);
    for (operation, expected) in [
        (of("SetScopes", "Scopes", fixed), "ter:ScopeOverwrite"),
        (of("RemoveScopes", "ScopeItem", fixed), "ter:FixedScope"),
        (of("RemoveScopes", "ScopeItem", roof), "ter:NoScope"),
        (
            of("AddScopes", "ScopeItem", "two words"),
            "ter:InvalidArgVal",
        ),
        ("<tds:AddScopes/>".to_owned(), "ter:InvalidArgs"),
    ] {
        assert_eq!(fault(&operation), expected, "{operation}");
    }
    let many: String = (0..33)
        .map(|n| format!("<tds:Scopes>onvif://www.onvif.org/location/{n}</tds:Scopes>"))
        .collect();
    let many = format!("<tds:SetScopes>{many}</tds:SetScopes>");
    assert_eq!(fault(&many), "ter:TooManyScopes");
}

#[test]
fn rules_are_read_in_our_coordinates() {
    let classes = "<tt:SimpleItem Name=\"ClassFilter\" Value=\"Human Vehicle\"/>";
    let parameters = format!("{classes}{FIELD}");
    let Command::CreateRules(_, rules) =
        command(&create_rule("new", "tt:FieldDetector", &parameters))
    else {
        panic!("no rule");
    };
    assert_eq!(rules[0].parameters.classes, ["Human", "Vehicle"]);
    // As client libraries write it: the prefix of the type is declared nowhere.
    let text = String::from_utf8(request(&create_rule(
        "new",
        "tt:FieldDetector",
        &parameters,
    )));
    let text = text.unwrap().replace("xmlns:tt=", "xmlns:other=");
    let text = text.replace("<tt:", "<other:").replace("</tt:", "</other:");
    let envelope = Envelope::read(text.as_bytes()).unwrap();
    let reply = answer(&envelope, &device(), &caller());
    assert!(matches!(reply, Ok(Reply::Command(..))), "{reply:?}");
    let field = rules[0].parameters.field.as_ref().unwrap();
    let corners: Vec<(f32, f32)> = field.iter().map(|point| (point.x, point.y)).collect();
    assert_eq!(corners, [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)]);
}

fn add_broker(filter: &str, more: &str) -> String {
    format!(
        "<tev:AddEventBroker><tev:EventBroker><tev:Address>mqtt://a:1</tev:Address>\
         <tev:TopicPrefix>a</tev:TopicPrefix><tev:PublishFilter>{filter}</tev:PublishFilter>{more}\
         </tev:EventBroker></tev:AddEventBroker>"
    )
}

#[test]
fn what_cannot_be_used_is_refused_by_its_code() {
    let line = "<tt:ElementItem Name=\"Segments\"><tt:Polyline><tt:Point x=\"-1\" y=\"1\"/></tt:Polyline></tt:ElementItem>";
    let no_class = format!("<tt:SimpleItem Name=\"ClassFilter\" Value=\"Dog\"/>{FIELD}");
    for (operation, expected) in [
        ("<tds:StartFirmwareUpgrade/>".to_owned(), "ter:ActionNotSupported"),
        ("<air:Nothing/>".to_owned(), "ter:ActionNotSupported"),
        ("<tan:GetRules><tan:ConfigurationToken>no</tan:ConfigurationToken></tan:GetRules>".to_owned(), "ter:NoConfig"),
        ("<trt:GetProfile><trt:ProfileToken>no</trt:ProfileToken></trt:GetProfile>".to_owned(), "ter:NoProfile"),
        ("<timg:GetOptions/>".to_owned(), "ter:NoSource"),
        (create_rule("", "tt:FieldDetector", FIELD), "ter:InvalidRule"),
        (create_rule("a", "tt:Unheard", FIELD), "ter:InvalidRule"),
        (create_rule("a", "air:Direction", FIELD), "ter:InvalidRule"),
        (create_rule("a", "tt:FieldDetector", ""), "ter:InvalidRule"),
        (create_rule("a", "tt:LineDetector", line), "ter:InvalidRule"),
        (create_rule("a", "tt:FieldDetector", &no_class), "ter:InvalidRule"),
        (create_rule("yard_tt:FieldDetector", "tt:FieldDetector", FIELD), "ter:RuleAlreadyExistent"),
        ("<tan:DeleteRules><tan:ConfigurationToken>yard</tan:ConfigurationToken><tan:RuleName>no</tan:RuleName></tan:DeleteRules>".to_owned(), "ter:RuleNotExistent"),
        ("<tan:DeleteRules><tan:ConfigurationToken>yard</tan:ConfigurationToken><tan:RuleName>yard_airelay:Enter</tan:RuleName></tan:DeleteRules>".to_owned(), "ter:InvalidRule"),
        ("<tds:DeleteUsers><tds:Username>eve</tds:Username></tds:DeleteUsers>".to_owned(), "ter:UsernameMissing"),
        ("<tr2:CreateProfile/>".to_owned(), "ter:MaxNVTProfiles"),
        ("<tev:PullMessages><tev:Timeout>PT1H</tev:Timeout><tev:MessageLimit>1</tev:MessageLimit></tev:PullMessages>".to_owned(), "ter:InvalidArgVal"),
        (add_broker("", "<tev:QoS>3</tev:QoS>"), "ter:InvalidArgVal"),
        (add_broker("", "<tev:CertificateID>c</tev:CertificateID>"), "ter:InvalidArgVal"),
        ("<tev:AddEventBroker/>".to_owned(), "ter:InvalidArgs"),
        ("<tev:AddEventBroker><tev:EventBroker/></tev:AddEventBroker>".to_owned(), "ter:InvalidArgs"),
        (add_broker("<wsnt:TopicExpression Dialect=\"urn:x\">tns1:A</wsnt:TopicExpression>", ""), "ter:InvalidFilter"),
        (add_broker("<wsnt:TopicExpression Dialect=\"http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete\">tt:A</wsnt:TopicExpression>", ""), "ter:InvalidFilter"),
        (add_broker("<wsnt:MessageContent Dialect=\"urn:x\">a</wsnt:MessageContent>", ""), "ter:InvalidFilter"),
        ("<tev:DeleteEventBroker/>".to_owned(), "ter:InvalidArgs"),
        ("<wsnt:Renew><wsnt:TerminationTime>2020-01-01T00:00:00Z</wsnt:TerminationTime></wsnt:Renew>".to_owned(), "ter:InvalidArgVal"),
    ] {
        assert_eq!(fault(&operation), expected, "{operation}");
    }
}

#[test]
fn filters_are_refused_by_the_fault_of_their_mistake() {
    let mut documents = Vec::new();
    for (filter, expected) in [
        (
            "<wsnt:TopicExpression Dialect=\"urn:x\">tns1:A</wsnt:TopicExpression>",
            "wsnt:TopicExpressionDialectUnknownFault",
        ),
        (
            "<wsnt:TopicExpression Dialect=\"http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete\">tns1:A</wsnt:TopicExpression>",
            "wsnt:InvalidTopicExpressionFault",
        ),
        (
            "<wsnt:MessageContent Dialect=\"urn:x\">a</wsnt:MessageContent>",
            "wsnt:InvalidFilterFault",
        ),
        ("<wsnt:Other/>", "wsnt:InvalidFilterFault"),
    ] {
        let operation = format!(
            "<tev:CreatePullPointSubscription><tev:Filter>{filter}</tev:Filter></tev:CreatePullPointSubscription>"
        );
        let fault = ask(&operation).unwrap_err();
        assert!(fault.to_xml(None).contains(expected), "{filter}: {fault:?}");
        documents.push((filter.to_owned(), fault.to_xml(None)));
    }
    check_valid(&documents);
}

#[test]
fn addresses_are_those_by_which_the_client_came() {
    let Ok(Reply::Document(text)) = ask("<tds:GetServices/>") else {
        panic!("no answer");
    };
    assert_eq!(
        text.matches("http://192.0.2.10:8092/onvif/").count(),
        SERVICES.len()
    );
    let uri = ask(READS_WITH_PARAMETERS[8]);
    let Ok(Reply::Document(text)) = uri else {
        panic!("no answer");
    };
    assert!(
        text.contains(">rtsp://192.0.2.10:8554/cameras/yard/jpeg<"),
        "{text}"
    );
}

#[test]
fn invalid_samples_are_refused_as_requests() {
    let Some(folder) = testkit::shared_data("specs/onvif/samples/invalid") else {
        return;
    };
    let mut n_files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let refused = Envelope::read(&bytes)
            .map_err(Fault::from)
            .and_then(|envelope| answer(&envelope, &device(), &caller()));
        assert!(refused.is_err(), "{}", String::from_utf8_lossy(&bytes));
        n_files += 1;
    }
    assert_eq!(n_files, 8);
}

#[test]
fn accounts_may_what_their_level_allows() {
    let level = |namespace: &str, local: &str| {
        let name = crate::onvif::xml::Name {
            namespace: namespace.into(),
            local: local.to_owned(),
        };
        access_of(&name).least_level()
    };
    for (namespace, local, expected) in [
        (ns::TDS, "GetServices", None),
        (ns::TAN, "GetServiceCapabilities", None),
        (ns::TDS, "GetDeviceInformation", Some(Level::User)),
        (ns::TDS, "GetUsers", Some(Level::Administrator)),
        (ns::TDS, "SystemReboot", Some(Level::Administrator)),
        (ns::TEV, "PullMessages", Some(Level::User)),
        (ns::TEV, "AddEventBroker", Some(Level::Administrator)),
        (ns::TAN, "CreateRules", Some(Level::Operator)),
        (ns::TR2, "SetMetadataConfiguration", Some(Level::Operator)),
        (ns::TR2, "SetSynchronizationPoint", Some(Level::User)),
        ("urn:x", "Anything", Some(Level::User)),
    ] {
        assert_eq!(level(namespace, local), expected, "{local}");
    }
}
