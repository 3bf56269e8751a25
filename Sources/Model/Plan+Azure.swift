// What the courier is to do in Azure: route tables beside BGP, and what its platform announces.

extension Plan {
  /// How the courier reaches the route tables, and what it does with the platform's news.
  public struct Azure: Equatable, Sendable {
    /// Resource ids; none: the table of this machine's own subnet.
    public var routeTables: [String]
    /// The client id of a user-assigned identity; nil: the machine's own.
    public var identity: String?
    /// A route that says something else is put right; otherwise it is only told.
    public var repairsDrift: Bool
    public var scheduledEvents: ScheduledEvents
    /// A freeze takes seconds, and to dodge it costs two shifts.
    public var dodgesFreezes: Bool
    /// An event is let go ahead as soon as the traffic has left, where it is of this machine alone.
    public var acknowledgesEvents: Bool
    /// Who carries this VIP writes the routes of the kernel; nil: this machine.
    public var writer: VIPSlot?

    public init(
      routeTables: [String] = [], identity: String? = nil, repairsDrift: Bool = true,
      scheduledEvents: ScheduledEvents = .shift, dodgesFreezes: Bool = false,
      acknowledgesEvents: Bool = false, writer: VIPSlot? = nil
    ) {
      self.routeTables = routeTables
      self.identity = identity
      self.repairsDrift = repairsDrift
      self.scheduledEvents = scheduledEvents
      self.dodgesFreezes = dodgesFreezes
      self.acknowledgesEvents = acknowledgesEvents
      self.writer = writer
    }
  }

  /// What a reboot, a redeployment, an eviction or the end of this machine leads to.
  public enum ScheduledEvents: String, Equatable, Sendable, CaseIterable {
    /// Traffic goes elsewhere before it happens.
    case shift
    case report
    case off
  }

  /// How a VIP stands in route tables (user-defined routes).
  public struct UDR: Equatable, Sendable {
    public var mode: Mode
    /// The routes that are written; those of the VIP itself unless the mode is `floor`.
    public var prefixes: [Prefix]
    /// With `fallback`: how long BGP may take to prove that the change arrived.
    public var after: Nanoseconds

    /// We chose it: a route server's TCP answers within milliseconds, and a restart of one instance
    /// while the other is established is no reason.
    public static let usualAfter = Nanoseconds.seconds(2)

    public init(mode: Mode, prefixes: [Prefix], after: Nanoseconds = UDR.usualAfter) {
      self.mode = mode
      self.prefixes = prefixes
      self.after = after
    }

    public enum Mode: String, Equatable, Sendable, CaseIterable {
      /// Less specific than the VIP: it carries the traffic whenever the BGP route is gone.
      case floor
      /// Nothing is announced over BGP.
      case only
      /// The VIP itself, written when BGP is not proved to have delivered.
      case fallback
      /// The VIP itself, always: for tables that take no routes of BGP.
      case mirror
    }
  }
}
