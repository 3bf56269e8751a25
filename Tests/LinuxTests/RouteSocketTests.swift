// Routes set and removed over netlink are what ip-route(8) shows; frames and files pass whole.

import Glibc
import Linux
import Model
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct RouteSocketTests {
  private static let table: UInt32 = 1_234

  /// What `ip` shows of the table, in a namespace with two links.
  private func show(_ namespace: String, _ family: String) throws -> String {
    let scratch = try Scratch()
    let output = "\(scratch.path)/routes"
    let words = ["ip", family, "route", "show", "table", "\(RouteSocketTests.table)"]
    let program = try Subprocess(arguments: words, in: namespace, output: output)
    let exit = try program.wait(until: Clock.monotonic() + .seconds(10))
    #expect(exit == .exited(0))
    return String(decoding: try Files.read(path: output, limit: 65_536), as: UTF8.self)
  }

  /// Runs `body` in a namespace with the links one and two, both up.
  private func inNamespace(_ body: (borrowing NetworkNamespace) throws -> Void) throws {
    let namespace = try NetworkNamespace.create(uniqueName("routes"))
    for link in ["one", "two"] {
      try run("ip", "link", "add", link, "type", "bridge", in: namespace.name)
      try run("ip", "link", "set", link, "up", in: namespace.name)
    }
    // The kernel takes any gateway for a broadcast address while it has no address of its own.
    try run("ip", "address", "add", "192.0.2.1/24", "dev", "one", in: namespace.name)
    try body(namespace)
  }

  @Test(
    .enabled(if: isRoot, rootReason),
    arguments: [
      ("-4", "10.1.0.5/32", "10.0.2.10", "10.0.2.20"),
      ("-6", "fd00:1::5/128", "fd00:2::10", "fd00:2::20"),
    ])
  func routesOfEachKindReplaceEachOther(
    family: String, destination: String, first: String, second: String
  ) throws {
    let prefix = try #require(Prefix(destination))
    let hops = try [first, second].map { try #require(IPAddress($0)) }
    try inNamespace { namespace in
      var socket = try namespace.run { () throws(Errno) in try RouteSocket() }
      let links = try namespace.run { () throws(Errno) in
        [try RouteSocket.interface("one"), try RouteSocket.interface("two")]
      }
      let both = zip(hops, links).map { RouteSocket.Hop(address: $0, interface: $1) }
      let table = RouteSocketTests.table
      let bracket = try socket.set(prefix, to: .via([both[0]]), table: table)
      #expect(bracket.before <= bracket.after)
      var seen = try show(namespace.name, family)
      #expect(seen.contains("via \(first) dev one") && !seen.contains("nexthop"), "\(seen)")
      _ = try socket.set(prefix, to: .via(both), table: table)
      seen = try show(namespace.name, family)
      #expect(seen.contains("via \(first) dev one"), "\(seen)")
      #expect(seen.contains("via \(second) dev two"), "\(seen)")
      _ = try socket.set(prefix, to: .via([both[1]]), table: table)
      seen = try show(namespace.name, family)
      #expect(seen.contains("via \(second) dev two") && !seen.contains(first), "\(seen)")
      _ = try socket.set(prefix, to: .link(interface: links[0]), table: table)
      seen = try show(namespace.name, family)
      #expect(seen.contains("dev one") && !seen.contains("via"), "\(seen)")
      _ = try socket.set(prefix, to: .blackhole, table: table)
      #expect(try show(namespace.name, family).contains("blackhole"))
      _ = try socket.remove(prefix, table: table)
      #expect(try show(namespace.name, family).isEmpty)
      do throws(Errno) {
        _ = try socket.remove(prefix, table: table)
        Issue.record("a route that is not there was removed")
      } catch {
        #expect(error == .noSuchProcess)
      }
    }
  }

  @Test(.enabled(if: isRoot, rootReason)) func aLinkThatIsNotThereIsSaid() throws {
    try inNamespace { namespace in
      #expect(throws: Errno(code: ENODEV)) {
        _ = try namespace.run { () throws(Errno) in try RouteSocket.interface("three") }
      }
    }
  }

  @Test func aFileIsReadAsItGrows() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/log"
    #expect(throws: Errno.noSuchFile) { _ = try FileTail(path: path) }
    let file = try OutputFile(path: path)
    let tail = try FileTail(path: path)
    #expect(try tail.next(limit: 10).isEmpty)
    try file.write([1, 2, 3, 4, 5].span)
    #expect(try tail.next(limit: 3) == [1, 2, 3])
    #expect(try tail.next(limit: 3) == [4, 5])
    #expect(try tail.next(limit: 3).isEmpty)
    try file.write([6].span)
    #expect(try tail.next(limit: 3) == [6])
  }
}
