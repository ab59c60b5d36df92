#!/usr/bin/env python3
"""Holds Onefold to each promise in its long form, one after another. Exit status 0 only if all held.

  chaos.py                                      every promise; an hour and a half
  chaos.py --list                               the promises, and what each runs
  chaos.py --only 17,22 --seed 7                two of them, with this seed
  chaos.py --only 4 --seconds 600 --faults kill-redis,flush-redis
  chaos.py --scale 0.1                          a tenth of the trials

The tests are those of `make test`, which runs them in a short form. Each says what it tried: n, seed, seconds.
"""
import argparse
import os
import random
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from support.faults import ALL as FAULTS

ROOT = Path(__file__).resolve().parents[2]
# No time limit: those in the tests are for the short form.
PYTEST = [".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:timeout",
          "-W", "ignore::pytest.PytestConfigWarning", "-W", "ignore::pytest.PytestUnknownMarkWarning"]
SWIFT = ["swift", "test", "--skip-build", "--filter"]
# The lines in which a test, the oracle's verdict or the doctor says what was tried.
SAID = re.compile(r"promise |held  |BROKEN|[\d,]+ events · |skipped \d")
HOURS = 3


@dataclass
class Promise:
    numbers: str
    text: str
    command: list
    trials: int = 1  # In the long form.
    seconds: int = None  # The same, for tests that go on for a time.

    def is_among(self, wanted):
        return not wanted or not set(self.numbers.split()).isdisjoint(wanted)


def pytest(target):
    return [*PYTEST, f"Tests/EndToEnd/{target}"]


def swift(test):
    return [*SWIFT, test]


PROMISES = [
    Promise("1 2 3 4 5 6 9", "what was acknowledged survives dying processes, an emptied Redis, bad links and a full disk",
            pytest("test_chaos.py::test_every_promise_holds_through_kills_flushes_and_cuts"), seconds=1200),
    Promise("28", "slow networks that lose packets, and networks that are away, cost nothing but time",
            pytest("test_links.py"), seconds=60),
    Promise("62", "hours of mixed load leave memory, descriptors and lag where they were", pytest("test_soak.py"), seconds=3600),
    Promise("58", "TLS is as the template says, and nothing weak is accepted",
            pytest("test_nginx.py::test_a_scanner_finds_nothing_against_the_template_for_tls")),
    Promise("61", "versions run side by side, and the way back is open (with another version: make upgrade OLD=…)",
            pytest("test_upgrade.py")),
    Promise("7", "acknowledged means on disk: bytes, name and event are synced before the answer",
            pytest("test_durability.py::test_an_upload_is_answered_after_its_bytes_its_name_and_its_event_are_durable"), 1000),
    Promise("8", "a sync that fails is never answered as success",
            pytest("test_durability.py::test_a_sync_that_fails_is_never_answered_as_success"), 200),
    Promise("13", "a server that is asked to stop loses nothing", pytest("test_stopping.py"), 100),
    Promise("1", "contents that are being settled survive kill -9",
            pytest("test_store.py::test_what_is_being_settled_survives_kill_9"), 50),
    Promise("14", "every damage in the store is found, and nothing else is called damaged",
            pytest("test_store.py::test_fsck_finds_every_damage_and_alarms_on_nothing_else"), 200),
    Promise("13", "a rolling restart behind nginx fails no request, and a WebSocket goes on without a gap",
            pytest("test_nginx.py::test_a_rolling_restart_under_load_fails_no_request"), 30),
    Promise("1", "a server that is killed behind nginx costs no acknowledged request and no message",
            pytest("test_nginx.py::test_a_server_killed_in_mid_traffic_costs_no_acknowledged_request_and_no_message"), 100),
    Promise("15", "a backup under load restores to a whole installation",
            pytest("test_backup.py::test_a_backup_taken_under_load_is_a_whole_installation"), 5),
    Promise("16", "whoever follows the log misses nothing",
            [".build/debug/onefold", "doctor", "feed", "--events", "{trials}", "--seed", "{seed}"], 1_000_000),
    Promise("17", "of many that append at one expected version one wins",
            swift("OneWinnerTests/ofSixtyFourClientsAtOneExpectedVersionOneWins"), 10_000),
    Promise("18", "nobody changes the past", swift("AppendOnlyTests")),
    Promise("18", "who owns the database and changes it all the same is found at the very row",
            swift("TamperedLogTests/anySingleChangeIsFoundAtItsPosition"), 1000),
    Promise("19", "rebuilt read tables are the live ones, while writes go on", pytest("test_rebuild.py"), 100_000),
    Promise("19", "the same, with a million events", pytest("test_rebuild.py"), 1_000_000),
    Promise("20", "events of every version stay readable", swift("GoldenEventTests|GoldenFoldTests")),
    Promise("21", "an event that cannot be folded stops nothing else",
            swift("ParkingTests/whatCannotBeFoldedIsPassedByAndNothingElse"), 100),
    Promise("21", "and is seen everywhere, with its position", pytest("test_replay.py::test_what_cannot_be_folded_is_seen_everywhere")),
    Promise("22", "a write that is sent twice happens once, also when its answer was lost", pytest("test_sent_twice.py"), 100),
    Promise("23", "a quota holds when everything comes at once", pytest("test_quota_race.py"), 100),
    Promise("24", "a worker that comes back after its lease changes nothing", pytest("test_fencing.py"), 100),
    Promise("25", "a job that kills its workers parks", swift("WorkerRescueTests/jobThatKillsItsWorkersBecomesADeadLetter")),
    Promise("26", "one tenant's many jobs do not hold up another's few",
            swift("FairnessTests/tenOfOneTenantPassAHundredThousandOfAnother")),
    Promise("twins", "two versions of a text that come at the same instant find each other",
            pytest("test_similar.py::test_twins_that_come_at_the_same_instant_meet"), 10_000),
    Promise("bytes", "versions of files of any kind are found, and no others",
            pytest("test_similar_bytes.py::test_versions_of_files_are_found_and_no_others"), 200),
    Promise("pictures", "pictures that were changed as people change them are found, and no others",
            pytest("test_similar_pictures.py::test_pictures_with_random_changes_are_found_and_no_others"), 300),
    Promise("31", "the same bytes from everybody at once are kept once",
            pytest("test_hostile_files.py::test_many_who_send_the_same_bytes_at_once_keep_them_once"), 100),
    Promise("34", "names are data", pytest("test_hostile_files.py::test_names_are_data"), 400),
    Promise("49", "files that unpack to more than there is room or time for cost a job each",
            pytest("test_bombs.py::test_a_bomb_costs_one_job_and_no_more_than_its_limits")),
    Promise("50", "files with changed bytes never cost more than the child that reads them",
            swift("DocumentParserTests/changedBytesNeverMakeTheParserUnavailable"), 2000),
    Promise("51", "what was uploaded does nothing in a browser",
            pytest("dashboard/test_hostile_files.py::test_what_was_uploaded_does_nothing_in_a_browser")),
    Promise("57", "every answer tells browsers what not to do",
            pytest("test_headers.py::test_every_answer_tells_browsers_what_not_to_do")),
    Promise("32", "no content loses its bytes while others that share them are removed",
            swift("PackedBlobsTests|CondemnedBlobTests"), 10_000),
    Promise("59", "nothing that is sent or logged holds a secret or a name, and no line is forged",
            pytest("test_telemetry.py::test_nothing_that_is_sent_holds_a_secret_or_a_name_and_no_line_is_forged")),
    Promise("60", "a collector that is dead, or never answers, costs no request anything",
            pytest("test_telemetry.py::test_a_collector_in_trouble_costs_no_request_anything")),
    Promise("27", "a backlog is done to its end, each job once", pytest("test_backlog.py"), 1_000_000),
]


def main():
    arguments = parse()
    chosen = [promise for promise in PROMISES if promise.is_among(arguments.only)]
    if arguments.list:
        for promise in chosen:
            variables = " ".join(f"{name}={value}" for name, value in environment(promise, arguments).items() if value)
            print(f"{promise.numbers}: {promise.text}\n    {variables} {shlex.join(command(promise, arguments))}")
        return 0
    failed = [promise for promise in chosen if not hold(promise, arguments)]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} held, seed {arguments.seed}"
          + "".join(f"\nBROKEN {promise.numbers}: {promise.text}" for promise in failed))
    return 1 if failed else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the promises and their commands, and end")
    parser.add_argument("--only", type=lambda text: text.split(","), help="numbers, separated by commas")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="default: drawn")
    parser.add_argument("--scale", type=float, default=1, help="multiplies the number of trials")
    parser.add_argument("--seconds", type=int, help="of those that go on for a time: kills, bad links, the soak")
    parser.add_argument("--faults", default="", help=f"separated by commas, default all: {', '.join(FAULTS)}")
    arguments = parser.parse_args()
    for fault in filter(None, arguments.faults.split(",")):
        if fault not in FAULTS:
            parser.error(f"no such fault: {fault} (see --help)")
    unknown = set(arguments.only or []) - {number for promise in PROMISES for number in promise.numbers.split()}
    if unknown:
        parser.error(f"no such promise: {', '.join(sorted(unknown))} (see --list)")
    return arguments


def trials(promise, arguments):
    return max(1, round(promise.trials * arguments.scale))


def command(promise, arguments):
    values = {"trials": trials(promise, arguments), "seed": arguments.seed}
    return [part.format(**values) if part.startswith("{") else part for part in promise.command]


def environment(promise, arguments):
    seconds = arguments.seconds or promise.seconds
    return {"TRIALS": str(trials(promise, arguments)), "SEED": str(arguments.seed), "FAULTS": arguments.faults,
            **({"SECONDS": str(seconds)} if promise.seconds else {})}


def hold(promise, arguments):
    """Whether it held, and said so. Prints what was tried, and all output if it did not hold."""
    started = time.monotonic()
    try:
        run = subprocess.run(command(promise, arguments), cwd=ROOT, text=True, timeout=HOURS * 3600,
                             env=dict(os.environ, KEEP="1", **environment(promise, arguments)),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, ended = run.stdout, run.returncode == 0
    except subprocess.TimeoutExpired as late:
        output, ended = f"{late.stdout}\nnot done within {HOURS} hours", False
    said = [line for line in output.splitlines() if SAID.match(line)]
    # A test that is skipped, or that has another name now, ends well and says nothing.
    held = ended and any("promise" in line or "events" in line for line in said)
    title = "held  " if held else "NOT TESTED" if ended else "BROKEN"
    print(f"{title}  {promise.numbers}: {promise.text} ({time.monotonic() - started:.0f} s)")
    for line in said if held else output.splitlines():
        print(f"          {line}", flush=True)
    return held


if __name__ == "__main__":
    sys.exit(main())
