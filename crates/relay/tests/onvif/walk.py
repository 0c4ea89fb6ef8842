"""An ONVIF client of strangers (onvif-zeep) walks through all services of a running airelay.

In:  host, port, user, password, seconds to listen, as arguments.
Out: a JSON object on standard output: what was found, and the events that two pull points got.

The client brings its own, older WSDL files, and checks each answer by them.
"""

import datetime
import json
import re
import sys
import threading

import requests
from onvif import ONVIFCamera, ONVIFError
from requests.auth import HTTPDigestAuth

HOST, PORT, USER, PASSWORD, SECONDS = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5])
BASE = f"http://{HOST}:{PORT}/onvif"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:tev="http://www.onvif.org/ver10/events/wsdl"><s:Body>{}</s:Body></s:Envelope>'
)


def by_digest(address, body):
    """The other way to sign in: HTTP Digest, without a token."""
    answer = requests.post(
        address,
        data=ENVELOPE.format(body),
        headers={"Content-Type": "application/soap+xml"},
        auth=HTTPDigestAuth(USER, PASSWORD),
        timeout=150,
    )
    answer.raise_for_status()
    return answer.text


def walk(camera):
    found = {}
    device = camera.create_devicemgmt_service()
    found["model"] = device.GetDeviceInformation().Model
    found["services"] = sorted(service.Namespace for service in device.GetServices({"IncludeCapability": True}))
    device.GetCapabilities({"Category": "All"})
    for operation in (
        "GetSystemDateAndTime GetScopes GetHostname GetNetworkInterfaces GetNetworkProtocols GetDNS GetNTP GetUsers"
        " GetDiscoveryMode GetEndpointReference GetServiceCapabilities"
    ).split():
        getattr(device, operation)()
    media = camera.create_media_service()
    profiles = media.GetProfiles()
    found["profiles"] = [profile.token for profile in profiles]
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    token = profiles[0].token
    try:
        found["stream"] = media.GetStreamUri({"StreamSetup": setup, "ProfileToken": token}).Uri
    except ONVIFError as error:
        # Without an RTSP server there are no streams, which is said.
        found["stream"] = str(error)
    found["snapshot"] = media.GetSnapshotUri({"ProfileToken": token}).Uri
    for operation in (
        "GetVideoSources GetVideoSourceConfigurations GetVideoEncoderConfigurations GetMetadataConfigurations"
        " GetVideoAnalyticsConfigurations GetServiceCapabilities"
    ).split():
        getattr(media, operation)()
    analytics = camera.create_analytics_service()
    configuration = media.GetVideoAnalyticsConfigurations()[0].token
    binding = "{http://www.onvif.org/ver20/analytics/wsdl}RuleEngineBinding"
    rule_engine = analytics.zeep_client.create_service(binding, analytics.xaddr)
    rules = rule_engine.GetRules(ConfigurationToken=configuration)
    found["rules"] = [[rule.Name, str(rule.Type)] for rule in rules]
    rule_engine.GetSupportedRules(ConfigurationToken=configuration)
    analytics.GetAnalyticsModules({"ConfigurationToken": configuration})
    imaging = camera.create_imaging_service()
    imaging.GetImagingSettings({"VideoSourceToken": configuration})
    events = camera.create_events_service()
    events.GetEventProperties()
    events.GetServiceCapabilities()
    return found


def told(message):
    """One notification as text, without its topic, of which this client tells no text."""
    inner = message.Message._value_1
    items = []
    for part in ("Source", "Data"):
        for element in inner.iter("{http://www.onvif.org/ver10/schema}" + part):
            for item in element.iter("{http://www.onvif.org/ver10/schema}SimpleItem"):
                items.append(f"{item.get('Name')}={item.get('Value')}")
    return f"{inner.get('PropertyOperation')} {' '.join(items)} {inner.get('UtcTime')}"


def listen(camera, into, until):
    pull_point = camera.create_pullpoint_service()
    while datetime.datetime.now() < until:
        answer = pull_point.PullMessages({"Timeout": datetime.timedelta(seconds=2), "MessageLimit": 10})
        into += [told(message) for message in answer.NotificationMessage]


def listen_by_digest(into, topics, until):
    answer = by_digest(f"{BASE}/event_service", "<tev:CreatePullPointSubscription/>")
    address = re.search(r"<wsa:Address>([^<]+)</wsa:Address>", answer).group(1)
    while datetime.datetime.now() < until:
        answer = by_digest(
            address,
            "<tev:PullMessages><tev:Timeout>PT2S</tev:Timeout><tev:MessageLimit>10</tev:MessageLimit></tev:PullMessages>",
        )
        for part in answer.split("<wsnt:NotificationMessage>")[1:]:
            topics.add(re.search(r"<wsnt:Topic[^>]*>([^<]+)<", part).group(1))
            operation = re.search(r'PropertyOperation="(\w+)"', part)
            items = [f"{name}={value}" for name, value in re.findall(r'<tt:SimpleItem Name="([^"]*)" Value="([^"]*)"', part)]
            at = re.search(r'UtcTime="([^"]+)"', part).group(1)
            into.append(f"{operation.group(1) if operation else None} {' '.join(items)} {at}")


def main():
    camera = ONVIFCamera(HOST, PORT, USER, PASSWORD)
    found = walk(camera)
    found["digest"] = "tds:Model" in by_digest(f"{BASE}/device_service", "<tds:GetDeviceInformation/>")
    snapshot = requests.get(found["snapshot"], auth=HTTPDigestAuth(USER, PASSWORD), timeout=30)
    found["snapshot_type"] = snapshot.headers.get("content-type")
    first, second, topics = [], [], set()
    until = datetime.datetime.now() + datetime.timedelta(seconds=SECONDS)
    threads = [
        threading.Thread(target=listen, args=(camera, first, until)),
        threading.Thread(target=listen_by_digest, args=(second, topics, until)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found["first"], found["second"], found["topics"] = first, second, sorted(topics)
    json.dump(found, sys.stdout)


main()
