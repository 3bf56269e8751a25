// Settings of the kernel on the machine that asks, as the program reads them for `doctor`.

package struct MachineFacts: Hashable, Sendable {
  package struct Interface: Hashable, Sendable {
    package var name: String
    /// net.ipv4.conf.NAME.rp_filter, 0 to 2.
    package var reversePathFilter: Int

    package init(name: String, reversePathFilter: Int) {
      self.name = name
      self.reversePathFilter = reversePathFilter
    }
  }

  /// net.ipv4.ip_forward; nil when it cannot be read.
  package var forwards: Bool?
  /// Without `all`, `default` and `lo`.
  package var interfaces: [Interface] = []
  /// net.ipv4.conf.all.rp_filter: the greater of this and the interface's own counts
  /// (ip-sysctl.rst of the kernel).
  package var reversePathFilter = 0
  /// Whether the file of the configuration is still what the daemon has read; nil: unknown.
  package var isStale: Bool?

  package init() {}
}
