# One machine with everything: it serves, keeps its secrets, and comes back from what is done to it.
{
  self,
  pkgs,
  packages,
  ...
}:
let
  # A module of a third party.
  example = packages.ibutsu-unwrapped.overrideAttrs {
    pname = "ibutsu-module-example";
    subPackages = [ "modules/module-example" ];
    doCheck = false;
    doInstallCheck = false;
  };
in
pkgs.testers.runNixOSTest {
  name = "ibutsu-one-machine";
  nodes.machine = {
    imports = [ self.nixosModules.ibutsu ];
    services.ibutsu = {
      enable = true;
      redis.createLocally = true;
      settings.superadmin_email = "admin@example.com";
      credentials.superadmin_password = "/etc/ibutsu-password";
      backup.enable = true;
      modules.watch = {
        program = "${example}/bin/module-example";
        settings.url = "http://localhost:8080";
      };
    };
    environment.etc."ibutsu-password" = {
      text = "a password of this test";
      mode = "0600";
    };
    environment.systemPackages = [ pkgs.jq ];
  };
  testScript = ''
    units = ["backend", "worker", "scheduler"]


    def healthy():
        machine.wait_until_succeeds("curl --fail --silent http://localhost:8080/api/health | jq -e '.status == \"OK\"'", timeout=60)


    def pid(unit):
        return machine.succeed(f"systemctl show -P MainPID ibutsu-{unit}").strip()


    machine.wait_for_unit("ibutsu.target")
    for unit in units:
        machine.wait_for_unit(f"ibutsu-{unit}.service")
    healthy()

    with subtest("the first administrator signs in, and a run is kept"):
        token = machine.succeed("ibutsu token create --email admin@example.com --name test").strip()
        machine.succeed("ibutsu user list | grep admin@example.com")
        curl = f"curl --fail --silent -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' http://localhost:8080/api"
        project = machine.succeed(f"{curl}/project -d '{{\"name\": \"p\", \"title\": \"P\"}}' | jq -r .id").strip()
        run = machine.succeed(f"{curl}/run -d '{{\"project_id\": \"{project}\"}}' | jq -r .id").strip()

    with subtest("a browser gets the page, and probes are answered"):
        machine.succeed("curl --fail --silent --compressed -H 'Accept: text/html' http://localhost:8080/ | grep '/assets/.*js'")
        machine.succeed("curl --fail --silent http://localhost:8080/readyz", "ibutsu healthcheck")

    with subtest("a module of a third party runs as a user of its own"):
        machine.wait_for_unit("ibutsu-module-watch.service")
        machine.wait_until_succeeds("journalctl -u ibutsu-module-watch | grep 'the server answers 200'", timeout=30)
        machine.fail("test -e /run/credentials/ibutsu-module-watch.service")

    with subtest("a backup is made, and is whole"):
        machine.wait_for_unit("ibutsu-backup.timer")
        machine.succeed("systemctl start ibutsu-backup.service")
        machine.succeed("ibutsu backup --verify - < $(ls /var/lib/private/ibutsu-backup/*)")

    with subtest("kill -9 is over within seconds, and no connection is refused meanwhile"):
        for unit in units:
            old = pid(unit)
            machine.succeed(f"kill -9 {old}")
            machine.succeed("curl --fail --silent http://localhost:8080/api/health")
            machine.wait_until_succeeds(
                f"pid=$(systemctl show -P MainPID ibutsu-{unit}); [ $pid != 0 ] && [ $pid != {old} ]", timeout=5
            )

    with subtest("a hung worker is killed by the watchdog"):
        machine.succeed(f"kill -STOP {pid('worker')}")
        machine.wait_until_succeeds("journalctl -u ibutsu-worker | grep -i 'watchdog timeout'", timeout=90)
        machine.wait_for_unit("ibutsu-worker.service")

    with subtest("PostgreSQL may restart"):
        machine.succeed("systemctl restart postgresql.service")
        healthy()
        machine.wait_until_succeeds(f"{curl}/run/{run}", timeout=30)

    with subtest("stopping closes the port, starting brings everything back"):
        machine.succeed("systemctl stop ibutsu.target")
        machine.wait_until_fails("curl --silent http://localhost:8080/api/health", timeout=30)
        machine.succeed("systemctl start ibutsu.target")
        healthy()
        machine.succeed(f"{curl}/run/{run}")

    machine.fail("grep -r 'a password of this test' /etc/systemd/system/ /proc/*/environ")
    machine.log(machine.succeed("systemd-analyze security --no-pager 'ibutsu-*'"))
  '';
}
