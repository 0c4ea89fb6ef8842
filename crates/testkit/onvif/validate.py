"""Checks ONVIF documents against the official schemas, and what schemas cannot check.

In:  the folder of the schemas (with `catalog.xml`) as argument; on standard input a JSON list of [name, text].
Out: a JSON list of [name, complaint] on standard output; empty when all is well.

XML Schema lets anything into SOAP bodies and notifications. So here: the children of Body and of wsnt:Message must be
declared elements; and where a document of the list answers GetEventProperties, each item of each message must be
declared there, with a value of its type.
"""

import json
import os
import re
import sys

import xmlschema
from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}schema"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
TT = "{http://www.onvif.org/ver10/schema}"
WSNT = "{http://docs.oasis-open.org/wsn/b-2}"
WSTOP = "{http://docs.oasis-open.org/wsn/t-1}"
SCHEMAS = (
    "ext/soap-envelope",
    "ext/ws-addr.xsd",
    "ext/ws-discovery.xsd",
    "ver10/schema/onvif.xsd",
    "ver20/analytics/rules.xsd",
    "ext/oasis-200401-wss-wssecurity-secext-1.0.xsd",
)
SERVICES = (
    "ver10/device/wsdl/devicemgmt",
    "ver10/events/wsdl/event",
    "ver10/media/wsdl/media",
    "ver20/media/wsdl/media",
    "ver20/analytics/wsdl/analytics",
    "ver20/imaging/wsdl/imaging",
    "ver10/deviceio",
)
# Types of items as text; others are elements or free.
VALUES = {
    "xs:boolean": r"true|false",
    "xs:int": r"-?\d+",
    "xs:float": r"-?\d+(\.\d+)?([eE]-?\d+)?",
    "xs:dateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "tt:ReferenceToken": r".{1,64}",
    "tt:StringList": r"(\S+( \S+)*)?",
    "xs:string": r".*",
    "xs:anyURI": r"\S*",
}


def build(root):
    catalog = {uri.get("name"): uri.get("uri") for uri in etree.parse(root + "/catalog.xml").getroot()}

    def local(uri):
        return f"file://{root}/{catalog[uri]}" if uri in catalog else uri

    schema = xmlschema.XMLSchema11(root + "/ver10/schema/metadatastream.xsd", uri_mapper=local, build=False)
    for path in SCHEMAS:
        schema.add_schema(f"{root}/{path}", build=False)
    for service in SERVICES:
        file = f"{root}/{service}.wsdl"
        for part in etree.parse(file).iter(XSD):
            text = etree.tostring(part).decode()
            base = f"file://{os.path.dirname(file)}/"
            schema.add_schema(xmlschema.XMLResource(text, uri_mapper=local, base_url=base), build=False)
    schema.maps.build()
    return schema


def expand(element, name):
    """The name with its namespace, by the prefixes in scope of the element."""
    prefix, _, local = name.rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local


def declared_topics(tree):
    """Topic path to its description, from an answer to GetEventProperties."""
    topics = {}

    def walk(element, path):
        for child in element:
            if not isinstance(child.tag, str) or child.tag.startswith(TT):
                continue
            here = path + (child.tag,)
            if child.get(WSTOP + "topic") == "true":
                topics[here] = child.find(TT + "MessageDescription")
            walk(child, here)

    for topic_set in tree.iter(WSTOP + "TopicSet"):
        walk(topic_set, ())
    return topics


def check_message(notification, topics):
    topic = notification.find(WSNT + "Topic")
    steps = topic.text.strip().split("/")
    path = (expand(topic, steps[0]),) + tuple(steps[1:])
    description = topics.get(path)
    if description is None:
        yield f"topic {topic.text} is not declared"
        return
    message = notification.find(f"{WSNT}Message/{TT}Message")
    is_property = description.get("IsProperty") == "true"
    if is_property != (message.get("PropertyOperation") is not None):
        yield f"{topic.text}: IsProperty is {is_property}, but PropertyOperation says otherwise"
    for part in ("Source", "Key", "Data"):
        known = {}
        for item in description.iterfind(f"{TT}{part}/*"):
            known[item.get("Name")] = item.get("Type")
        for item in message.iterfind(f"{TT}{part}/*"):
            name = item.get("Name")
            if name not in known:
                yield f"{topic.text}: {part} item {name} is not declared"
            elif item.tag == TT + "SimpleItem":
                if not re.fullmatch(VALUES[known[name]], item.get("Value"), re.DOTALL):
                    yield f"{topic.text}: {name}={item.get('Value')!r} is no {known[name]}"
            elif expand(description, known[name]) != item[0].tag:
                yield f"{topic.text}: {name} holds {item[0].tag}, declared as {known[name]}"


def complaints(schema, text, topics):
    try:
        tree = etree.fromstring(text.encode())
    except etree.XMLSyntaxError as error:
        yield f"not well-formed: {error}"
        return
    if tree.tag not in schema.maps.elements:
        yield f"{tree.tag} is not declared"
        return
    for error in schema.iter_errors(text):
        yield f"{error.path}: {error.reason}"
    for holder in (SOAP + "Body", WSNT + "Message"):
        for element in tree.iter(holder):
            for child in element:
                if child.tag not in schema.maps.elements:
                    yield f"{child.tag} in {holder} is not declared"
    if topics:
        for notification in tree.iter(WSNT + "NotificationMessage"):
            yield from check_message(notification, topics)


def main():
    schema = build(os.path.abspath(sys.argv[1]))
    documents = json.load(sys.stdin)
    topics = {}
    for _, text in documents:
        try:
            topics.update(declared_topics(etree.fromstring(text.encode())))
        except etree.XMLSyntaxError:
            pass
    found = []
    for name, text in documents:
        found += [[name, complaint] for complaint in complaints(schema, text, topics)]
    json.dump(found, sys.stdout)


main()
