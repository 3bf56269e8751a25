// What the kernel said, as one sentence for people.

import Control

/// The part of a line of `monitor` behind its kind.
enum KernelSentence {
  static func of(_ record: Record) -> (String, Tone) {
    switch record.type {
    case "link": link(record)
    case "address": address(record)
    case "route": route(record)
    case "nexthop": nextHopObject(record)
    case "neighbour": neighbour(record)
    default: view(record)
    }
  }

  private static func link(_ record: Record) -> (String, Tone) {
    let name = "\(record.text("name")) (\(record.text("index")))"
    if record.string("event") == "gone" { return ("\(name) gone", .bad) }
    let up = record.boolean("up") == true ? "up" : "down"
    let carrier = record.boolean("carrier") == true ? "carrier" : "no carrier"
    let runs = record.boolean("up") == true && record.boolean("carrier") == true
    var text = "\(name) \(record.text("event")): \(up), \(carrier), "
    text += "operstate \(record.text("operstate"))"
    if let mtu = record.integer("mtu") { text += ", mtu \(mtu)" }
    if let was = record.string("was") { text += ", was \(Printable.clean(was))" }
    if let master = record.integer("master") {
      text += record.boolean("vf") == true ? ", VF of \(master)" : ", master \(master)"
    }
    return (text, runs ? .good : .bad)
  }

  private static func address(_ record: Record) -> (String, Tone) {
    var text = "\(record.text("address")) \(record.text("event")) \(place(record))"
    for flag in ["tentative", "deprecated", "secondary"] where record.boolean(flag) == true {
      text += ", \(flag)"
    }
    if let seconds = record.integer("valid-s") { text += ", for \(seconds) s" }
    return (text, tone(record))
  }

  private static func route(_ record: Record) -> (String, Tone) {
    var text = "\(record.text("destination")) \(record.text("event")) in table "
    text += record.text("table")
    if let kind = record.string("kind"), kind != "unicast" {
      text += ", \(Printable.clean(kind))"
    }
    text += nextHops(record)
    text += ", proto \(record.text("protocol")), metric \(record.text("metric"))"
    return (text, tone(record))
  }

  /// `, via 10.0.0.1 on eth0`, several with their weights.
  private static func nextHops(_ record: Record) -> String {
    if let id = record.integer("nexthop-id"), id != 0 { return ", next hop object \(id)" }
    guard case .array(let gateways)? = record["gateways"],
      case .array(let interfaces)? = record["interfaces"],
      case .array(let indexes)? = record["indexes"],
      case .array(let weights)? = record["weights"]
    else { return "" }
    var text = ""
    for position in gateways.indices {
      if case .string(let gateway) = gateways[position], !gateway.isEmpty {
        text += ", via \(Printable.clean(gateway))"
      }
      if position < interfaces.count, case .string(let name) = interfaces[position],
        !name.isEmpty
      {
        text += " on \(Printable.clean(name))"
      } else if position < indexes.count, case .integer(let index) = indexes[position],
        index != 0
      {
        text += " on (\(index))"
      }
      if gateways.count > 1, position < weights.count,
        case .integer(let weight) = weights[position]
      {
        text += " weight \(weight)"
      }
    }
    if let more = record.integer("next-hops-left-out"), more > 0 { text += " and \(more) more" }
    return text.hasPrefix(" ") ? "," + text : text
  }

  private static func nextHopObject(_ record: Record) -> (String, Tone) {
    var text = "\(record.text("nexthop-id")) \(record.text("event"))"
    if let count = record.integer("group-size"), count > 0 { text += ", a group of \(count)" }
    if record.boolean("blackhole") == true { text += ", blackhole" }
    if let gateway = record.string("gateway") { text += ", via \(Printable.clean(gateway))" }
    if let index = record.integer("index"), index != 0 { text += " \(place(record))" }
    return (text, tone(record))
  }

  private static func neighbour(_ record: Record) -> (String, Tone) {
    var text = "\(record.text("address")) \(record.text("event")) \(place(record))"
    text += ", \(record.text("state"))"
    if let mac = record.string("mac") { text += " at \(Printable.clean(mac))" }
    if record.boolean("proxy") == true { text += ", proxy" }
    if record.boolean("router") == true { text += ", router" }
    return (text, tone(record))
  }

  /// Whether a class of news can be trusted.
  private static func view(_ record: Record) -> (String, Tone) {
    let state = record.text("state")
    var text = "\(record.text("class")) \(state)"
    if let reason = record.string("reason") { text += ": \(Printable.clean(reason))" }
    return (text, state == "current" ? .good : .doubtful)
  }

  private static func place(_ record: Record) -> String {
    "on \(record.text("interface")) (\(record.text("index")))"
  }

  private static func tone(_ record: Record) -> Tone {
    switch record.string("event") {
    case "gone": .doubtful
    case "listed": .plain
    default: .good
    }
  }
}
