#!/usr/bin/env python3
"""Pushes real runs with the released clients, and tries every call of the Python client:

    run.py [--widgets]       with IBUTSU_URL, IBUTSU_TOKEN, IBUTSU_MAILS and IBUTSU_SERVER_LOG set, as checks/withserver -mail does

The last line is "N passed, M failed".
"""
import argparse
import collections
import functools
import inspect
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

import ibutsu_client
import requests
from ibutsu_client import api as apis
from ibutsu_client.exceptions import ApiException
from ibutsu_client.models import (
    AccountRecovery, AccountRegistration, AccountReset, CreateToken, Credentials, Dashboard, Group, Project, Result,
    Run, UpdateRun, User, WidgetConfig,
)

HERE = pathlib.Path(__file__).resolve().parent
SUITE = HERE / "suite"
URL = os.environ["IBUTSU_URL"].rstrip("/")
TOKEN = os.environ["IBUTSU_TOKEN"]
UNIQ = uuid.uuid4().hex[:8]

sys.path.insert(0, str(SUITE))
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
RUN_LOG = "the whole session\nzweite Zeile: äöü\n".encode()

FIRST = {
    "test_pass": "passed", "test_fail": "failed", "test_error": "error", "test_error_at_the_end": "error",
    "test_skip": "skipped", "test_skip_within": "skipped", "test_xfail": "xfailed", "test_xpass": "xpassed",
    "test_property": "passed",
}
SECOND_COUNT = 12
SUMMARY_KEY = {"failed": "failures", "error": "errors", "skipped": "skips", "xfailed": "xfailures", "xpassed": "xpasses"}
# The areas that are built after the rest.
WIDGET_APIS = ("DashboardApi", "WidgetApi", "WidgetConfigApi")

passed = failed = 0


def check(what):
    """Runs the function at once and notes how it ended."""
    def run(fn):
        global passed, failed
        try:
            fn()
        except Exception as e:  # whatever it is, the other checks go on
            failed += 1
            print("FAIL %s" % what)
            text = "%s: %s" % (type(e).__name__, e) if isinstance(e, (AssertionError, ApiException)) else traceback.format_exc()
            where = [f for f in traceback.extract_tb(e.__traceback__) if f.filename == __file__]
            print("     line %s: %s" % (where[-1].lineno if where else "?", text.strip().replace("\n", "\n     ")[:1500]))
        else:
            passed += 1
            print("ok   %s" % what)
        sys.stdout.flush()
        return fn
    return run


def equal(got, want, what="value"):
    assert got == want, "%s: expected %r, got %r" % (what, want, got)


def refused(fn, *statuses):
    try:
        fn()
    except ApiException as e:
        assert e.status in statuses, "expected one of %s, got %s %s" % (statuses, e.status, e.body)
        return
    raise AssertionError("expected one of %s, it was allowed" % (statuses,))


def wait(what, fn, limit=60):
    """Repeats fn until it gives something true."""
    end = time.time() + limit
    while True:
        got = fn()
        if got:
            return got
        assert time.time() < end, "%s: not within %d s" % (what, limit)
        time.sleep(0.1)


# ---------------------------------------------------------------- the Python client
called = collections.Counter()


def operations(cls):
    return [n for n, f in inspect.getmembers(cls, inspect.isfunction)
            if not n.startswith("_") and not n.endswith(("_with_http_info", "_without_preload_content"))]


def client(token):
    configuration = ibutsu_client.Configuration(host=URL + "/api", access_token=token)
    one = ibutsu_client.ApiClient(configuration)

    class Apis:
        pass

    for name, cls in inspect.getmembers(apis, inspect.isclass):
        instance = cls(one)
        for op in operations(cls):
            def counted(*args, _fn=getattr(instance, op), _key=(name, op), **kwargs):
                called[_key] += 1
                return _fn(*args, **kwargs)
            setattr(instance, op, functools.wraps(getattr(instance, op))(counted))
        setattr(Apis, name, instance)
    return Apis


admin = client(TOKEN)
http = requests.Session()
http.headers["Authorization"] = "Bearer " + TOKEN


def make_project(name):
    return str(admin.ProjectApi.add_project(Project(name="%s-%s" % (name, UNIQ), title=name)).id)


def results_of(run):
    got = admin.ResultApi.get_result_list(filter=["run_id=%s" % run, "project_id=%s" % admin.RunApi.get_run(run).project_id], page_size=500)
    equal(got.pagination.total_items, len(got.results), "totalItems")
    return got.results


def artifacts_of(**owner):
    return admin.ArtifactApi.get_artifact_list(page_size=200, **owner).artifacts


def summary_is_right(run, results):
    """The summary equals a count of the results, whatever the client had sent."""
    want = {k: 0 for k in SUMMARY_KEY.values()}
    for r in results:
        if r.result in SUMMARY_KEY:
            want[SUMMARY_KEY[r.result]] += 1
    want["tests"] = len(results)

    def right():
        got = admin.RunApi.get_run(run).summary or {}
        return {k: got.get(k) for k in want} == want
    wait("the summary of the run: %s" % want, right, 20)


# ---------------------------------------------------------------- pytest-ibutsu
def pytest_run(cwd, *args, files=()):
    env = {k: v for k, v in os.environ.items() if not k.startswith("IBUTSU_")}
    env.update(JOB_NAME="nightly/cart", BUILD_NUMBER="42", BUILD_URL="http://ci.example/42", IBUTSU_ENV_ID="env-9")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(SUITE / "pytest.ini"), "--rootdir", str(SUITE),
               *[str(SUITE / f) for f in files], *args]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), "pytest ended with %d:\n%s%s" % (done.returncode, done.stdout[-3000:], done.stderr[-2000:])
    return done.stdout


def both(run, expect_count):
    """What must be there after a whole session, however it was sent."""
    results = results_of(run)
    equal(len(results), expect_count, "number of results")
    by_name = {r.test_id: r for r in results}
    equal(len(by_name), expect_count, "number of different tests")
    for name, status in FIRST.items():
        equal(by_name[name].result, status, name)
    summary_is_right(run, results)

    dotted = {n: r for n, r in by_name.items() if "test_dotted" in n}
    equal(sorted(r.params["version"] for r in dotted.values()), ["..", "1.2.3", "10.0"], "dotted parameters")
    equal(sorted(r.params["locale"] for r in dotted.values()), ["a.b.c", "de_DE.UTF-8", "en.US"], "dotted parameters")
    texts = sorted(r.params["text"] for n, r in by_name.items() if "test_text" in n)
    equal(texts, sorted(["café ☕", "a=b,c", "tab\tand\nline", "<tag> & \"quote\""]), "parameters of text")
    assert any("test_unicode_ä" in n for n in by_name), "the unicode name is lost: %s" % sorted(by_name)

    for r in results:
        equal(str(r.run_id), run, "run of " + r.test_id)
        equal(r.component, "cart", "component of " + r.test_id)
        equal(r.env, "qa", "env of " + r.test_id)
        equal(r.source, "suite", "source of " + r.test_id)
    prop = by_name["test_property"].metadata
    equal(prop.get("requirement"), "REQ-7", "user property")
    assert "user_properties" not in prop, "user_properties were not folded into the metadata"
    equal(prop["markers"][0]["name"], "area", "marker")
    equal(by_name["test_fail"].metadata["exception_name"], "AssertionError", "exception")

    one = admin.RunApi.get_run(run)
    equal(one.component, "cart", "component of the run")
    equal(one.env, "qa", "env of the run")
    equal(one.metadata["jenkins"], {"job_name": "nightly/cart", "build_number": "42", "build_url": "http://ci.example/42"}, "jenkins")
    equal(one.metadata["env_id"], "env-9", "env_id")
    equal(one.metadata["nest"], {"key": "v"}, "nested data")

    def names(test):
        return sorted(a.filename for a in artifacts_of(result_id=by_name[test].id))
    equal(names("test_fail"), ["page.png", "traceback.log"], "artifacts of test_fail")
    equal(names("test_artifact"), ["page.png"], "artifacts of test_artifact")
    equal(names("test_error"), ["traceback.log"], "artifacts of test_error")
    equal(names("test_pass"), [], "artifacts of test_pass")
    picture = next(a for a in artifacts_of(result_id=by_name["test_fail"].id) if a.filename == "page.png")
    equal(bytes(admin.ArtifactApi.download_artifact(picture.id)), PICTURE, "the picture's bytes")
    log = [a for a in artifacts_of(run_id=run)]
    equal([a.filename for a in log], ["session log.txt"], "artifacts of the run")
    equal(bytes(admin.ArtifactApi.view_artifact(log[0].id)), RUN_LOG, "the run log's bytes")


DATA = ["--ibutsu-source", "suite", "--ibutsu-data", "component=cart", "--ibutsu-data", "env=qa", "--ibutsu-data", "nest.key=v"]


def server_mode(cwd, project, run, *more, files):
    return pytest_run(cwd, "--ibutsu", URL, "--ibutsu-token", TOKEN, "--ibutsu-project", project, "--ibutsu-run-id", run, *DATA, *more, files=files)


def plugin_checks(work):
    project = make_project("plugin")
    name = "plugin-%s" % UNIQ
    whole = str(uuid.uuid4())

    @check("pytest-ibutsu, server mode: the plugin says that it uploaded, and where the run is")
    def _():
        out = server_mode(work, name, whole, "--ibutsu-no-archive", files=["test_first.py", "test_second.py"])
        assert "Results uploaded to: " in out, out[-2000:]
        assert "/project/%s/runs/%s" % (project, whole) in out, out[-2000:]

    @check("pytest-ibutsu, server mode: all of it is there")
    def _():
        both(whole, len(FIRST) + SECOND_COUNT)

    @check("pytest-ibutsu, server mode by project id, with /api and a slash in the address")
    def _():
        run = str(uuid.uuid4())
        out = pytest_run(work, "--ibutsu", URL + "/api/", "--ibutsu-token", TOKEN, "--ibutsu-project", project, "--ibutsu-run-id", run,
                         "--ibutsu-no-archive", files=["test_second.py"])
        assert "Results uploaded to: " in out, out[-2000:]
        equal(len(results_of(run)), SECOND_COUNT, "number of results")

    @check("pytest-ibutsu, two sessions under one run id: together one run, nothing doubled")
    def _():
        run, cwd = str(uuid.uuid4()), tempfile.mkdtemp(dir=work)
        server_mode(cwd, name, run, files=["test_first.py"])
        equal(len(results_of(run)), len(FIRST), "number of results after the first session")
        before = {r.id: [a.id for a in artifacts_of(result_id=r.id)] for r in results_of(run)}
        # The second session finds the archive of the first and sends its results and artifacts again.
        server_mode(cwd, name, run, files=["test_second.py"])
        both(run, len(FIRST) + SECOND_COUNT)
        for r, had in before.items():
            equal(len(artifacts_of(result_id=r)), len(had), "artifacts of an old result")

    archives = {}

    @check("pytest-ibutsu, archive mode: writes an archive")
    def _():
        run = str(uuid.uuid4())
        pytest_run(work, "--ibutsu", "archive", "--ibutsu-project", name, "--ibutsu-run-id", run, *DATA, files=["test_first.py", "test_second.py"])
        archives[run] = (pathlib.Path(work) / (run + ".tar.gz")).read_bytes()

    @check("the archive, imported: all of it is there")
    def _():
        (run, content), = archives.items()
        done = imported(run + ".tar.gz", content, project=project)
        equal(done["metadata"]["run_id"], [run], "run of the import")
        both(run, len(FIRST) + SECOND_COUNT)

    @check("the same archive, imported again: nothing doubled")
    def _():
        (run, content), = archives.items()
        imported(run + ".tar.gz", content, project=project)
        both(run, len(FIRST) + SECOND_COUNT)

    @check("pytest-ibutsu, --junit-xml, imported")
    def _():
        file = pathlib.Path(work) / "report.xml"
        pytest_run(work, "--junit-xml", str(file), files=["test_first.py", "test_second.py"])
        done = imported("report.xml", file.read_bytes(), project=project, metadata=json.dumps({"component": "cart", "env": "qa"}), source="junit")
        run, = done["metadata"]["run_id"]
        # pytest writes a test whose teardown broke as two elements of one name, and leaves a passing xfail out.
        results = results_of(run)
        assert len(results) >= len(FIRST) + SECOND_COUNT, "%d results" % len(results)
        summary_is_right(run, results)
        equal({r.component for r in results}, {"cart"}, "component")


def imported(filename, content, limit=120, **fields):
    answer = http.post(URL + "/api/import", files={"importFile": (filename, content)}, data=fields, timeout=60)
    equal(answer.status_code, 202, "status of the upload")
    id = answer.json()["id"]

    def ended():
        one = http.get(URL + "/api/import/" + id, timeout=60).json()
        return one if one["status"] in ("done", "error") else None
    done = wait("the import", ended, limit)
    equal(done["status"], "done", "status of the import (%s)" % done)
    return done


# ---------------------------------------------------------------- every call of ibutsu-client
def client_checks(widgets):
    project_id = make_project("calls")
    project_name = "calls-%s" % UNIQ
    things = {}

    @check("health")
    def _():
        equal(admin.HealthApi.get_health().status, "OK", "health")
        equal(admin.HealthApi.get_database_health().status, "OK", "health of the database")
        info = admin.HealthApi.get_health_info()
        assert info.frontend and info.backend and info.api_ui, info

    @check("projects")
    def _():
        equal(admin.ProjectApi.get_project(project_id).name, project_name, "name")
        listed = admin.ProjectApi.get_project_list(filter=["name=" + project_name])
        equal([str(p.id) for p in listed.projects], [project_id], "the list by name")
        updated = admin.ProjectApi.update_project(project_id, Project(title="Another title"))
        equal(updated.title, "Another title", "title")

    @check("runs")
    def _():
        run = admin.RunApi.add_run(Run(id=str(uuid.uuid4()), project_id=project_id, source="calls", start_time="2026-05-04T10:11:12.500000+02:00",
                                       duration=1.5, metadata={"env": "qa", "component": "cart", "tags": ["a", "b"], "project": project_name}))
        things["run"] = str(run.id)
        equal(run.start_time, "2026-05-04T08:11:12.500000Z", "start time")
        equal((run.env, run.component), ("qa", "cart"), "env and component")
        updated = admin.RunApi.update_run(run.id, Run(metadata={"more": {"deep": 1}}))
        equal(updated.metadata["more"], {"deep": 1}, "metadata after the update")
        equal(updated.metadata["tags"], ["a", "b"], "metadata kept")
        listed = admin.RunApi.get_run_list(filter=["project_id=" + project_id, "metadata.tags=a"], estimate=True, page=1, page_size=10)
        equal([r.id for r in listed.runs], [run.id], "the list")
        equal((listed.pagination.page, listed.pagination.page_size, listed.pagination.total_items), (1, 10, 1), "pagination")
        changed = admin.RunApi.bulk_update(filter=["project_id=" + project_id], page_size=5, update_run=UpdateRun(metadata={"reviewed": "yes"}))
        equal([r.metadata["reviewed"] for r in changed.runs], ["yes"], "bulk update")
        refused(lambda: admin.RunApi.get_run(str(uuid.uuid4())), 404)

    @check("results")
    def _():
        result = admin.ResultApi.add_result(Result(
            id=str(uuid.uuid4()), test_id="tests.test_calls[1.5-a.b]", result="failed", duration=0.25, start_time="2026-05-04T08:11:13",
            source="calls", params={"n": 1.5, "text": "a.b"},
            metadata={"project": project_name, "run": things["run"], "env": "qa", "component": "cart", "jenkins": {"build_number": "7"}}))
        things["result"] = str(result.id)
        equal(str(result.run_id), things["run"], "run")
        equal(result.params, {"n": 1.5, "text": "a.b"}, "params")
        got = admin.ResultApi.get_result(result.id)
        equal(got.test_id, "tests.test_calls[1.5-a.b]", "test id")
        got.metadata["classification"] = "product_failure"
        updated = admin.ResultApi.update_result(result.id, got)
        equal(updated.metadata["classification"], "product_failure", "classification")
        listed = admin.ResultApi.get_result_list(filter=["project_id=" + project_id, "metadata.jenkins.build_number=7", "duration)0.2"], page_size=25)
        equal([r.id for r in listed.results], [result.id], "the list")
        refused(lambda: admin.ResultApi.add_result(Result(test_id="x", result="passed", metadata={"project": "no-such-" + UNIQ})), 400)

    @check("artifacts")
    def _():
        for owner in ("result", "run"):
            key = {owner + "_id": things[owner]}
            up = admin.ArtifactApi.upload_artifact(filename="page ä.png", file=PICTURE, additional_metadata={"step": 3}, **key)
            equal(up.filename, "page ä.png", "file name")
            equal(up.additional_metadata, {"step": 3}, "metadata")
            got = admin.ArtifactApi.get_artifact(up.id)
            equal(str(getattr(got, owner + "_id")), things[owner], "owner")
            equal(bytes(admin.ArtifactApi.download_artifact(up.id)), PICTURE, "download")
            equal(bytes(admin.ArtifactApi.view_artifact(up.id)), PICTURE, "view")
            equal([a.id for a in artifacts_of(**key)], [up.id], "the list")
            admin.ArtifactApi.delete_artifact(up.id)
            refused(lambda: admin.ArtifactApi.get_artifact(up.id), 404)
        refused(lambda: admin.ArtifactApi.download_artifact(str(uuid.uuid4())), 404)
        refused(lambda: admin.ArtifactApi.upload_artifact(filename="x", file=b"y" * (5 * 1024 * 1024 + 1), run_id=things["run"]), 400, 413)

    @check("filter parameters of a project")
    def _():
        names = admin.ProjectApi.get_filter_params(project_id)
        assert "test_id" in names and "data.jenkins.build_number" in names, names

    @check("groups")
    def _():
        group = admin.GroupApi.add_group(Group(name="group-" + UNIQ))
        equal(admin.GroupApi.get_group(group.id).name, "group-" + UNIQ, "name")
        equal(admin.GroupApi.update_group(group.id, Group(name="renamed-" + UNIQ)).name, "renamed-" + UNIQ, "new name")
        assert any(g.id == group.id for g in admin.GroupApi.get_group_list(page_size=200).groups)

    @check("imports")
    def _():
        xml = b'<testsuites><testsuite name="s" tests="1"><testcase classname="a.b" name="test_c" time="0.5"/></testsuite></testsuites>'
        # The client knows no 202 and gives None for it; the answer is in the raw data.
        answer = admin.ImportApi.add_import_with_http_info(import_file=("calls.xml", xml), project=project_id, metadata={"env": "qa"}, source="calls")
        equal(answer.status_code, 202, "status")
        id = json.loads(answer.raw_data)["id"]
        admin.ImportApi.add_import(import_file=("calls.xml", xml), project=project_name)
        one = wait("the import", lambda: next((i for i in [admin.ImportApi.get_import(id)] if i.status in ("done", "error")), None))
        equal(one.status, "done", "status of the import")
        refused(lambda: admin.ImportApi.get_import(str(uuid.uuid4())), 404)

    @check("pages over 500 and their task")
    def _():
        for what, get in (("runs", admin.RunApi.get_run_list), ("results", admin.ResultApi.get_result_list)):
            full = {"runs": admin.RunApi.get_run_list_with_http_info, "results": admin.ResultApi.get_result_list_with_http_info}[what]
            get(filter=["project_id=" + project_id], page_size=501)
            answer = full(filter=["project_id=" + project_id], page_size=501)
            equal(answer.status_code, 201, "status")
            task = json.loads(answer.raw_data)["task_id"]

            def done():
                reply = http.get(URL + "/api/task/" + task, timeout=60)
                return reply.json() if reply.status_code == 200 else None
            page = wait("the task", done)
            equal(page["state"], "SUCCESS", "state")
            assert len(page[what]) >= 1, page
            admin.TaskApi.get_task(task)

    @check("the user and the user's tokens")
    def _():
        me = admin.UserApi.get_current_user()
        assert me.is_superadmin and me.email, me
        token = admin.UserApi.add_token(CreateToken(name="calls-" + UNIQ, expires="2037-01-01T00:00:00Z"))
        equal(client(token.token).UserApi.get_current_user().email, me.email, "the token's user")
        equal(str(admin.UserApi.get_token(str(token.id)).id), str(token.id), "the token by id")
        assert any(t.id == token.id for t in admin.UserApi.get_token_list(page_size=200).tokens)
        admin.UserApi.delete_token(str(token.id))
        refused(lambda: client(token.token).UserApi.get_current_user(), 401)
        # The client sends no body with this one, which no server can take.
        refused(lambda: admin.UserApi.update_current_user(), 400, 415)
        refused(lambda: client("not.a.token").UserApi.get_current_user(), 401)

    @check("administration of users")
    def _():
        email = "calls-%s@example.com" % UNIQ
        user = admin.AdminUserManagementApi.admin_add_user(User(email=email, name="Calls", is_active=True))
        equal(admin.AdminUserManagementApi.admin_get_user(str(user.id)).email, email, "e-mail")
        listed = admin.AdminUserManagementApi.admin_get_user_list(filter=["email=" + email])
        equal([u.id for u in listed.users], [user.id], "the list")
        updated = admin.AdminUserManagementApi.admin_update_user(str(user.id), User(email=email, name="Renamed"))
        equal(updated.name, "Renamed", "name")
        admin.AdminUserManagementApi.admin_delete_user(str(user.id))
        refused(lambda: admin.AdminUserManagementApi.admin_get_user(str(user.id)), 404)

    @check("administration of projects")
    def _():
        one = admin.AdminProjectManagementApi.admin_add_project(Project(name="admin-" + UNIQ, title="Admin"))
        equal(admin.AdminProjectManagementApi.admin_get_project(one.id).title, "Admin", "title")
        assert admin.AdminProjectManagementApi.admin_get_project_list(filter=["name=admin-" + UNIQ]).projects
        equal(admin.AdminProjectManagementApi.admin_update_project(one.id, Project(title="New")).title, "New", "new title")
        admin.AdminProjectManagementApi.admin_delete_project(one.id)
        refused(lambda: admin.AdminProjectManagementApi.admin_get_project(one.id), 404)

    @check("signing up, activation, recovery and signing in")
    def _():
        anonymous = client("")
        email, password = "new-%s@example.com" % UNIQ, "a first password"
        anonymous.LoginApi.register(AccountRegistration(email=email, password=password))
        refused(lambda: anonymous.LoginApi.login(Credentials(email=email, password=password)), 401)
        code = code_for(r"/api/login/activate/([A-Za-z0-9_-]{20,})", email)
        answer = requests.get(URL + "/api/login/activate/" + code, allow_redirects=False, timeout=30)
        equal(answer.status_code, 302, "activation")
        assert "st=success" in answer.headers["location"], answer.headers["location"]
        assert anonymous.LoginApi.login(Credentials(email=email, password=password)).token.count(".") == 2
        anonymous.LoginApi.recover(AccountRecovery(email=email))
        code = code_for(r"/reset-password/([A-Za-z0-9_-]{20,})", email)
        anonymous.LoginApi.reset_password(AccountReset(activation_code=code, password="a second password"))
        refused(lambda: anonymous.LoginApi.login(Credentials(email=email, password=password)), 401)
        token = anonymous.LoginApi.login(Credentials(email=email, password="a second password")).token
        equal(client(token).UserApi.get_current_user().email, email, "e-mail")

    @check("sign-in providers, none of which is set up")
    def _():
        anonymous = client("")
        support = anonymous.LoginApi.support()
        equal((support.user, support.google), (True, False), "what is supported")
        anonymous.LoginApi.config("google")
        refused(lambda: anonymous.LoginApi.auth("google"), 400, 401, 404)
        # The client follows the redirect into the page, which may or may not be served here.
        try:
            anonymous.LoginApi.activate("aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8")
        except ApiException as e:
            assert e.status < 500, e
        except Exception as e:
            assert "HTTPConnectionPool" in str(e), e

    if widgets:
        widget_checks(project_id)

    @check("every operation of the client was called")
    def _():
        missing = ["%s.%s" % (n, op) for n, c in inspect.getmembers(apis, inspect.isclass) for op in operations(c)
                   if not called[(n, op)] and (widgets or n not in WIDGET_APIS)]
        equal(missing, [], "not called")


def widget_checks(project_id):
    @check("dashboards")
    def _():
        one = admin.DashboardApi.add_dashboard(Dashboard(title="Board", description="d", filters="", project_id=project_id))
        equal(admin.DashboardApi.get_dashboard(one.id).title, "Board", "title")
        equal([d.id for d in admin.DashboardApi.get_dashboard_list(project_id=project_id).dashboards], [one.id], "the list")
        equal(admin.DashboardApi.update_dashboard(one.id, Dashboard(title="Other")).title, "Other", "new title")
        config = admin.WidgetConfigApi.add_widget_config(WidgetConfig(
            type="widget", widget="result-summary", title="Summary", weight=1, project_id=project_id, params={}))
        equal(admin.WidgetConfigApi.get_widget_config(config.id).title, "Summary", "title of the widget")
        assert admin.WidgetConfigApi.get_widget_config_list(filter=["project_id=" + project_id]).widgets
        equal(admin.WidgetConfigApi.update_widget_config(config.id, WidgetConfig(title="S", weight=2)).weight, 2, "weight")
        admin.WidgetConfigApi.delete_widget_config(config.id)
        refused(lambda: admin.WidgetConfigApi.get_widget_config(config.id), 404)
        admin.DashboardApi.delete_dashboard(one.id)
        refused(lambda: admin.DashboardApi.get_dashboard(one.id), 404)

    @check("widgets")
    def _():
        assert len(admin.WidgetApi.get_widget_types(type="widget").types) > 5
        # The client takes only a UUID for a widget's name, so it can only be refused.
        refused(lambda: admin.WidgetApi.get_widget(str(uuid.uuid4()), params={"project": project_id}), 400, 404)


def code_for(pattern, email):
    """The code in the newest mail to the address. Where the server sends no mail, the link is in its log."""
    def search():
        mails = pathlib.Path(os.environ["IBUTSU_MAILS"]).read_text(errors="replace").split("\f")
        lines = pathlib.Path(os.environ["IBUTSU_SERVER_LOG"]).read_text(errors="replace").splitlines()
        # A long line of a mail may have been wrapped for the journey.
        found = [m.group(1) for text in lines + mails if email in text
                 for m in [re.search(pattern, text.replace("=\n", "").replace("=\r\n", ""))] if m]
        return found[-1] if found else None
    return wait("a mail to %s" % email, search, 20)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--widgets", action="store_true", help="dashboards and widgets too")
    o = ap.parse_args()
    with tempfile.TemporaryDirectory() as work:
        plugin_checks(work)
    client_checks(o.widgets)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
