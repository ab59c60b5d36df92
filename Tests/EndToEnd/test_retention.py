"""What goes by itself, shown before it goes."""
import json
import subprocess

from support.client import Client
from support.program import BINARY


def forecast(program, *flags):
    result = subprocess.run([BINARY, "retention", "--data-dir", program.data_dir, "--json", *flags], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return {line["kind"]: line for line in json.loads(result.stdout)}


def test_a_policy_shows_what_it_would_free_before_it_is_set(own_onefold):
    user = Client.registered(own_onefold.url)
    files = [user.upload(f"{number}.txt", b"%d in the trash" % number * 100) for number in range(4)]
    user.wait_until_settled()
    for file in files[:3]:
        assert user.request("DELETE", f"/files/{file['id']}").status_code == 200
    user.get("/files", limit=1)
    now = forecast(own_onefold)
    assert now["trash"]["keptFor"] == "ever" and now["trash"]["withinMonth"]["items"] == 0
    assert now["trash"]["all"]["items"] == 3 and now["sessions"]["all"]["items"] >= 1
    week = forecast(own_onefold, "--trash-retention", "3d")["trash"]
    assert (week["withinDay"]["items"], week["withinWeek"]["items"]) == (0, 3)
    assert week["withinWeek"]["bytes"] == sum(file["size"] for file in files[:3])
    # Of each upload one that succeeded, which nobody looks up in a month.
    jobs = forecast(own_onefold)["finishedJobs"]
    assert jobs["keptFor"] == "30 days" and (jobs["withinWeek"]["items"], jobs["withinMonth"]["items"]) == (0, jobs["all"]["items"])
    assert jobs["all"]["items"] >= 4 and jobs["all"]["bytes"] > 0
    assert forecast(own_onefold, "--job-retention", "1d")["finishedJobs"]["withinWeek"]["items"] == jobs["all"]["items"]
    # Removed for good, its bytes wait for their grace.
    assert user.request("DELETE", f"/files/{files[0]['id']}", params={"permanent": "true"}).status_code == 204
    text = subprocess.run([BINARY, "retention", "--data-dir", own_onefold.data_dir], capture_output=True, text=True, timeout=60).stdout
    assert "files in the trash" in text and "kept for" in text
