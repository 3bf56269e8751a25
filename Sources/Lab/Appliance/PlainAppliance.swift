// An appliance without a container: the daemon in a bare namespace, confined by setpriv.

package import Control
import Linux
package import Model

/// hopshiftd with a user of its own, no capability and no way to get one.
package final class PlainAppliance: Appliance {
  package let host: String
  /// The control socket of the daemon.
  package let control: String
  /// The file that keepalived tracks for the VIP.
  package var trackFile: String { "\(Files.directory(of: control))/track/web" }
  private let lab: Lab
  /// What runs the daemon, so that it can be run again.
  private let words: [String]
  private var daemon: RunningProgram
  private let answerer: RunningProgram?
  /// `nobody`: a user that owns nothing.
  static let user = "65534"

  /// The words that take every right away, or every one but that to open packet and raw sockets.
  static func confinement(withRawSockets: Bool) -> [String] {
    let words = [
      "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--no-new-privs",
    ]
    let sets = withRawSockets ? "-all,+net_raw" : "-all"
    return words + (withRawSockets ? ["--ambient-caps=\(sets)"] : [])
      + ["--inh-caps=\(sets)", "--bounding-set=\(sets)", "--"]
  }

  /// Opens port 179 as a socket unit would and becomes the words behind it, process number and all.
  private static let socketUnit = [
    "python3", "-c",
    """
    import os, socket, sys
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("0.0.0.0", 179))
    door.listen(32)
    os.dup2(door.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execvp(sys.argv[1], sys.argv[1:])
    """,
  ]

  /// Starts the daemon `binary` on a host, and the answerer unless it has no address to answer on.
  /// `listening` gives the daemon port 179, `withRawSockets` CAP_NET_RAW; `text` is its
  /// configuration when it is not to be the usual one.
  package init(
    _ lab: Lab, host: String, binary: String, servers: [IPv4Address], listening: Bool = false,
    withRawSockets: Bool = false, answering: IPv4Address? = VirtualNetwork.vip,
    configuration text: String? = nil
  ) throws(LabError) {
    guard let address = lab.topology.host(named: host)?.address else {
      throw .topology(.badName(host))
    }
    self.host = host
    self.lab = lab
    let configuration = try lab.write(
      "\(host).yaml",
      text ?? ApplianceFiles.configuration(local: address, servers: servers, settle: "0s"))
    let runtime = "\(lab.directory)/\(host).run"
    try lab.shell.run(
      [
        "install", "-d", "-m", "0750", "-o", PlainAppliance.user, "-g", PlainAppliance.user,
        runtime,
      ])
    control = "\(runtime)/control"
    if let answering {
      answerer = try Answerer.start(lab, on: host, answering: answering)
    } else {
      answerer = nil
    }
    words =
      (listening ? PlainAppliance.socketUnit : [])
      + PlainAppliance.confinement(withRawSockets: withRawSockets)
      + [binary, "--config", configuration, "--control", control, "--state", "\(runtime)/state"]
    daemon = try lab.start("\(host).hopshiftd", words, on: host)
  }

  /// The process of the daemon.
  package var daemonProcess: Int32 { daemon.pid }

  /// What the daemon answers on its control socket.
  package func ask(_ words: [String]) throws(LabError) -> [Record] {
    // Its requests begin with a version, and then are those of the platform.
    try ControlCall.ask(
      control, ["lab"] + words, id: "\(ControlLimits.version)", within: .seconds(10),
      of: "the daemon of \(host)")
  }

  /// Starts the daemon once more, after it has ended.
  package func startAgain() throws(LabError) {
    guard !ProcessTable.isAlive(daemon.pid) else { return }
    daemon = try lab.start("\(host).hopshiftd", words, on: host)
  }

  package func rights() throws(LabError) -> ProcessRights {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: "/proc/\(daemon.pid)/status", limit: Shell.outputLimit)
    } catch {
      throw .system(error, doing: "reading the daemon's status in \(host)")
    }
    return try ProcessRights(status: String(decoding: bytes, as: UTF8.self), of: host)
  }

  package func processes() -> [Int32] { [daemon.pid] + (answerer.map { [$0.pid] } ?? []) }

  package func stop() throws(LabError) {
    do throws(Errno) {
      try Processes.signal(daemon.pid, .terminate)
    } catch {
      throw .system(error, doing: "ending the daemon of \(host)")
    }
    try Waiting.until("the daemon of \(host) to end", within: .seconds(10)) {
      () throws(LabError) in ProcessTable.isAlive(daemon.pid) ? "it runs" : nil
    }
  }

  package func checkRunning() throws(LabError) {
    try daemon.checkRunning()
    try answerer?.checkRunning()
  }

  package func diagnosis() -> String { daemon.tail(25) }
}
