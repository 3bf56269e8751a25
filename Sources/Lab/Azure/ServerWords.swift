// The settings of an instance as the words of a command line, written on one side, read on the other.

import Model
package import Platform

/// Only quirks that differ from Azure's are said.
package enum ServerWords {
  package static func words(for settings: ServerSettings) -> [String] {
    var words = [
      "--name", settings.name, "--address", "\(settings.address)", "--asn", "\(settings.asn)",
      "--seed", "\(settings.seed)",
    ]
    for peer in settings.peers {
      words += ["--peer", "\(peer.name)=\(peer.address)=\(peer.asn)"]
    }
    for prefix in settings.ownPrefixes { words += ["--own", "\(prefix)"] }
    for name in Quirks.names {
      guard let text = settings.quirks.text(of: name), text != Quirks.azure.text(of: name) else {
        continue
      }
      words += ["--set", "\(name)=\(text)"]
    }
    return words
  }

  /// Takes the words it knows out of a command line; nil when one of them has no sense.
  package static func settings(from words: inout [String]) -> ServerSettings? {
    var rest = words[...]
    var unknown: [String] = []
    var name: String?
    var address: IPv4Address?
    var settings = ServerSettings(name: "", address: IPv4Address(bits: 0), peers: [])
    while let word = rest.popFirst() {
      guard ["--name", "--address", "--asn", "--seed", "--peer", "--own", "--set"].contains(word)
      else {
        unknown.append(word)
        continue
      }
      guard let value = rest.popFirst() else { return nil }
      switch word {
      case "--name": name = value
      case "--address": address = IPv4Address(value)
      default: guard take(word, value, into: &settings) else { return nil }
      }
    }
    guard let name, let address else { return nil }
    settings.name = name
    settings.address = address
    words = unknown
    return settings
  }

  private static func take(
    _ word: String, _ value: String, into settings: inout ServerSettings
  ) -> Bool {
    let parts = value.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    switch word {
    case "--asn":
      guard let number = UInt32(value) else { return false }
      settings.asn = ASNumber(number)
    case "--seed":
      guard let number = UInt64(value) else { return false }
      settings.seed = number
    case "--own":
      guard let prefix = Prefix(value) else { return false }
      settings.ownPrefixes.append(prefix)
    case "--peer":
      guard parts.count == 3, let address = IPv4Address(parts[1]), let asn = UInt32(parts[2]),
        settings.peers.count < ServerSettings.peerLimit
      else { return false }
      settings.peers.append(
        ServerPeer(name: parts[0], address: address, asn: ASNumber(asn)))
    case "--set":
      guard parts.count == 2, settings.quirks.set(parts[0], parts[1]) else { return false }
    default: return false
    }
    return true
  }
}
