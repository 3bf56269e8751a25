// Routes of a real kernel that change at random: what BIRD is told, and by how many words.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct RouteWalkTests {
  private static let seeds = Environment.has("HOPSHIFT_LONG") ? 12 : 2
  private static let steps = 60

  /// One route server's word on one prefix: the length of the path; nil: it was taken back.
  private struct Word: Equatable {
    let prefix: Prefix
    let length: Int?
  }

  /// After each change BIRD has what the kernel has, and what became of a prefix was said by one
  /// word: none of those that stayed as they were, and nothing taken back between two.
  @Test(arguments: 1...seeds)
  func `each change is one word`(seed: Int) throws {
    try play(seed: seed, changesAtOnce: 1) { before, after, words, change in
      for (prefix, count) in Self.counts(words) where count > 1 {
        Issue.record("\(change): \(count) words of \(prefix): \(words)")
      }
      let found = Set(words.map(\.prefix))
      let expected = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
      #expect(found == expected, "\(change)")
    }
  }

  /// Many at once: what comes between the first and the last is nobody's concern, but BIRD ends
  /// with what the kernel has.
  @Test(arguments: 101...(100 + seeds))
  func `many changes end in what the kernel has`(seed: Int) throws {
    try play(seed: seed, changesAtOnce: 12) { _, _, _, _ in }
  }

  /// A dump passes over a route that leads into an interface and stands between two next hops.
  @Test func `what a dump does not list stays announced`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let (tap, bird) = try start(duel)
    let prefix = try #require(Prefix("2001:db8:64:1::/64"))
    try ExportTests().change(
      duel,
      [
        "route add \(prefix) metric 50 proto 99 via fd00:20::1 dev n0 onlink",
        "route append \(prefix) metric 50 proto 12 dev n0",
        "route append \(prefix) metric 50 proto 99 via fd00:20::2 dev n0 onlink",
        "route add 2001:db8:64:2::/64 proto 12 dev n0",
      ])
    #expect(try RouteWalk.wanted(duel.lab)[prefix] == nil, "ip shows what the dump shows")
    try wait(bird, toHave: 2)
    // Of the routes of an object nothing is said, so all of them are listed.
    try ExportTests().change(
      duel, ["nexthop del id 1", "route del 2001:db8:64:2::/64 proto 12"])
    try wait(bird, toHave: 1)
    #expect(try held(bird)[prefix] == 1)
    try ExportTests().change(duel, ["route del \(prefix) metric 50 proto 99"])
    #expect(try RouteWalk.wanted(duel.lab)[prefix] == 1)
    try ExportTests().change(duel, ["route del \(prefix) metric 50 proto 12"])
    try wait(bird, toHave: 0)
    #expect(try words(tap).filter { $0.prefix == prefix }.map(\.length) == [1, nil])
  }

  private func wait(_ bird: Bird, toHave count: Int) throws(LabError) {
    try Waiting.until("BIRD to have \(count) routes", within: .seconds(15)) { () throws(LabError) in
      let held = try self.held(bird)
      return held.count == count ? nil : "\(held)"
    }
  }

  /// A daemon with the rules, a BIRD that takes both families, and a wire that is listened to.
  private func start(_ duel: Duel) throws(LabError) -> (tap: Wiretap, bird: Bird) {
    let kit = ExportTests()
    try kit.addCable(duel)
    try kit.change(duel, RouteWalk.objects)
    try duel.lab.run(RouteWalk.blackholeObject, on: "a")
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird(extra: "ipv6 { import all; export none; };")
    let text = kit.configuration(RouteWalk.rules).replacing(
      "  address: \(Duel.appliance)\n",
      with: "  address: \(Duel.appliance)\n  address6: 2001:db8:2::10\n")
    try duel.startDaemon(configuration: text)
    try duel.wait(forStatus: [Duel.established])
    return (tap, bird)
  }

  private static func counts(_ words: [Word]) -> [Prefix: Int] {
    words.reduce(into: [:]) { $0[$1.prefix, default: 0] += 1 }
  }

  private func play(
    seed: Int, changesAtOnce: Int,
    _ judge: ([Prefix: Int], [Prefix: Int], [Word], String) throws -> Void
  ) throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let (tap, bird) = try start(duel)
    var walk = RouteWalk(seed: seed)
    var before: [Prefix: Int] = [:]
    var doubtful: Set<Prefix> = []
    var withdrawals: [Prefix: Int] = [:]
    var known = try words(tap).count
    var refused = 0
    for step in 1...Self.steps {
      let changes = (0..<changesAtOnce).map { _ in walk.change() }
      let path = try duel.lab.write("walk.batch", changes.joined(separator: "\n") + "\n")
      let said = try duel.lab.shell.attempt(
        ["ip", "netns", "exec", duel.lab.namespace(of: "a"), "ip", "-force", "-batch", path])
      refused += said.output.split(separator: "\n").count { $0.hasPrefix("Command failed") }
      let hidden = try RouteWalk.hidden(duel.lab)
      let after = try RouteWalk.wanted(duel.lab).filter { !hidden.contains($0.key) }
      before = before.filter { !hidden.contains($0.key) }
      let told = "seed \(seed), step \(step): \(changes)"
      try Waiting.until(told, within: .seconds(15)) { () throws(LabError) in
        try duel.daemon?.checkRunning()
        let held = try self.held(bird).filter { !hidden.contains($0.key) }
        return held == after ? nil : "BIRD has \(held), the kernel \(after)"
      }
      let new = try words(tap).dropFirst(known)
      known += new.count
      // What was or is hidden has no truth to compare with.
      doubtful.formUnion(hidden)
      try judge(before, after, new.filter { !doubtful.contains($0.prefix) }, told)
      doubtful = hidden
      for word in new where word.length == nil {
        withdrawals[word.prefix, default: 0] += 1
        if withdrawals[word.prefix] == 2 { walk.retire(word.prefix) }
      }
      before = after
    }
    // The kernel refuses some: what is not there, or is there already. A walk is what it takes.
    #expect(refused < Self.steps * changesAtOnce * 3 / 4, "\(refused) were refused")
    #expect(known > Self.steps / 10, "\(known) words")
    #expect(try duel.line(of: Duel.judge).contains(Duel.established))
  }

  /// What BIRD has from us, but for the VIP.
  private func held(_ bird: Bird) throws(LabError) -> [Prefix: Int] {
    var held: [Prefix: Int] = [:]
    for route in BirdRoute.all(in: try bird.ask(["show", "route", "protocol", "a", "all"]))
    where route.prefix != VirtualNetwork.vipPrefix {
      held[route.prefix] = route.path.count
    }
    return held
  }

  private func words(_ tap: Wiretap) throws(LabError) -> [Word] {
    try ExportTests().updates(tap).flatMap { update in
      (update.withdrawn + update.withdrawn6).map { Word(prefix: $0, length: nil) }
        + update.announced.map { Word(prefix: $0, length: update.pathLength) }
    }
  }
}
