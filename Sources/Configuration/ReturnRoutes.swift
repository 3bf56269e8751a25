// Routes that would lead packets of this machine back to it, as far as a configuration can tell.
package import Model

/// With `route-tables: auto` the table is that of the subnet that this machine is in.
package enum ReturnRoutes {
  /// One line for each VIP whose routes are networks: of those a machine has not every address, and
  /// what it sends there without a way of its own comes back. One address is here when it is ours.
  package static func text(of plan: Plan) -> String {
    guard let azure = plan.azure, azure.routeTables.isEmpty else { return "" }
    var text = ""
    for index in plan.vips.indices {
      let vip = plan.vips[index]
      guard let udr = vip.udr, plan.ownNextHops(of: VIPSlot(index)) != nil else { continue }
      let networks = udr.prefixes.filter { !$0.isHost }
      guard !networks.isEmpty else { continue }
      let names = networks.map(\.description).joined(separator: ", ")
      text +=
        "warning: VIP \(vip.name): with route-tables: auto, what this machine sends to \(names) by "
        + "its own subnet comes back to it; it needs a way of its own there, see hopshift doctor\n"
    }
    return text
  }
}
