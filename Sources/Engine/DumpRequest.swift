// What the kernel can be asked to list, and in which order a class is listed.

package import Model

/// What the kernel is asked to list.
package enum DumpRequest: UInt8, Equatable, Sendable {
  case links
  case addresses
  case nextHops
  case ipv4Routes
  case ipv6Routes
  case neighbours

  package var kernelClass: KernelClass {
    switch self {
    case .links, .addresses: .interfaces
    case .nextHops, .ipv4Routes, .ipv6Routes: .routes
    case .neighbours: .neighbours
    }
  }

  /// Links come before the addresses on them, next hop objects before the routes that name them.
  static func first(of kernelClass: KernelClass) -> DumpRequest {
    switch kernelClass {
    case .interfaces: .links
    case .routes: .nextHops
    case .neighbours: .neighbours
    }
  }

  /// What is listed after this one, or nil when the class is complete.
  var next: DumpRequest? {
    switch self {
    case .links: .addresses
    case .nextHops: .ipv4Routes
    case .ipv4Routes: .ipv6Routes
    case .addresses, .ipv6Routes, .neighbours: nil
    }
  }
}
