# Two backends (one with the scheduler), a worker, and a database that they share, a machine each. What one accepts the
# other shows, and the service outlives each of them.
{ self, pkgs, ... }:
let
  member =
    roles:
    {
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


    def call(machine, to, path, data=""):
        body = f"-d '{data}' -H 'Content-Type: application/json'" if data else ""
        return machine.succeed(f"curl --fail --silent -H 'Authorization: Bearer {token}' {body} http://{to}:8080/api{path}")


    project = one.succeed(f"curl --fail --silent -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' http://one:8080/api/project -d '{{\"name\": \"p\", \"title\": \"P\"}}' | jq -r .id").strip()
    one.succeed("echo '<testsuite name=\"s\" tests=\"1\"><testcase classname=\"c\" name=\"t\"/></testsuite>' > /tmp/report.xml")

    with subtest("what one backend accepts, the worker imports and the other shows"):
        one.succeed(f"curl --fail --silent -H 'Authorization: Bearer {token}' -F importFile=@/tmp/report.xml -F project={project} http://one:8080/api/import")
        two.wait_until_succeeds(f"curl --fail --silent -H 'Authorization: Bearer {token}' 'http://two:8080/api/result?filter=project_id%3D{project}' | jq -e '.results | length == 1'", timeout=60)

    with subtest("a backend may crash: the other serves"):
        one.crash()
        call(two, "two", "/project")

    with subtest("the worker is killed, hangs and restarts: imports go on"):
        worker.succeed("kill -9 $(systemctl show -P MainPID ibutsu-worker)")
        two.succeed("cp /dev/stdin /tmp/report.xml <<< '<testsuite name=\"s\" tests=\"1\"><testcase classname=\"c\" name=\"u\"/></testsuite>'")
        two.succeed(f"curl --fail --silent -H 'Authorization: Bearer {token}' -F importFile=@/tmp/report.xml -F project={project} http://two:8080/api/import")
        two.wait_until_succeeds(f"curl --fail --silent -H 'Authorization: Bearer {token}' 'http://two:8080/api/result?filter=project_id%3D{project}' | jq -e '.results | length == 2'", timeout=60)

    with subtest("the database restarts: all come back by themselves"):
        database.succeed("systemctl restart postgresql.service")
        two.wait_until_succeeds(f"curl --fail --silent -H 'Authorization: Bearer {token}' http://two:8080/api/project", timeout=60)
  '';
}
