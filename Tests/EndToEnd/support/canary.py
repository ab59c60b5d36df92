"""Texts that occur nowhere else, and a search for them in whatever an installation keeps or answers."""
import base64
import os
import subprocess
import urllib.parse
from pathlib import Path

from .program import BINARY


class Canaries:
    """Named texts. Each is looked for as it is, in base64 (wherever it begins in it), in hex and percent-encoded."""

    def __init__(self, **texts):
        self.texts = texts
        self.forms = [(name, form) for name, text in texts.items() for form in self._forms(text.encode())]

    @staticmethod
    def _forms(text):
        forms = {text, text.hex().encode(), text.hex().upper().encode(), urllib.parse.quote(text, safe="").encode(),
                 "".join(f"%{byte:02x}" for byte in text).encode(), "".join(f"%{byte:02X}" for byte in text).encode()}
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            for shift in range(3):
                # The digits that no neighbour of the text has a part in.
                digits = encode(b"\0" * shift + text)
                start, length = (0, 2, 3)[shift], (shift + len(text)) * 8 // 6
                forms.add(digits[start:length])
        return forms

    def found(self, data):
        """Names of the texts that occur in some form."""
        data = data.encode() if isinstance(data, str) else data
        return {name for name, form in self.forms if form in data}


def files(directory, without=()):
    """Every file under a directory with its bytes; a file that goes meanwhile is not there."""
    for parent, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if Path(parent, name) not in without]
        for name in names:
            try:
                yield Path(parent, name), Path(parent, name).read_bytes()
            except OSError:
                pass


def dump(program):
    """Every row of every table, as INSERT statements; and what is stored but no dump shows: statistics."""
    rows = subprocess.run(["pg_dump", "--inserts", "-h", program.sockets, "-U", "onefold", "onefold"],
                          capture_output=True, timeout=120, check=True).stdout
    return rows + str(program.sql("SELECT * FROM pg_stats")).encode()


def redis_contents(program):
    """Every key of Redis with all that it holds."""
    client = program.redis()
    read = {"string": client.get, "hash": client.hgetall, "set": client.smembers,
            "list": lambda key: client.lrange(key, 0, -1), "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
            "stream": lambda key: [client.xrange(key), client.xinfo_groups(key)]}
    return "\n".join(f"{key} {read[client.type(key)](key)}" for key in client.scan_iter())


class Search:
    """Looks through everything there is, place by place."""

    def __init__(self, program, canaries):
        self.program, self.canaries = program, canaries

    def everywhere(self, clients):
        """The names found, by place. `clients` are signed in, by name."""
        places = {"tables": self.canaries.found(dump(self.program)),
                  "redis": self.canaries.found(redis_contents(self.program)),
                  "files": self.in_files(without=[self.postgres]),
                  "log files": self.canaries.found(self.program.log()) | self.in_files(self.services / "log")}
        for name, client in clients.items():
            places[f"answers to {name}"] = self.canaries.found(self.answers(client))
        places["export"] = self.canaries.found(self.export())
        return {place: names for place, names in places.items() if names}

    @property
    def services(self):
        return (self.program.data_dir / "services").resolve()

    @property
    def postgres(self):
        return self.services / "postgres"

    def in_files(self, directory=None, without=()):
        directories = [directory] if directory else [self.program.data_dir, self.services]
        return set().union(*(self.canaries.found(data) | self.canaries.found(str(path))
                             for place in directories for path, data in files(place, without)))

    def in_postgres_files(self):
        """By file: for a test that fails here, it says where to look."""
        found = {}
        for path, data in files(self.postgres):
            names = self.canaries.found(data)
            if names:
                found[f"{path.relative_to(self.postgres)} {self._relation(path)}"] = names
        return found

    def _relation(self, path):
        if path.parent.parent.name != "base" or not path.name.isdigit():
            return ""
        return self.program.sql("SELECT pg_filenode_relation(0, %s)::regclass::text", [int(path.name)])[0][0]

    def answers(self, client):
        """Everything that the API shows to someone, read to the end, by every GET of its description."""
        import yaml
        description = yaml.safe_load(client.request("GET", "/openapi.yaml").text)
        answers = []
        for path, operations in description["paths"].items():
            if "get" not in operations or "://" in path or path in ("/live", "/openapi.yaml"):
                continue
            targets = [path] if "{" not in path else [path.replace("{id}", str(i)) for i in self.identifiers(path)]
            for target in targets:
                answers.append(self._read(client, target))
        for state in ("trashed", "all"):
            answers.append(self._read(client, "/files", state=state))
        return "\n".join(answers)

    def identifiers(self, path):
        kinds = {"files": "file.uploaded", "jobs": "file.uploaded", "duplicates": "duplicates.exactMatched"}
        kind = next((kind for part, kind in kinds.items() if f"/{part}/" in path), None)
        member = "id" if "/jobs/" in path else "substr(stream, strpos(stream, '-') + 1)"
        return [row[0] for row in self.program.sql(f"SELECT {member} FROM log.event WHERE type = %s", [kind])] if kind else []

    def _read(self, client, target, **parameters):
        text, after = "", None
        for _ in range(50):
            answer = client.request("GET", target, params={**parameters, **({"after": after} if after else {})})
            text += f"{target} {answer.status_code} {answer.headers} {answer.text}\n"
            try:
                after = answer.json().get("next")
            except (ValueError, AttributeError):
                after = None
            if not after:
                break
        return text

    def export(self):
        """The log as the program exports it."""
        result = subprocess.run([BINARY, "export", "-", "--data-dir", self.program.data_dir], capture_output=True, timeout=300)
        assert result.returncode == 0 and result.stdout, result.stderr
        return result.stdout
