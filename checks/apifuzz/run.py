"""Tries the API with requests that its own contract suggests, valid and invalid ones, and holds each answer against the
contract: no 5xx, no status, type or header that it does not name, no body of another form.

    withserver bin/venv/bin/python checks/apifuzz/run.py [--seconds N] [--seed N] [ARGUMENT of schemathesis...]

IBUTSU_URL and IBUTSU_TOKEN say where. The last line is "N requests to M operations, K failures".
"""
import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import requests

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


def make(url, token):
    """Makes one of everything, so that requests find something."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"

    def call(method, path, **more):
        answer = session.request(method, f"{url}/api/{path}", timeout=30, **more)
        answer.raise_for_status()
        return answer.json()

    known = {"user": json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==="))["sub"]}
    known["token"] = call("GET", "user/token")["tokens"][0]["id"]
    known["project"] = call("POST", "project", json={"name": "fuzzed", "title": "Fuzzed"})["id"]
    known["group"] = call("POST", "group", json={"name": "fuzzed"})["id"]
    known["run"] = call("POST", "run", json={"project_id": known["project"], "start_time": "2026-05-04T10:00:00", "metadata": {"jenkins": {"job_name": "j", "build_number": "1"}}})["id"]
    for i in range(5):
        result = {"project_id": known["project"], "run_id": known["run"], "test_id": f"test_{i}", "result": "passed", "component": "c", "duration": 1.5, "metadata": {"n": i}}
        known["result"] = call("POST", "result", json=result)["id"]
    known["artifact"] = call("POST", "artifact", data={"resultId": known["result"], "filename": "a.txt"}, files={"file": ("a.txt", b"text")})["id"]
    known["dashboard"] = call("POST", "dashboard", json={"title": "d", "project_id": known["project"]})["id"]
    widget = {"type": "widget", "widget": "run-aggregator", "title": "w", "project_id": known["project"], "dashboard_id": known["dashboard"], "params": {"group_field": "component", "weeks": 4}}
    known["widget-config"] = call("POST", "widget-config", json=widget)["id"]
    junit = b'<testsuite name="s"><testcase name="t" classname="c"/></testsuite>'
    known["import"] = call("POST", "import", data={"project": known["project"]}, files={"importFile": ("r.xml", junit)})["id"]
    return known


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options, more = parser.parse_known_args()
    url, token = os.environ["IBUTSU_URL"], os.environ["IBUTSU_TOKEN"]
    here = pathlib.Path(__file__).parent.resolve()
    environment = dict(os.environ, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(here), APIFUZZ_KNOWN=json.dumps(make(url, token)),
                       PYTHONDONTWRITEBYTECODE="1")
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis", "run", f"{url}/api/openapi.json", "--header", f"Authorization: Bearer {token}",
        "--checks", CHECKS, "--phases", "coverage,fuzzing,stateful", "--seed", str(options.seed), "--max-time", str(options.seconds),
        "--request-timeout", "30", "--continue-on-failure", "--no-shrink", "--generation-database", "none", "--no-color", "--warnings", "off", *more,
    ]
    with tempfile.TemporaryDirectory() as scratch:  # it keeps what it found in the working directory
        ran = subprocess.run(command, env=environment, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(ran.stdout)
    cases = re.search(r"^ *(\d+) generated(?:.* (\d+) unique failures?)?", ran.stdout, re.M)
    operations = re.search(r"Tested: (\d+)", ran.stdout)
    if not cases or not operations:
        print("schemathesis did not come to its end")
        return 1
    failures = int(cases[2] or 0)
    print(f"{cases[1]} requests to {operations[1]} operations, {failures} failures")
    return 1 if ran.returncode or failures else 0


sys.exit(main())
