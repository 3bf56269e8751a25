// An appliance and the kernel's routes: which of what it says is of them, and in which order.

import Engine
import Model

extension Appliance {
  static func isExport(_ bytes: [UInt8]) -> Bool {
    bytes.count > 20 && bytes[18] == 2 && bytes != WireMessage.endOfRIB(.ipv4)
      && bytes != WireMessage.endOfRIB(.ipv6)
  }

  /// An UPDATE that is no volley.
  static func isExport(_ effect: NetworkEffect) -> Bool {
    if case .send(_, let bytes, nil) = effect { isExport(bytes) } else { false }
  }

  /// In one wake-up no volley may leave behind a route.
  func examineOrder(_ effects: [NetworkEffect]) {
    var hasExported = false
    var hasFired = false
    for effect in effects {
      if Appliance.isExport(effect) { hasExported = true }
      guard case .send(_, _, _?) = effect else { continue }
      hasFired = true
      if hasExported { complain(.shiftFirst, "a volley leaves behind routes") }
    }
    if hasFired, hasExported { reached.insert(.routesWithShift) }
  }

  /// The planted defect: what is replaced is taken back.
  func withdrawReplaced(_ told: Told) {
    guard case .route(let route, _, _?) = told, RouteRules.rule(of: route) != nil else { return }
    let bytes = WireMessage.writeWithdrawal(of: route.prefix)
    if bytes.isEmpty { return }
    for peer in sockets.indices { send(PeerSlot(peer), bytes, armed: nil) }
  }
}
