"""What schemathesis cannot know of this API; it loads this file by SCHEMATHESIS_HOOKS."""
import json
import os
import random
import uuid

import schemathesis

# What run.py has made: {"project": id, ...}, and the user and the token that the requests come from.
KNOWN = json.loads(os.environ["APIFUZZ_KNOWN"])
choose = random.Random(4711)

# Under which names requests speak of it.
NAMES = {
    "project": ("project", "project_id", "projectId", "projects"),
    "run": ("run", "run_id", "runId", "runs"),
    "result": ("result_id", "resultId"),
    "dashboard": ("dashboard", "dashboard_id", "dashboardId"),
    "group": ("group_id", "groupId"),
    "user": ("user_id", "userId", "owner_id", "ownerId"),
}
KIND_OF = {name: kind for kind, names in NAMES.items() for name in names}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Properties marked x-null-in-answers are null in answers, though requests leave them out instead."""
    for schema in raw_schema["components"]["schemas"].values():
        for definition in schema.get("properties", {}).values():
            if definition.get("x-null-in-answers"):
                definition["nullable"] = True


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every second request is about something that there is, and none about the branch that we sit on: without its token
    and its user all further ones would be a 401."""
    segments = case.operation.path.strip("/").split("/")
    kind = next((s for s in reversed(segments) if not s.startswith("{") and s in KNOWN), None)
    path = dict(case.path_parameters or {})
    if "id" in path:
        own = kind in ("token", "user")
        if case.method.upper() in ("DELETE", "PUT") and own and path["id"] in (KNOWN["token"], KNOWN["user"], "null"):
            path["id"] = str(uuid.uuid4())
        elif kind and not own and case.method.upper() != "DELETE" and choose.random() < 0.5:
            path["id"] = KNOWN[kind]
        case.path_parameters = path
    if segments[:2] == ["user", "token"] and case.method.upper() == "DELETE":
        case.path_parameters = {**path, "id": str(uuid.uuid4())}
    if segments[:2] == ["admin", "debug"]:  # a profile takes as long as it is asked to, and half a minute by itself
        query = dict(case.query or {})
        seconds = str(query.get("seconds", 30))
        if seconds.isdigit() and 1 < int(seconds) <= 60:
            query["seconds"] = 1
        case.query = query
    for part in (case.query, case.body):
        if isinstance(part, dict):
            for name, value in part.items():
                known = KNOWN.get(KIND_OF.get(name))
                if known and choose.random() < 0.5:
                    part[name] = [known] if isinstance(value, list) else known
