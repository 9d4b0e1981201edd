# Two backends (one with the scheduler), a worker, and a database that they share, a machine each. What one accepts the
# other shows, and the service outlives each of them.
{ self, pkgs, ... }:
let
  member = roles: {
    imports = [ self.nixosModules.ibutsu ];
    services.ibutsu = {
      enable = true;
      openFirewall = roles.backend.enable or true;
      database.createLocally = false;
      credentials.database_url = "/etc/ibutsu-database-url";
    }
    // roles;
    environment.etc."ibutsu-database-url" = {
      text = "postgres://ibutsu:only-in-this-test@database/ibutsu";
      mode = "0600";
    };
    environment.systemPackages = [ pkgs.jq ];
  };
in
pkgs.testers.runNixOSTest {
  name = "ibutsu-several-machines";
  nodes = {
    database = {
      networking.firewall.allowedTCPPorts = [ 5432 ];
      services.postgresql = {
        enable = true;
        enableTCPIP = true;
        authentication = "host ibutsu ibutsu all scram-sha-256";
        initialScript = pkgs.writeText "ibutsu.sql" ''
          CREATE ROLE ibutsu LOGIN PASSWORD 'only-in-this-test';
          CREATE DATABASE ibutsu OWNER ibutsu;
        '';
      };
    };
    one = member { worker.enable = false; };
    two = member {
      worker.enable = false;
      scheduler.enable = false;
    };
    worker = member {
      backend.enable = false;
      scheduler.enable = false;
    };
  };
  testScript = ''
    # The others wait for the database, however late it comes.
    one.start()
    two.start()
    worker.start()
    one.wait_for_unit("sockets.target")
    database.start()
    database.wait_for_open_port(5432)
    for machine in [one, two]:
        machine.wait_for_unit("ibutsu-backend.service")
    worker.wait_for_unit("ibutsu-worker.service")

    one.succeed("echo only-in-this-test | ibutsu user create --email a@example.com --password-stdin --superadmin")
    token = one.succeed("ibutsu token create --email a@example.com --name test").strip()


    def call(machine, path, arguments=""):
        return f"curl --fail --silent -H 'Authorization: Bearer {token}' {arguments} 'http://{machine.name}:8080/api{path}'"


    def upload(machine, test):
        machine.succeed(f"echo '<testsuite name=\"s\"><testcase classname=\"c\" name=\"{test}\"/></testsuite>' > /tmp/report.xml")
        machine.succeed(call(machine, "/import", f"-F importFile=@/tmp/report.xml -F project={project}"))


    def shows(machine, count):
        results = call(machine, f"/result?filter=project_id%3D{project}")
        machine.wait_until_succeeds(f"{results} | jq -e '.results | length == {count}'", timeout=60)


    body = '{"name": "p", "title": "P"}'
    created = call(one, "/project", f"-H 'Content-Type: application/json' -d '{body}'")
    project = one.succeed(f"{created} | jq -r .id").strip()

    with subtest("what one backend accepts, the worker imports and the other shows"):
        upload(one, "first")
        shows(two, 1)

    with subtest("a backend may crash: the other serves"):
        one.crash()
        two.succeed(call(two, "/project"))

    with subtest("the worker is killed and hangs: imports go on"):
        worker.succeed("kill -9 $(systemctl show -P MainPID ibutsu-worker)")
        upload(two, "second")
        shows(two, 2)
        worker.wait_for_unit("ibutsu-worker.service")
        worker.succeed("kill -STOP $(systemctl show -P MainPID ibutsu-worker)")
        upload(two, "third")
        shows(two, 3)

    with subtest("the database restarts: all come back by themselves"):
        database.succeed("systemctl restart postgresql.service")
        two.wait_until_succeeds(call(two, "/project"), timeout=60)
  '';
}
