"""Checks documents by one XML schema.

In: the schema's file as the only argument; on standard input a JSON list of [name, text].
Out: a JSON list of [name, complaint]; empty when all is well.
"""
import json
import sys

from lxml import etree


def complaints(schema, text):
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        document = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        return [f"not well-formed: {error}"]
    schema.validate(document)
    return [f"line {entry.line}: {entry.message}" for entry in schema.error_log]


def main():
    schema = etree.XMLSchema(etree.parse(sys.argv[1]))
    found = [[name, one] for name, text in json.load(sys.stdin) for one in complaints(schema, text)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
