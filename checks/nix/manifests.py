"""Reads the manifests of packaging/: against the schemas of Kubernetes, strictly, and against what no schema says. The last
line is "N passed, M failed".
"""
import pathlib
import subprocess
import sys

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
VERSION = (ROOT / "VERSION").read_text().strip()
# The oldest version that is still looked after somewhere, and the newest whose schema there is.
RELEASES = ("1.31", "1.37")

passed = failed = 0


def check(what, faults):
    global passed, failed
    if faults:
        failed += 1
        print("FAILED %s: %s" % (what, "; ".join(faults)))
    else:
        passed += 1
        print("ok     %s" % what)


def documents(name):
    with open(PACKAGING / "kubernetes" / name) as file:
        return [d for d in yaml.safe_load_all(file) if d]


def strict(document, release):
    try:
        kubernetes_validate.validate(document, release, strict=True)
    except Exception as e:  # whatever the schema finds
        return ["%s %s at %s: %s" % (document["kind"], document["metadata"]["name"], release, str(e).splitlines()[0])]
    return []


def pod_of(workload):
    spec = workload["spec"]
    return (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]["spec"]


def containers(deployment):
    pod = pod_of(deployment)
    return pod.get("initContainers", []) + pod["containers"]


def labels(deployment):
    return deployment["spec"]["template"]["metadata"]["labels"]


def matches(selector, these):
    return all(these.get(k) == v for k, v in selector.items())


def closed(deployment):
    faults = []
    pod = pod_of(deployment)
    if not pod["securityContext"].get("runAsNonRoot") or pod.get("automountServiceAccountToken") is not False:
        faults.append("the pod may run as root, or has a token of the cluster")
    for c in containers(deployment):
        s = c.get("securityContext", {})
        if s.get("allowPrivilegeEscalation") is not False or not s.get("readOnlyRootFilesystem") or s.get("capabilities") != {"drop": ["ALL"]}:
            faults.append("%s is not closed" % c["name"])
        if "memory" not in c["resources"]["limits"] or "cpu" not in c["resources"]["requests"]:
            faults.append("%s has no bounds" % c["name"])
        if not c["image"].endswith(":" + VERSION):
            faults.append("%s runs %s" % (c["name"], c["image"]))
    return ["%s: %s" % (deployment["metadata"]["name"], f) for f in faults]


def seconds(text):
    return int(text.removesuffix("s"))


def default(setting):
    """The default of a setting, as docs/configuration.md has it."""
    (row,) = [r for r in (ROOT / "docs" / "configuration.md").read_text().splitlines() if r.startswith("| `%s` |" % setting)]
    return row.split(" | ")[3].strip("`")


def kubernetes():
    all_of = documents("ibutsu.yaml") + documents("ingress.yaml") + documents("backup.yaml")
    for release in RELEASES:
        check("Kubernetes %s takes %d documents, strictly" % (release, len(all_of)), [f for d in all_of for f in strict(d, release)])
    by_kind = {}
    for d in all_of:
        by_kind.setdefault(d["kind"], []).append(d)
    deployments = by_kind["Deployment"]
    names = {d["metadata"]["name"] for d in deployments}

    check("no pod may do more than it has to", [f for d in deployments + by_kind["CronJob"] for f in closed(d)])
    check("selectors find their pods", [
        d["metadata"]["name"] for d in deployments if not matches(d["spec"]["selector"]["matchLabels"], labels(d))])
    check("each service and budget is of one deployment", [
        "%s %s" % (d["kind"], d["metadata"]["name"])
        for d in by_kind["Service"] + by_kind["PodDisruptionBudget"]
        if sum(matches(d["spec"]["selector"].get("matchLabels", d["spec"]["selector"]), labels(x)) for x in deployments) != 1])
    claims = {d["metadata"]["name"] for d in by_kind["PersistentVolumeClaim"]}
    check("claims and settings that pods name are there", [
        "%s of %s" % (v, d["metadata"]["name"]) for d in deployments + by_kind["CronJob"] for v in
        [v["persistentVolumeClaim"]["claimName"] for v in pod_of(d).get("volumes", []) if "persistentVolumeClaim" in v
         and v["persistentVolumeClaim"]["claimName"] not in claims] +
        [e["configMapRef"]["name"] for c in containers(d) for e in c["envFrom"] if "configMapRef" in e
         and e["configMapRef"]["name"] != by_kind["ConfigMap"][0]["metadata"]["name"]]])
    check("what scales is there", [
        d["metadata"]["name"] for d in by_kind["HorizontalPodAutoscaler"] if d["spec"]["scaleTargetRef"]["name"] not in names])
    backend = next(d for d in deployments if d["metadata"]["name"] == "ibutsu-backend")
    container = backend["spec"]["template"]["spec"]["containers"][0]
    probes = {"livenessProbe": "/livez", "readinessProbe": "/readyz", "startupProbe": "/startupz"}
    check("the backend has its probes and its port", [
        p for p, path in probes.items() if container.get(p, {}).get("httpGet") != {"path": path, "port": container["ports"][0]["name"]}] +
        ([] if by_kind["Service"][0]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"] else ["port"]))
    check("a roll-out and a drain leave a backend", [] if (
        backend["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0 and backend["spec"]["replicas"] > 1
        and by_kind["PodDisruptionBudget"][0]["spec"]["minAvailable"] >= 1) else ["it does not"])

    # The pod is out of the service before its port closes, and has its time until it is killed.
    ready, delay = container["readinessProbe"], seconds(by_kind["ConfigMap"][0]["data"]["IBUTSU_DRAIN_DELAY"])
    grace = backend["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    check("a backend that ends is left before it closes its port", [] if (
        ready["periodSeconds"] * ready["failureThreshold"] < delay and delay + seconds(default("shutdown_grace")) < grace) else ["too late"])

    (route,) = documents("route.yaml")
    spec = route["spec"]
    check("the route of OpenShift leads to the service", [] if (
        route["apiVersion"] == "route.openshift.io/v1" and set(route) == {"apiVersion", "kind", "metadata", "spec"}
        and set(spec) <= {"host", "path", "to", "port", "tls", "wildcardPolicy"} and spec["to"]["kind"] == "Service"
        and spec["to"]["name"] == by_kind["Service"][0]["metadata"]["name"]
        and spec["port"]["targetPort"] == by_kind["Service"][0]["spec"]["ports"][0]["name"]
        and spec["tls"]["termination"] in ("edge", "passthrough", "reencrypt")) else [str(spec)])


# What compose knows of the keys that we use.
SERVICE = {
    "image", "command", "ports", "volumes", "environment", "read_only", "tmpfs", "cap_drop", "security_opt", "restart",
    "stop_grace_period", "secrets", "depends_on", "healthcheck",
}


def compose():
    for name in ("compose.yaml", "roles.yaml"):
        path = PACKAGING / "compose" / name
        out = subprocess.run(
            [sys.executable, "-m", "podman_compose", "-f", str(path), "config"], capture_output=True, text=True)
        faults = [] if out.returncode == 0 else [out.stderr[-300:]]
        services = yaml.safe_load(path.read_text())["services"]
        for service, s in services.items():
            faults += ["%s has the unknown key %s" % (service, k) for k in set(s) - SERVICE]
            if service == "postgres":
                continue
            if not s["image"].endswith(":%s}" % VERSION):
                faults.append("%s runs %s" % (service, s["image"]))
            if service in ("ibutsu", "backend") and s["healthcheck"]["test"] != ["CMD", "/bin/ibutsu", "healthcheck"]:
                faults.append("%s is not looked after" % service)
            if not s["read_only"] or s["cap_drop"] != ["ALL"] or s["security_opt"] != ["no-new-privileges"]:
                faults.append("%s is not closed" % service)
            faults += ["%s waits for %s" % (service, d) for d in s.get("depends_on", {}) if d not in services]
        check("compose: %s" % name, faults)


kubernetes()
compose()
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed > 0)
