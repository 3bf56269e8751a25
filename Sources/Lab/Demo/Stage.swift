// The stage of the demo: the network, two appliances with the daemon in them, the client.

import Linux
import Model

/// Builds everything that the story needs, in containers where the machine can run them.
final class Stage {
  static let hosts = ["a", "b"]
  /// How long nobody answers before a frozen owner counts as seen. We chose it: thirty questions.
  static let silence = Nanoseconds.milliseconds(300)

  let network: VirtualNetwork
  let client = WebClient()
  private(set) var appliances: [any Appliance] = []
  private var clientThread: ClientThread?
  private let paper: Timeline

  init(paper: Timeline) throws(LabError) {
    self.paper = paper
    network = try VirtualNetwork()
    let servers = network.instances.map(\.name).joined(separator: " and ")
    paper.step("network \(network.lab.tag): \(servers) are BIRD 2, AS \(VirtualNetwork.serverASN)")
  }

  /// Puts the VIP on `a` and starts both appliances from the package.
  func enter(package file: String, plain: Bool) throws(LabError) {
    _ = try network.lab.addAddress(VirtualNetwork.vip, on: Stage.hosts[0])
    paper.step("\(VirtualNetwork.vip) is on eth0 of a")
    let (containers, reason) = plain ? ([], "not wanted") : try boot()
    if let reason {
      paper.step("no containers: \(reason)")
      paper.step("the same in bare namespaces, the daemon confined by setpriv")
      try enterPlain(package: file)
    } else {
      try enterContainers(containers, package: file)
    }
    try network.wait(forSessionsOf: Stage.hosts, within: .seconds(30))
    paper.step("both appliances have their sessions with both route servers")
    for container in containers { try container.waitUntilSettled() }
    if !containers.isEmpty { paper.step("both daemons have settled: a move is a move from now on") }
    try Waiting.until("both appliances' routes at both route servers", within: .seconds(10)) {
      () throws(LabError) in
      for (instance, routes) in try network.routes() where routes.count < Stage.hosts.count {
        return "\(instance.name) has \(routes.count)"
      }
      return nil
    }
    try network.wait(forBest: Stage.hosts[0], within: .seconds(10))
    for appliance in appliances { try appliance.checkRunning() }
  }

  /// Starts the client and waits until `host` answers it.
  func startClient(answeredBy host: String) throws(LabError) {
    clientThread = try client.start(
      in: network.lab.namespace(of: "client"), asking: VirtualNetwork.vip)
    try Waiting.until("\(host) to answer the client", within: .seconds(10)) {
      () throws(LabError) in
      let last = try client.log.lastAnswer()
      return last?.from == host ? nil : "last answer from \(last?.from ?? "nobody")"
    }
    paper.step("the client fetches http://\(VirtualNetwork.vip)/ every 10 ms; \(host) answers")
    // So long both are seen at rest.
    try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + .seconds(1))
    paper.step("below, a letter each 20 ms is who answered, and a dot is nobody")
  }

  /// Waits until the client has had no answer for a while, though it asks all the time; answers
  /// when that was.
  func waitForSilence() throws(LabError) -> Instant {
    try Waiting.until("the client to be without answers", within: .seconds(5)) {
      () throws(LabError) in
      guard let last = try client.log.lastAnswer() else { return "it never had one" }
      let since = Clock.wall().nanoseconds - last.moment.nanoseconds
      return since >= Stage.silence.count ? nil : "\(last.from) answers"
    }
    return Clock.wall()
  }

  /// Ends everything.
  func leave() {
    clientThread?.end()
    clientThread = nil
    appliances.removeAll()
    network.lab.tearDown()
  }

  /// Boots both containers, or answers why this machine cannot. What goes wrong with the package
  /// after that is no reason to try something easier.
  private func boot() throws(LabError) -> (containers: [ContainerAppliance], reason: String?) {
    if let reason = ContainerAppliance.reasonNotToRun { return ([], reason) }
    var containers: [ContainerAppliance] = []
    do throws(LabError) {
      let tree = try RootTree.ready(network.lab.shell) { paper.step($0) }
      for host in Stage.hosts {
        containers.append(try ContainerAppliance(network.lab, host: host, tree: tree))
        paper.detail("container \(host) has booted")
      }
      return (containers, nil)
    } catch .interrupted {
      throw .interrupted
    } catch {
      for host in Stage.hosts { try network.lab.endProcesses(on: host) }
      return ([], error.description)
    }
  }

  private func enterContainers(_ containers: [ContainerAppliance], package file: String)
    throws(LabError)
  {
    for container in containers {
      appliances.append(container)
      try install(file, in: container)
    }
  }

  private func install(_ file: String, in container: ContainerAppliance) throws(LabError) {
    let host = container.host
    let address = try network.address(of: host)
    do throws(LabError) {
      try container.install(
        package: file,
        configuration: ApplianceFiles.configuration(
          local: address, servers: try servers(), settle: nil))
    } catch {
      paper.line(container.diagnosis())
      throw error
    }
    paper.step("appliance \(host), \(address): \(container.about), service active")
  }

  private func enterPlain(package file: String) throws(LabError) {
    let lab = network.lab
    let binary = try lab.daemon(from: file)
    for host in Stage.hosts {
      appliances.append(
        try PlainAppliance(
          lab, host: host, binary: binary, servers: try servers()))
      paper.step("appliance \(host), \(try network.address(of: host)): under setpriv, as nobody")
    }
  }

  private func servers() throws(LabError) -> [IPv4Address] {
    var addresses: [IPv4Address] = []
    for instance in network.instances {
      addresses.append(try network.address(of: instance.name))
    }
    return addresses
  }
}
