"""Holds a quiet system to its promises, by brute force over the ledger, the log, the bytes on disk and the API."""
import hashlib
import json
import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from . import packs


class Verdict:
    """One line a promise: how many things were looked at, and what broke it."""

    def __init__(self):
        self.lines = []

    def check(self, promise, looked_at, broken):
        broken = list(broken)
        self.lines.append((promise, looked_at, broken))

    @property
    def held(self):
        return not any(broken for _, _, broken in self.lines)

    def text(self):
        out = []
        for promise, looked_at, broken in self.lines:
            out.append(f"{'held  ' if not broken else 'BROKEN'}  {promise}: {len(broken)} broken of {looked_at}")
            out += [f"          {item}" for item in broken[:10]]
        return "\n".join(out)


class Verifier:
    def __init__(self, connection, blobs, ledger, clients):
        self.sql = lambda query: connection.execute(query).fetchall()
        self.blobs, self.ledger, self.clients = Path(blobs), ledger, clients
        self.verdict = Verdict()

    def run(self):
        self.log_is_dense()
        self.uploads_are_kept()
        self.effects_happened_once()
        self.quotas_held()
        self.read_tables_tell_the_truth()
        self.bytes_are_whole()
        return self.verdict

    # The log

    def log_is_dense(self):
        (count, first, last), = self.sql("SELECT count(*), min(position), max(position) FROM log.event")
        (head,), = self.sql("SELECT position FROM log.head")
        self.verdict.check("positions are dense and end at the head", count,
                           [] if (first, last, head) == (1, count, count) else [(first, last, head)])
        gaps = self.sql("SELECT stream, count(*), max(version) FROM log.event GROUP BY stream "
                        "HAVING count(*) <> max(version) OR min(version) <> 1")
        (streams,), = self.sql("SELECT count(DISTINCT stream) FROM log.event")
        self.verdict.check("versions of every stream are 1..n", streams, gaps)

    # Uploads

    def uploads_are_kept(self):
        kept = [entry for entry in self.ledger.entries if entry.state == "acked" and entry.removed is False]
        broken = []
        for entry in kept:
            answer = self.clients[entry.user].request("GET", f"/files/{entry.file_id}/content")
            digest = "sha256:" + hashlib.sha256(answer.content).hexdigest()
            if answer.status_code != 200 or digest != entry.digest:
                broken.append((entry.path, answer.status_code, digest))
        self.verdict.check("every acknowledged upload downloads byte for byte", len(kept), broken)
        uploaded = Counter(path for (path,) in self.sql(
            "SELECT owner::text || '/' || path FROM jobs.job"))  # One job an upload; the log has paths encrypted.
        name = lambda entry: f"{self.clients[entry.user].account['id']}/{entry.path}"
        refused = [entry for entry in self.ledger.entries if entry.state == "refused"]
        self.verdict.check("nothing refused was kept", len(refused),
                           [entry.path for entry in refused if uploaded[name(entry)]])
        acked = [entry for entry in self.ledger.entries if entry.state == "acked"]
        self.verdict.check("every acknowledged upload is one event", len(acked),
                           [(entry.path, uploaded[name(entry)]) for entry in acked if uploaded[name(entry)] != 1])
        unknown = [entry for entry in self.ledger.entries if entry.state == "sent"]
        self.verdict.check("uploads without an answer are there once or not at all", len(unknown),
                           [entry.path for entry in unknown if uploaded[name(entry)] > 1])

    def effects_happened_once(self):
        uploads = self.sql("SELECT id::text, payload->>'fileId', payload->>'digest' FROM log.event "
                           "WHERE type = 'file.uploaded'")
        done = Counter(job for (job,) in self.sql(
            "SELECT payload->>'jobId' FROM log.event WHERE type IN ('job.succeeded', 'job.deadLettered')"))
        self.verdict.check("every job ended exactly once", len(uploads),
                           [(job, done[job]) for job, _, _ in uploads if done[job] != 1])
        analyzed = Counter(digest for (digest,) in self.sql(
            "SELECT payload->>'digest' FROM log.event WHERE type = 'content.analyzed'"))
        reclaimed = Counter(digest for (digest,) in self.sql(
            "SELECT payload->>'digest' FROM log.event WHERE type = 'content.reclaimed'"))
        digests = {digest for _, _, digest in uploads}
        self.verdict.check("every content was analysed exactly once, and again only after its bytes had gone", len(digests),
                           [(digest, analyzed[digest]) for digest in digests
                            if not 1 <= analyzed[digest] <= 1 + reclaimed[digest]])
        matched = Counter(file for (file,) in self.sql(
            "SELECT payload->>'fileId' FROM log.event WHERE type = 'duplicates.exactMatched'"))
        self.verdict.check("no file was matched twice", len(matched),
                           [(file, count) for file, count in matched.items() if count > 1])

    # Quotas

    def quotas_held(self):
        limits, used, broken, seen = {}, defaultdict(int), [], 0
        for position, kind, owner, payload in self.sql(
                "SELECT position, type, owner::text, payload FROM log.event WHERE type LIKE 'account.%' ORDER BY position"):
            payload = payload if isinstance(payload, dict) else json.loads(payload)
            if kind in ("account.registered", "account.quotaSet"):
                limits[owner] = payload["quotaBytes"]
            elif kind in ("account.quotaCharged", "account.quotaReleased"):
                seen += 1
                used[owner] += payload["bytes"] if kind == "account.quotaCharged" else -payload["bytes"]
                if used[owner] != payload["usedBytes"] or used[owner] < 0:
                    broken.append((position, "adds up to", used[owner], "says", payload["usedBytes"]))
                if kind == "account.quotaCharged" and used[owner] > limits[owner]:
                    broken.append((position, "above the limit", used[owner], limits[owner]))
        self.verdict.check("quotas add up and were never exceeded, at any position", seen, broken)
        broken = []
        for client in self.clients:
            mine = sum(f["size"] for f in client.pages("/files", state="all"))
            if client.get("/me")["usedBytes"] != mine:
                broken.append((client.email, client.get("/me")["usedBytes"], mine))
        self.verdict.check("used quota is the sum of the account's files", len(self.clients), broken)

    # What people see

    def read_tables_tell_the_truth(self):
        groups_seen, groups_broken, savings_broken, files_broken, files_seen = 0, [], [], [], 0
        for number, client in enumerate(self.clients):
            mine = [e for e in self.ledger.entries if e.user == number and e.state == "acked" and e.removed is False]
            listed = {f["path"]: f for f in client.pages("/files", state="all")}
            files_seen += len(mine)
            files_broken += [e.path for e in mine if listed.get(e.path, {}).get("digest") != e.digest]
            files_broken += sorted(set(listed) - {e.path for e in self.ledger.entries if e.user == number})
            live = defaultdict(list)
            for file in listed.values():
                if file["state"] == "live":
                    live[file["digest"]].append(file["path"])
            expected = {digest: len(paths) for digest, paths in live.items() if len(paths) > 1}
            shown = {group["digest"]: group["copies"] for group in client.pages("/duplicates")}
            groups_seen += len(expected)
            groups_broken += [(client.email, digest, expected.get(digest), shown.get(digest))
                              for digest in set(expected) | set(shown) if expected.get(digest) != shown.get(digest)]
            savings = client.get("/savings")
            unique = {file["digest"]: file["size"] for file in listed.values()}
            truth = (len(listed), sum(f["size"] for f in listed.values()), sum(unique.values()))
            told = (savings["files"], savings["logicalBytes"], savings["uniqueBytes"])
            if truth != told or savings["savedByDuplicates"] != truth[1] - truth[2]:
                savings_broken.append((client.email, "truth", truth, "told", told))
        self.verdict.check("every file is listed with its content, and no other", files_seen, files_broken)
        self.verdict.check("duplicate groups are those of a SHA-256 map", groups_seen, groups_broken)
        self.verdict.check("savings are those of a SHA-256 map", len(self.clients), savings_broken)

    def rebuilt_equals_live(self, command):
        """`command` runs the program: replay compares row for row and exits 0 only when nothing differs."""
        result = command("replay", "all")
        self.verdict.check("rebuilt read tables equal the live ones", 5,
                           [] if result.returncode == 0 else [result.stdout[-2000:] + result.stderr[-2000:]])

    def seals_hold(self, command, copy):
        """The whole log is sealed, and what was sealed is what is there, in the database and in the copy of the seals."""
        sealed = command("seal")
        result = command("verify", "--json", "--seals", str(copy))
        report = json.loads(result.stdout) if result.returncode in (0, 2) else {"events": 0, "findings": [result.stderr]}
        (count,), = self.sql("SELECT count(*) FROM log.event")
        broken = [finding for finding in report["findings"]] + ([sealed.stderr] if sealed.returncode else [])
        if report["events"] < count:
            broken.append(f"{report['events']} of {count} events are sealed")
        self.verdict.check("the log is what was sealed", count, broken)

    def files_of_postgres_are_whole(self, host):
        """By its own tool: every table and index, page by page."""
        tool = shutil.which("pg_amcheck") or max(Path("/usr/lib/postgresql").glob("*/bin/pg_amcheck"), default=None)
        if tool:
            result = subprocess.run([tool, "--install-missing", "-h", host, "-U", "onefold", "onefold"],
                                    capture_output=True, text=True)
            (count,), = self.sql("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'i')")
            self.verdict.check("Postgres' tables and indexes are whole", count,
                               [] if result.returncode == 0 else [result.stdout[-2000:] + result.stderr[-2000:]])

    # Bytes

    def bytes_are_whole(self):
        stored, broken = {}, []
        for path in self.blobs.rglob("*"):
            if path.is_file() and "staged" not in path.parts:
                digest = path.name.split(".")[0]
                if len(digest) == 64:
                    stored[digest] = path
                    data = (subprocess.run(["lz4", "-dc", path], capture_output=True, check=False).stdout
                            if path.suffix == ".lz4" else path.read_bytes())
                    if hashlib.sha256(data).hexdigest() != digest:
                        broken.append(str(path))
        for digest, data in packs.contents(self.blobs).items():
            stored[digest] = self.blobs / "packs"
            if hashlib.sha256(data).hexdigest() != digest:
                broken.append(digest)
        self.verdict.check("every blob has the bytes that its name says", len(stored), broken)
        referenced = {digest for (digest,) in self.sql(
            "SELECT substr(payload->>'digest', 8) FROM log.event WHERE type IN ('file.uploaded', 'content.reclaimed') GROUP BY 1 "
            "HAVING max(position) FILTER (WHERE type = 'file.uploaded') > "
            "coalesce(max(position) FILTER (WHERE type = 'content.reclaimed'), 0)")}
        self.verdict.check("every content that was uploaded has a blob, until it is reclaimed", len(referenced),
                           sorted(referenced - set(stored)))
        self.orphans = len(set(stored) - referenced)
