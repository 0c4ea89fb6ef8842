"""An ONVIF client of strangers (onvif-zeep) changes a running airelay, and has events posted to it.

In:  host, port, user, password, folder of the official schemas, as arguments.
Out: a JSON object on standard output: what each step found.

Most is checked by the client's own, older WSDL files. It has none for Media2, so there zeep alone reads the official
ones.
"""

import datetime
import http.server
import json
import os
import sys
import threading
import time

import zeep
import zeep.exceptions
from lxml import etree
from onvif import ONVIFCamera, ONVIFError
from onvif.client import UsernameDigestTokenDtDiff
from zeep.transports import Transport

HOST, PORT, USER, PASSWORD, SCHEMAS = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
BASE = f"http://{HOST}:{PORT}/onvif"
TT = "http://www.onvif.org/ver10/schema"
EVENTS = "{http://www.onvif.org/ver10/events/wsdl}"
# How long a post may take on a busy machine, seconds.
PATIENCE = 30


def fault_of(call):
    """The last subcode of the fault that a call meets; None when it meets none."""
    try:
        call()
    except (zeep.exceptions.Fault, ONVIFError) as error:
        fault = error.__context__ if isinstance(error, ONVIFError) else error
        return [code.localname for code in fault.subcodes or []][-1:]
    return None


def change_rules(camera):
    media = camera.create_media_service()
    token = media.GetVideoAnalyticsConfigurations()[0].token
    analytics = camera.create_analytics_service()
    binding = "{http://www.onvif.org/ver20/analytics/wsdl}RuleEngineBinding"
    rules = analytics.zeep_client.create_service(binding, analytics.xaddr)
    polygon = etree.fromstring(
        f'<tt:Polygon xmlns:tt="{TT}"><tt:Point x="-1" y="1"/><tt:Point x="0" y="1"/><tt:Point x="0" y="0"/></tt:Polygon>'
    )

    def rule(classes):
        return {
            "Name": "Night",
            "Type": "tt:LoiteringDetector",
            "Parameters": {
                "SimpleItem": [{"Name": "ClassFilter", "Value": classes}, {"Name": "TimeThreshold", "Value": "PT20S"}],
                "ElementItem": [{"Name": "Field", "_value_1": polygon}],
            },
        }

    def known():
        return {found.Name: found for found in rules.GetRules(ConfigurationToken=token)}

    def classes(found):
        return [item.Value for item in found.Parameters.SimpleItem if item.Name == "ClassFilter"][0]

    seen = {"before": "Night" in known()}
    rules.CreateRules(ConfigurationToken=token, Rule=[rule("Human")])
    seen["created"] = classes(known()["Night"])
    seen["again"] = fault_of(lambda: rules.CreateRules(ConfigurationToken=token, Rule=[rule("Human")]))
    rules.ModifyRules(ConfigurationToken=token, Rule=[rule("Vehicle")])
    seen["modified"] = classes(known()["Night"])
    rules.DeleteRules(ConfigurationToken=token, RuleName=["Night"])
    seen["after"] = "Night" in known()
    seen["gone"] = fault_of(lambda: rules.DeleteRules(ConfigurationToken=token, RuleName=["Night"]))
    # What this test goes on with.
    rules.CreateRules(ConfigurationToken=token, Rule=[rule("Human")])
    return seen


def change_scopes(camera):
    device = camera.create_devicemgmt_service()

    def known():
        return {scope.ScopeItem: scope.ScopeDef for scope in device.GetScopes()}

    office, roof = "onvif://www.onvif.org/location/office", "onvif://www.onvif.org/location/roof%20top"
    fixed = [item for item, kind in known().items() if kind == "Fixed"]
    device.SetScopes({"Scopes": [office]})
    seen = {"set": known().get(office)}
    device.AddScopes({"ScopeItem": [roof]})
    seen["added"] = known().get(roof)
    seen["fixed"] = all(item in known() for item in fixed)
    device.RemoveScopes({"ScopeItem": [office]})
    seen["removed"] = office not in known() and roof in known()
    seen["remove fixed"] = fault_of(lambda: device.RemoveScopes({"ScopeItem": [fixed[0]]}))
    seen["remove unknown"] = fault_of(lambda: device.RemoveScopes({"ScopeItem": [office]}))
    return seen


class Consumer(http.server.BaseHTTPRequestHandler):
    posts = []

    def do_POST(self):
        self.posts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def be_posted_to(camera):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Consumer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    events = camera.create_events_service()
    producer = events.zeep_client.create_service(EVENTS + "NotificationProducerBinding", events.xaddr)
    answer = producer.Subscribe(
        ConsumerReference={"Address": f"http://127.0.0.1:{server.server_address[1]}/notify"},
        InitialTerminationTime="PT30S",
    )
    seen = {"states": until(lambda: Consumer.posts)}
    address = answer.SubscriptionReference.Address._value_1
    manager = events.zeep_client.create_service(EVENTS + "SubscriptionManagerBinding", address)
    renewed = manager.Renew(TerminationTime="PT10M")
    seen["renewed for"] = round((renewed.TerminationTime - renewed.CurrentTime).total_seconds())
    # A change of the metadata brings a message to everybody.
    before = len(Consumer.posts)
    media = camera.create_media_service()
    configuration = media.GetMetadataConfigurations()[0]
    # The client's own files know no compression.
    media.SetMetadataConfiguration({"Configuration": configuration, "ForcePersistence": True})
    seen["told"] = until(lambda: any("ConfigurationChanged" in post for post in Consumer.posts[before:]))
    manager.Unsubscribe()
    seen["gone"] = fault_of(lambda: manager.Renew(TerminationTime="PT10M"))
    seen["renew in the past"] = fault_of(lambda: renew_in_the_past(producer, events, server))
    server.shutdown()
    seen["posts"] = Consumer.posts
    return seen


def renew_in_the_past(producer, events, server):
    answer = producer.Subscribe(
        ConsumerReference={"Address": f"http://127.0.0.1:{server.server_address[1]}/notify"},
        InitialTerminationTime="PT30S",
    )
    address = answer.SubscriptionReference.Address._value_1
    manager = events.zeep_client.create_service(EVENTS + "SubscriptionManagerBinding", address)
    try:
        manager.Renew(TerminationTime=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))
    finally:
        manager.Unsubscribe()


class LocalTransport(Transport):
    """Reads schemas from the folder instead of the network."""

    def __init__(self):
        super().__init__()
        root = etree.parse(os.path.join(SCHEMAS, "catalog.xml")).getroot()
        self.catalog = {uri.get("name"): os.path.join(SCHEMAS, uri.get("uri")) for uri in root}
        # Some schemas name others beside them, which are nowhere in the catalog.
        self.by_file = {os.path.basename(path): path for path in self.catalog.values()}

    def load(self, url):
        known = self.catalog.get(url)
        if known is None and url.startswith("http"):
            known = self.by_file[os.path.basename(url)]
        return super().load(known or url)


def use_media2():
    wsse = UsernameDigestTokenDtDiff(USER, PASSWORD, dt_diff=datetime.timedelta(0), use_digest=True)
    settings = zeep.Settings(strict=True, xml_huge_tree=True)
    path = os.path.join(SCHEMAS, "ver20/media/wsdl/media.wsdl")
    client = zeep.Client(path, wsse=wsse, transport=LocalTransport(), settings=settings)
    media = client.create_service("{http://www.onvif.org/ver20/media/wsdl}Media2Binding", f"{BASE}/media2_service")
    profiles = media.GetProfiles(Type=["All"])
    token = profiles[0].token
    seen = {"profiles": [profile.token for profile in profiles]}
    seen["stream"] = media.GetStreamUri(Protocol="RtspUnicast", ProfileToken=token)
    seen["snapshot"] = media.GetSnapshotUri(ProfileToken=token)
    for operation in (
        "GetServiceCapabilities GetVideoSourceConfigurations GetVideoEncoderConfigurations GetAnalyticsConfigurations"
        " GetMetadataConfigurations GetMetadataConfigurationOptions GetVideoEncoderConfigurationOptions"
    ).split():
        getattr(media, operation)()
    media.GetVideoEncoderInstances(ConfigurationToken=media.GetVideoSourceConfigurations()[0].token)
    media.SetSynchronizationPoint(ProfileToken=token)
    metadata = media.GetMetadataConfigurations()[0]
    seen["has events"] = metadata.Events is not None

    def has_metadata():
        configurations = media.GetProfiles(Token=token, Type=["Metadata"])[0].Configurations
        return configurations is not None and configurations.Metadata is not None

    media.RemoveConfiguration(ProfileToken=token, Configuration=[{"Type": "Metadata"}])
    seen["removed"] = not has_metadata()
    media.AddConfiguration(ProfileToken=token, Configuration=[{"Type": "Metadata", "Token": metadata.token}])
    seen["back"] = has_metadata()
    return seen


def use_device_io(camera):
    # The client looks for addresses in an older list, which has none of this service.
    camera.xaddrs["http://www.onvif.org/ver10/deviceIO/wsdl"] = f"{BASE}/deviceio_service"
    service = camera.create_deviceio_service()
    service.GetServiceCapabilities()
    seen = {"sources": [getattr(source, "token", source) for source in service.GetVideoSources()]}
    for operation in "GetAudioSources GetAudioOutputs GetRelayOutputs GetDigitalInputs GetSerialPorts".split():
        seen[operation] = fault_of(getattr(service, operation))
    return seen


def main():
    camera = ONVIFCamera(HOST, PORT, USER, PASSWORD)
    found = {
        "rules": change_rules(camera),
        "scopes": change_scopes(camera),
        "posts": be_posted_to(camera),
        "media2": use_media2(),
        "device_io": use_device_io(camera),
    }
    json.dump(found, sys.stdout)


main()
