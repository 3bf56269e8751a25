// An engine whose sessions are established, and the kernel and the clock around it.

import BGP
import Engine
import Model
import Testing
import World

/// What happens to it is said by calls; each answers with what the engine did.
final class EngineStage {
  static let link: UInt32 = 2
  static let vip = IPv4Address(10, 1, 0, 5)

  private static let held = KernelAddress(interface: link, address: vip, prefixLength: 24)

  let driver: Driver
  private var kernel = FakeKernel(port: 7)
  private(set) var now = Instant.zero

  /// `isHeld`: the address is there before the daemon is.
  init(
    _ plan: Plan, recalled: (memory: [UInt8], isSameBoot: Bool)? = nil, isHeld: Bool = false
  ) {
    driver = Driver(plan, seed: 3)
    if let recalled {
      let input = Input.recalled(isSameBoot: recalled.isSameBoot)
      _ = driver.feed(input, recalled.memory, at: now)
    }
    kernel.set(KernelLink(index: EngineStage.link, name: "eth0"))
    if isHeld { kernel.add(EngineStage.held) }
    kernel.open()
    take(driver.feed(.opened(.interfaces, port: kernel.port), at: now))
    while kernel.hasDumpRunning {
      kernel.continueDump()
      readKernel()
    }
    for peer in plan.routeServers.peers.indices { _ = establish(PeerSlot(peer)) }
  }

  func establish(_ peer: PeerSlot) -> [Effect] {
    _ = driver.feed(.connected(peer), at: now)
    let open = WireMessage.writeOpen(
      asn: RouteServer.asn, holdTime: 180,
      identifier: IPv4Address(10, 10, 1, UInt8(4 + peer.index)), families: [.ipv4])
    return hear(peer, open + WireMessage.writeKeepalive())
  }

  func hear(_ peer: PeerSlot, _ bytes: [UInt8]) -> [Effect] {
    feed(.received(ConnectionSlot(peer, .outgoing)), bytes)
  }

  func feed(_ input: Input, _ bytes: [UInt8] = []) -> [Effect] {
    driver.feed(input, bytes, at: now)
  }

  func turn(to instant: Instant) -> [Effect] {
    var effects: [Effect] = []
    while let due = driver.deadline, due <= instant {
      now = max(now, due)
      // Nobody answers here, and nothing that was asked ever left.
      if !driver.engine.plan.targets.isEmpty {
        driver.hearProbes(at: now)
      }
      let new = driver.feed(.turn, at: now)
      take(new)
      effects += new
    }
    now = max(now, instant)
    return effects
  }

  /// Time passes, and the route servers say that they are there.
  func live(for length: Nanoseconds) -> [Effect] {
    let end = now + length
    var effects: [Effect] = []
    while now < end {
      for peer in driver.engine.plan.routeServers.peers.indices {
        guard driver.engine.speaker.sessions[peer].state == .established else { continue }
        effects += hear(PeerSlot(peer), WireMessage.writeKeepalive())
      }
      effects += turn(to: min(end, now + .seconds(5)))
    }
    return effects
  }

  /// The address arrives; what the engine says to it.
  func move() -> [Effect] {
    kernel.add(EngineStage.held)
    return readKernel()
  }

  /// The address goes.
  func leave() -> [Effect] {
    kernel.remove(EngineStage.held)
    return readKernel()
  }

  /// Something else happens in the kernel.
  func change(_ body: (inout FakeKernel) -> Void) -> [Effect] {
    body(&kernel)
    return readKernel()
  }

  /// Another Plan takes over, and what it has to know of the kernel is listed. The answer is all
  /// that was said, but for what is asked of the kernel.
  func reload(_ plan: Plan, hasSamePassword: Bool = true) throws -> [Effect] {
    let reload = driver.reload(plan, hasSamePassword: hasSamePassword, at: now)
    let (retired, begun, _) = try #require(reload)
    take(begun)
    var effects = retired + begun + turn(to: now)
    while kernel.hasDumpRunning {
      kernel.continueDump()
      effects += readKernel()
    }
    return effects
  }

  @discardableResult
  private func readKernel() -> [Effect] {
    var effects: [Effect] = []
    while case .datagram(let bytes, _) = kernel.read() {
      let new = driver.feed(.kernel(.interfaces), bytes, at: now)
      take(new)
      effects += new
    }
    let rest = driver.feed(.drained(.interfaces), at: now)
    take(rest)
    return effects + rest
  }

  private func take(_ effects: [Effect]) {
    for case .dump(let what, let sequence) in effects {
      kernel.request(what, sequence: sequence)
    }
  }
}
