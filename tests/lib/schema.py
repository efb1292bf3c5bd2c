"""schema.py SCHEMA [DEFINITION]   Holds the JSON document on standard input
against a schema, or one of its definitions, and prints each place that does not
fit; also keys that the schema does not describe, which a reader of it would not
know of. It understands what our schema uses, and refuses what it does not."""
import json
import re
import sys

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "type", "enum",
         "minimum", "pattern", "required", "properties", "items"}


def check_object(value, schema, root, place):
    properties = schema.get("properties", {})
    for key in schema.get("required", []):
        if key not in value:
            yield f"{place}: no key '{key}'"
    for key, item in value.items():
        if key not in properties:
            yield f"{place}: the key '{key}' is not described"
        else:
            yield from check(item, properties[key], root, f"{place}.{key}")


def check(value, schema, root, place):
    unknown = set(schema) - KNOWN
    if unknown:
        sys.exit(f"schema.py does not know {sorted(unknown)}")
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from check(value, root["$defs"][name], root, place)
        return
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[t](value) for t in types):
        yield f"{place}: {json.dumps(value)} is no {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {json.dumps(value)} is none of {schema['enum']}"
    if isinstance(value, (int, float)) and value < schema.get("minimum", value):
        yield f"{place}: {value} is less than {schema['minimum']}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{place}: '{value}' does not match {schema['pattern']}"
    if isinstance(value, dict):
        yield from check_object(value, schema, root, place)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            yield from check(item, schema["items"], root, f"{place}[{i}]")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        root = json.load(file)
    schema = root["$defs"][sys.argv[2]] if len(sys.argv) > 2 else root
    found = list(check(json.load(sys.stdin), schema, root, "$"))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


main()
