"""Checks requests against the official description of OpenSearch's API, with every object closed: a member that is not described is an error."""
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import yaml
from jsonschema import Draft202012Validator


class Specification:
    def __init__(self, root):
        self.root = Path(root)
        self.operations = []
        for file in sorted((self.root / "namespaces").glob("*.yaml")):
            for path, methods in (self.load(file).get("paths") or {}).items():
                for method, operation in methods.items():
                    if isinstance(operation, dict):
                        self.operations.append((method.upper(), path, operation, file))
        shared = self.root / "_global_parameters.yaml"
        self.everywhere = {value["name"] for value in self.load(shared)["components"]["parameters"].values()}

    @cache
    def load(self, file):
        return yaml.load(file.read_text(), yaml.CSafeLoader)

    def resolve(self, node, file):
        while "$ref" in node:
            name, _, place = node["$ref"].partition("#")
            file = (file.parent / name).resolve() if name else file
            node = self.load(file)
            for part in place.strip("/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node, file

    def operation(self, request):
        """The one with the fewest placeholders among those whose path fits."""
        fitting = [operation for operation in self.operations if operation[0] == request.method and re.fullmatch(
            re.sub(r"\{[^}]*\}", "[^/_][^/]*", operation[1]), unquote(request.path))]
        assert fitting, f"the description has no {request.method} {request.path}"
        return min(fitting, key=lambda operation: operation[1].count("{"))

    def check(self, request):
        """What is wrong with a request; empty when nothing is."""
        method, path, operation, file = self.operation(request)
        known = {self.resolve(parameter, file)[0]["name"] for parameter in operation.get("parameters", [])} | self.everywhere
        problems = [f"{method} {path}: unknown parameter {name}" for name in request.query if name not in known]
        if not request.body:
            return problems
        body, file = self.resolve(operation["requestBody"], file)
        if request.type not in body["content"]:
            return problems + [f"{method} {path}: {request.type} is not among {list(body['content'])}"]
        schema = body["content"][request.type]["schema"]
        lines = request.type == "application/x-ndjson"
        if lines:
            schema, file = self.resolve(self.resolve(schema, file)[0]["items"], file)
            if path.endswith("_bulk"):
                # Every other line is a document, which only the index's own mapping describes.
                schema = schema["anyOf"][0]
        for number, value in enumerate(request.documents):
            if not (lines and path.endswith("_bulk") and number % 2):
                problems += [f"{method} {path}: {problem}" for problem in self.problems(schema, file, value, "$")]
        return problems

    def problems(self, schema, file, value, place):
        schema, file = self.resolve(schema, file)
        if "anyOf" in schema or "oneOf" in schema:
            tries = [self.problems(option, file, value, place) for option in schema.get("anyOf", schema.get("oneOf"))]
            return min(tries, key=len)
        members, others, required = self.members(schema, file)
        if isinstance(value, dict) and (members or others is not None):
            problems = [f"{place}: {name} is missing" for name in required - value.keys()]
            for name, child in value.items():
                if name in members:
                    problems += self.problems(*members[name], child, f"{place}.{name}")
                elif others:
                    problems += self.problems(*others, child, f"{place}.{name}")
                elif others is None:
                    problems.append(f"{place}: {name} is not described")
            return problems
        if isinstance(value, list) and "items" in schema:
            return [problem for number, child in enumerate(value)
                    for problem in self.problems(schema["items"], file, child, f"{place}[{number}]")]
        simple = {key: schema[key] for key in ("type", "enum", "const", "pattern", "minimum", "maximum") if key in schema}
        return [f"{place}: {error.message}" for error in Draft202012Validator(simple).iter_errors(value)]

    def members(self, schema, file):
        """The members of an object by name, what others may be (None: there may be none; (): anything), and which are required."""
        schema, file = self.resolve(schema, file)
        members = {name: (child, file) for name, child in schema.get("properties", {}).items()}
        required = set(schema.get("required", []))
        more = schema.get("additionalProperties")
        others = None
        if isinstance(more, dict):
            others = (more, file)
        elif more is True or (schema.get("type") == "object" and not members and "allOf" not in schema):
            others = ()
        for part in schema.get("allOf", []):
            inner, outer, needed = self.members(part, file)
            members |= inner
            required |= needed
            others = outer if others is None else others
        return members, others, required
