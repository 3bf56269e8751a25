// How it is found out that a shift has arrived: something is fetched through the VIP itself.

extension Plan {
  /// What is asked through a VIP after each of its shifts, until the new host answers.
  public struct Confirmation: Hashable, Sendable {
    /// An address of the VIP.
    public var address: IPv4Address
    public var fetch: Probe.Fetch
    /// What the answer of each candidate has to contain, by candidate; none: whoever answers is
    /// taken for the new host.
    public var texts: [String]
    /// How long a shift may take until the new host answers.
    public var within: Nanoseconds

    /// Azure programs a route in one to five seconds, but may let it wait for its damping window
    /// first, which is half a minute.
    public static let usualWithin = Nanoseconds.seconds(60)

    public init(
      address: IPv4Address, fetch: Probe.Fetch, texts: [String] = [],
      within: Nanoseconds = Confirmation.usualWithin
    ) {
      self.address = address
      self.fetch = fetch
      self.texts = texts
      self.within = within
    }
  }

  /// The VIPs whose shifts are confirmed, in their order.
  public var confirmedVIPs: [VIPSlot] {
    vips.indices.filter { vips[$0].confirmation != nil }.map(VIPSlot.init)
  }
}
