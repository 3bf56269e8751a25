// A scene: a virtual network with everything that plays in it, until it is torn down.

import Linux
package import Model

/// hopshiftd on every speaker, an answerer on every carrier, a client for each VIP; at first
/// traffic flows to the first carrier.
package final class Scene {
  package let layout: Layout
  package let network: VirtualNetwork
  package var lab: Lab { network.lab }
  package private(set) var speakers: [PlainAppliance] = []
  /// What the client of each VIP asked, in the order of the layout.
  package private(set) var clients: [QuestionLog] = []
  private var threads: [ClientThread] = []
  private var answerers: [String: RunningProgram] = [:]
  private var couriers: [CourierProcess] = []
  /// The carriers that hold the VIPs' addresses, where these move.
  private var holders: [String] = []
  /// What was done to the scene and not undone, oldest first.
  var faults: [Harm] = []
  /// The file in a scene's directory that holds its layout's name.
  package static let layoutFile = "layout"
  /// An answer older than this is no sign of life. We chose it: thirty questions.
  package static let silence = Nanoseconds.milliseconds(300)

  /// Builds the scene. `daemon` is the hopshiftd to run, or a package that holds it; without it
  /// nobody speaks, and the caller has to.
  /// Without a `cast` the route servers are BIRDs.
  package init(
    _ layout: Layout, daemon: String?, cast: VirtualNetwork.Cast? = nil,
    program: String = AzureProcess.ownProgram
  ) throws(LabError) {
    self.layout = layout
    network = try VirtualNetwork(layout, cast: cast, program: program)
    do throws(LabError) {
      _ = try lab.write(Scene.layoutFile, layout.name + "\n")
      for host in lab.topology.hosts { try prepare(host) }
      for carrier in layout.carriers where layout.behind[carrier] != nil {
        try setRoute(.add, behind: carrier)
      }
      for host in layout.answerers { try startAnswerer(host) }
      if layout.placement == .moves { _ = try move(to: layout.carriers[0]) }
      if let daemon { try startSpeakers(try lab.daemon(from: daemon)) }
    } catch {
      network.lab.tearDown()
      throw error
    }
  }

  /// Waits until every session is up and traffic goes to the first carrier, then starts the
  /// clients.
  package func open() throws(LabError) {
    try wait("the sessions", within: .seconds(40)) { () throws(LabError) in
      for speaker in speakers { try speaker.checkRunning() }
      for courier in couriers { try courier.checkRunning() }
      return try missingSession(of: layout.speakers)
    }
    try openToClients()
  }

  /// The same when somebody else than hopshiftd speaks.
  package func openToClients() throws(LabError) {
    let first = layout.carriers[0]
    try wait("the routes to \(first)", within: .seconds(40)) { () throws(LabError) in
      if let missing = try missingRoute(to: first) { return missing }
      return layout.hasStandingRows ? try missingRow(to: first) : nil
    }
    for vip in layout.vips {
      let client = WebClient()
      threads.append(
        try client.start(in: lab.namespace(of: vip.client), asking: vip.address))
      clients.append(client.log)
    }
    let answerer = layout.answerer(of: first)
    try wait("\(answerer) to answer", within: .seconds(20)) { () throws(LabError) in
      try missingAnswer(from: answerer)
    }
  }

  /// Ends everything and removes it.
  package func tearDown() {
    for thread in threads { thread.end() }
    threads.removeAll()
    network.lab.tearDown()
  }

  // MARK: The address that moves

  /// Does what keepalived would: takes the addresses off every carrier that can be reached, and
  /// puts them on `host`. Answers when the kernel was asked to add the first.
  @discardableResult
  package func move(to host: String) throws(LabError) -> Moment {
    guard layout.placement == .moves else {
      throw .unsuitable("in the layout \(layout.name) the address is everywhere: nothing to move")
    }
    guard layout.carriers.contains(host) else { throw .unsuitable("\(host) carries no VIP") }
    for holder in holders where holder != host && !isSilent(holder) {
      for vip in layout.vips { _ = try lab.removeAddress(vip.address, on: holder) }
      holders.removeAll { $0 == holder }
    }
    var began = Moment(nanoseconds: Clock.wall().nanoseconds)
    guard !holders.contains(host) else { return began }
    for (index, vip) in layout.vips.enumerated() {
      let added = try lab.addAddress(vip.address, on: host)
      if index == 0 { began = Moment(nanoseconds: added.before.nanoseconds) }
    }
    holders.append(host)
    return began
  }

  // MARK: Hosts

  package func instance(named host: String) -> (any RouteServerInstance)? {
    network.servers.first { $0.name == host }
  }

  /// The addresses of all hosts that speak for the VIPs.
  func speakerAddresses() throws(LabError) -> [IPv4Address] {
    var addresses: [IPv4Address] = []
    for speaker in layout.speakers { addresses.append(try network.address(of: speaker)) }
    return addresses
  }

  /// The program that a host is there for.
  func mainProcess(of host: String) -> Int32? {
    if let speaker = speakers.first(where: { $0.host == host }) { return speaker.daemonProcess }
    if let instance = instance(named: host) { return instance.processID }
    return answerers[host]?.pid
  }

  /// Starts what has ended on a host.
  func revive(_ host: String) throws(LabError) {
    if let speaker = speakers.first(where: { $0.host == host }) { try speaker.startAgain() }
    if let courier = couriers.first(where: { $0.host == host }) { try courier.startAgain() }
    try instance(named: host)?.startAgain()
    if let answerer = answerers[host], !ProcessTable.isAlive(answerer.pid) {
      try startAnswerer(host)
    }
  }

  private func startAnswerer(_ host: String) throws(LabError) {
    answerers[host] = try Answerer.start(lab, on: host, answering: layout.vips[0].address)
  }

  private func prepare(_ host: Topology.Host) throws(LabError) {
    if layout.speakers.contains(host.name) {
      // Every group may open ping sockets, as systemd has it for a whole machine.
      try lab.run(
        ["sh", "-c", "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range"], on: host.name)
    }
    if !host.others.isEmpty {
      // What comes in on one side may leave on the other.
      try lab.run(
        ["sh", "-c", "for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$file; done"],
        on: host.name)
    }
    if layout.placement == .everywhere, layout.answerers.contains(host.name) {
      for vip in layout.vips {
        try lab.run(["ip", "address", "add", "\(vip.address)/32", "dev", "lo"], on: host.name)
      }
    }
    if layout.behind[host.name] != nil {
      try lab.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"], on: host.name)
    }
    if let carrier = layout.behind.first(where: { $0.value == host.name })?.key {
      let gateway = try tunnel(of: carrier).address
      try lab.run(["ip", "route", "replace", "default", "via", "\(gateway)"], on: host.name)
    }
  }

  /// The interface of a carrier behind which somebody else answers: its last.
  func tunnel(of carrier: String) throws(LabError) -> Topology.Interface {
    let interfaces = try lab.cables(of: carrier)
    return interfaces[interfaces.count - 1]
  }

  enum RouteVerb: String { case add, delete }

  /// Puts the routes to whoever answers behind a carrier into its kernel, as a routing daemon
  /// would, or takes them out.
  func setRoute(_ verb: RouteVerb, behind carrier: String) throws(LabError) {
    guard let host = layout.behind[carrier] else {
      throw .unsuitable("nobody answers behind \(carrier)")
    }
    let gateway = try network.address(of: host)
    for vip in layout.vips {
      try lab.run(
        [
          "ip", "route", verb.rawValue, "\(vip.prefix)", "via", "\(gateway)", "dev",
          try tunnel(of: carrier).name, "proto", "static",
        ], on: carrier)
    }
  }

  private func startSpeakers(_ daemon: String) throws(LabError) {
    let key = layout.speakers.count > 1 && layout.isGroup ? try writeKey() : nil
    var servers: [IPv4Address] = []
    for instance in layout.instances { servers.append(try network.address(of: instance)) }
    let addresses = try speakerAddresses()
    for (index, host) in layout.speakers.enumerated() {
      let others = addresses.enumerated().filter { $0.offset != index }.map(\.element)
      speakers.append(
        try PlainAppliance(
          lab, host: host, binary: daemon, servers: servers,
          withRawSockets: layout.asksByARP, answering: nil,
          configuration: layout.configuration(
            local: addresses[index], servers: servers, others: others, key: key,
            rank: index + 1)))
    }
    guard let rest = network.rest else { return }
    for speaker in speakers {
      couriers.append(
        try CourierProcess(
          lab, host: speaker.host, binary: "\(Files.directory(of: daemon))/hopshift-courier",
          control: speaker.control, authority: rest.authority))
    }
  }

  /// The key of the group, drawn anew for each scene: 32 bytes.
  private func writeKey() throws(LabError) -> String {
    var digits = ""
    do throws(Errno) {
      for _ in 0..<4 {
        let part = String(try Entropy.seed(), radix: 16)
        digits += String(repeating: "0", count: 16 - part.count) + part
      }
    } catch {
      throw .system(error, doing: "drawing a key")
    }
    let file = try lab.write("group.key", digits + "\n", mode: 0o640)
    // As a package would have it: root's, and the daemon's group may read it.
    try lab.shell.run(["chown", "0:\(PlainAppliance.user)", file])
    return file
  }
}
