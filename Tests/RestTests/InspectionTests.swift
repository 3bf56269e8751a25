// The inspection over real TLS: what is wrong at the simulated resource manager is found and mended.

import Azure
import HTTPS
import Lab
import Model
import Testing

@Suite(.serialized) struct InspectionTests {
  private static let own = IPAddress.v4(IPv4Address(10, 0, 2, 10))
  private static let table = Service.table

  /// Looks as the courier would, with the table of our own subnet.
  private func look(
    _ service: Service, _ transport: Transport, token: String?
  ) throws -> [Advice] {
    let text = """
      {"v":1,"id":"1","type":"desired","vip":"web","generation":"9.1","voice":"ours",
      "wanted":true,"mode":"floor","routes":["10.64.0.0/12"],"next-hop":"10.0.2.10"}
      """
    let record = try #require(Desired(Array(text.utf8)))
    let prefix = try #require(Prefix("10.64.1.5"))
    var inspector = Inspector(
      Settings(routeTables: [], address: Self.own), [record],
      [Carriage(vip: "web", prefixes: [prefix], ownHop: Self.own)],
      metadata: service.metadataEndpoint, management: service.management, machine: nil, now: .zero)
    while let (id, request, _) = inspector.turn() {
      if request.needsToken, token == nil {
        inspector.lost(id, .notSent(.noToken), token: "the machine has no such identity")
        continue
      }
      switch try transport.ask(request, token: request.needsToken ? token : nil) {
      case .success(let incoming): inspector.answered(id, Answer(incoming))
      case .failure(let failure): inspector.lost(id, Loss(failure), token: nil)
      }
    }
    let advice = inspector.result(at: .zero)
    return try #require(advice)
  }

  @Test func whatIsWrongIsFoundAndWhatMendsItMendsIt() throws {
    let service = try Service()
    let transport = try service.transport()
    let token = try service.token(transport)
    // As often as this asks, nobody does.
    try service.ask("set meters off")
    func found() throws -> [String] {
      try look(service, transport, token: token).map(\.what)
    }
    #expect(try found() == [])
    for action in ["Microsoft.Network/routeTables/routes/write"] {
      try service.ask("deny \(action)")
      #expect(
        try found() == ["the identity of this machine lacks the action \(action) on udr"])
      try service.ask("allow \(action)")
    }
    // What may not be read stands in the refusal itself.
    for (action, name) in [
      ("Microsoft.Compute/virtualMachines/read", "a"),
      ("Microsoft.Network/networkInterfaces/read", "a-nic"),
      ("Microsoft.Network/virtualNetworks/read", "vnet"),
      ("Microsoft.Network/routeTables/read", "udr"),
    ] {
      try service.ask("deny \(action)")
      let advice = try look(service, transport, token: token)
      let what = "the identity of this machine lacks the action \(action.lowercased()) on \(name)"
      #expect(advice.map { $0.what.lowercased() } == [what.lowercased()])
      #expect(advice.map(\.isProblem) == [true])
      try service.ask("allow \(action)")
    }
    try service.ask("forwarding a-nic off")
    #expect(try found() == ["IP forwarding is off on network interface a-nic"])
    try service.ask("forwarding a-nic on")
    try service.ask("meddle udr theirs 10.64.1.5/32 10.0.2.99")
    #expect(try found() == ["10.64.1.5/32 is hidden by route theirs of table udr"])
    let route = try Service.route("theirs")
    _ = try transport.ask(
      Calls.delete(route, ifMatch: nil, at: service.management), token: token
    ).get()
    _ = try Service.wait("the route to be gone") { try found().isEmpty ? true : nil }
    let table = try #require(ResourceID(Self.table))
    let body =
      #"{"location":"westus","properties":{"disableBgpRoutePropagation":true,"routes":[]}}"#
    let put = Request(
      .put, service.management, Calls.get(table, at: service.management).target,
      body: Array(body.utf8))
    // One write of a table at a time: the deletion may not have come to its end.
    _ = try Service.wait("the table to be written") {
      let status = try transport.ask(put, token: token).get().status
      return (200...201).contains(status) ? true : nil
    }
    #expect(try found() == ["table udr does not take the routes of route servers"])
  }

  @Test(arguments: [
    ("metadata down", "the metadata service does not answer as it should (nobody accepts"),
    ("metadata throttled", "not everything in Azure was looked at (the metadata service"),
    ("metadata gone", "the metadata service does not answer as it should (410"),
    ("rest down", "cannot be used (nobody accepts the connection)"),
    ("rest tls-stranger", "cannot be used (the certificate is not right)"),
    ("rest throttled value=5", "not everything in Azure was looked at"),
    ("rest truncated times=1", "a could not be looked at (its answer cannot be read)"),
    ("rest failing value=503 times=1", "a could not be looked at (503"),
  ])
  func whatCannotBeReachedIsSaid(_ mischief: String, _ words: String) throws {
    let service = try Service()
    let transport = try service.transport()
    let token = try service.token(transport)
    // A connection from before would go on through a door that is shut.
    let fresh = try service.transport()
    try service.ask("cause \(mischief)")
    let advice = try look(service, fresh, token: token)
    #expect(advice.contains { $0.what.contains(words) }, "\(advice)")
    let told = advice.map { "\($0)" }.joined()
    #expect(!told.contains(token.prefix(20)))
  }

  @Test func withoutATokenItSaysWhy() throws {
    let service = try Service()
    let transport = try service.transport()
    let advice = try look(service, transport, token: nil)
    #expect(
      advice.map(\.what)
        == ["there is no token for Azure (the machine has no such identity)"])
    #expect(advice.first?.fix.hasPrefix("az vm identity assign --ids '/subscriptions/") == true)
  }
}
