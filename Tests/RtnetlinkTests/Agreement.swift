// Routes and neighbours held against what pyroute2 read in the same bytes.

import Model
import Rtnetlink
import Testing

enum Agreement {
  static func route(_ step: Step, _ theirs: Recorded.Decoded) {
    let route: Route
    switch (step, theirs.event) {
    case (.fact(.route(let new, _)), "RTM_NEWROUTE"): route = new
    case (.fact(.routeGone(let old)), "RTM_DELROUTE"): route = old
    case (.skipped, _) where theirs.family != 2 && theirs.family != 10: return
    default:
      Issue.record("\(step) is no \(theirs.event)")
      return
    }
    let numbers = theirs.numbers
    let zero = theirs.family == 2 ? "0.0.0.0" : "::"
    let destination = "\(theirs.texts["RTA_DST"] ?? zero)/\(numbers["dst_len"] ?? -1)"
    #expect(route.destination.description == destination)
    #expect(Int(route.table) == numbers["RTA_TABLE"] ?? numbers["table"])
    #expect(Int(route.origin.value) == numbers["proto"])
    #expect(Int(route.kind.value) == numbers["type"])
    #expect(Int(route.typeOfService) == numbers["tos"])
    #expect(Int(route.sourceLength) == numbers["src_len"])
    #expect(Int(route.metric) == numbers["RTA_PRIORITY"] ?? 0)
    // The recording kept neither RTA_NH_ID nor RTA_VIA; DecoderTests have them.
    if theirs.multipath.isEmpty {
      let hop = route.nextHops.count > 0 ? route.nextHops[0] : nil
      if let gateway = theirs.texts["RTA_GATEWAY"] {
        #expect(hop?.gateway?.description == gateway)
      }
      #expect(hop?.interface.map { Int($0.value) } == numbers["RTA_OIF"])
      return
    }
    #expect(route.nextHops.count + route.nextHops.leftOut == theirs.multipath.count)
    for (index, hop) in theirs.multipath.prefix(NextHops.limit).enumerated() {
      #expect(route.nextHops[index].gateway?.description == hop.gateway)
      #expect(route.nextHops[index].interface.map { Int($0.value) } == hop.interface)
      #expect(Int(route.nextHops[index].weight) == hop.hops + 1)
    }
  }

  static func neighbour(_ step: Step, _ theirs: Recorded.Decoded) {
    let neighbour: Neighbour
    switch (step, theirs.event) {
    case (.fact(.neighbour(let new)), "RTM_NEWNEIGH"): neighbour = new
    case (.fact(.neighbourGone(let old)), "RTM_DELNEIGH"): neighbour = old
    default:
      Issue.record("\(step) is no \(theirs.event)")
      return
    }
    #expect(neighbour.address.description == theirs.texts["NDA_DST"])
    #expect(Int(neighbour.interface.value) == theirs.numbers["ifindex"])
    #expect(Int(neighbour.state.bits) == theirs.numbers["state"])
    #expect(neighbour.hardwareAddress?.description == theirs.texts["NDA_LLADDR"])
    #expect(neighbour.isProxy == (theirs.numbers["flags", default: 0] & 8 != 0))
  }
}
