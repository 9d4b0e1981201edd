#!/usr/bin/env python3
"""Black-box conformance runner for the test-result server API.

    conformance.py --base-url URL --token-file F --cases DIR [--check [DIR] | --record DIR]

A case is one JSON file: a list of steps, each an HTTP request and the answer
that is expected.  `--check` (the default) runs the cases and compares;
`--record DIR` runs them and writes copies with the answers filled in to DIR.
README.md beside this file describes the format.  Needs only `requests`.
"""
import argparse
import base64
import concurrent.futures as futures
import copy
import fnmatch
import hashlib
import io
import json
import os
import random
import re
import sys
import tarfile
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import requests

UUID_RE = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
JWT_RE = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
TIME_RE = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d+)?")
VAR_RE = re.compile(r"\$\{([^}]+)\}")
NOW_RE = re.compile(r"^now(?:([+-])(\d+)([smhdw]))?$")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
HIDDEN_KEYS = ("_password", "activation_code")  # must never be sent; one case checks that they are not
KEPT_HEADERS = ("location", "content-disposition", "access-control-allow-origin", "allow", "www-authenticate")


class CaseError(Exception):
    """The case cannot go on (a capture failed, a variable is unknown...)."""


# ---------------------------------------------------------------- json paths
def split_path(path):
    """'$.a.b[0].c[*]' -> ['a', 'b', 0, 'c', '*']"""
    parts = []
    for m in re.finditer(r"\.([^.\[\]]+)|\[(\*|-?\d+)\]|\[\"([^\"]+)\"\]", path):
        if m.group(1) is not None:
            parts.append(m.group(1))
        elif m.group(2) is not None:
            parts.append("*" if m.group(2) == "*" else int(m.group(2)))
        else:
            parts.append(m.group(3))
    return parts


def lookup(doc, path):
    """All values at the path (several where it has a '*')."""
    found = [doc]
    for part in split_path(path):
        nxt = []
        for d in found:
            if part == "*":
                nxt.extend(d.values() if isinstance(d, dict) else d if isinstance(d, list) else [])
            elif isinstance(part, int):
                if isinstance(d, list) and -len(d) <= part < len(d):
                    nxt.append(d[part])
            elif isinstance(d, dict) and part in d:
                nxt.append(d[part])
        found = nxt
    return found


def replace_at(doc, path, fn):
    """Apply fn to each value at the path, in place; returns the document."""
    parts = split_path(path)
    if not parts:
        return fn(doc)

    def walk(d, rest):
        head, tail = rest[0], rest[1:]
        if head == "*":
            keys = list(d) if isinstance(d, dict) else range(len(d)) if isinstance(d, list) else []
        elif isinstance(head, int):
            keys = [head] if isinstance(d, list) and -len(d) <= head < len(d) else []
        else:
            keys = [head] if isinstance(d, dict) and head in d else []
        for k in keys:
            if tail:
                walk(d[k], tail)
            else:
                d[k] = fn(d[k])

    walk(doc, parts)
    return doc


# ---------------------------------------------------------------- a case's state
class State:
    def __init__(self, case, opts):
        self.opts = opts
        self.uniq = random.choice("ghkmnpqrstuvwxyz") + "%07x" % random.getrandbits(28)  # never looks like a number
        self.start = datetime.now(timezone.utc).replace(microsecond=0)
        self.vars = {"uniq": self.uniq, "base": opts.base_url, "token": opts.token}
        self.names = {}          # value -> placeholder
        self.uuids = {}          # uuid -> number
        self.literal = json.dumps(case)  # uuids written out in the case stay as they are
        for name, value in (case.get("vars") or {}).items():
            self.set(name, self.expand(value))

    def set(self, name, value):
        self.vars[name] = value
        if isinstance(value, str) and len(value) >= 8 and value != self.uniq and not JWT_RE.fullmatch(value):
            self.names.setdefault(value, "<%s>" % name)

    def get(self, name):
        if name in self.vars:
            return self.vars[name]
        if name.startswith("uuid:"):
            value = str(uuid.uuid4())
            self.vars[name] = value
            self.names[value] = "<%s>" % name
            return value
        m = NOW_RE.match(name)
        if m:
            t = self.start
            if m.group(1):
                d = timedelta(seconds=int(m.group(2)) * UNITS[m.group(3)])
                t = t + d if m.group(1) == "+" else t - d
            value = t.strftime("%Y-%m-%dT%H:%M:%S")
            self.vars[name] = value
            self.names[value] = "<%s>" % name
            self.names[value.replace("T", " ")] = "<%s>" % name
            return value
        raise CaseError("unknown variable ${%s}" % name)

    def expand(self, obj):
        if isinstance(obj, str):
            m = VAR_RE.fullmatch(obj)
            if m:
                return self.get(m.group(1))
            return VAR_RE.sub(lambda m: str(self.get(m.group(1))), obj)
        if isinstance(obj, list):
            return [self.expand(o) for o in obj]
        if isinstance(obj, dict):
            return {self.expand(k): self.expand(v) for k, v in obj.items()}
        return obj

    # -- normalisation
    def norm_str(self, s, number=True):
        for value in sorted(self.names, key=len, reverse=True):
            if value in s:
                s = s.replace(value, self.names[value])
            elif value.lower() != value and value.lower() in s:
                s = s.replace(value.lower(), self.names[value])
        s = s.replace(self.opts.base_url, "<base>").replace(self.uniq, "<uniq>")
        s = JWT_RE.sub("<jwt>", s)

        def one_uuid(m):
            u = m.group(0)
            if u in self.literal:
                return u
            if u not in self.uuids:
                if not number:
                    return "<uuid>"
                self.uuids[u] = len(self.uuids) + 1
            return "<uuid:%d>" % self.uuids[u]

        s = UUID_RE.sub(one_uuid, s)

        def one_time(m):
            try:
                t = datetime.strptime(m.group(1).replace(" ", "T"), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
            except ValueError:
                return m.group(0)
            if abs((t - datetime.now(timezone.utc)).total_seconds()) < 36 * 3600:
                return "<time>"
            frac = (m.group(2) or "").rstrip("0").rstrip(".")
            return m.group(1) + frac

        return TIME_RE.sub(one_time, s)

    def norm(self, v, number=True, unordered=(), path=()):
        if isinstance(v, str):
            return self.norm_str(v, number)
        if isinstance(v, dict):
            return {self.norm_str(k, number): self.norm(v[k], number, unordered, path + (k,)) for k in sorted(v)}
        if isinstance(v, list):
            if unordered is True or path in unordered:
                items = [self.norm(x, False, unordered, path + ("*",)) for x in v]
                return sorted(items, key=lambda x: json.dumps(x, sort_keys=True))
            return [self.norm(x, number, unordered, path + ("*",)) for x in v]
        return v


# ---------------------------------------------------------------- comparing
def same_number(a, b):
    return abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))


def aligned(want, got, fits):
    """`got` in the order of `want` as far as items fit; what is left over fills the gaps, then follows."""
    rest, places = list(got), []
    for w in want:
        k = next((k for k, g in enumerate(rest) if fits(w, g)), None)
        places.append(None if k is None else (rest.pop(k),))
    return [p[0] if p else rest.pop(0) for p in places if p or rest] + rest


def compare(want, got, path="$", unordered=()):
    """A list of differences, empty when equal. `unordered`: paths of lists whose order does not count, or True for all."""
    if want == "<any>":
        return []
    if want == "<any string>":
        return [] if isinstance(got, str) and got else ["%s: expected some text, got %s" % (path, short(got))]
    if want == "<any int>":
        ok = isinstance(got, int) and not isinstance(got, bool)
        return [] if ok else ["%s: expected a whole number, got %s" % (path, short(got))]
    if isinstance(want, bool) or isinstance(got, bool) or want is None or got is None:
        return [] if want is got else ["%s: expected %s, got %s" % (path, short(want), short(got))]
    if isinstance(want, (int, float)) and isinstance(got, (int, float)):
        return [] if same_number(want, got) else ["%s: expected %s, got %s" % (path, want, got)]
    if isinstance(want, dict) and isinstance(got, dict):
        out = []
        for k in sorted(set(want) | set(got)):
            if k not in got:
                out.append("%s.%s: missing (expected %s)" % (path, k, short(want[k])))
            elif k not in want:
                if "id" in want or "pagination" in want or path.endswith(".summary"):
                    continue  # a resource, a page of them or a summary may say more than the original's
                if path.endswith(".metadata") and "fspath" in want:
                    continue  # and so may what an importer found out about a test
                out.append("%s.%s: not expected, got %s" % (path, k, short(got[k])))
            else:
                out += compare(want[k], got[k], "%s.%s" % (path, k), unordered)
        return out
    if isinstance(want, list) and isinstance(got, list):
        out = []
        if len(want) != len(got):
            out.append("%s: expected %d items, got %d" % (path, len(want), len(got)))
        if unordered is True or re.sub(r"\[\d+\]", "[*]", path) in unordered:
            got = aligned(want, got, lambda w, g: not compare(w, g, path + "[0]", unordered))
        for i in range(min(len(want), len(got))):
            out += compare(want[i], got[i], "%s[%d]" % (path, i), unordered)
        for i in range(len(got), len(want)):
            out.append("%s[%d]: missing (expected %s)" % (path, i, short(want[i])))
        for i in range(len(want), len(got)):
            out.append("%s[%d]: not expected, got %s" % (path, i, short(got[i])))
        return out
    return [] if want == got else ["%s: expected %s, got %s" % (path, short(want), short(got))]


def short(v, n=200):
    s = json.dumps(v, ensure_ascii=False, sort_keys=True)
    return s if len(s) <= n else s[:n] + "... (%d characters)" % len(s)


# ---------------------------------------------------------------- requests
def build_archive(spec, state):
    """{path: json value | {"text": ..} | {"b64": ..}} -> bytes of a tar.gz"""
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w:gz") as tar:
        for name, content in spec.items():
            if isinstance(content, dict) and set(content) == {"dir"}:
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
                continue
            if isinstance(content, dict) and set(content) == {"text"}:
                data = content["text"].encode()
            elif isinstance(content, dict) and set(content) == {"b64"}:
                data = base64.b64decode(content["b64"])
            else:
                data = json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buf.getvalue()


def part_bytes(part, state, case_dir):
    if "archive" in part:
        return build_archive(state.expand(part["archive"]), state)
    if "fixture" in part:
        for base in (case_dir, os.path.dirname(case_dir)):
            p = os.path.join(base, "fixtures", part["fixture"])
            if os.path.exists(p):
                with open(p, "rb") as f:
                    data = f.read()
                return data.replace(b"${uniq}", state.uniq.encode())
        raise CaseError("no fixture " + part["fixture"])
    if "b64" in part:
        return base64.b64decode(part["b64"])
    if "repeat" in part:
        return state.expand(part["repeat"]["text"]).encode() * part["repeat"]["times"]
    value = state.expand(part["value"])
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def build_request(step, state, case_dir):
    path = state.expand(step["path"])
    url = path if path.startswith("http") else state.opts.base_url + path
    headers = {k: state.expand(v) for k, v in (step.get("headers") or {}).items()}
    auth = step.get("auth", "${token}")
    if auth is not None and auth != "none":
        headers.setdefault("Authorization", "Bearer " + state.expand(auth))
    params = []
    q = step.get("query") or []
    for k, v in q.items() if isinstance(q, dict) else q:
        for one in v if isinstance(v, list) else [v]:
            params.append((state.expand(k), state.expand(one)))
    kw = {"headers": headers, "params": params, "allow_redirects": False, "timeout": state.opts.timeout}
    if "json" in step:
        kw["data"] = json.dumps(state.expand(step["json"]))
        headers.setdefault("Content-Type", "application/json")
    elif "body" in step:
        kw["data"] = state.expand(step["body"]).encode()
    elif "multipart" in step:
        files = []
        for part in step["multipart"]:
            data = part_bytes(part, state, case_dir)
            fname = state.expand(part["filename"]) if part.get("filename") is not None else None
            files.append((part["name"], (fname, data, part["content_type"]) if part.get("content_type") else (fname, data)))
        kw["files"] = files
    return step.get("method", "GET"), url, kw


def strip_hidden(v):
    if isinstance(v, dict):
        return {k: strip_hidden(x) for k, x in v.items() if k not in HIDDEN_KEYS}
    if isinstance(v, list):
        return [strip_hidden(x) for x in v]
    return v


class Answer:
    """What came back, in the form that is compared and recorded."""

    def __init__(self, resp, step, state):
        self.late = None  # a poll that gave up
        self.status = resp.status_code
        self.type = (resp.headers.get("content-type") or "").split(";")[0].strip()
        self.headers = {h: resp.headers[h] for h in KEPT_HEADERS if h in resp.headers}
        self.raw = resp.content
        self.json = None
        self.is_json = False
        if self.type.endswith("json") and resp.content:
            try:
                self.json = resp.json()
                self.is_json = True
            except ValueError:
                pass

    def normal(self, step, state):
        out = {"status": self.status, "type": self.type}
        wanted = set(step.get("check_headers") or []) | {"location", "content-disposition"}
        heads = {k: state.norm_str(v) for k, v in self.headers.items() if k in wanted}
        if "location" in heads:  # the web UI's address is the installation's own
            heads["location"] = re.sub(r"^https?://[^/]+", "<site>", heads["location"])
        if heads:
            out["headers"] = heads
        if self.is_json:
            doc = strip_hidden(copy.deepcopy(self.json))
            for keep in step.get("keep") or []:
                ids = set(state.expand(keep["ids"]))
                key = keep.get("key", "id")
                doc = replace_at(doc, keep["path"], lambda l: [x for x in l if isinstance(x, dict) and x.get(key) in ids])
            for p in step.get("count_only") or []:
                doc = replace_at(doc, p, lambda l: "<%d items>" % len(l) if isinstance(l, list) else l)
            for p in step.get("loose") or []:
                doc = replace_at(doc, p, lambda v: "<any string>" if isinstance(v, str) and v else "<any>")
            if self.type == "application/problem+json" and isinstance(doc, dict) and "detail" in doc:
                if not step.get("strict_detail"):
                    doc["detail"] = "<any string>" if doc["detail"] else doc["detail"]
            if "pick" in step and self.status < 400:
                doc = {k: (lambda f: f if "*" in p else f[0] if f else None)(lookup(doc, p)) for k, p in step["pick"].items()}
            un = step.get("unordered")
            unordered = True if un is True else {tuple(split_path(p)) for p in un or []}
            out["body"] = state.norm(doc, unordered=unordered)
        elif not self.raw:
            out["text"] = ""
        else:
            try:
                text = self.raw.decode()
            except UnicodeDecodeError:
                text = None
            if text is not None and len(text) <= 2000 and "\x00" not in text and not step.get("hash_body"):
                out["text"] = state.norm_str(text)
            else:
                out["bytes"] = {"length": len(self.raw), "sha256": hashlib.sha256(self.raw).hexdigest()}
        if step.get("loose_text"):
            for k in ("text", "bytes"):
                if k in out:
                    out[k] = "<any>"
        return out


def free_message(want, got):
    """The wording of an error is free: a text for a text, and the `message` beside a `code`."""
    if isinstance(want, str) and isinstance(got, str) and got:
        return want
    if isinstance(want, dict) and isinstance(got, dict) and "code" in want and isinstance(got.get("message"), str) and got["message"]:
        return dict(got, message=want.get("message"))
    return got


def judge(expected, answer, normal, step):
    """Differences between what the case expects and what came."""
    out = []
    if answer.status >= 400 and not step.get("strict_detail"):
        for k in ("body", "text"):
            if k in expected and k in normal:
                normal[k] = free_message(expected[k], normal[k])
    want_status = expected.get("status")
    if want_status is not None:
        ok = answer.status in want_status if isinstance(want_status, list) else answer.status == want_status
        if not ok:
            out.append("status: expected %s, got %s" % (want_status, answer.status))
    want_type = expected.get("type")
    if want_type is not None:
        ok = normal["type"] in want_type if isinstance(want_type, list) else normal["type"] == want_type
        if not ok:
            out.append("content type: expected %r, got %r" % (want_type, normal["type"]))
    for h, v in (expected.get("headers") or {}).items():
        got = (normal.get("headers") or {}).get(h)
        if v != "<any>" and got != v:
            out.append("header %s: expected %r, got %r" % (h, v, got))
    if "body" in expected:
        if "body" in normal:
            loose_order = step.get("unordered") or ()
            out += compare(expected["body"], normal["body"], unordered=True if loose_order is True else set(loose_order))
        else:
            out.append("body: expected JSON, got %s" % short(normal.get("text", normal.get("bytes"))))
    for k in ("text", "bytes"):
        if k in expected and expected[k] != "<any>" and expected[k] != normal.get(k):
            out.append("body: expected %s, got %s" % (short(expected[k]), short(normal.get(k, normal.get("body")))))
    for path, want in (expected.get("values") or {}).items() if answer.status < 400 else ():
        found = lookup(normal.get("body"), path)
        if not found:
            out.append("%s: missing (expected %s)" % (path, short(want)))
        for f in found:
            out += compare(want, f, path)
    for path in expected.get("absent") or []:
        if answer.is_json and lookup(answer.json, path):
            out.append("%s: must not be in the answer" % path)
    if out:
        got = short(normal.get("body", normal.get("text", normal.get("bytes"))), 600)
        out.append("(the whole answer: %s %s)" % (answer.status, got))
    return out


def send(session, step, state, case_dir):
    method, url, kw = build_request(step, state, case_dir)
    resp = session.request(method, url, **kw)
    return Answer(resp, step, state)


def met(until, doc):
    conds = until if isinstance(until, list) else [until]
    for c in conds:
        found = lookup(doc, c["path"]) if doc is not None else []
        if "equals" in c and not any(f == c["equals"] and type(f) is type(c["equals"]) or f == c["equals"] for f in found):
            return False
        if "in" in c and not any(f in c["in"] for f in found):
            return False
        if "exists" in c and bool(found) != c["exists"]:
            return False
    return True


def do_step(session, step, state, case_dir, once=False):
    kind = step.get("kind", "request")
    if kind == "sleep":
        time.sleep(step["seconds"])
        return None
    if kind == "poll":
        deadline = time.time() + step.get("timeout", state.opts.poll_timeout)
        until = state.expand(step["until"])
        while True:
            answer = send(session, step, state, case_dir)
            if met(until, answer.json if answer.is_json else None):
                break
            if "until_status" in step and answer.status == step["until_status"]:
                break
            if once:
                break
            if time.time() > deadline:
                answer.late = "poll: %s not met within %s s" % (
                    json.dumps(until), step.get("timeout", state.opts.poll_timeout))
                break
            time.sleep(0.25)
    else:
        answer = send(session, step, state, case_dir)
    for name, path in (step.get("capture") or {}).items():
        found = lookup(answer.json, path) if answer.is_json else []
        if not found:
            raise CaseError("cannot capture %s at %s; answer: %s %s" % (
                name, path, answer.status, short(answer.json if answer.is_json else answer.raw[:300].decode("utf8", "replace"))))
        state.set(name, found[0])
    return answer


def run_case(file, opts, recording):
    """Returns (case as recorded, list of (step title, differences))."""
    with open(file) as f:
        case = json.load(f)
    case_dir = os.path.dirname(os.path.abspath(file))
    state = State(case, opts)
    problems = []
    with requests.Session() as session:
        for i, step in enumerate(case["steps"]):
            title = "step %d: %s %s%s" % (i + 1, step.get("method", step.get("kind", "GET")), step.get("path", ""),
                                          " (%s)" % step["name"] if step.get("name") else "")
            try:
                once = bool(step.get("peer_bug")) and (recording or opts.skip_peer_bugs)
                answer = do_step(session, step, state, case_dir, once)
            except CaseError as e:
                problems.append((title, [str(e), "(the steps after it were not run)"]))
                break
            except requests.RequestException as e:
                problems.append((title, ["request failed: %s: %s" % (type(e).__name__, e), "(the steps after it were not run)"]))
                break
            if answer is None:
                continue
            normal = answer.normal(step, state)
            if answer.late:
                problems.append((title, [answer.late, "(the last answer: %s %s)" % (answer.status, short(answer.json))]))
                continue
            if recording:
                if step.get("peer_bug"):
                    step["peer_got"] = {"status": answer.status}
                    if "expected" not in step:
                        problems.append((title, ["peer_bug without an expected answer"]))
                else:
                    step["expected"] = normal
                continue
            if step.get("peer_bug") and opts.skip_peer_bugs:
                continue
            expected = step.get("expected")
            if expected is None:
                problems.append((title, ["the case has no expected answer: record it first"]))
                continue
            diff = judge(expected, answer, normal, step)
            if diff:
                problems.append((title, diff))
    return case, problems


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--base-url", required=True, help="e.g. http://127.0.0.1:8080 (without /api)")
    ap.add_argument("--token-file", required=True, help="a file that holds a superadmin's API token")
    ap.add_argument("--cases", required=True, help="folder with the cases (searched in depth)")
    ap.add_argument("--check", nargs="?", const="", metavar="DIR", help="compare (the default); DIR: take the recorded cases from here")
    ap.add_argument("--record", metavar="DIR", help="write the cases with the answers of this server to DIR")
    ap.add_argument("--only", action="append", help="glob over case names; can be given several times")
    ap.add_argument("--without", action="append", default=[], metavar="AREA", help="leave out the cases of an area; can be given several times")
    ap.add_argument("--jobs", type=int, default=4)
    ap.add_argument("--timeout", type=float, default=60, help="seconds for one request")
    ap.add_argument("--poll-timeout", type=float, default=90)
    ap.add_argument("--skip-peer-bugs", action="store_true", help="run, but don't judge, the steps marked peer_bug")
    ap.add_argument("--max-diff", type=int, default=25, help="differences printed for one step")
    ap.add_argument("-v", "--verbose", action="store_true")
    opts = ap.parse_args()
    opts.base_url = opts.base_url.rstrip("/")
    with open(opts.token_file) as f:
        opts.token = f.read().strip()
    root = opts.check if opts.check and not opts.record else opts.cases
    files = []
    for d, dirs, names in os.walk(root):
        dirs[:] = sorted(x for x in dirs if x != "fixtures" and x not in opts.without)
        files += [os.path.join(d, n) for n in sorted(names) if n.endswith(".json")]
    if opts.only:
        files = [f for f in files if any(fnmatch.fnmatch(os.path.basename(f)[:-5], g) for g in opts.only)]
    if not files:
        print("no cases under %s" % root)
        print("0 passed, 0 failed")
        return 2
    passed = failed = 0
    lock = threading.Lock()
    started = time.time()

    def work(file):
        t0 = time.time()
        try:
            case, problems = run_case(file, opts, bool(opts.record))
        except Exception as e:  # a broken case must not hide the others
            return file, None, [("case", ["%s: %s" % (type(e).__name__, e)])], time.time() - t0
        return file, case, problems, time.time() - t0

    with futures.ThreadPoolExecutor(opts.jobs) as pool:
        for file, case, problems, took in pool.map(work, files):
            name = os.path.basename(file)[:-5]
            with lock:
                if problems:
                    failed += 1
                    print("FAIL %s (%.1f s)" % (name, took))
                    for title, diffs in problems:
                        print("  " + title)
                        for d in diffs[: opts.max_diff]:
                            print("    " + d)
                        if len(diffs) > opts.max_diff:
                            print("    ... and %d more" % (len(diffs) - opts.max_diff))
                else:
                    passed += 1
                    if opts.verbose:
                        print("ok   %s (%.1f s)" % (name, took))
                if opts.record and case:
                    out = os.path.join(opts.record, os.path.relpath(file, root))
                    os.makedirs(os.path.dirname(out), exist_ok=True)
                    with open(out, "w") as f:
                        json.dump(case, f, indent=1, ensure_ascii=False, sort_keys=False)
                        f.write("\n")
            sys.stdout.flush()
    print("%d cases in %.0f s" % (len(files), time.time() - started))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
