// The watcher of Elleman's article: ExaBGP, a named pipe, and a shell loop with curl.

import Linux
import Model

/// What the article runs where hopshiftd could run: the same addresses, timeouts and pauses.
struct ArticleWatcher {
  private static let programs = ["exabgp", "curl", "bash"]

  /// Why this machine cannot run it, or nil.
  static var reasonNotToRun: String? {
    programs.first { !Programs.has($0) }.map { "\($0) is not installed" }
  }

  private let exabgp: RunningProgram
  private let loop: RunningProgram

  /// Starts both on the watcher of a scene without hopshiftd.
  init(_ scene: Scene) throws(LabError) {
    let lab = scene.lab
    let host = scene.layout.speakers[0]
    let pipe = "\(lab.directory)/exabgp.cmd"
    try lab.shell.run(["mkfifo", "--mode=600", pipe])
    let local = try scene.network.address(of: host)
    var hops: [IPv4Address] = []
    for carrier in scene.layout.carriers { hops.append(try scene.network.address(of: carrier)) }
    var servers: [IPv4Address] = []
    for instance in scene.layout.instances {
      servers.append(try scene.network.address(of: instance))
    }
    let configuration = try lab.write(
      "exabgp.conf",
      ArticleWatcher.configuration(
        pipe: pipe, local: local, servers: servers, vip: scene.layout.vips[0].prefix, hop: hops[0]))
    let settings = [
      // It shall stay root, since the pipe is root's, and write to its log only.
      "env", "exabgp.daemon.drop=false", "exabgp.api.cli=false", "exabgp.log.destination=stderr",
      "exabgp.log.level=WARNING",
    ]
    exabgp = try lab.start(
      "\(host).exabgp", settings + ["exabgp", configuration], on: host)
    let script = try lab.write("monitor.sh", ArticleWatcher.script)
    loop = try lab.start(
      "\(host).monitor",
      [
        "bash", script, "\(hops[0])", "\(hops[1])",
        "\(scene.layout.vips[0].prefix)", pipe,
      ], on: host)
  }

  func checkRunning() throws(LabError) {
    try exabgp.checkRunning()
    try loop.checkRunning()
  }

  private static func configuration(
    pipe: String, local: IPv4Address, servers: [IPv4Address], vip: Prefix, hop: IPv4Address
  ) -> String {
    var text = """
      process announcer {
        run /bin/sh -c "while :; do cat \(pipe); done";
        encoder json;
      }

      """
    for server in servers {
      text += """
        neighbor \(server) {
          router-id \(local);
          local-address \(local);
          local-as \(VirtualNetwork.applianceASN);
          peer-as \(VirtualNetwork.serverASN);
          capability { graceful-restart 10; }
          api { processes [ announcer ]; }
          static { route \(vip) next-hop \(hop); }
        }

        """
    }
    return text
  }

  /// Both are asked in turn, a tenth of a second each at most; one failure of the first is a death
  /// when the second is well.
  private static let script = """
    first=$1 second=$2 vip=$3 pipe=$4
    live=$first
    is_well() { curl --max-time 0.1 --silent --output /dev/null "http://$1/"; }
    announce() { echo "announce route $vip next-hop $1" >"$pipe"; live=$1; }
    while true; do
      is_well "$second"; second_status=$?
      is_well "$first"; first_status=$?
      if [ "$live" = "$first" ] && [ $first_status -ne 0 ] && [ $second_status -eq 0 ]; then
        announce "$second"
      elif [ "$live" = "$second" ] && [ $first_status -eq 0 ]; then
        announce "$first"
      else
        sleep 0.1
      fi
    done

    """
}
